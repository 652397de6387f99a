"""Online sources: one pace and daily allowance for all workers, how far each source's changes are known, ids
requested.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.schema.arrivals import asked, online
from moviec.catalog.schema.movies import external_ids, movies

#: Ids per statement.
_STEP = 500

#: The value of `used` on a day for which the provider accepts no more requests, whatever the allowance.
USED_UP = 2_000_000_000


class Slots(msgspec.Struct, frozen=True):
    """Requests that may be sent: how many, when the first (seconds since 1970), and how many seconds apart."""

    count: int
    first: float
    apart: float


class OnlineState(msgspec.Struct, frozen=True):
    """The state of an online source; see the table `online`."""

    source: str
    day: str = ""
    used: int = 0
    next_at: float = 0.0
    since: str | None = None
    done_at: str | None = None
    failing_since: str | None = None
    error: str | None = None


def online_states(connection: sa.Connection) -> dict[str, OnlineState]:
    """Return the state of every source that was ever queried online."""
    names = OnlineState.__struct_fields__
    rows = connection.execute(sa.select(online)).all()
    return {row.source: OnlineState(*(getattr(row, name) for name in names)) for row in rows}


def all_online(catalogue: sa.Engine) -> dict[str, OnlineState]:
    """Return the state of every source that was ever queried online."""
    with catalogue.connect() as connection:
        return online_states(connection)


def reserve(catalogue: sa.Engine, source: str, wanted: int, rate: float, allowance: int) -> Slots:
    """Reserve up to `count` requests of a source's pace and, unless it is 0, of the day's allowance; a count of 0 means
    none are left.

    Every worker takes from the same row, so that all together keep to the pace.
    """
    now = dt.datetime.now(dt.UTC)
    with writing(catalogue, beside=True) as connection:
        state = _state(connection, source)
        used = state.used if state.day == f"{now:%Y-%m-%d}" else 0
        count = min(wanted, max((allowance or USED_UP) - used, 0))
        # A clock that was set back must not stop a source: no worker reserves further ahead than a block.
        ahead = min(state.next_at, now.timestamp() + 60)
        first = max(now.timestamp(), ahead)
        _put(connection, source, day=f"{now:%Y-%m-%d}", used=used + count, next_at=first + count / rate)
    return Slots(count, first, 1 / rate)


def used_today(connection: sa.Connection, source: str) -> int:
    """Return how many requests of the day's allowance are used."""
    state = online_states(connection).get(source)
    return state.used if state and state.day == f"{dt.datetime.now(dt.UTC):%Y-%m-%d}" else 0


def use_up(catalogue: sa.Engine, source: str) -> None:
    """Mark the day's allowance as used up, because the provider says so, whatever was counted here."""
    with writing(catalogue, beside=True) as connection:
        _put(connection, source, day=f"{dt.datetime.now(dt.UTC):%Y-%m-%d}", used=USED_UP)


def is_used_up(state: OnlineState, allowance: int, now: dt.datetime) -> bool:
    """Return whether a source's requests for today are used up."""
    return state.day == f"{now:%Y-%m-%d}" and state.used >= (allowance or USED_UP)


def note_round(catalogue: sa.Engine, source: str, since: str | None) -> None:
    """Mark a round as done; `since`: the time up to which the source's changes are known."""
    done = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    with writing(catalogue, beside=True) as connection:
        _put(connection, source, since=since, done_at=done, failing_since=None, error=None)


def note_trouble(catalogue: sa.Engine, source: str, error: str) -> None:
    """Mark a source as failing, keeping the time of the first failure."""
    with writing(catalogue, beside=True) as connection:
        since = _state(connection, source).failing_since
        now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        _put(connection, source, failing_since=since or now, error=error)


def ids_to_ask(connection: sa.Connection, source: str, space: str, before: str, most: int) -> list[str]:
    """Return ids of the catalogue's films in a space that a source was not queried for since `before`, most voted films
    first.
    """
    last = sa.select(asked.c.id, asked.c.at).where(asked.c.source == source).subquery()
    query = (
        sa.select(external_ids.c.id)
        .join(movies, movies.c.movie == external_ids.c.movie)
        .outerjoin(last, last.c.id == external_ids.c.id)
        .where(external_ids.c.space == space, sa.or_(last.c.at.is_(None), last.c.at < before))
        .order_by(
            last.c.at.is_not(None),
            sa.func.coalesce(movies.c.votes, 0).desc(),
            sa.func.coalesce(movies.c.popularity, 0).desc(),
            external_ids.c.id,
        )
        .limit(most)
    )
    return list(connection.scalars(query))


def was_asked(catalogue: sa.Engine, source: str) -> bool:
    """Return whether a source was ever queried for a film of the catalogue."""
    with catalogue.connect() as connection:
        return connection.scalar(sa.select(asked.c.id).where(asked.c.source == source).limit(1)) is not None


def note_asked(catalogue: sa.Engine, source: str, found: Mapping[str, bool]) -> None:
    """Record that a source was queried for some ids, and which of them it knows."""
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    ids = sorted(found)
    with writing(catalogue, beside=True) as connection:
        for start in range(0, len(ids), _STEP):
            some = ids[start : start + _STEP]
            _forget(connection, source, some)
            rows = [{"source": source, "id": each, "at": now, "found": found[each]} for each in some]
            connection.execute(sa.insert(asked), rows)


def _forget(connection: sa.Connection, source: str, ids: Sequence[str]) -> None:
    connection.execute(sa.delete(asked).where(asked.c.source == source, asked.c.id.in_(ids)))


#: The same SQL for SQLite and PostgreSQL.
_MADE = "INSERT INTO online (source, day, used, next_at) VALUES (:source, '', 0, 0) ON CONFLICT (source) DO NOTHING"


def _state(connection: sa.Connection, source: str) -> OnlineState:
    """Return a source's row, locked until the transaction ends; it is created if missing."""
    connection.execute(sa.text(_MADE), {"source": source})
    row = connection.execute(sa.select(online).where(online.c.source == source).with_for_update()).one()
    return OnlineState(*(getattr(row, name) for name in OnlineState.__struct_fields__))


def _put(connection: sa.Connection, source: str, **values: object) -> None:
    """Write some columns of a source's row, creating it if missing."""
    connection.execute(sa.text(_MADE), {"source": source})
    connection.execute(sa.update(online).where(online.c.source == source).values(**values))
