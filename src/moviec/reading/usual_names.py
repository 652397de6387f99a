"""What columns of film lists are usually called, in several languages, and which column of a table is what by that."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from moviec.text import fold_one

#: What a column may be called (folded, without blanks; what stands in brackets, as units do, may be left out), by what it
#: is taken for.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "movieid", "filmid", "tconst", "const", "key", "rowid", "recordid", "uid", "identifier", "nr", "no", "number", "code"),
    "title": ("title", "primarytitle", "movietitle", "filmtitle", "name", "moviename", "filmname", "movie", "film", "titel", "titre", "titulo", "titolo", "filmtitel", "titredufilm", "tytul", "название", "タイトル", "作品名", "題名", "片名", "제목"),
    "original_title": ("originaltitle", "originalname", "titleoriginal", "originaltitel", "titreoriginal", "titolooriginale", "titulooriginal"),
    "other_titles": ("othertitles", "alternativetitles", "alternativetitle", "alternatetitle", "aka", "akas", "alsoknownas", "englishtitle"),
    "year": ("year", "startyear", "releaseyear", "movieyear", "filmyear", "yearrange", "productionyear", "titleyear", "yearofrelease", "yearreleased", "releasedin", "jahr", "erscheinungsjahr", "annee", "anno", "ano", "produktionsjahr", "anneedesortie", "rok", "год", "公開年", "製作年", "年", "年份", "연도"),
    "released": ("released", "releasedate", "originalreleasedate", "releasedon", "erscheinungsdatum", "kinostart", "datedesortie", "fechadeestreno", "datadiuscita", "premiered", "premieredate", "premiere", "dateofrelease", "theatricalrelease"),
    "people": ("people", "cast", "actors", "actor", "starring", "stars", "castmembers", "actorname", "maincast", "darsteller", "besetzung", "acteurs", "actores", "reparto", "attori", "obsada", "актеры", "出演者"),
    "directors": ("directors", "director", "directedby", "directorname", "regie", "realisateur", "regia", "regista", "regisseur", "realisateurs", "rezyser", "режиссер", "directora"),
    "runtime": ("runtime", "runtimeminutes", "duration", "length", "runningtime", "minutes", "runtimemins", "runtimemin", "laenge", "lange", "dauer", "duree", "durata", "duracion", "laufzeit"),
    "genres": ("genres", "genre", "listedin"),
    "kind": ("kind", "titletype", "type", "mediatype", "contenttype"),
    "imdb_id": ("imdbid", "imdb", "tconst", "const", "imdbtitleid", "imdbtt"),
    "tmdb_id": ("tmdbid", "tmdb", "themoviedbid"),
}  # fmt: skip


#: The same for what only a source takes: lists that are linked need none of it.
MORE_ALIASES: dict[str, tuple[str, ...]] = {
    "writers": ("writers", "writer", "screenplay", "writtenby", "credits"),
    "companies": ("companies", "productioncompanies", "productioncompany", "studio", "studios", "company"),
    "countries": ("countries", "country", "productioncountries"),
    "languages": ("languages", "language"),
    "keywords": ("keywords", "tags", "plotkeywords"),
    "budget": ("budget", "productionbudget", "cost"),
    "revenue": ("worldwidegross", "worldwide", "grossworldwide", "boxofficeworldwide", "worldwideboxoffice", "worldwiderevenue"),
    "gross": ("revenue", "gross", "boxoffice", "totalgross", "earnings", "einspielergebnis"),
    "domestic": ("domesticgross", "domestic", "grossdomestic", "usgross", "grossusa"),
    "overview": ("overview", "plot", "description", "synopsis", "storyline", "summary"),
    "certificate": ("certificate", "certification", "contentrating", "mpaa", "rated", "mpaarating"),
    "imdb_rating": ("imdbrating", "imdbscore", "averagerating", "imdbaveragerating"),
    "imdb_votes": ("imdbvotes", "numvotes", "noofvotes", "numvotedusers", "votes"),
    "metacritic": ("metascore", "metacritic", "metacriticscore"),
    "rottentomatoes": ("tomatometer", "rottentomatoes", "rtscore", "rottentomatoesscore", "tomatometerrating"),
    "rating": ("rating", "myrating", "yourrating", "stars", "score", "note", "userrating", "grade", "mark", "bewertung", "puntuacion", "valoracion", "voto", "ocena", "оценка", "評価"),
    "wikidata_id": ("wikidataid", "wikidata"),
    "letterboxd": ("letterboxduri", "letterboxdurl"),
}  # fmt: skip

_BRACKETED = re.compile(r"[(\[][^()\[\]]*[)\]]")


def plain_name(column: str) -> str:
    """Return a column's name folded as titles are, without blanks."""
    return fold_one(column).replace(" ", "")


def usual_columns(seen: Sequence[str], aliases: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Return which column is what by usual names; what stands inside an object (movie.title) goes before the object."""
    nested = {plain_name(column.rpartition(".")[2]): column for column in reversed(seen) if "." in column}
    folded = {column.partition(".")[0] for column in nested.values()}
    bare = {plain_name(_BRACKETED.sub(" ", column)): column for column in reversed(seen)}
    plain = bare | {plain_name(column): column for column in reversed(seen)}
    plain = nested | {
        name: column for name, column in plain.items() if column not in folded or name not in nested
    }
    if "title" in nested:  # an object that has a title is none
        plain = {name: column for name, column in plain.items() if column not in folded}
    return {
        field: next(plain[alias] for alias in names if alias in plain)
        for field, names in aliases.items()
        if not plain.keys().isdisjoint(names)
    }
