"""A film list from anywhere as features: CSV, TSV, JSON, JSON lines or Parquet, its columns known by usual names.

Hands on a FEATURES table, one row per row of the list in its order. Touches nothing but the file.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duck import identifier, quoted
from moviec.engine.textfile.dialect import Dialect
from moviec.engine.textfile.packed import gunzip
from moviec.engine.textfile.refused import Broken
from moviec.engine.textfile.rows import (
    Scanned,
    check_encoding,
    copy_rows,
    keep_rows,
    read_names,
    read_start,
)
from moviec.errors import PayloadError
from moviec.resolve.features import FEATURES
from moviec.text import fold_one

#: What a column may be called (folded, without blanks), by what it is taken for.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "movieid", "filmid", "tconst", "const", "key", "rowid", "recordid", "uid", "identifier", "nr", "no", "number", "code"),
    "title": ("title", "primarytitle", "movietitle", "filmtitle", "name", "moviename", "filmname", "movie", "film", "titel", "titre", "titulo", "titolo"),
    "original_title": ("originaltitle", "originalname", "titleoriginal", "originaltitel", "titreoriginal", "titolooriginale", "titulooriginal"),
    "other_titles": ("othertitles", "alternativetitles", "alternativetitle", "alternatetitle", "aka", "akas", "alsoknownas", "englishtitle"),
    "year": ("year", "startyear", "releaseyear", "movieyear", "filmyear", "yearrange", "productionyear", "titleyear", "yearofrelease", "yearreleased", "releasedin", "jahr", "erscheinungsjahr", "annee", "anno", "ano"),
    "released": ("released", "releasedate", "date", "originalreleasedate", "releasedon", "premiered", "premieredate", "premiere", "dateofrelease", "theatricalrelease"),
    "people": ("people", "cast", "actors", "actor", "starring", "stars", "castmembers", "actorname", "maincast"),
    "directors": ("directors", "director", "directedby", "directorname", "regie", "realisateur", "regia", "regista"),
    "runtime": ("runtime", "runtimeminutes", "duration", "length", "runningtime", "minutes", "runtimemins", "runtimemin", "laenge", "lange", "dauer", "duree", "durata", "duracion"),
    "genres": ("genres", "genre", "listedin"),
    "kind": ("kind", "titletype"),
    "imdb_id": ("imdbid", "imdb", "tconst", "const", "imdbtitleid", "imdbtt"),
    "tmdb_id": ("tmdbid", "tmdb", "themoviedbid"),
}  # fmt: skip

_SUFFIX = re.compile(r"\.(csv|tsv|txt|json|jsonl|ndjson|parquet)(\.gz)?$", re.IGNORECASE)


class FilmList(msgspec.Struct, frozen=True):
    """A list that was read: its features, what each column was taken for, and the rows that could not be read."""

    features: pa.Table
    columns: dict[str, str]
    rejected: tuple[Broken, ...]


def read_list(path: Path, name: str, columns: Mapping[str, str] | None = None) -> FilmList:
    """Read a list into features whose source is `name`; `columns` (field: column) goes before usual names.

    A column that the list lacks is passed over. Raises PayloadError when the file is no film list.
    """
    suffix = _SUFFIX.search(path.name)
    if not path.is_file():
        raise PayloadError("no such file", str(path))
    if suffix is None:
        raise PayloadError("not a CSV, TSV, JSON, JSON lines or Parquet file by its name", path.name)
    if path.stat().st_size == 0:
        raise PayloadError("the file is empty", path.name)
    with DuckEngine() as engine, tempfile.TemporaryDirectory(prefix="moviec-list-") as work:
        try:
            seen, rejected = _stage(engine, path, suffix.group(1).lower(), Path(work))
            known = recognise(seen, columns or {}, path.name)
            features = engine.query(_query(known, name))
        except duckdb.Error as error:
            raise _unreadable(path, error) from error
    if not features.num_rows:
        raise PayloadError("no rows", path.name, f"{len(rejected)} could not be read" if rejected else "")
    return FilmList(features.select(FEATURES.names).cast(FEATURES), known, rejected)


def recognise(seen: list[str], given: Mapping[str, str], where: str) -> dict[str, str]:
    """Say which column is what: as given, else by usual names. Raises PayloadError when none is the title."""
    plain = {fold_one(column).replace(" ", ""): column for column in reversed(seen)}
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


def _query(known: Mapping[str, str], name: str) -> str:
    """Fill the fields of features.sql with the list's columns."""
    cells = ", ".join(
        f"cell({identifier(known[field])}) AS {field}" if field in known else f"NULL::VARCHAR AS {field}"
        for field in ALIASES
    )
    text = resources.files("moviec.resolve").joinpath("lists.sql").read_text("utf-8")
    return text.replace("{cells}", cells).replace("{source}", quoted(name))


def _stage(engine: DuckEngine, path: Path, kind: str, work: Path) -> tuple[list[str], tuple[Broken, ...]]:
    """Make the file's rows known as `listed`, each column as text, with `position`; name its columns."""
    engine.connection.execute(resources.files("moviec.resolve").joinpath("cells.sql").read_text("utf-8"))
    if kind in ("csv", "tsv", "txt"):
        return _stage_csv(engine, gunzip(path, work / path.stem) if path.suffix == ".gz" else path, work)
    if kind == "parquet":
        rows = f"read_parquet({quoted(str(path))})"
    else:
        rows = f"read_json({quoted(str(path))}, maximum_object_size = 67108864, sample_size = -1, convert_strings_to_integers = false)"
    described = engine.connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
    texts = ", ".join(_as_text(column[0], column[1]) for column in described)
    engine.keep("listed", f"SELECT {texts}, row_number() OVER () AS position FROM {rows}")
    return [column[0] for column in described], ()


def _as_text(column: str, kind: str) -> str:
    named = identifier(column)
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return (
        f"CAST(to_json({named}) AS VARCHAR) AS {named}" if nested else f"CAST({named} AS VARCHAR) AS {named}"
    )


def _stage_csv(engine: DuckEngine, path: Path, work: Path) -> tuple[list[str], tuple[Broken, ...]]:
    first = read_start(path).decode("utf-8-sig", errors="replace").splitlines()[0]
    delimiter = max("\t,;|", key=first.count)
    if delimiter not in first:
        delimiter = "\x1f"  # one column: whatever stands in a line is the title
    file = _copied(engine, path, Dialect(delimiter), work)
    if file.broken and delimiter == "\t":  # IMDb's own files hold bare quotes; others quote their cells
        file = min(file, _copied(engine, path, Dialect(delimiter, quote=""), work), key=_unread)
    check_encoding(engine, file)
    keep_rows(engine, file, "listed", "position")
    return list(file.header.names), tuple(file.broken)


def _copied(engine: DuckEngine, path: Path, dialect: Dialect, work: Path) -> Scanned:
    """Copy the rows of a file with the dialect into Parquet; a column name that stands twice gets its place."""
    header = read_names(path, dialect)
    names = [name.lower() for name in header.names]
    own = tuple(
        f"{name} {place}" if name.lower() in names[: place - 1] else name
        for place, name in enumerate(header.names, 1)
    )
    staged = work / f"rows{len(dialect.quote)}.parquet"
    return copy_rows(engine, msgspec.structs.replace(header, names=own), own, staged)


def _unread(file: Scanned) -> int:
    return len(file.broken)


def _unreadable(path: Path, error: Exception) -> PayloadError:
    if "utf" in str(error).lower() or "unicode" in str(error).lower():
        return PayloadError("not UTF-8", path.name, "save it as UTF-8")
    return PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name)
