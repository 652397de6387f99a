"""What is told of films, and the names that they share."""

import sqlalchemy as sa
from alembic import op

#: In the order in which they are made: what others point at comes first.
TABLES = (
    "companies",
    "countries",
    "genres",
    "languages",
    "people",
    "movies",
    "credits",
    "external_ids",
    "movie_companies",
    "movie_countries",
    "movie_genres",
    "movie_keywords",
    "movie_languages",
    "ratings",
    "titles",
)


def make() -> None:
    """Make the tables, with their indexes."""
    _companies()
    _countries()
    _genres()
    _languages()
    _people()
    _movies()
    _credits()
    _external_ids()
    _movie_companies()
    _movie_countries()
    _movie_genres()
    _movie_keywords()
    _movie_languages()
    _ratings()
    _titles()


def _companies() -> None:
    op.create_table(
        "companies",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="stable"),
        sa.Column("name", sa.Text(), nullable=False, comment="commonest spelling"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded, for search"),
        sa.Column("aliases", sa.Text(), nullable=False, comment="other spellings, a JSON list"),
        sa.Column("ids", sa.Text(), nullable=False, comment="ids at the sources, a JSON object of lists"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_companies")),
        comment="Production companies, one row per company whatever its spellings.",
    )
    with op.batch_alter_table("companies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_companies_folded"), ["folded"], unique=False)


def _countries() -> None:
    op.create_table(
        "countries",
        sa.Column("code", sa.Text(), autoincrement=False, nullable=False, comment="ISO 3166-1"),
        sa.Column("name", sa.Text(), nullable=True, comment="in English"),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_countries")),
        comment="Countries of production.",
    )


def _genres() -> None:
    op.create_table(
        "genres",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="never renumbered"),
        sa.Column("name", sa.Text(), nullable=False, comment="in English"),
        sa.Column("facet", sa.Text(), nullable=False, comment="genre, form, audience or format"),
        sa.Column("aliases", sa.Text(), nullable=False, comment="other names, a JSON list"),
        sa.Column("ids", sa.Text(), nullable=False, comment="ids at the sources, a JSON object"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_genres")),
        comment="The canonical genres.",
    )


def _languages() -> None:
    op.create_table(
        "languages",
        sa.Column("code", sa.Text(), autoincrement=False, nullable=False, comment="ISO 639-1"),
        sa.Column("name", sa.Text(), nullable=True, comment="in English"),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_languages")),
        comment="Languages, original and spoken.",
    )


