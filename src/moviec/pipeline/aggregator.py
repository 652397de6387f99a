"""The aggregator: publishes what waits in the log of record changes, tries again, and sets aside what keeps failing.

One path for the standing worker and for a command that publishes before it returns; the lease decides which of several
processes does it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.deliveries import all_batches
from moviec.catalog.failures import records_aside, set_aside
from moviec.catalog.leases import CATALOGUE, EVERY, holding_if_free
from moviec.catalog.publish import kinds_after
from moviec.catalog.queries import FOLLOWER, last_change
from moviec.catalog.recordlog import RECORDS, newest, pending, position
from moviec.engine import DuckEngine
from moviec.errors import DamagedError, MovieCError, StoreError
from moviec.pipeline.holdings import name_rows
from moviec.pipeline.steps import Tell
from moviec.pipeline.street import Outcome, Scope, bring_up
from moviec.pipeline.workshop import Workshop


class Retry(msgspec.Struct, frozen=True):
    """How often a publication is tried, the first pause between tries in seconds (four times longer each time)."""

    tries: int = 3
    pause: float = 1.0
    sleep: Callable[[float], object] = time.sleep


def drain(shop: Workshop, tell: Tell = lambda _: None, retry: Retry = Retry()) -> Outcome:  # noqa: B008 - it is frozen
    """Return once all that is registered now is published, by this process or by the one that holds the lease.

    The outcome tells of every change meanwhile. Raises what publishing raises, where setting records aside is no help.
    """
    with shop.catalogue.connect() as connection:
        wanted, before = newest(connection), last_change(connection)
    while True:
        if (mine := advance(shop, tell, retry)) is not None:
            return mine
        with shop.catalogue.connect() as connection:
            if position(connection) >= wanted:
                return Outcome(False, kinds_after(connection, before), last_change(connection), {}, [])
        time.sleep(EVERY)


def advance(shop: Workshop, tell: Tell = lambda _: None, retry: Retry = Retry()) -> Outcome | None:  # noqa: B008
    """Publish what waits, where nobody else is at it; None where somebody is."""
    if any(one.name == CATALOGUE for one in shop.leases):
        return _publish(shop, tell, retry)
    with holding_if_free(shop.catalogue, CATALOGUE) as held:
        if held is None:
            return None
        return _publish(msgspec.structs.replace(shop, leases=(*shop.leases, held)), tell, retry)


def is_passing(error: Exception) -> bool:
    """Say whether an error may be gone at the next try: the disk, the network or the database, not the data."""
    if isinstance(error, MovieCError):
        return error.retryable or isinstance(error, StoreError)
    return isinstance(error, OSError | MemoryError | sa.exc.OperationalError | sa.exc.InterfaceError)


def _publish(shop: Workshop, tell: Tell, retry: Retry) -> Outcome:
    for attempt in range(1, retry.tries + 1):
        try:
            return bring_up(shop, Scope(), tell)
        except Exception as error:
            if attempt == retry.tries or isinstance(error, DamagedError):
                if is_passing(error) or not _isolate(shop, error, attempt, tell):
                    raise
            else:
                tell(f"publishing failed ({_line(error)}); trying again")
                retry.sleep(retry.pause * 4 ** (attempt - 1))
    return bring_up(shop, Scope(), tell)


def _isolate(shop: Workshop, error: Exception, attempts: int, tell: Tell) -> bool:
    """Find the waiting records that make a publication fail, and set them aside; say whether there are any."""
    waiting = _waiting(shop)
    if not waiting.num_rows or _fails(shop, waiting):
        return False
    tell(f"looking for what fails among {waiting.num_rows:,} records")
    found = _failing(shop, waiting, waiting)
    with writing(shop.catalogue) as connection:
        shop.confirm(connection, CATALOGUE)
        set_aside(connection, FOLLOWER, found.to_pylist(), _line(error), attempts)
    return True


def _failing(shop: Workshop, waiting: pa.Table, suspects: pa.Table) -> pa.Table:
    """Halve the suspects, which fail together, until those are found that fail by themselves."""
    if suspects.num_rows == 1:
        return suspects
    middle = suspects.num_rows // 2
    halves = (suspects.slice(0, middle), suspects.slice(middle))
    found = [_failing(shop, waiting, half) for half in halves if _fails(shop, _without(waiting, half))]
    return pa.concat_tables(found) if found else suspects


def _fails(shop: Workshop, without: pa.Table) -> bool:
    """Rehearse a publication that leaves records out."""
    try:
        bring_up(shop, Scope(without=without, rehearsal=True))
    except Exception as error:
        if is_passing(error):
            raise
        return True
    return False


def _without(rows: pa.Table, some: pa.Table) -> pa.Table:
    with DuckEngine() as engine:
        engine.table("every_row", rows)
        engine.table("some_rows", some)
        return engine.query(
            "SELECT * FROM every_row ANTI JOIN some_rows USING (source, key, delivery)"
            " ORDER BY source, key, delivery"
        )


def _waiting(shop: Workshop) -> pa.Table:
    """Give the records (RECORDS) whose rows have not been published."""
    with shop.catalogue.connect() as connection:
        single, aside = pending(connection).records, records_aside(connection)
    batches = [one for one in all_batches(shop.catalogue) if one.records_file and not one.published]
    files = [shop.store.path(one.records_file or "") for one in batches]
    with DuckEngine(shop.limits) as engine:
        name_rows(engine, "waiting", files, aside)
        engine.table("single", single)
        return engine.query(
            "SELECT source, key, delivery FROM waiting UNION SELECT * FROM single WHERE delivery IS NOT NULL"
            " ORDER BY source, key, delivery"
        ).cast(RECORDS)


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
