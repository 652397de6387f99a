"""The relational model of films that BI tools query: movies and what belongs to them."""

from __future__ import annotations

from moviec.catalog.schema.base import (
    BigInteger,
    Boolean,
    Date,
    Float,
    Integer,
    Text,
    column,
    index,
    key,
    maybe,
    table,
)

MOVIE = "the film"

movies = table(
    "movies",
    "One row per film that the catalogue shows, with the fused values.",
    key("movie", Integer, "the number in its public id, mc…"),
    maybe("kind", Text, "feature, short, tv_movie or video"),
    column("title", Text, "display title"),
    maybe("original_title", Text, "title in the language it was made in"),
    column("folded", Text, "the display title folded: lower case, no accents, articles or punctuation"),
    maybe("year", Integer, "year of release"),
    maybe("released", Date, "day of release"),
    maybe("runtime", Integer, "minutes"),
    maybe("status", Text, "Released, Rumored, Post Production, …"),
    maybe("certificate", Text, "age rating"),
    maybe("collection", Text, "series of films it belongs to"),
    maybe("original_language", Text, "ISO 639-1", "languages.code"),
    maybe("budget", BigInteger, "US dollars"),
    maybe("revenue", BigInteger, "US dollars"),
    maybe("revenue_scope", Text, "worldwide or domestic"),
    maybe("popularity", BigInteger, "millionths"),
    maybe("votes", BigInteger, "the largest number of votes that any rater counted"),
    maybe("c_rating", Float, "0 to 100"),
    maybe("c_low", Float, "lower end of its 90% interval"),
    maybe("c_high", Float, "upper end of its 90% interval"),
    maybe("critics", Float, "critics' part, 0 to 100"),
    maybe("audience", Float, "audience's part, 0 to 100"),
    column("raters", Integer, "raters behind the C-rating"),
    maybe("overview", Text, "plot in a few sentences"),
    maybe("tagline", Text, "advertising line"),
    maybe("poster", Text, "address or path of a picture"),
    maybe("trailer", Text, "address of a trailer"),
    maybe("homepage", Text, "the film's own site"),
    column("adult", Boolean, "pornographic"),
    index("folded"),
    index("year"),
    index("released"),
    index("popularity"),
    index("c_rating"),
)

titles = table(
    "titles",
    "Every title of a film; the display title is first.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("position", Integer, "0 is the display title"),
    column("title", Text, "as a source writes it"),
    maybe("language", Text, "ISO 639-1"),
    maybe("region", Text, "ISO 3166-1"),
    column("folded", Text, "folded, for search"),
    index("folded"),
    clustered=True,
)

genres = table(
    "genres",
    "The canonical genres.",
    key("id", Integer, "never renumbered"),
    column("name", Text, "in English"),
    column("facet", Text, "genre, form, audience or format"),
    column("aliases", Text, "other names, a JSON list"),
    column("ids", Text, "ids at the sources, a JSON object"),
)

movie_genres = table(
    "movie_genres",
    "The genres of a film, surest first.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("genre", Integer, "the genre", "genres.id"),
    column("position", Integer, "0 is the surest"),
    column("confidence", Integer, "probability in millionths"),
    index("genre"),
    clustered=True,
)

companies = table(
    "companies",
    "Production companies, one row per company whatever its spellings.",
    key("id", Integer, "stable"),
    column("name", Text, "commonest spelling"),
    column("folded", Text, "folded, for search"),
    column("aliases", Text, "other spellings, a JSON list"),
    column("ids", Text, "ids at the sources, a JSON object of lists"),
    maybe("country", Text, "ISO 3166-1, where a source was asked for it"),
    maybe("parent", Integer, "the company that owns it, where that has films here"),
    maybe("parent_name", Text, "the name of the company that owns it"),
    maybe("told_by", Text, "the source that says so"),
    index("folded"),
)

company_names = table(
    "company_names",
    "Other names of companies, by sources that were asked for them.",
    key("company", Integer, "the company", "companies.id"),
    key("name", Text, "as the source writes it"),
    column("folded", Text, "folded, for search"),
    index("folded"),
    clustered=True,
)

movie_companies = table(
    "movie_companies",
    "The production companies of a film.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("position", Integer, "0 is named first"),
    column("company", Integer, "the company", "companies.id"),
    column("name", Text, "as named for this film"),
    column("keys", Text, "ids at the sources, a JSON object"),
    index("company"),
    clustered=True,
)

people = table(
    "people",
    "Cast and crew, one row per person whatever their spellings.",
    key("id", Integer, "stable"),
    column("name", Text, "commonest spelling"),
    column("folded", Text, "folded, for search"),
    column("ids", Text, "ids at the sources, a JSON object of lists"),
    index("folded"),
)

