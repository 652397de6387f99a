"""Figures of genres and production companies year by year, from the rollups: for lines and columns over time."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import rollups
from moviec.units import MILLION


class YearOf(msgspec.Struct, frozen=True):
    """One genre or company in one year: films, those with a known gross, dollars, votes; popularity, and C-rating (0 to 100),
    each the median.
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
    """List the years of some genres or companies (all, where None), by entry and year; a film counts wholly under each."""
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
    """Return the first and the last year in which a measure is known of a film; None where there is none."""
    column = rollups.c
    bounds = sa.select(sa.func.min(column.year), sa.func.max(column.year)).where(
        column.kind == kind, column.split == "full", column.month == 0
    )
    if measure in _KNOWN:
        bounds = bounds.where(column[f"{measure}_known"] > 0)
    first, last = connection.execute(bounds).one()
    return None if first is None else (first, last)
