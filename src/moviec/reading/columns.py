"""Reads the columns of a table: every cell of a declared kind in the one spelling that SQL casts, and what could not be
read.

Cells already in that spelling only cost a check of their column; the others are read once per distinct cell, and
joined. An unreadable cell is kept with a prefix that prevents casting (`UNREAD`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.engine.unreadable_cells import UNREAD, Unread
from moviec.reading.kinds import KINDS, LISTS, Kind, duration_of, money_of
from moviec.reading.list_cells import OBJECTS, cut_of


class Column(msgspec.Struct, frozen=True):
    """A column of a table and the kind of its cells; `output`: the name of the read column; its own name means it is
    replaced.

    `convention`: the column's convention if given (the order of dates, the decimal mark, a list's separator).
    """

    name: str
    kind: str
    output: str
    convention: str | None = None


def extra_of(output: str, what: str) -> str:
    """Return the name of the column with additional values from a read column's cells."""
    return f"{output} › {what}"


class Readings(msgspec.Struct, frozen=True):
    """The result of reading the columns: by output the convention of its column, and what could not be read."""

    conventions: dict[str, str | None]
    unread: tuple[Unread, ...]


class Rows(msgspec.Struct, frozen=True):
    """The named rows whose columns are read; `seen`: those whose cells are checked first, where that is faster.

    `place` orders them. `absent` columns hold nothing: they are skipped, since planning a query over all of a small
    list takes longer than reading it.
    """

    name: str
    seen: str
    place: str = "_position"
    absent: frozenset[str] = frozenset()


def read_columns(engine: DuckEngine, of: Rows, target: str, columns: Sequence[Column]) -> Readings:
    """Create the view `target`: the rows with each column read.

    A column with a new name has its extras next to it (`extra_of`), as text. Lists are lists of text.
    """
    rows, place = of.name, of.place
    plain = [column for column in columns if column.kind in KINDS]
    there = [column for column in plain if column.name not in of.absent]
    odd = dict(zip((column.output for column in there), _odd(engine, of.seen, there), strict=True))
    values = {
        column.output: (
            _unlisted(column.kind)
            if column.name in of.absent
            else cut_of(engine, of.seen, column.name, column.kind, column.convention).sql
        )
        for column in columns
        if column.kind not in KINDS
    }
    conventions: dict[str, str | None] = {}
    joins, extras, looked_up = [], {}, []
    for at, column in enumerate(plain):
        kind = kind_of(column)
        cell = f"r.{identifier(column.name)}"
        name = f"{target}_read_{at}"
        is_odd = odd.get(column.output, False)
        if is_odd:
            conventions[column.output] = _look_up(engine, of.seen, column, name)
            joins.append(f"LEFT JOIN {name} AS l{at} ON l{at}.cell = {cell}")
            values[column.output] = f"CASE WHEN l{at}.cell IS NULL THEN {cell} ELSE l{at}.text END"
            looked_up.append((column, name))
        elif column.output != column.name:
            values[column.output] = cell
        for what in kind.extras if column.output != column.name else ():
            extras[extra_of(column.output, what)] = f"l{at}.{what}" if is_odd else "NULL::VARCHAR"
    own = engine.query(f"SELECT * FROM {rows} LIMIT 0").column_names
    replaced = ", ".join(f"{sql} AS {identifier(name)}" for name, sql in values.items() if name in own)
    added = "".join(
        f", {sql} AS {identifier(name)}" for name, sql in (values | extras).items() if name not in own
    )
    replace = f" REPLACE ({replaced})" if replaced else ""
    engine.view(target, f"SELECT r.*{replace}{added} FROM {rows} AS r {' '.join(joins)}")
    unread = [found for column, name in looked_up if (found := _unread(engine, rows, column, name, place))]
    return Readings(conventions, tuple(unread))


def _unlisted(kind: str) -> str:
    """Return the cell of a kind of lists in a missing column."""
    return "NULL::VARCHAR" if kind in OBJECTS else "NULL::VARCHAR[]"


