"""The aggregator: publishes what waits in the ingest queue, tries again, and sets aside the records that keep failing.

The worker, and a command that publishes before it returns, take the same path; the lease on the catalogue decides which of
several processes publishes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec
import numpy as np
import pyarrow as pa

from moviec.catalog.connect import writing
from moviec.catalog.deliveries import all_batches
from moviec.catalog.ingest_queue import (
    RECORDS,
    last_failure,
    newest,
    pending,
    position,
    records_aside,
    set_aside,
    set_aside_after,
)
from moviec.catalog.leases import CATALOGUE, EVERY, holder, holding_if_free
from moviec.catalog.publish import kinds_after
from moviec.catalog.queries import FOLLOWER, last_change
from moviec.engine import DuckEngine
from moviec.errors import ClusterError, DamagedError, MovieCError, StoreError, UnpublishedError, UsageError
from moviec.home.context import RunContext, Tell, check_publication
from moviec.home.lake_identity import check_pair
from moviec.lake.batches import view_rows
from moviec.pipeline.publication import Outcome, Scope, bring_up
from moviec.transient import MEMORY, ROOM, as_store_error, is_interrupt, is_transient, remedy
from moviec.units import plural

#: The most rehearsals that a search for failing records takes; each computes a publication and rolls it back.
REHEARSALS = 300


class Retry(msgspec.Struct, frozen=True):
    """How often a publication is tried, the first pause between tries in seconds (four times longer each time)."""

    tries: int = 3
    pause: float = 1.0
    sleep: Callable[[float], object] = time.sleep


#: Everything that waits in the ingest queue.
WAITING = Scope()

#: How `drain` tries by default.
USUAL = Retry()


def drain(context: RunContext, tell: Tell = lambda _: None, retry: Retry = USUAL) -> Outcome:
    """Return once everything that is registered now is published, by this process or by the one that holds the lease.

    The outcome counts all changes meanwhile, and the records that were set aside. Raises what publishing raises where setting
    records aside does not help, and UnpublishedError where disk space, a lock or a connection is missing, or where the process
    that holds the lease makes no progress for as long as the settings let a run wait.
    """
    with context.catalogue.connect() as connection:
        wanted, before, last = newest(connection), last_change(connection), last_failure(connection)
    outcome: Outcome | None = None
    reached, since = -1, time.monotonic()
    while (outcome := advance(context, tell, retry)) is None:
        with context.catalogue.connect() as connection:
            if (now_at := position(connection)) >= wanted:
                outcome = Outcome(False, kinds_after(connection, before), last_change(connection), {}, [])
                break
        if now_at > reached:
            reached, since = now_at, time.monotonic()
        elif time.monotonic() - since >= context.home.settings.patience:
            raise UnpublishedError(
                "another process holds the lease to publish and makes no progress",
                holder(context.catalogue, CATALOGUE),
                "check that process; the next run publishes what was ingested",
            )
        time.sleep(EVERY)
    with context.catalogue.connect() as connection:
        return msgspec.structs.replace(outcome, set_aside=set_aside_after(connection, last))


def advance(context: RunContext, tell: Tell = lambda _: None, retry: Retry = USUAL) -> Outcome | None:
    """Publish what waits; return None, with nothing done, where another process is publishing."""
    if any(lease.name == CATALOGUE for lease in context.leases):
        return _publish(context, tell, retry)
    with holding_if_free(context.catalogue, CATALOGUE) as held:
        if held is None:
            return None
        check_pair(context.store, context.catalogue, context.work)
        return _publish(msgspec.structs.replace(context, leases=(*context.leases, held)), tell, retry)


def publish_again(
    context: RunContext, tell: Tell = lambda _: None, everything: bool = True, retry: Retry = USUAL
) -> Outcome:
    """Compute everything again and publish it; without `everything` only what waits, unless the models are new.

    Needs the lease on the catalogue. Tries as `drain` does, and raises the same.
    """
    return _publish(context, tell, retry, Scope(everything=everything))


def _publish(context: RunContext, tell: Tell, retry: Retry, scope: Scope = WAITING) -> Outcome:
    for attempt in range(1, retry.tries + 1):
        try:
            _check_room(context)
            return bring_up(context, scope, tell)
        except Exception as error:
            if is_interrupt(error):
                raise KeyboardInterrupt from error
            if isinstance(error, (ClusterError, DamagedError, UsageError)):  # another try would fail, too
                raise
            if remedy(error) in (MEMORY, ROOM):  # so would one with as little memory, or room
                raise _unpublished(error) from error
            if attempt < retry.tries:
                tell(f"publishing failed ({_line(error)}); trying again")
                retry.sleep(retry.pause * 4 ** (attempt - 1))
            elif is_transient(error):
                raise _unpublished(error) from error
            elif not _isolate(context, error, attempt, tell):
                raise
    return bring_up(context, scope, tell)


def _check_room(context: RunContext) -> None:
    with context.catalogue.connect() as connection:
        waiting = pending(connection).changes
    check_publication(context.home, waiting)


def _unpublished(error: Exception) -> UnpublishedError:
    """Return the error to report that what waits was not published, why, and what to do."""
    line = error if isinstance(error, MovieCError) else as_store_error(error) or StoreError(_line(error))
    return UnpublishedError(f"kept, but not published ({line.what})", line.where, line.hint)


def _isolate(context: RunContext, error: Exception, attempts: int, tell: Tell) -> bool:
    """Find the waiting records that make a publication fail, and set them aside; return whether there are any.

    Raises UnpublishedError where a rehearsal fails for a transient reason, which says nothing about a record.
    """
    waiting = _waiting(context)
    if not waiting.num_rows or _rehearse(context, waiting):
        return False
    tell(
        f"looking for the failing record among {plural(waiting.num_rows, 'record', 'records')}, with at most {REHEARSALS} rehearsals"
    )
    places = np.arange(waiting.num_rows)

    def trial(kept: Sequence[int]) -> str | None:
        return _rehearse(context, waiting.take(np.setdiff1d(places, kept)))

    found = find_culprits(waiting.num_rows, trial, _line(error), REHEARSALS)
    tell(f"{len(found.culprits):,} found after {found.trials:,} rehearsals")
    with writing(context.catalogue) as connection:
        context.confirm(connection, CATALOGUE)
        for why, members in _by_cause(found).items():
            set_aside(connection, FOLLOWER, waiting.take(members).to_pylist(), why, attempts)
    return True


def _by_cause(found: Found) -> dict[str, list[int]]:
    """Return the members to set aside by the reason."""
    causes: dict[str, list[int]] = {}
    for member, why in found.culprits.items():
        causes.setdefault(why, []).append(member)
    if found.untried:
        what = f"not checked within {found.trials} rehearsals; replay it to continue"
        causes[what] = found.untried
    return causes


def _rehearse(context: RunContext, without: pa.Table) -> str | None:
    """Rehearse a publication that leaves records out; return why it fails, None where it succeeds."""
    try:
        bring_up(context, Scope(without=without, rehearsal=True))
    except Exception as error:
        if is_interrupt(error):  # a person's Ctrl-C says nothing about a record
            raise KeyboardInterrupt from error
        if is_transient(error):
            raise _unpublished(error) from error
        return _line(error)
    return None


def _waiting(context: RunContext) -> pa.Table:
    """Return the records (RECORDS) whose rows have not been published."""
    with context.catalogue.connect() as connection:
        single, aside = pending(connection).records, records_aside(connection)
    batches = all_batches(context.catalogue)
    files = context.record_files(batch for batch in batches if not batch.published)
    with DuckEngine(context.limits) as engine:
        view_rows(engine, "waiting", files, aside)
        engine.register("single", single)
        return engine.query(
            "SELECT source, key, delivery FROM waiting UNION SELECT * FROM single WHERE delivery IS NOT NULL"
            " ORDER BY source, key, delivery"
        ).cast(RECORDS)


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


#: The most good members that are tried as the cause of a failure: the earliest of those that take part in it.
CANDIDATES = 40

#: Returns why these members fail together; None where they do not.
Trial = Callable[[Sequence[int]], str | None]


class Found(msgspec.Struct, frozen=True):
    """Members to leave out, each with the reason; members left untried when the trials were used up; trials made."""

    culprits: dict[int, str]
    untried: list[int]
    trials: int


class _SpentError(Exception):
    """The trials are used up."""


class _Search:
    def __init__(self, trial: Trial, most: int) -> None:
        self._trial, self._most = trial, most
        self.trials = 0
        self.good: list[int] = []
        self.bad: dict[int, str] = {}
        self.waiting: list[tuple[list[int], str]] = []

    def fails(self, members: Sequence[int]) -> str | None:
        if self.trials == self._most:
            raise _SpentError
        self.trials += 1
        return self._trial(sorted(members))

    def run(self, members: Sequence[int], why: str) -> None:
        """Add members, which fail together, group by group to a base that does not fail; look again as culprits accumulate.

        Raises _SpentError, after which `good` and `bad` are still consistent and `waiting` is what is left.
        """
        self.waiting, look_back = [(list(members), why)], 3
        while self.waiting:
            self._take()
            if len(self.bad) == look_back:
                self.exchange()
                look_back = 3 * max(len(self.bad), 1)
        while len(self.bad) > 1 and self.exchange():
            pass

    def _take(self) -> None:
        """Add the next group to the good ones, blame it if it is one member, or divide it."""
        group, why = self.waiting[-1]
        if not why:
            why = self.fails([*self.good, *group]) or ""
        if not why:
            self.good += self.waiting.pop()[0]
        elif len(group) == 1:
            self.bad[self.waiting.pop()[0][0]] = why
        else:
            first, second = group[: len(group) // 2], group[len(group) // 2 :]
            reason = self.fails([*self.good, *first])
            self.waiting.pop()
            if reason is None:  # the second half fails on top of the first, as tried before
                self.good += first
                self.waiting.append((second, why))
            else:
                self.waiting += [(second, ""), (first, reason)]

    def exchange(self) -> bool:
        """Blame one good member in place of several bad ones that fail with it, where that leaves out fewer."""
        for record in list(self.bad):
            for partner in self._partners(record)[-CANDIDATES:]:
                base, several = [member for member in self.good if member != partner], list(self.bad)
                if not self._admits_some(base, several):
                    continue
                inner = _Search(self.fails, self._most)
                inner.good, inner.waiting = base, [(several, "")]
                while inner.waiting:
                    inner._take()
                if len(inner.bad) + 1 < len(self.bad):
                    self.good, self.bad = inner.good, {**inner.bad, partner: self.bad[record]}
                    return True
        return False

    def _admits_some(self, base: Sequence[int], several: Sequence[int]) -> bool:
        """Return whether one half of several members, of two or more, does not fail on a base: a cheap test before a search."""
        middle = max(len(several) // 2, 2)
        halves = (several[:middle], several[middle:])
        return any(len(half) > 1 and self.fails([*base, *half]) is None for half in halves)

    def _partners(self, member: int) -> list[int]:
        """Return a smallest set of good members with which a member fails: the last of each shortest run, by halves."""
        kept, rest = [member], list(self.good)
        while rest and self.fails(kept) is None:
            low, high = 0, len(rest)
            while high - low > 1:
                middle = (low + high) // 2
                if self.fails([*kept, *rest[:middle]]) is None:
                    low = middle
                else:
                    high = middle
            kept.append(rest[high - 1])
            rest = rest[: high - 1]
        return kept[1:]


def find_culprits(count: int, trial: Trial, why: str, most: int) -> Found:
    """Return which of the members 0 … count - 1, which fail together, to leave out so that the rest does not fail.

    An empty set never fails. A member that fails with each of many others is the culprit, not the others, in whatever order
    they are given. Makes at most `most` trials; members that are left when these are used up are returned as untried.
    """
    search = _Search(trial, most)
    with suppress(_SpentError):
        search.run(range(count), why)
    untried = sorted(member for group, _ in search.waiting for member in group)
    return Found(dict(sorted(search.bad.items())), untried, search.trials)
