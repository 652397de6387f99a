"""The aggregator: publishes what waits in the log of record changes, tries again, and sets aside what keeps failing.

One path for the worker and for a command that publishes before it returns; the lease decides which of several
processes does it.
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
from moviec.errors import DamagedError, MovieCError, StoreError, UnpublishedError, UsageError
from moviec.home.context import RunContext, Tell, check_publication
from moviec.home.lake_identity import check_pair
from moviec.lake.batches import view_rows
from moviec.pipeline.publication import Outcome, Scope, bring_up
from moviec.transient import MEMORY, is_transient, remedy, told
from moviec.units import plural

#: Rehearsals that a search for what fails may take; each works a publication out and takes it back.
REHEARSALS = 300


class Retry(msgspec.Struct, frozen=True):
    """How often a publication is tried, the first pause between tries in seconds (four times longer each time)."""

    tries: int = 3
    pause: float = 1.0
    sleep: Callable[[float], object] = time.sleep


#: What waits in the log of record changes.
WAITING = Scope()

#: As `drain` tries unless told otherwise.
USUAL = Retry()


def drain(context: RunContext, tell: Tell = lambda _: None, retry: Retry = USUAL) -> Outcome:
    """Return once all that is registered now is published, by this process or by the one that holds the lease.

    The outcome tells of every change meanwhile, and how many records were set aside. Raises what publishing raises, where
    setting records aside is no help, and UnpublishedError for want of room, a lock or a connection, or where the process
    that holds the lease gets no further for as long as the settings have a run wait.
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
                "another process is to publish this and gets no further",
                holder(context.catalogue, CATALOGUE),
                "see whether it still works; what was taken in is published by the next run",
            )
        time.sleep(EVERY)
    with context.catalogue.connect() as connection:
        return msgspec.structs.replace(outcome, set_aside=set_aside_after(connection, last))


def advance(context: RunContext, tell: Tell = lambda _: None, retry: Retry = USUAL) -> Outcome | None:
    """Publish what waits, where nobody else is at it; None where somebody is."""
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
    """Work everything out again, or what other models make other, and publish it; tries as `drain` does.

    Needs the lease on the catalogue. Raises what `drain` raises.
    """
    return _publish(context, tell, retry, Scope(everything=everything))


def _publish(context: RunContext, tell: Tell, retry: Retry, scope: Scope = WAITING) -> Outcome:
    for attempt in range(1, retry.tries + 1):
        try:
            _check_room(context)
            return bring_up(context, scope, tell)
        except Exception as error:
            if isinstance(error, (DamagedError, UsageError)):  # no try will help
                raise
            if remedy(error) == MEMORY:  # nor will another with as little
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
    """Say that what waits was not published, why, and what to do about it."""
    line = error if isinstance(error, MovieCError) else told(error) or StoreError(_line(error))
    return UnpublishedError(f"kept, but not published ({line.what})", line.where, line.hint)


def _isolate(context: RunContext, error: Exception, attempts: int, tell: Tell) -> bool:
    """Find the waiting records that make a publication fail, and set them aside; return whether there are any.

    Raises UnpublishedError where a rehearsal fails for what passes: that says nothing about a record.
    """
    waiting = _waiting(context)
    if not waiting.num_rows or _rehearse(context, waiting):
        return False
    tell(
        f"looking for what fails among {plural(waiting.num_rows, 'record', 'records')}, with at most {REHEARSALS} rehearsals"
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
    """Return the members to set aside by why."""
    causes: dict[str, list[int]] = {}
    for member, why in found.culprits.items():
        causes.setdefault(why, []).append(member)
    if found.untried:
        what = f"not told apart from what fails within {found.trials} rehearsals; replay it to go on"
        causes[what] = found.untried
    return causes


def _rehearse(context: RunContext, without: pa.Table) -> str | None:
    """Rehearse a publication that leaves records out; say why it fails, None where it does not."""
    try:
        bring_up(context, Scope(without=without, rehearsal=True))
    except Exception as error:
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


#: Good members that are tried as the one behind a failure: the earliest ones of those that take part in it.
CANDIDATES = 40

#: Tells why these members fail together; None where they do not.
Trial = Callable[[Sequence[int]], str | None]


class Found(msgspec.Struct, frozen=True):
    """Members to leave out, each with why it failed; members that the trials did not suffice for; trials made."""

    culprits: dict[int, str]
    untried: list[int]
    trials: int


class _SpentError(Exception):
    """No trial is left."""


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
        """Add members, which fail together, group by group to a base that is good; look back as culprits gather.

        Raises _SpentError; `good` and `bad` are true of each other at every moment, `waiting` is what is left.
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
        """Take the next group in, blame it where it is one member, or divide it."""
        group, why = self.waiting[-1]
        if not why:
            why = self.fails([*self.good, *group]) or ""
        if not why:
            self.good += self.waiting.pop()[0]
        elif len(group) == 1:
            self.bad[self.waiting.pop()[0][0]] = why
        else:
            first, second = group[: len(group) // 2], group[len(group) // 2 :]
            told = self.fails([*self.good, *first])
            self.waiting.pop()
            if told is None:  # the second half fails on top of the first: that is what was tried before
                self.good += first
                self.waiting.append((second, why))
            else:
                self.waiting += [(second, ""), (first, told)]

    def exchange(self) -> bool:
        """Blame, in place of several, the one good member that they fail with, where fewer are left out by that."""
        for record in list(self.bad):
            for partner in self._partners(record)[-CANDIDATES:]:
                base, several = [each for each in self.good if each != partner], list(self.bad)
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
        """Return whether one half of several, of two or more, does not fail on a base: cheap, and enough to look closer."""
        middle = max(len(several) // 2, 2)
        halves = (several[:middle], several[middle:])
        return any(len(half) > 1 and self.fails([*base, *half]) is None for half in halves)

    def _partners(self, one: int) -> list[int]:
        """Return a smallest set of good members with which another one fails: the last of each shortest run, by halves."""
        kept, rest = [one], list(self.good)
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
    """Return which of the members 0 … count - 1, which fail together, are to be left out so that the rest does not.

    Nothing fails where nobody is in. Where one member fails with each of many, it is the culprit and not the many, in
    whatever order they come. At most `most` trials: members that these did not suffice for are named as untried.
    """
    search = _Search(trial, most)
    with suppress(_SpentError):
        search.run(range(count), why)
    untried = sorted(member for group, _ in search.waiting for member in group)
    return Found(dict(sorted(search.bad.items())), untried, search.trials)
