"""The catalogue over time: documents as they were published at an instant, how ratings moved, and how revenue settles.

Past documents are read from the superseded versions, never computed again: later models do not change the past.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.queries import HISTORY, entry
from moviec.catalog.schema.identity import records
from moviec.catalog.schema.movies import movies
from moviec.catalog.schema.serving import changes, document_versions, documents
from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.errors import DamagedError

#: Documents read at a time.
STEP = 20_000

_COLUMNS = ("movie", "document", "claims", "since")
_SUMS = ("hash", "claims_hash")

_MOVED = """
WITH sides AS (
  SELECT number, 0 AS side, unnest(from_json(fields->'$.ratings[0]', '["JSON"]')) AS rating FROM given
  UNION ALL SELECT number, 1, unnest(from_json(fields->'$.ratings[1]', '["JSON"]')) FROM given),
said AS (
  SELECT number, side, rating->>'rater' AS rater, rating->>'panel' AS panel, rating->>'aspect' AS aspect,
    CAST(rating->>'value' AS DOUBLE) AS value, CAST(rating->>'votes' AS BIGINT) AS votes
  FROM sides WHERE rating->>'source' = {source}),
moved AS (
  SELECT number, rater, panel, aspect,
    max(value) FILTER (side = 0) AS value_before, max(value) FILTER (side = 1) AS value_after,
    max(votes) FILTER (side = 0) AS votes_before, max(votes) FILTER (side = 1) AS votes_after
  FROM said GROUP BY number, rater, panel, aspect)
SELECT number, "at", movie, moved.* EXCLUDE (number) FROM moved JOIN given USING (number)
WHERE value_before IS DISTINCT FROM value_after OR votes_before IS DISTINCT FROM votes_after
ORDER BY number, rater, panel, aspect
"""


class PastDocument(msgspec.Struct, frozen=True):
    """A movie's document and claims (JSON) as published, and since when (UTC)."""

    document: str
    claims: str
    since: str


def documents_as_of(connection: sa.Connection, instant: str | None = None) -> Iterator[pa.Table]:
    """Yield every movie's document as of an instant (as `instant_of` writes it; None: now).

    Tables of movie, document, claims, since, some thousands of rows each, in the order of the movies' numbers. Raises
    DamagedError where one does not match its checksum.
    """
    after = -1
    with DuckEngine() as engine:
        while True:
            some = read(connection, _next_documents(instant, after))
            _check_sums(engine, some)
            if some.num_rows:
                yield some.select(_COLUMNS)
                after = some["movie"][-1].as_py()
            if some.num_rows < STEP:
                return


def _check_sums(engine: DuckEngine, some: pa.Table) -> None:
    engine.register("documents", some)
    damaged = engine.query(_DAMAGED)["movie"].to_pylist()
    if damaged:
        named = ", ".join(f"mc{movie}" for movie in damaged[:5])
        raise DamagedError(
            f"what is stored of films is damaged ({named})", "the catalogue", "see `moviec doctor --repair`"
        )


def document_as_of(connection: sa.Connection, movie: int, instant: str | None = None) -> PastDocument | None:
    """Return one movie's document as of an instant (None: now); None where it had none."""
    current = _as_of(instant).subquery()
    query = sa.select(*(current.c[name] for name in _COLUMNS[1:])).where(current.c.movie == movie)
    row = connection.execute(query).first()
    return PastDocument(*row) if row else None


def movie_changes(connection: sa.Connection, movie: int, since: str = "") -> list[dict[str, Any]]:
    """List a movie's entries of the change log after an instant, oldest first, as `queries.entry` has them.

    `fields` has by name the old and the new value.
    """
    query = HISTORY.where(changes.c.movie == movie, changes.c.at > since).order_by(changes.c.number)
    found = [entry(row) for row in connection.execute(query)]
    return [{**entry, "fields": msgspec.json.decode(entry["fields"])} for entry in found]


def sources_of(connection: sa.Connection, movie: int) -> list[str]:
    """List the sources that list or ever listed a movie's records, in order."""
    query = sa.select(records.c.source).where(records.c.movie == movie).distinct()
    return list(connection.scalars(query.order_by(records.c.source)))


