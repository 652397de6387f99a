"""How revenue settles: how much of the revenue known today was known so many months after a film's release, by the change log."""

from __future__ import annotations

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.schema.movies import movies
from moviec.catalog.schema.serving import changes
from moviec.engine import DuckEngine

#: Months since release that are looked at.
MONTHS = 60

#: Of each film the value that stood at the end of each month since its release, from the month on in which the log first tells of it.
_SHARES = f"""
WITH reports AS (
  SELECT number, movie, CAST(told_at AS TIMESTAMPTZ) AS reported, CAST(fields->'revenue'->>0 AS BIGINT) AS before,
    CAST(fields->'revenue'->>1 AS BIGINT) AS after
  FROM (SELECT number, movie, told_at, CAST(fields AS JSON) AS fields FROM told)
  WHERE json_exists(fields, '$.revenue')),
films AS (
  SELECT r.movie, any_value(f.released) AS released, any_value(CAST(f.begun AS TIMESTAMPTZ)) AS begun,
    arg_min(r.before, r.number) AS first, arg_max(r.after, r.number) AS last
  FROM reports r JOIN film f ON f.movie = r.movie WHERE f.released IS NOT NULL GROUP BY r.movie),
moments AS (
  SELECT films.*, CAST(month AS INTEGER) AS month,
    CAST(released + INTERVAL 1 MONTH * (month + 1) AS TIMESTAMPTZ) AS moment
  FROM films, range(0, {MONTHS + 1}) months(month)
  WHERE last IS NOT NULL),
grown AS (
  SELECT m.movie, m.month, m.last, coalesce(r.after, CASE WHEN r.number IS NULL THEN m.first END) AS value
  FROM moments m ASOF LEFT JOIN reports r ON r.movie = m.movie AND r.reported <= m.moment
  WHERE m.begun <= m.moment AND m.moment <= now())
SELECT month, count(*) AS films, CAST(sum(coalesce(value, 0)) AS BIGINT) AS known, CAST(sum(last) AS BIGINT) AS today
FROM grown GROUP BY month HAVING sum(last) > 0 ORDER BY month"""


class Month(msgspec.Struct, frozen=True):
    """A month since release: films seen in it, their revenue as it stood then and as it stands today, in dollars."""

    month: int
    films: int
    known: int
    today: int

    @property
    def share(self) -> float:
        """How much of today's revenue was known."""
        return self.known / self.today


class Settling(msgspec.Struct, frozen=True):
    """The months, and the first from which on the share stays within `share` of one; none where it never does."""

    share: float
    films: int
    months: list[Month]
    settled: int | None


def settling(connection: sa.Connection, share: float) -> Settling:
    """Work out how the revenue of films settled that the change log tells of."""
    told = read(
        connection,
        sa.select(changes.c.number, changes.c.movie, changes.c.at.label("told_at"), changes.c.fields)
        .where(changes.c.fields.contains('"revenue"'), changes.c.kind == "updated")
        .order_by(changes.c.number),
    )
    begun = (
        sa.select(changes.c.movie, sa.func.min(changes.c.at).label("begun"))
        .where(changes.c.movie.in_(sa.select(changes.c.movie).where(changes.c.fields.contains('"revenue"'))))
        .group_by(changes.c.movie)
        .subquery()
    )
    film = read(
        connection,
        sa.select(movies.c.movie, movies.c.released, begun.c.begun).join(
            begun, begun.c.movie == movies.c.movie
        ),
    )
    return _settled(told, film, share)


def _settled(told: pa.Table, film: pa.Table, share: float) -> Settling:
    with DuckEngine() as engine:
        engine.register("told", told)
        engine.register("film", film)
        months = [Month(**row) for row in engine.query(_SHARES).to_pylist()]
    off = [month.month for month in months if abs(1 - month.share) > 1 - share]
    last = months[-1].month if months else 0
    settled = (max(off) + 1 if off else months[0].month) if months else None
    settled = None if settled is None or settled > last else settled
    return Settling(share, len(set(told["movie"].to_pylist())), months, settled)
