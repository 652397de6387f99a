"""The worker: publishes what arrives, sends webhooks, keeps this host's index, and ingests scheduled deliveries.

Any number may run, on one host or several: each kind of work is done by the worker that holds its lease.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

import msgspec

from moviec.catalog.connect import writing
from moviec.catalog.deliveries import all_deliveries
from moviec.catalog.ingest_queue import failed, newest, position, set_aside
from moviec.catalog.leases import ARRIVALS, POSTERS, holding_if_free
from moviec.catalog.online import all_online
from moviec.config import Home
from moviec.home.context import RunContext, Tell
from moviec.home.lake_identity import mismatch
from moviec.jobs.alerts import send_alerts, try_alerts
from moviec.jobs.retention import tidy_daily
from moviec.jobs.webhook_sender import Senders, Sending, deliver_due
from moviec.pipeline.aggregator import advance, drain
from moviec.pipeline.due import Outcome, SourceState, run_due, run_inboxes, run_online, source_states
from moviec.pipeline.media import fetch_posters
from moviec.pipeline.online import is_online
from moviec.pipeline.opening import arriving, open_run
from moviec.search.index import catch_up, follow, indexer
from moviec.sources.registry import find_sources
from moviec.sources.spec import Source

#: Seconds between checks: of the logs, for due sources, for files to tidy. After a failure the pauses grow up to LONGEST.
EVERY, EVERY_ROUND, EVERY_HOUR, LONGEST = 0.2, 20.0, 3600.0, 60.0

#: Seconds between checks for alerts: each counts the records of every source.
EVERY_LOOK = 300.0


class Job(msgspec.Struct, frozen=True):
    """Repeated work: its name, seconds before the first time and between times, and what to do."""

    name: str
    first: float
    every: float
    do: Callable[[], object]


def work(home: Home, stop: threading.Event, tell: Tell = lambda _: None) -> None:
    """Work until `stop` is set; the next worker repeats what is half done then."""
    # Read once before the threads begin: msgspec inspects a type on first use, and two threads that do so for
    # SourceSpec at the same moment crash the process.
    schedules = _schedules(home, find_sources(home.folder))
    with open_run(home) as context:
        if wrong := mismatch(context.store, context.catalogue):  # otherwise unreported while no job has work
            tell(f"{wrong.where}: {wrong.what}; {wrong.hint}")
        senders = Senders(context.catalogue, Sending(home.settings.webhooks_private, home.signing_key()))
        jobs = [
            Job("catalogue", 0, EVERY, lambda: _aggregate(context, tell)),
            Job("webhooks", 0, EVERY, senders.step),
            Job("search index", 0, EVERY, lambda: follow(context.catalogue, home.search, stop.wait)),
            *(Job(schedule.name, 0, EVERY_ROUND, partial(schedule.step, tell)) for schedule in schedules),
            Job("inboxes", 0, EVERY_ROUND, lambda: _inboxes(home, tell)),
            Job("posters", 0, EVERY_HOUR, lambda: _posters(home, tell)),
            Job("alerts", EVERY_ROUND, EVERY_LOOK, lambda: _alerts(home)),
            Job("tidy", EVERY_HOUR, EVERY_HOUR, lambda: _tidy(home, tell)),
        ]
        threads = [
            threading.Thread(target=_keep_doing, args=(job, stop, tell), name=job.name, daemon=True)
            for job in jobs
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        senders.close(LAST_SENDING)


def work_once(home: Home, tell: Tell = lambda _: None) -> None:
    """Do everything that is due now, and stop."""
    for schedule in _schedules(home, find_sources(home.folder)):
        schedule.step(tell)
    _inboxes(home, tell)
    with open_run(home) as context, ExitStack() as stack:
        drain(context, tell)
        how = Sending(home.settings.webhooks_private, home.signing_key())
        while deliver_due(context.catalogue, how):
            pass
        if stack.enter_context(indexer(home.search)):
            catch_up(context.catalogue, home.search, tell)
        if kept := try_alerts(context):
            tell(kept)


def _keep_doing(job: Job, stop: threading.Event, tell: Tell) -> None:
    """Repeat a job; a failure is reported and tried again after growing pauses."""
    pause, failed = job.first, 0
    while not stop.wait(pause):
        try:
            job.do()
            pause, failed = job.every, 0
        except Exception as error:  # noqa: BLE001  the worker outlives any error of a job, and reports it
            failed += 1
            pause = min(2.0 ** min(failed, 10), LONGEST)
            said = (str(error) or type(error).__name__).splitlines()[0]
            tell(f"{job.name}: {said}; again in {pause:g} s")


def _tidy(home: Home, tell: Tell) -> None:
    with open_run(home) as context:
        tidy_daily(context, dt.datetime.now(dt.UTC), tell)


def _alerts(home: Home) -> None:
    """Send alerts; a failure is tried again."""
    if home.settings.alerts.wanted:
        with open_run(home) as context:
            send_alerts(context)


def _inboxes(home: Home, tell: Tell) -> None:
    """Ingest the files in the inboxes; report what went wrong."""
    if not any(mine.inbox for mine in home.settings.sources.values()):
        return
    with open_run(home) as context:
        for outcome in run_inboxes(context, find_sources(home.folder), [], tell):
            for line in (*outcome.looks, *([outcome.error] if outcome.error else [])):
                tell(f"{outcome.source}: {line}")


def _posters(home: Home, tell: Tell) -> None:
    """Fetch as many posters as an hour allows."""
    if not home.settings.posters:
        return
    with open_run(home) as context, holding_if_free(context.catalogue, POSTERS) as held:
        if held:
            done = fetch_posters(context, find_sources(home.folder), home.settings.posters)
            if done.stored or done.refused:
                tell(f"posters: {done.stored:,} stored, {done.refused:,} refused")


def _aggregate(context: RunContext, tell: Tell) -> None:
    with context.catalogue.connect() as connection:
        if newest(connection) <= position(connection):
            return
    outcome = advance(context)
    if outcome is not None:
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in outcome.changes.items()) or "nothing changed"
        tell(f"published: {kinds} (changes up to {outcome.last_change:,})")


#: Seconds that webhook senders have to finish when the worker is stopped.
LAST_SENDING = 2.0

#: The follower's name among the failures.
FOLLOWER = "schedule"

#: Tries of one round of one source, and seconds before the second; four times longer before each further one.
TRIES, PAUSE = 4, 60.0


def _schedules(home: Home, sources: Mapping[str, Source]) -> list[Schedule]:
    """Return one schedule for the sources that one process ingests at a time, and one for each online source.

    A round of an online source may take hours; the others run meanwhile.
    """
    online = [
        name
        for name, mine in sorted(home.settings.sources.items())
        if mine.online and name in sources and is_online(home, sources[name].spec)
    ]
    return [Schedule(home), *(Schedule(home, name) for name in online)]


class Schedule:
    """What one worker remembers of its tries: how many for which round, and when the next may be.

    It covers one online source, or all other sources.
    """

    def __init__(self, home: Home, source: str = "") -> None:
        """Start without tries."""
        self.name = f"schedule of {source}" if source else "schedule"
        self._home, self._source = home, source
        self._tries: dict[tuple[str, str], tuple[int, dt.datetime]] = {}

    def step(self, tell: Tell) -> list[Outcome]:
        """Ingest the sources that are due, unless another process ingests or fetches from the source."""
        sources = find_sources(self._home.folder)
        with open_run(self._home) as context:
            due = self._due(context, sources)
            if not due:
                return []
            if self._source:
                done = run_online(context, sources, due, tell)
                self._note(context, due, done)
                return done
            with holding_if_free(context.catalogue, ARRIVALS) as held:
                if held is None:
                    return []
            with arriving(context, tell) as alone:
                due = self._due(context, sources)
                done = run_due(alone, sources, due, tell)
            self._note(context, due, done)
        return done

    def _due(self, context: RunContext, sources: Mapping[str, Source]) -> list[SourceState]:
        now = dt.datetime.now(dt.UTC)
        known, asked = all_deliveries(context.catalogue), all_online(context.catalogue)
        found = source_states(self._home, sources, known, now, asked)
        with context.catalogue.connect() as connection:
            aside = [failure.subject for failure in failed(connection) if failure.follower == FOLLOWER]
        return [
            finding
            for finding in found
            if finding.due_since
            and (finding.source if finding.online else "") == self._source
            and _subject(finding) not in aside
            and self._tries.get(_round(finding), (0, now))[1] <= now
        ]

    def _note(self, context: RunContext, due: list[SourceState], done: list[Outcome]) -> None:
        for scheduled, outcome in zip(due, done, strict=True):
            if outcome.state != "failed":
                self._tries.pop(_round(scheduled), None)
                continue
            tries = self._tries.get(_round(scheduled), (0, None))[0] + 1
            again = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=PAUSE * 4 ** (tries - 1))
            self._tries[_round(scheduled)] = (tries, again)
            if tries >= TRIES:
                del self._tries[_round(scheduled)]
                with writing(context.catalogue) as connection:
                    set_aside(connection, FOLLOWER, [_subject(scheduled)], outcome.error, tries)


def _round(scheduled: SourceState) -> tuple[str, str]:
    return scheduled.source, str(scheduled.due_since)


def _subject(scheduled: SourceState) -> dict[str, Any]:
    return {"source": scheduled.source, "due": str(scheduled.due_since)}
