"""A film list from anywhere as features: CSV, TSV, JSON, JSON lines or Parquet, its columns found by usual names.

Returns a FEATURES table, one row per row of the list in its order. Touches nothing but the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from moviec.bounds import check_regular
from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.engine.textfile.refused import Broken
from moviec.engine.unreadable_cells import Unread
from moviec.errors import PayloadError, UsageError
from moviec.matching.features import FEATURES, written_years
from moviec.reading.columns import Column, Rows, extra_of, read_columns
from moviec.reading.conversion import readable
from moviec.reading.dates import date
from moviec.reading.film_table import stage_list, unfold
from moviec.reading.layouts import ALIASES, layout_of, plain_name, usual_columns
from moviec.sql import filled, read_sql
from moviec.text import pc
from moviec.work import work_folder

#: The kinds of the cells of each field; an id is kept as written.
_KINDS = {
    "title": "title",
    "original_title": "title",
    "other_titles": "titles",
    "year": "year",
    "released": "date",
    "people": "names",
    "directors": "names",
    "runtime": "duration",
    "genres": "labels",
    "kind": "text",
    "imdb_id": "imdb",
    "tmdb_id": "tmdb",
}

_SUFFIX = re.compile(
    r"\.(csv|tsv|txt|md|dat|json|jsonl|ndjson|parquet|xml|xlsx|xlsm|xlsb|xls|ods)(\.gz)?$", re.IGNORECASE
)


class FilmList(msgspec.Struct, frozen=True):
    """A list that was read: its features, which field each column was used for, and the rows that could not be read.

    `unused`: columns not used. `unread`: columns with cells that could not be read. `no_films`: rows of series,
    episodes, games and the like by their kind, left out.
    """

    features: pa.Table
    columns: dict[str, str]
    rejected: tuple[Broken, ...]
    unused: tuple[str, ...] = ()
    unread: tuple[Unread, ...] = ()
    no_films: int = 0

    @property
    def years_unread(self) -> int:
        """Count the cells of years and dates that could not be read."""
        return sum(column.unread for column in self._years())

    @property
    def unread_year(self) -> str | None:
        """Return the first year or date that could not be read."""
        return next((column.first for column in self._years()), None)

    def _years(self) -> list[Unread]:
        dated = {self.columns.get(field) for field in ("year", "released")}
        return [column for column in self.unread if column.column in dated]

    @property
    def repeated(self) -> int:
        """Count the rows whose id another row has, too."""
        counts = pc.struct_field(pc.value_counts(self.features["key"]), "counts")
        return int(pc.sum(counts.filter(pc.greater(counts, 1))).as_py() or 0)


def read_list(path: Path, name: str, columns: Mapping[str, str] | None = None) -> FilmList:
    """Read a list into features whose source is `name`; `columns` (field: column) takes precedence over usual names.

    A column that the list lacks is skipped; a year may also be written after the title. Raises UsageError when the file
    does not exist or its name is of another format, PayloadError when its content is not a film list.
    """
    suffix = _SUFFIX.search(path.name)
    check_regular(path)
    if suffix is None:
        raise UsageError("not a CSV, TSV, JSON, JSON lines, Parquet or Excel file by its name", path.name)
    if path.stat().st_size == 0:
        raise PayloadError("the file is empty", path.name)
    with DuckEngine() as engine, work_folder() as work:
        try:
            opened = readable(path, Path(work), names=(columns or {}).values())
            kind = suffix.group(1).lower() if opened == path else opened.suffix.lower()[1:]
            seen, rejected = stage_list(engine, opened, kind, Path(work))
            seen = unfold(engine, "listed", seen)
            known = recognise(seen, columns or {}, path.name)
            known |= _release_dates(engine, known, seen)
            readings = read_columns(
                engine, Rows("listed", "listed", "position"), "read_list", _columns(known)
            )
            features = engine.query(_query(known, name))
        except duckdb.Error as error:
            raise _unreadable(path, error) from error
    if not features.num_rows:
        raise PayloadError("no rows", path.name, f"{len(rejected)} could not be read" if rejected else "")
    others = pc.fill_null(pc.equal(features["kind"], "no film"), False)
    no_films = int(pc.sum(others).as_py())
    if no_films == features.num_rows:
        raise PayloadError("no row is a film", path.name, "all are series, episodes or games")
    features = features.filter(pc.invert(others)).select(FEATURES.names).cast(FEATURES)
    year = pc.coalesce(features["year"], written_years(features))
    return FilmList(
        features=features.set_column(FEATURES.get_field_index("year"), FEATURES.field("year"), year),
        columns=known,
        rejected=rejected,
        unused=tuple(column for column in seen if column not in known.values()),
        unread=tuple(column for column in readings.unread if column.column != known.get("id")),
        no_films=no_films,
    )


#: A column with this name holds release dates only if its cells show that: lists of watched films have it, too.
_DATES = ("date", "datum", "fecha", "data", "дата")

#: Nobody kept lists of watched films on a computer before: a column with an older date holds release dates.
OLDEST_WATCHED = 1995


def _release_dates(engine: DuckEngine, known: Mapping[str, str], seen: list[str]) -> dict[str, str]:
    """Return the column of release dates where it is called "Date" and its oldest cells predate such lists."""
    column = next((name for name in seen if plain_name(name) in _DATES), None)
    if "released" in known or column is None:
        return {}
    cells = engine.query(
        f"SELECT DISTINCT {identifier(column)} AS cell FROM listed WHERE {identifier(column)} IS NOT NULL"
    )["cell"].to_pylist()
    years = [day.year for cell in cells if (day := date(str(cell))) and day.year]
    return {"released": column} if years and min(years) < OLDEST_WATCHED else {}


def recognise(seen: list[str], given: Mapping[str, str], where: str) -> dict[str, str]:
    """Return which column is what: as named, else by a known layout, else by usual names.

    Raises PayloadError when none is the title.
    """
    layout = layout_of(seen, where)
    known = usual_columns(seen, ALIASES)
    if layout:
        fed = {field: column for field, feed in _FEEDS.items() if (column := layout.feeding(feed, seen))}
        known = (
            {"id": known["id"]} | fed
            if "id" in known and layout.private
            else fed | {"id": known["id"]}
            if "id" in known
            else fed
        )
    known |= {field: column for field, column in given.items() if column in seen}
    if "title" not in known and "original_title" in known:
        known["title"] = known["original_title"]
    if "title" not in known:
        raise PayloadError(
            f"no title column among {', '.join(seen)[:300]}",
            where,
            "say which it is with --columns title=NAME",
        )
    return known


#: The list field that each field of a layout feeds.
_FEEDS = {
    "title": "title",
    "original_title": "original_title",
    "year": "year",
    "released": "released",
    "people": "people.actor",
    "directors": "people.director",
    "runtime": "runtime",
    "genres": "genres",
    "kind": "kind",
    "imdb_id": "ids.imdb",
    "tmdb_id": "ids.tmdb",
}


def _columns(known: Mapping[str, str]) -> list[Column]:
    """Return the columns to read, each added to the list's own."""
    return [Column(known[field], kind, _read(field)) for field, kind in _KINDS.items() if field in known]