def ratings_moved(
    connection: sa.Connection, source: str, since: str = "", movie: int | None = None
) -> pa.Table:
    """Return how the ratings that a source delivers moved, change by change, after an instant; of one movie if given.

    Columns: number and at (of the change), movie, rater, panel, aspect, value_before, value_after (on the rater's
    scale), votes_before, votes_after; what is unknown or was not there is NULL.
    """
    query = (
        sa.select(changes.c.number, changes.c.at, changes.c.movie, changes.c.fields)
        .where(changes.c.at > since, changes.c.fields.contains('"ratings":[', autoescape=True))
        .order_by(changes.c.number)
    )
    if movie is not None:
        query = query.where(changes.c.movie == movie)
    with DuckEngine() as engine:
        engine.register("given", read(connection, query))
        return engine.query(_MOVED.format(source=quoted(source)))


_DAMAGED = "SELECT movie FROM documents WHERE sha256(document) <> hash OR sha256(claims) <> claims_hash ORDER BY movie"


def _next_documents(instant: str | None, after: int) -> sa.Select[Any]:
    current = _as_of(instant).subquery()
    return sa.select(*current.c).where(current.c.movie > after).order_by(current.c.movie).limit(STEP)


def _as_of(instant: str | None) -> sa.Select[Any] | sa.CompoundSelect[*tuple[Any, ...]]:
    """Select the documents of an instant: current ones that existed then, superseded ones that were current then."""
    now = sa.select(*(documents.c[name] for name in (*_COLUMNS, *_SUMS)))
    if instant is None:
        return now
    before = sa.select(*(document_versions.c[name] for name in (*_COLUMNS, *_SUMS))).where(
        document_versions.c.since <= instant, document_versions.c.until > instant
    )
    return sa.union_all(now.where(documents.c.since <= instant), before)


_DIFFERENCES = """
WITH sides AS (
  SELECT movie, key, CAST(value AS VARCHAR) AS old, NULL AS new FROM given_before, json_each(before)
  UNION ALL SELECT movie, key, NULL, CAST(value AS VARCHAR) FROM given_after, json_each(after)),
fields AS (
  SELECT movie, key, max(old) AS old, max(new) AS new FROM sides GROUP BY movie, key
  HAVING max(old) IS DISTINCT FROM max(new))
SELECT given_before.movie, '{' || coalesce(string_agg(
         to_json(key) || ':[' || coalesce(old, 'null') || ',' || coalesce(new, 'null') || ']', ',' ORDER BY key), '') || '}' AS fields
FROM given_before LEFT JOIN fields ON fields.movie = given_before.movie
GROUP BY given_before.movie ORDER BY given_before.movie
"""


def differences(before: pa.Table, after: pa.Table, beside: DuckEngine | None = None) -> pa.Table:
    """Compare documents (movie, before) with later ones of the same films (movie, after), as JSON objects.

    Return movie, fields: {"year":[1994,1995],…} by name.
    """
    with DuckEngine(beside=beside) as engine:
        engine.register("given_before", before)
        engine.register("given_after", after)
        return engine.query(_DIFFERENCES)


#: Months since release in the report.
MONTHS = 60

#: Each film's revenue at the end of each month since its release, from the first month that the log covers.
_SHARES = f"""
WITH reports AS (
  SELECT number, movie, CAST(changed_at AS TIMESTAMPTZ) AS reported, CAST(fields->'revenue'->>0 AS BIGINT) AS before,
    CAST(fields->'revenue'->>1 AS BIGINT) AS after
  FROM (SELECT number, movie, changed_at, CAST(fields AS JSON) AS fields FROM revenue_changes)
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
    """A month since release: films seen in it, their revenue as known then and as known today, in dollars."""

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
    """Return how the revenue of films settled, from the change log."""
    revenue_changes = read(
        connection,
        sa.select(changes.c.number, changes.c.movie, changes.c.at.label("changed_at"), changes.c.fields)
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
    return _settled(revenue_changes, film, share)


def _settled(revenue_changes: pa.Table, film: pa.Table, share: float) -> Settling:
    with DuckEngine() as engine:
        engine.register("revenue_changes", revenue_changes)
        engine.register("film", film)
        months = [Month(**row) for row in engine.query(_SHARES).to_pylist()]
    off = [month.month for month in months if abs(1 - month.share) > 1 - share]
    last = months[-1].month if months else 0
    settled = (max(off) + 1 if off else months[0].month) if months else None
    settled = None if settled is None or settled > last else settled
    return Settling(share, len(set(revenue_changes["movie"].to_pylist())), months, settled)