def read_types(columns: Sequence[Column]) -> dict[str, str]:
    """Return the types of the columns added by reading these, by name, as SQL writes them."""
    added = [column for column in columns if column.output != column.name]
    types = {
        column.output: "VARCHAR[]" if column.kind in LISTS and column.kind not in OBJECTS else "VARCHAR"
        for column in added
    }
    for column in added:
        extras = KINDS[column.kind].extras if column.kind in KINDS else ()
        types |= {extra_of(column.output, what): "VARCHAR" for what in extras}
    return types


def kind_of(column: Column) -> Kind:
    """Return how a column's cells are read: money's currency and scale, and a length's unit, may be in the column's
    name.
    """
    if column.kind == "money":
        return money_of(column.name)
    return duration_of(column.name) if column.kind == "duration" else KINDS[column.kind]


def _odd(engine: DuckEngine, rows: str, columns: Sequence[Column]) -> list[bool]:
    """Return which columns have cells that are not in the castable spelling."""
    if not columns:
        return []
    tests = ", ".join(
        f"coalesce(bool_or(NOT coalesce({kind_of(column).is_plain(identifier(column.name))}, false))"
        f" FILTER ({identifier(column.name)} IS NOT NULL), false) AS c{at}"
        for at, column in enumerate(columns)
    )
    return list(engine.query(f"SELECT {tests} FROM {rows}").to_pylist()[0].values())


def _look_up(engine: DuckEngine, rows: str, column: Column, name: str) -> str | None:
    """Register the values of a column's distinct other cells as `name`; return the column's convention."""
    kind = kind_of(column)
    cell = identifier(column.name)
    plain = kind.is_plain(cell)
    distinct = engine.query(
        f"SELECT DISTINCT {cell} AS cell FROM {rows} WHERE {cell} IS NOT NULL AND NOT coalesce({plain}, false) ORDER BY cell"
    )
    found = [str(text) for text in distinct["cell"].to_pylist()]
    cells = (
        int(engine.query(f"SELECT approx_count_distinct({cell}) AS cells FROM {rows}")["cells"][0].as_py())
        if kind.name == "title"
        else len(found)
    )
    known = [text for text in found if not kind.is_blank(text)]
    convention = column.convention or kind.decide(known, cells)
    out: dict[str, list[str | None]] = {name: [] for name in ("cell", "text", *kind.extras, "state")}
    for text in found:
        value = None if kind.is_blank(text) else kind.read(text, convention)
        out["cell"].append(text)
        for extra in kind.extras:
            out[extra].append(value.extras.get(extra) if value else None)
        if value is not None and "open" not in value.extras:
            out["text"].append(value.text)
            out["state"].append(None)
        else:
            blank = kind.is_blank(text)
            out["text"].append(None if blank else UNREAD + text)
            out["state"].append("blank" if blank else "open" if value else "unread")
    engine.register(name, pa.table(out, schema=pa.schema([(field, pa.string()) for field in out])))
    return convention


def _unread(engine: DuckEngine, rows: str, column: Column, name: str, place: str) -> Unread | None:
    """Count the cells of a column that could not be read."""
    cell = identifier(column.name)
    if not engine.query(f"SELECT count(*) AS unread FROM {name} WHERE state <> 'blank'")["unread"][0].as_py():
        return None
    found = engine.query(
        f"SELECT count(*) FILTER (l.state IS DISTINCT FROM 'blank') AS cells,"
        f" count(*) FILTER (l.state <> 'blank') AS unread,"
        f" count(*) FILTER (l.state = 'open') AS open,"
        f" arg_min(r.{cell}, r.{place}) FILTER (l.state <> 'blank') AS first"
        f" FROM {rows} AS r LEFT JOIN {name} AS l ON l.cell = r.{cell} WHERE r.{cell} IS NOT NULL"
    ).to_pylist()[0]
    if not found["unread"]:
        return None
    why = kind_of(column).why_open if found["open"] else ""
    return Unread(column.name, found["cells"], found["unread"], found["first"], why)
