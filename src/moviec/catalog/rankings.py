"""Figures of genres and production companies: the top and bottom by a measure, and each by year."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import rankings, rollups
from moviec.measures import KEPT_AS, Question, refuse_nonsense
from moviec.sql import filled, read_sql
from moviec.units import MILLION

_RANKING = sa.select(
    rankings.c.entries, rankings.c.valued, rankings.c.first_entries, rankings.c.last_entries
).where(
    rankings.c.kind == sa.bindparam("kind"),
    rankings.c.split == sa.bindparam("split"),
    rankings.c.year == sa.bindparam("first"),
    rankings.c.measure == sa.bindparam("measure"),
)


class Ends(msgspec.Struct, frozen=True):
    """How many from the top (`valued`: only those with a value), and how many of these from the bottom."""

    top: int
    bottom: int = 0
    valued: bool = True


class Chosen(msgspec.Struct, frozen=True):
    """The chosen entries, unordered, and how many there are in all."""

    entries: tuple[int, ...]
    total: int


def leaders(connection: sa.Connection, question: Question, ends: Ends) -> tuple[list[RankedEntry], int]:
    """Return the ranked entries at the ends, the largest value first, and how many there are in all.

    Where the rollups hold the value, only the chosen rows are read whole. Raises UsageError like `ranked_entries`.
    """
    column = held(question)
    if column is None or question.least > 1:
        every = ranked_entries(connection, question)
        some = [each for each in every if each.value is not None] if ends.valued else every
        return [*some[: ends.top], *some[max(ends.top, len(some) - ends.bottom) :]], len(every)
    chosen = _kept_ready(connection, question, column.name, ends)
    if chosen is None:
        chosen = _choose(connection, question, column, ends)
    found = ranked_entries(connection, msgspec.structs.replace(question, entries=chosen.entries))
    return found, chosen.total


def _kept_ready(connection: sa.Connection, question: Question, measure: str, ends: Ends) -> Chosen | None:
    """Choose by the ranking of a whole year; None where there is none or it is too short."""
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
    """Return each entry's value and films: as stored for one year, summed over several."""
    found = sa.select(rollups.c.entry).where(rows_asked(question.one_year, question.entries is not None))
    if question.one_year:
        return found.add_columns(column.label("value"), rollups.c.films)
    sums = (sa.func.sum(column).label("value"), sa.func.sum(rollups.c.films).label("films"))
    return found.add_columns(*sums).group_by(rollups.c.entry)


_KEPT = {"mean", "median", "max"}

#: Columns summed over years.
_ADDED = (
    "movies", "films", "budget", "revenue", "profit", "budget_known", "revenue_known", "profit_known",
    "popularity_sum", "popularity_known", "votes", "votes_known", "c_rating_known",
)  # fmt: skip


class RankedEntry(msgspec.Struct, frozen=True):
    """Figures of one genre or company: `value` of the measure, over `known` of its `films`; and the usual sums."""

    entry: int
    value: float | int | None
    known: int
    films: int
    movies: float
    budget: int | None
    revenue: int | None
    profit: int | None
    popularity: float | None
    votes: int
    movie_ids: list[int]


def held(question: Question) -> sa.Column[Any] | None:
    """Return the column of the rollups with a question's value; None where it is computed over films.

    Raises UsageError where the question makes no sense.
    """
    refuse_nonsense(question)
    by, measure = question.added_up, question.measure
    if by == "sum":
        return rollups.c["popularity_sum" if measure == "popularity" else measure]
    return rollups.c[f"{measure}_{by}"] if _inside(question) else None


def ranked_entries(connection: sa.Connection, question: Question) -> list[RankedEntry]:
    """Answer a question, the largest value first, unknown last. Raises UsageError where it makes no sense."""
    refuse_nonsense(question)
    inside = question.added_up == "sum" or _inside(question)
    worked_out = None if inside else _work_out(connection, question)
    query = _rows(question.one_year, question.movie_ids, question.entries is not None)
    rows = connection.execute(query, values_of(question)).all()
    found = [_ranked_entry(question, row, worked_out) for row in rows]
    if question.least > 1:
        found = [each for each in found if each.known >= question.least]
    return sorted(found, key=lambda each: (each.value is None, -(each.value or 0), -each.films, each.entry))


def _inside(question: Question) -> bool:
    """Return whether the rollups hold this mean, median or maximum: of a single year or month, and not of money."""
    return question.one_year and question.added_up in _KEPT and question.measure in ("popularity", "c_rating")


@cache
def _rows(one_year: bool, movie_ids: bool, some: bool) -> sa.Select[Any]:
    """Select what a ranked entry needs: as stored for one year, summed over several. Built once, since building takes
    longer than running it; `values_of` returns its parameters.
    """
    column = rollups.c
    asked = rows_asked(one_year, some)
    # Over several years these are not used.
    kept = [f"{measure}_{by}" for measure in ("popularity", "c_rating") for by in sorted(_KEPT)]
    if one_year:
        ids = column.movie_ids if movie_ids else sa.literal("").label("movie_ids")
        return sa.select(column.entry, *(column[name] for name in (*_ADDED, *kept)), ids).where(asked)
    added = [sa.func.sum(column[name]).label(name) for name in _ADDED]
    unused = [sa.null().label(name) for name in kept]
    joined = sa.func.aggregate_strings(column.movie_ids, ";") if movie_ids else sa.literal("")
    summed = sa.select(column.entry, *added, *unused, joined.label("movie_ids"))
    return summed.where(asked).group_by(column.entry)


