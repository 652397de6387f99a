"""The first and the last genres or companies by a measure: from the rankings kept ready, else chosen by the database."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import rankings, rollups
from moviec.catalog.standings import Question, Standing, held, rows_asked, standings, values_of

_RANKING = sa.select(
    rankings.c.entries, rankings.c.valued, rankings.c.first_entries, rankings.c.last_entries
).where(
    rankings.c.kind == sa.bindparam("kind"),
    rankings.c.split == sa.bindparam("split"),
    rankings.c.year == sa.bindparam("first"),
    rankings.c.measure == sa.bindparam("measure"),
)


class Ends(msgspec.Struct, frozen=True):
    """How many from the top, `valued`: only of those with a value; and from the bottom of those."""

    top: int
    bottom: int = 0
    valued: bool = True


class Chosen(msgspec.Struct, frozen=True):
    """The entries chosen, in no order, and how many there are in all."""

    entries: tuple[int, ...]
    total: int


def leaders(connection: sa.Connection, question: Question, ends: Ends) -> tuple[list[Standing], int]:
    """Give the standings at the ends, the largest value first, and how many there are in all.

    Where the rollups hold the value only the chosen rows are read whole. Raises UsageError as `standings`.
    """
    column = held(question)
    if column is None or question.least > 1:
        every = standings(connection, question)
        some = [each for each in every if each.value is not None] if ends.valued else every
        return [*some[: ends.top], *some[max(ends.top, len(some) - ends.bottom) :]], len(every)
    chosen = _kept_ready(connection, question, column.name, ends)
    if chosen is None:
        chosen = _choose(connection, question, column, ends)
    found = standings(connection, msgspec.structs.replace(question, entries=chosen.entries))
    return found, chosen.total


def _kept_ready(connection: sa.Connection, question: Question, measure: str, ends: Ends) -> Chosen | None:
    """Choose by the ranking of a whole year; None where there is none or it does not reach so far."""
    if not question.one_year or question.month or question.entries is not None:
        return None
    row = connection.execute(_RANKING, {**values_of(question), "measure": measure}).one_or_none()
    if row is None:
        return None
    first, last = msgspec.json.decode(row.first_entries), msgspec.json.decode(row.last_entries)
    top = min(ends.top, row.valued if ends.valued else row.entries)
    bottom = min(ends.bottom, row.valued)
    if top > len(first) or bottom > len(last):
        return None
    return Chosen(tuple(sorted({*first[:top], *last[len(last) - bottom :]})), row.entries)


def _choose(
    connection: sa.Connection, question: Question, column: sa.ColumnElement[Any], ends: Ends
) -> Chosen:
    """Choose among all by a column of the rollups."""
    ranked, asked = _ranked(question, column).subquery().c, values_of(question)
    every = sa.select(ranked.entry)
    total = connection.scalar(sa.select(sa.func.count(ranked.entry)), asked) or 0
    valued = every.where(ranked.value.is_not(None))
    some = valued if ends.valued else every
    first = some.order_by(ranked.value.is_(None), ranked.value.desc(), ranked.films.desc(), ranked.entry)
    last = valued.order_by(ranked.value, ranked.films, ranked.entry.desc())
    chosen = {
        *connection.scalars(first.limit(ends.top), asked),
        *(connection.scalars(last.limit(ends.bottom), asked) if ends.bottom else ()),
    }
    return Chosen(tuple(sorted(chosen)), total)


def _ranked(question: Question, column: sa.ColumnElement[Any]) -> sa.Select[Any]:
    """Give each entry's value and films: of one year as they stand, of several added up."""
    found = sa.select(rollups.c.entry).where(rows_asked(question.one_year, question.entries is not None))
    if question.one_year:
        return found.add_columns(column.label("value"), rollups.c.films)
    sums = (sa.func.sum(column).label("value"), sa.func.sum(rollups.c.films).label("films"))
    return found.add_columns(*sums).group_by(rollups.c.entry)