credits_ = table(
    "credits",
    "Who did what in a film, in billing order.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("position", Integer, "0 is first billed"),
    column("person", Integer, "the person", "people.id"),
    column("name", Text, "as credited"),
    column("role", Text, "director, writer, actor, producer, …"),
    maybe("character", Text, "who an actor plays"),
    column("keys", Text, "ids at the sources, a JSON object"),
    index("person"),
    clustered=True,
)

languages = table(
    "languages",
    "Languages, original and spoken.",
    key("code", Text, "ISO 639-1"),
    maybe("name", Text, "in English"),
)

movie_languages = table(
    "movie_languages",
    "The languages spoken in a film.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("language", Text, "ISO 639-1", "languages.code"),
    column("position", Integer, "order"),
    index("language"),
    clustered=True,
)

countries = table(
    "countries",
    "Countries of production.",
    key("code", Text, "ISO 3166-1"),
    maybe("name", Text, "in English"),
)

movie_countries = table(
    "movie_countries",
    "The countries that produced a film.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("country", Text, "ISO 3166-1", "countries.code"),
    column("position", Integer, "order"),
    index("country"),
    clustered=True,
)

movie_keywords = table(
    "movie_keywords",
    "Keywords of a film.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("position", Integer, "order"),
    column("keyword", Text, "as the sources write it"),
    index("keyword"),
    clustered=True,
)

external_ids = table(
    "external_ids",
    "A film's ids elsewhere.",
    key("space", Text, "imdb, tmdb, wikidata, …"),
    key("id", Text, "the id there"),
    key("movie", Integer, MOVIE, "movies.movie"),
    column("position", Integer, "0 is the one that the document shows"),
    index("movie"),
    clustered=True,
)

ratings = table(
    "ratings",
    "What each rater says of a film, on its own scale.",
    key("movie", Integer, MOVIE, "movies.movie"),
    key("rater", Text, "whose ratings they are"),
    key("aspect", Text, "overall, story, acting, …"),
    column("panel", Text, "critics or audience"),
    column("value", Float, "on the rater's scale"),
    column("lowest", Float, "lower end of the scale"),
    column("highest", Float, "upper end of the scale"),
    maybe("votes", BigInteger, "how many voted"),
    column("source", Text, "who delivered it"),
    column("points", Float, "the value on 0 to 100"),
    clustered=True,
)

rollups = table(
    "rollups",
    "Figures by genre or production company, year and month.",
    key("kind", Text, "genres or production_companies"),
    key("split", Text, "full: a film counts wholly under each; even: it is divided among them"),
    key("year", Integer, "year of release"),
    key("month", Integer, "1 to 12; 0 is the whole year, with films whose month is unknown"),
    key("entry", Integer, "id of the genre or company"),
    column("movies", BigInteger, "films, in millionths"),
    column("films", Integer, "films behind the figures"),
    maybe("budget", BigInteger, "US dollars"),
    maybe("revenue", BigInteger, "US dollars"),
    maybe("profit", BigInteger, "US dollars, of films with both known"),
    column("budget_known", Integer, "films with a known budget"),
    column("revenue_known", Integer, "films with known revenue"),
    column("profit_known", Integer, "films with both known"),
    maybe("popularity_sum", BigInteger, "millionths"),
    maybe("popularity_mean", BigInteger, "millionths"),
    maybe("popularity_median", BigInteger, "millionths"),
    maybe("popularity_max", BigInteger, "millionths"),
    column("popularity_known", Integer, "films with a known popularity"),
    column("votes", BigInteger, "votes"),
    column("votes_known", Integer, "films with a known number of votes"),
    column("c_rating_known", Integer, "films with a C-rating"),
    maybe("c_rating_mean", BigInteger, "hundredths of a point"),
    maybe("c_rating_median", BigInteger, "hundredths of a point"),
    maybe("c_rating_max", BigInteger, "hundredths of a point"),
    column("movie_ids", Text, "the films behind the figures, a JSON list"),
    index("kind", "entry"),
    clustered=True,
)

rankings = table(
    "rankings",
    "Who leads and who trails in each year, from the rollups: lists kept ready for the API.",
    key("kind", Text, "genres or production_companies"),
    key("split", Text, "full or even, as in the rollups"),
    key("year", Integer, "year of release"),
    key("measure", Text, "the column of the rollups that it is by"),
    column("entries", Integer, "genres or companies with films in that year"),
    column("valued", Integer, "those of them with a value"),
    column("first_entries", Text, "the first hundred ids, the largest value first, a JSON list"),
    column("last_entries", Text, "the last hundred ids with a value, the smallest last, a JSON list"),
    clustered=True,
)