def rows_asked(one_year: bool, some: bool) -> sa.ColumnElement[bool]:
    """Return the condition on rollups for a question (`some`: for certain entries only); `values_of` returns the
    parameters.
    """
    column = rollups.c
    first: sa.BindParameter[int] = sa.bindparam("first")
    last: sa.BindParameter[int] = sa.bindparam("last")
    wanted = [
        column.kind == sa.bindparam("kind"),
        column.split == sa.bindparam("split"),
        # Equality lets the primary key find the month, too.
        column.year == first if one_year else column.year.between(first, last),
        column.month == sa.bindparam("month"),
    ]
    if some:
        wanted.append(column.entry.in_(sa.bindparam("entries", expanding=True)))
    return sa.and_(*wanted)


def values_of(question: Question) -> dict[str, Any]:
    """Return a question as the parameters of statements."""
    return {
        "kind": question.kind,
        "split": question.split,
        "first": question.first_year,
        "last": question.last_year,
        "month": question.month,
        "entries": question.entries,
    }


def _ranked_entry(question: Question, row: Any, worked_out: dict[int, tuple[Any, int]] | None) -> RankedEntry:
    value: float | int | None
    if worked_out is None:
        value, known = _kept_value(question, row)
    else:  # an entry without a film with the amount is left out
        value, known = worked_out.get(row.entry, (None, 0))
    unit = KEPT_AS.get(question.measure, 1)
    if value is not None:
        value = value / unit if unit > 1 else round(value)
    lists = [json.loads(part) for part in row.movie_ids.split(";") if part]
    return RankedEntry(
        entry=row.entry,
        value=value,
        known=known,
        films=int(row.films),
        movies=int(row.movies) / MILLION,
        budget=_whole(row.budget),
        revenue=_whole(row.revenue),
        profit=_whole(row.profit),
        popularity=None if row.popularity_sum is None else int(row.popularity_sum) / MILLION,
        votes=int(row.votes),
        movie_ids=sorted({movie for part in lists for movie in part}),
    )


def _kept_value(question: Question, row: Any) -> tuple[int | None, int]:
    """Return a value that the rollups hold, and the number of films behind it."""
    measure, by = question.measure, question.added_up
    column = measure if by == "sum" and measure != "popularity" else f"{measure}_{by}"
    known = int(row.films) if measure == "movies" else int(getattr(row, f"{measure}_known"))
    return _whole(getattr(row, column)), known


def _work_out(connection: sa.Connection, question: Question) -> dict[int, tuple[Any, int]]:
    """Compute means, medians and maxima over the films that the rollups name: value and films known, by entry."""
    each = {
        "sqlite": "json_each(r.movie_ids) AS film",
        "postgresql": "json_array_elements_text(CAST(r.movie_ids AS JSON)) AS film(value)",
    }[connection.dialect.name]
    amount = {
        "profit": "m.revenue - m.budget",
        "c_rating": "CAST(round(CAST(m.c_rating * 100 AS NUMERIC)) AS INTEGER)",
    }
    parts = {"each": each, "amount": amount.get(question.measure, f"m.{question.measure}")}
    sql = filled(read_sql("moviec.catalog", "rankings.sql")["by_film"], parts)
    rows = connection.execute(sa.text(sql), values_of(question))
    half = (
        0.5 if question.added_up == "mean" else 0
    )  # as the rollups round: means to the nearest, medians down
    return {
        row.entry: (math.floor(float(getattr(row, question.added_up)) + half), int(row.known)) for row in rows
    }


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


class YearOf(msgspec.Struct, frozen=True):
    """One genre or company in one year: films, those with a known gross, dollars, votes; median popularity, and median
    C-rating (0 to 100).
    """

    entry: int
    year: int
    films: int
    revenue_known: int
    revenue: int | None
    budget: int | None
    profit: int | None
    votes: int
    popularity: float | None
    c_rating: float | None


def years_of(connection: sa.Connection, kind: str, entries: Sequence[int] | None = None) -> list[YearOf]:
    """List the years of some genres or companies (all if None), by entry and year; a film counts wholly under each."""
    column = rollups.c
    query = sa.select(
        column.entry,
        column.year,
        column.films,
        column.revenue_known,
        column.revenue,
        column.budget,
        column.profit,
        column.votes,
        column.popularity_median,
        column.c_rating_median,
    ).where(column.kind == kind, column.split == "full", column.month == 0)
    if entries is not None:
        query = query.where(column.entry.in_(entries))
    return [
        YearOf(
            row.entry,
            row.year,
            row.films,
            row.revenue_known,
            row.revenue,
            row.budget,
            row.profit,
            row.votes,
            None if row.popularity_median is None else row.popularity_median / MILLION,
            None if row.c_rating_median is None else row.c_rating_median / 100,
        )
        for row in connection.execute(query.order_by(column.entry, column.year))
    ]


_KNOWN = ("revenue", "budget", "profit", "popularity", "votes", "c_rating")


def span_of_years(connection: sa.Connection, kind: str, measure: str) -> tuple[int, int] | None:
    """Return the first and the last year with a film for which a measure is known; None where there is none."""
    column = rollups.c
    bounds = sa.select(sa.func.min(column.year), sa.func.max(column.year)).where(
        column.kind == kind, column.split == "full", column.month == 0
    )
    if measure in _KNOWN:
        bounds = bounds.where(column[f"{measure}_known"] > 0)
    first, last = connection.execute(bounds).one()
    return None if first is None else (first, last)