def _people() -> None:
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False, comment="stable"),
        sa.Column("name", sa.Text(), nullable=False, comment="commonest spelling"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded, for search"),
        sa.Column("ids", sa.Text(), nullable=False, comment="ids at the sources, a JSON object of lists"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        comment="Cast and crew, one row per person whatever their spellings.",
    )
    with op.batch_alter_table("people", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_people_folded"), ["folded"], unique=False)


def _movies() -> None:
    op.create_table(
        "movies",
        sa.Column(
            "movie",
            sa.Integer(),
            autoincrement=False,
            nullable=False,
            comment="the number in its public id, mc…",
        ),
        sa.Column("kind", sa.Text(), nullable=True, comment="feature, short, tv_movie or video"),
        sa.Column("title", sa.Text(), nullable=False, comment="display title"),
        sa.Column("original_title", sa.Text(), nullable=True, comment="title in the language it was made in"),
        sa.Column(
            "folded",
            sa.Text(),
            nullable=False,
            comment="the display title folded: lower case, no accents, articles or punctuation",
        ),
        sa.Column("year", sa.Integer(), nullable=True, comment="year of release"),
        sa.Column("released", sa.Date(), nullable=True, comment="day of release"),
        sa.Column("runtime", sa.Integer(), nullable=True, comment="minutes"),
        sa.Column("status", sa.Text(), nullable=True, comment="Released, Rumored, Post Production, …"),
        sa.Column("certificate", sa.Text(), nullable=True, comment="age rating"),
        sa.Column("collection", sa.Text(), nullable=True, comment="series of films it belongs to"),
        sa.Column("original_language", sa.Text(), nullable=True, comment="ISO 639-1"),
        sa.Column("budget", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("revenue", sa.BigInteger(), nullable=True, comment="US dollars"),
        sa.Column("revenue_scope", sa.Text(), nullable=True, comment="worldwide or domestic"),
        sa.Column("popularity", sa.BigInteger(), nullable=True, comment="millionths"),
        sa.Column(
            "votes",
            sa.BigInteger(),
            nullable=True,
            comment="the largest number of votes that any rater counted",
        ),
        sa.Column("c_rating", sa.Float(), nullable=True, comment="0 to 100"),
        sa.Column("c_low", sa.Float(), nullable=True, comment="lower end of its 90% interval"),
        sa.Column("c_high", sa.Float(), nullable=True, comment="upper end of its 90% interval"),
        sa.Column("critics", sa.Float(), nullable=True, comment="critics' part, 0 to 100"),
        sa.Column("audience", sa.Float(), nullable=True, comment="audience's part, 0 to 100"),
        sa.Column("raters", sa.Integer(), nullable=False, comment="raters behind the C-rating"),
        sa.Column("overview", sa.Text(), nullable=True, comment="plot in a few sentences"),
        sa.Column("tagline", sa.Text(), nullable=True, comment="advertising line"),
        sa.Column("poster", sa.Text(), nullable=True, comment="address or path of a picture"),
        sa.Column("trailer", sa.Text(), nullable=True, comment="address of a trailer"),
        sa.Column("homepage", sa.Text(), nullable=True, comment="the film's own site"),
        sa.Column("adult", sa.Boolean(), nullable=False, comment="pornographic"),
        sa.ForeignKeyConstraint(
            ["original_language"],
            ["languages.code"],
            name=op.f("fk_movies_original_language"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", name=op.f("pk_movies")),
        comment="One row per film that the catalogue shows, with the fused values.",
    )
    with op.batch_alter_table("movies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movies_c_rating"), ["c_rating"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_folded"), ["folded"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_popularity"), ["popularity"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_released"), ["released"], unique=False)
        batch_op.create_index(batch_op.f("ix_movies_year"), ["year"], unique=False)


def _credits() -> None:
    op.create_table(
        "credits",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="0 is first billed"),
        sa.Column("person", sa.Integer(), nullable=False, comment="the person"),
        sa.Column("name", sa.Text(), nullable=False, comment="as credited"),
        sa.Column("role", sa.Text(), nullable=False, comment="director, writer, actor, producer, …"),
        sa.Column("character", sa.Text(), nullable=True, comment="who an actor plays"),
        sa.Column("keys", sa.Text(), nullable=False, comment="ids at the sources, a JSON object"),
        sa.ForeignKeyConstraint(
            ["movie"], ["movies.movie"], name=op.f("fk_credits_movie"), initially="DEFERRED", deferrable=True
        ),
        sa.ForeignKeyConstraint(
            ["person"], ["people.id"], name=op.f("fk_credits_person"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_credits")),
        comment="Who did what in a film, in billing order.",
    )
    with op.batch_alter_table("credits", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_credits_person"), ["person"], unique=False)


def _external_ids() -> None:
    op.create_table(
        "external_ids",
        sa.Column("space", sa.Text(), autoincrement=False, nullable=False, comment="imdb, tmdb, wikidata, …"),
        sa.Column("id", sa.Text(), autoincrement=False, nullable=False, comment="the id there"),
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), nullable=False, comment="0 is the one that the document shows"),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_external_ids_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("space", "id", "movie", name=op.f("pk_external_ids")),
        comment="A film's ids elsewhere.",
    )
    with op.batch_alter_table("external_ids", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_external_ids_movie"), ["movie"], unique=False)


def _movie_companies() -> None:
    op.create_table(
        "movie_companies",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="0 is named first"),
        sa.Column("company", sa.Integer(), nullable=False, comment="the company"),
        sa.Column("name", sa.Text(), nullable=False, comment="as named for this film"),
        sa.Column("keys", sa.Text(), nullable=False, comment="ids at the sources, a JSON object"),
        sa.ForeignKeyConstraint(
            ["company"],
            ["companies.id"],
            name=op.f("fk_movie_companies_company"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_companies_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_movie_companies")),
        comment="The production companies of a film.",
    )
    with op.batch_alter_table("movie_companies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_companies_company"), ["company"], unique=False)


def _movie_countries() -> None:
    op.create_table(
        "movie_countries",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("country", sa.Text(), autoincrement=False, nullable=False, comment="ISO 3166-1"),
        sa.Column("position", sa.Integer(), nullable=False, comment="order"),
        sa.ForeignKeyConstraint(
            ["country"],
            ["countries.code"],
            name=op.f("fk_movie_countries_country"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_countries_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "country", name=op.f("pk_movie_countries")),
        comment="The countries that produced a film.",
    )
    with op.batch_alter_table("movie_countries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_countries_country"), ["country"], unique=False)


def _movie_genres() -> None:
    op.create_table(
        "movie_genres",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("genre", sa.Integer(), autoincrement=False, nullable=False, comment="the genre"),
        sa.Column("position", sa.Integer(), nullable=False, comment="0 is the surest"),
        sa.Column("confidence", sa.Integer(), nullable=False, comment="probability in millionths"),
        sa.ForeignKeyConstraint(
            ["genre"],
            ["genres.id"],
            name=op.f("fk_movie_genres_genre"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_genres_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "genre", name=op.f("pk_movie_genres")),
        comment="The genres of a film, surest first.",
    )
    with op.batch_alter_table("movie_genres", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_genres_genre"), ["genre"], unique=False)


def _movie_keywords() -> None:
    op.create_table(
        "movie_keywords",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False, comment="order"),
        sa.Column("keyword", sa.Text(), nullable=False, comment="as the sources write it"),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_keywords_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_movie_keywords")),
        comment="Keywords of a film.",
    )
    with op.batch_alter_table("movie_keywords", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_keywords_keyword"), ["keyword"], unique=False)


def _movie_languages() -> None:
    op.create_table(
        "movie_languages",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("language", sa.Text(), autoincrement=False, nullable=False, comment="ISO 639-1"),
        sa.Column("position", sa.Integer(), nullable=False, comment="order"),
        sa.ForeignKeyConstraint(
            ["language"],
            ["languages.code"],
            name=op.f("fk_movie_languages_language"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(
            ["movie"],
            ["movies.movie"],
            name=op.f("fk_movie_languages_movie"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("movie", "language", name=op.f("pk_movie_languages")),
        comment="The languages spoken in a film.",
    )
    with op.batch_alter_table("movie_languages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_movie_languages_language"), ["language"], unique=False)


def _ratings() -> None:
    op.create_table(
        "ratings",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column("rater", sa.Text(), autoincrement=False, nullable=False, comment="whose ratings they are"),
        sa.Column(
            "aspect", sa.Text(), autoincrement=False, nullable=False, comment="overall, story, acting, …"
        ),
        sa.Column("panel", sa.Text(), nullable=False, comment="critics or audience"),
        sa.Column("value", sa.Float(), nullable=False, comment="on the rater's scale"),
        sa.Column("lowest", sa.Float(), nullable=False, comment="lower end of the scale"),
        sa.Column("highest", sa.Float(), nullable=False, comment="upper end of the scale"),
        sa.Column("votes", sa.BigInteger(), nullable=True, comment="how many voted"),
        sa.Column("source", sa.Text(), nullable=False, comment="who delivered it"),
        sa.Column("points", sa.Float(), nullable=False, comment="the value on 0 to 100"),
        sa.ForeignKeyConstraint(
            ["movie"], ["movies.movie"], name=op.f("fk_ratings_movie"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("movie", "rater", "aspect", name=op.f("pk_ratings")),
        comment="What each rater says of a film, on its own scale.",
    )


def _titles() -> None:
    op.create_table(
        "titles",
        sa.Column("movie", sa.Integer(), autoincrement=False, nullable=False, comment="the film"),
        sa.Column(
            "position", sa.Integer(), autoincrement=False, nullable=False, comment="0 is the display title"
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="as a source writes it"),
        sa.Column("language", sa.Text(), nullable=True, comment="ISO 639-1"),
        sa.Column("region", sa.Text(), nullable=True, comment="ISO 3166-1"),
        sa.Column("folded", sa.Text(), nullable=False, comment="folded, for search"),
        sa.ForeignKeyConstraint(
            ["movie"], ["movies.movie"], name=op.f("fk_titles_movie"), initially="DEFERRED", deferrable=True
        ),
        sa.PrimaryKeyConstraint("movie", "position", name=op.f("pk_titles")),
        comment="Every title of a film; the display title is first.",
    )
    with op.batch_alter_table("titles", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_titles_folded"), ["folded"], unique=False)
