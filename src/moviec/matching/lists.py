"""A film list from anywhere as features: CSV, TSV, JSON, JSON lines or Parquet, its columns known by usual names.

Returns a FEATURES table, one row per row of the list in its order. Touches nothing but the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.textfile.refused import Broken
from moviec.engine.unread import Unread, mostly_unread
from moviec.errors import PayloadError, UsageError
from moviec.matching.features import FEATURES, written_years
from moviec.matching.listfiles import stage_list
from moviec.sql import filled, read_sql
from moviec.text import fold_one, pc
from moviec.work import work_folder

#: What a column may be called (folded, without blanks; what stands in brackets, as units do, may be left out), by what it
#: is taken for.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "movieid", "filmid", "tconst", "const", "key", "rowid", "recordid", "uid", "identifier", "nr", "no", "number", "code"),
    "title": ("title", "primarytitle", "movietitle", "filmtitle", "name", "moviename", "filmname", "movie", "film", "titel", "titre", "titulo", "titolo", "filmtitel", "titredufilm", "tytul", "название"),
    "original_title": ("originaltitle", "originalname", "titleoriginal", "originaltitel", "titreoriginal", "titolooriginale", "titulooriginal"),
    "other_titles": ("othertitles", "alternativetitles", "alternativetitle", "alternatetitle", "aka", "akas", "alsoknownas", "englishtitle"),
    "year": ("year", "startyear", "releaseyear", "movieyear", "filmyear", "yearrange", "productionyear", "titleyear", "yearofrelease", "yearreleased", "releasedin", "jahr", "erscheinungsjahr", "annee", "anno", "ano", "produktionsjahr", "anneedesortie", "rok", "год"),
    "released": ("released", "releasedate", "date", "originalreleasedate", "releasedon", "premiered", "premieredate", "premiere", "dateofrelease", "theatricalrelease"),
    "people": ("people", "cast", "actors", "actor", "starring", "stars", "castmembers", "actorname", "maincast"),
    "directors": ("directors", "director", "directedby", "directorname", "regie", "realisateur", "regia", "regista", "regisseur", "realisateurs", "rezyser", "режиссер", "directora"),
    "runtime": ("runtime", "runtimeminutes", "duration", "length", "runningtime", "minutes", "runtimemins", "runtimemin", "laenge", "lange", "dauer", "duree", "durata", "duracion", "laufzeit"),
    "genres": ("genres", "genre", "listedin"),
    "kind": ("kind", "titletype"),
    "imdb_id": ("imdbid", "imdb", "tconst", "const", "imdbtitleid", "imdbtt"),
    "tmdb_id": ("tmdbid", "tmdb", "themoviedbid"),
}  # fmt: skip

#: What tells rows of which neither year nor date could be read, though something stands there.
_YEARS_UNREAD = """
SELECT count(*) AS rows, arg_min(coalesce(year, released), position) AS example FROM (SELECT {cells}, position FROM listed)
WHERE coalesce(year, released) IS NOT NULL AND coalesce(year_in(year), year_in(released)) IS NULL
"""

#: When reading a cell, which stands for {0}, gives nothing. The text of an object is no title.
_FAILED = {
    "title": "CASE WHEN json_valid({0}) THEN json_type({0}) IN ('OBJECT', 'ARRAY') END OR regexp_full_match({0}, '\\{{.*:.*\\}}', 's')",
    "year": "{0} IS NOT NULL AND year_in({0}) IS NULL",
    "released": "{0} IS NOT NULL AND year_in({0}) IS NULL",
    "runtime": "{0} IS NOT NULL AND minutes_in({0}) IS NULL",
    "imdb_id": "{0} IS NOT NULL AND NOT regexp_full_match({0}, '(tt)?[0-9]+')",
    "tmdb_id": "{0} IS NOT NULL AND NOT regexp_full_match({0}, '[0-9]+([.]0)?')",
}

_BRACKETED = re.compile(r"[(\[][^()\[\]]*[)\]]")
_SUFFIX = re.compile(r"\.(csv|tsv|txt|json|jsonl|ndjson|parquet)(\.gz)?$", re.IGNORECASE)


class FilmList(msgspec.Struct, frozen=True):
    """A list that was read: its features, what each column was taken for, and the rows that could not be read.

    `unused`: columns taken for nothing. `years_unread`: rows whose year or date could not be read, and `unread_year`, the
    first of these. `unread`: columns of which most cells could not be read. `no_films`: rows of
    series, episodes, games and the like by their kind, left out.
    """

    features: pa.Table
    columns: dict[str, str]
    rejected: tuple[Broken, ...]
    unused: tuple[str, ...] = ()
    years_unread: int = 0
    unread_year: str | None = None
    unread: tuple[Unread, ...] = ()
    no_films: int = 0

    @property
    def repeated(self) -> int:
        """Count the rows whose id another row has, too."""
        counts = pc.struct_field(pc.value_counts(self.features["key"]), "counts")
        return int(pc.sum(counts.filter(pc.greater(counts, 1))).as_py() or 0)


def read_list(path: Path, name: str, columns: Mapping[str, str] | None = None) -> FilmList:
    """Read a list into features whose source is `name`; `columns` (field: column) goes before usual names.

    A column that the list lacks is passed over; a year may also stand behind the title. Raises UsageError when there is
    no such file or its name says that it is none, PayloadError when what it holds is no film list.
    """
    suffix = _SUFFIX.search(path.name)
    if path.is_dir():
        raise UsageError("this is a folder", str(path), "name a file in it")
    if not path.is_file():
        raise UsageError("no such file", str(path))
    if suffix is None:
        raise UsageError("not a CSV, TSV, JSON, JSON lines or Parquet file by its name", path.name)
    if path.stat().st_size == 0:
        raise PayloadError("the file is empty", path.name)
    with DuckEngine() as engine, work_folder() as work:
        try:
            seen, rejected = stage_list(engine, path, suffix.group(1).lower(), Path(work))
            known = recognise(seen, columns or {}, path.name)
            features = engine.query(_query(known, name))
            years = engine.query(_YEARS_UNREAD.replace("{cells}", _cells(known))).to_pylist()[0]
            unread = _unread(engine, known)
        except duckdb.Error as error:
            raise _unreadable(path, error) from error
    if not features.num_rows:
        raise PayloadError("no rows", path.name, f"{len(rejected)} could not be read" if rejected else "")
    others = pc.fill_null(pc.equal(features["kind"], "no film"), False)
    no_films = int(pc.sum(others).as_py())
    if no_films == features.num_rows:
        raise PayloadError("no row is a film", path.name, "its kinds are those of series, episodes or games")
    features = features.filter(pc.invert(others)).select(FEATURES.names).cast(FEATURES)
    year = pc.coalesce(features["year"], written_years(features))
    return FilmList(
        features=features.set_column(FEATURES.get_field_index("year"), FEATURES.field("year"), year),
        columns=known,
        rejected=rejected,
        unused=tuple(column for column in seen if column not in known.values()),
        years_unread=years["rows"],
        unread_year=years["example"],
        unread=unread,
        no_films=no_films,
    )


def recognise(seen: list[str], given: Mapping[str, str], where: str) -> dict[str, str]:
    """Return which column is what: as given, else by usual names. Raises PayloadError when none is the title."""
    bare = {_plain(_BRACKETED.sub(" ", column)): column for column in reversed(seen)}
    plain = bare | {_plain(column): column for column in reversed(seen)}
    usual = {
        field: next(plain[alias] for alias in aliases if alias in plain)
        for field, aliases in ALIASES.items()
        if not plain.keys().isdisjoint(aliases)
    }
    known = usual | {field: column for field, column in given.items() if column in seen}
    if "title" not in known and "original_title" in known:
        known["title"] = known["original_title"]
    if "title" not in known:
        raise PayloadError(
            f"no title column among {', '.join(seen)[:300]}",
            where,
            "say which it is with --columns title=NAME",
        )
    return known


def _unread(engine: DuckEngine, known: Mapping[str, str]) -> tuple[Unread, ...]:
    """Return the columns of which most filled cells could not be read, under the names that the list has."""
    failed = {
        known[field]: failed.format(f"cell({identifier(known[field])})")
        for field, failed in _FAILED.items()
        if field in known and known[field] != known.get("id")  # which may hold anything
    }
    return tuple(mostly_unread(engine, "listed", failed, "position"))


def _plain(column: str) -> str:
    return fold_one(column).replace(" ", "")


def _query(known: Mapping[str, str], name: str) -> str:
    """Fill the fields of lists.sql with the list's columns."""
    parts = {"cells": _cells(known), "source": quoted(name)}
    return filled(read_sql("moviec.matching", "lists.sql")["features"], parts)


def _cells(known: Mapping[str, str]) -> str:
    return ", ".join(
        f"cell({identifier(known[field])}) AS {field}" if field in known else f"NULL::VARCHAR AS {field}"
        for field in ALIASES
    )


def _unreadable(path: Path, error: Exception) -> PayloadError:
    if "utf" in str(error).lower() or "unicode" in str(error).lower():
        return PayloadError("not UTF-8", path.name, "save it as UTF-8")
    return PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name)