def _read(field: str) -> str:
    return f"moviec {field}"


def _query(known: Mapping[str, str], name: str) -> str:
    """Fill the fields of lists.sql with the list's columns."""
    parts = {"cells": _cells(known), "source": quoted(name)}
    return filled(read_sql("moviec.matching", "lists.sql")["features"], parts)


def _cells(known: Mapping[str, str]) -> str:
    """Return SQL for the fields of a row: the value read from its column, else NULL; lists as lists, the rest as
    text.
    """
    lists = ("other_titles", "people", "directors", "genres")
    cells = [
        f"{identifier(_read(field))} AS {field}"
        if field in known
        else f"NULL::VARCHAR{'[]' if field in lists else ''} AS {field}"
        for field in _KINDS
    ]
    cells.append(f"tidy({identifier(known['id'])}) AS id" if "id" in known else "NULL::VARCHAR AS id")
    beside = {"released_year": ("released", "year"), "title_year": ("title", "year"), "title_imdb": ("title", "imdb"), "title_tmdb": ("title", "tmdb")}  # fmt: skip
    cells += [
        f"{identifier(extra_of(_read(field), what))} AS {name}"
        if field in known
        else f"NULL::VARCHAR AS {name}"
        for name, (field, what) in beside.items()
    ]
    return ", ".join(cells)


def _unreadable(path: Path, error: Exception) -> PayloadError:
    if "utf" in str(error).lower() or "unicode" in str(error).lower():
        return PayloadError("not UTF-8", path.name, "save it as UTF-8")
    return PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name)
