"""A film list from anywhere as features: CSV, TSV, JSON, JSON lines or Parquet, its columns known by usual names.

Hands on a FEATURES table, one row per row of the list in its order. Touches nothing but the file.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duck import quoted
from moviec.errors import PayloadError
from moviec.resolve.features import FEATURES

#: What a column may be called (letters and digits only, any case), by what it is taken for.
ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "movieid", "filmid", "tconst", "const", "key", "rowid", "recordid", "uid", "identifier"),
    "title": ("title", "primarytitle", "movietitle", "filmtitle", "name", "moviename", "filmname", "movie", "film", "titel", "titre", "titulo", "titolo"),
    "original_title": ("originaltitle", "originalname", "titleoriginal"),
    "other_titles": ("othertitles", "alternativetitles", "alternativetitle", "alternatetitle", "aka", "akas", "alsoknownas", "englishtitle"),
    "year": ("year", "startyear", "releaseyear", "movieyear", "filmyear", "yearrange", "productionyear", "titleyear", "yearofrelease", "jahr", "annee"),
    "released": ("released", "releasedate", "date", "originalreleasedate", "releasedon", "premiered", "premieredate", "theatricalrelease"),
    "people": ("people", "cast", "actors", "actor", "starring", "stars", "castmembers", "actorname", "maincast"),
    "directors": ("directors", "director", "directedby", "directorname"),
    "runtime": ("runtime", "runtimeminutes", "duration", "length", "runningtime", "minutes", "runtimemins", "runtimemin"),
    "genres": ("genres", "genre", "listedin"),
    "kind": ("kind", "titletype"),
    "imdb_id": ("imdbid", "imdb", "tconst", "const", "imdbtitleid", "imdbtt"),
    "tmdb_id": ("tmdbid", "tmdb", "themoviedbid"),
}  # fmt: skip

_SUFFIX = re.compile(r"\.(csv|tsv|txt|json|jsonl|ndjson|parquet)(\.gz)?$", re.IGNORECASE)


class FilmList(msgspec.Struct, frozen=True):
    """A list that was read: its features, what each column was taken for, and rows that could not be read."""

    features: pa.Table
    columns: dict[str, str]
    rejected: int


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
    with DuckEngine() as engine:
        try:
            seen, rejected = _stage(engine, path, suffix.group(1).lower())
            known = recognise(seen, columns or {}, path.name)
            features = engine.query(_query(known, name))
        except (duckdb.Error, UnicodeError, EOFError, gzip.BadGzipFile, csv.Error) as error:
            raise _unreadable(path, error) from error
    if not features.num_rows:
        raise PayloadError("no rows", path.name, f"{rejected} could not be read" if rejected else "")
    return FilmList(features.select(FEATURES.names).cast(FEATURES), known, rejected)


def recognise(seen: list[str], given: Mapping[str, str], where: str) -> dict[str, str]:
    """Say which column is what: as given, else by usual names. Raises PayloadError when none is the title."""
    plain = {re.sub(r"[^a-z0-9]", "", column.lower()): column for column in reversed(seen)}
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
        f'cell("{known[field].replace(chr(34), chr(34) * 2)}") AS {field}'
        if field in known
        else f"NULL::VARCHAR AS {field}"
        for field in ALIASES
    )
    text = resources.files("moviec.resolve").joinpath("lists.sql").read_text("utf-8")
    return text.replace("{cells}", cells).replace("{source}", quoted(name))


def _stage(engine: DuckEngine, path: Path, kind: str) -> tuple[list[str], int]:
    """Make the file's rows known as `listed`, each column as text, with `position`; name its columns."""
    engine.connection.execute(resources.files("moviec.resolve").joinpath("cells.sql").read_text("utf-8"))
    if kind in ("csv", "tsv", "txt"):
        return _stage_csv(engine, path)
    if kind == "parquet":
        rows = f"read_parquet({quoted(str(path))})"
    else:
        rows = f"read_json({quoted(str(path))}, maximum_object_size = 67108864, sample_size = -1, convert_strings_to_integers = false)"
    described = engine.connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()
    texts = ", ".join(_as_text(column[0], column[1]) for column in described)
    engine.keep("listed", f"SELECT {texts}, row_number() OVER () AS position FROM {rows}")
    return [column[0] for column in described], 0


def _as_text(column: str, kind: str) -> str:
    named = '"' + column.replace('"', '""') + '"'
    nested = kind.endswith("]") or kind.startswith(("STRUCT", "MAP"))
    return (
        f"CAST(to_json({named}) AS VARCHAR) AS {named}" if nested else f"CAST({named} AS VARCHAR) AS {named}"
    )


def _stage_csv(engine: DuckEngine, path: Path) -> tuple[list[str], int]:
    with (
        gzip.open(path, "rt", encoding="utf-8-sig")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8-sig") as file
    ):
        first = file.readline()
    delimiter = max("\t,;|", key=first.count)
    if delimiter not in first:
        delimiter = "\x1f"  # one column: whatever stands in a line is the title
    names = next(csv.reader([first.rstrip("\r\n")], delimiter=delimiter), [])
    names = [name.strip() or f"column {place}" for place, name in enumerate(names, 1)]
    if len(set(names)) < len(names):
        names = [f"{name} {place}" if name in names[:place] else name for place, name in enumerate(names)]
    # IMDb's own files hold bare quotes; others quote their cells.
    for quote in ('"', "") if delimiter == "\t" else ('"',):
        rows, rejected = _read_csv(engine, path, names, (delimiter, quote))
        if not rejected:
            break
    return names, rejected if rows else 0


def _read_csv(engine: DuckEngine, path: Path, names: list[str], dialect: tuple[str, str]) -> tuple[int, int]:
    """Read good rows into `listed`; give how many there are and how many could not be read."""
    delimiter, quote = (quoted(sign) for sign in dialect)
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    engine.connection.execute("DROP TABLE IF EXISTS csv_rejects; DROP TABLE IF EXISTS csv_scans")
    engine.keep(
        "listed",
        f"SELECT *, row_number() OVER () AS position FROM read_csv({quoted(str(path))}, columns = {{{columns}}},"
        f" auto_detect = false, header = true, delim = {delimiter}, quote = {quote}, escape = {quote},"
        " nullstr = '', max_line_size = 8000000, store_rejects = true,"
        " rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')",
    )
    counted = engine.query(
        "SELECT (SELECT count(*) FROM listed) AS rows, (SELECT count(DISTINCT line) FROM csv_rejects) AS rejected,"
        " (SELECT count(*) FROM csv_rejects WHERE error_type = 'INVALID ENCODING') AS encoding"
    ).to_pylist()[0]
    if counted["encoding"]:
        raise UnicodeError(f"{counted['encoding']} lines are no UTF-8")
    return counted["rows"], counted["rejected"]


def _unreadable(path: Path, error: Exception) -> PayloadError:
    if isinstance(error, UnicodeError) or "utf" in str(error).lower() or "unicode" in str(error).lower():
        return PayloadError("not UTF-8", path.name, "save it as UTF-8")
    return PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name)
