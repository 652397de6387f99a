"""What needs attention: every check returns a figure, which is a metric, and a concern in words if it is out of
bounds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import pairwise

import msgspec
import sqlalchemy as sa
from cronsim import CronSim

from moviec.catalog.deliveries import Delivery, all_deliveries, is_waiting
from moviec.catalog.freshness import Figure, followers, gauges, matching, pairs_to_review
from moviec.catalog.ingest_queue import Pending, failed, pending
from moviec.catalog.leases import last_run_of_each
from moviec.catalog.online import OnlineState, all_online
from moviec.catalog.queries import FOLLOWER, last_change
from moviec.config import Settings
from moviec.home.context import RunContext
from moviec.home.lake_identity import mismatch
from moviec.pipeline.due import cron_of, freshest, stale
from moviec.pipeline.publication import REHEARSAL
from moviec.sources.registry import faulty_sources
from moviec.sources.spec import Source
from moviec.units import plural

#: Seconds that a change may wait to be published; a large delivery on one machine takes minutes.
LATE = 1800.0

#: Percentage points by which the unmatched share of a source's records may rise between deliveries: a judgement, not
#: measured.
JUMP = 0.05


class Check(msgspec.Struct, frozen=True):
    """A named figure, of a source or follower if it concerns one; `concern` is empty where all is well."""

    name: str
    of: str
    value: float
    concern: str = ""


def check_all(context: RunContext, sources: Mapping[str, Source], now: dt.datetime) -> list[Check]:
    """Check that lake and catalogue belong together, then arrivals, publication and followers, in this order."""
    deliveries, settings = all_deliveries(context.catalogue), context.home.settings
    asked = all_online(context.catalogue)
    late = {line.partition(" ")[0]: line for line in stale(sources, settings, deliveries, now, asked)}
    wrong = mismatch(context.store, context.catalogue)
    concern = f"{wrong.what}; {wrong.hint}" if wrong else ""
    found = [Check("lake_mismatch", "", float(bool(wrong)), concern)]
    faults = faulty_sources(context.home.folder)
    found += [Check("source_faulty", name, 1.0, str(fault)) for name, fault in faults.items()]
    for name in sorted({delivery.source for delivery in deliveries}):
        mine = [delivery for delivery in deliveries if delivery.source == name]
        found += _arrivals(name, mine, late.get(name, ""), now)
        lost = f"{name}: this home has its records but not its facts; put sources/{name} back"
        lost = "" if name in sources or name in faults else lost
        found.append(Check("source_unknown", name, float(bool(lost)), lost))
        if name in sources:
            found.append(_months(name, mine, cron_of(sources[name].spec, settings)))
    found += [_answers(state, now) for state in asked.values()]
    with context.catalogue.connect() as connection:
        found += _publication(pending(connection), now)
        found += _followers(connection, settings)
        there = {*sources, *faults, *(delivery.source for delivery in deliveries)}
        found += _runs(connection, there)
        found += _matched(connection)
    return found


def _answers(state: OnlineState, now: dt.datetime) -> Check:
    """Return for how many days each online source has failed."""
    since = dt.datetime.fromisoformat(state.failing_since) if state.failing_since else now
    concern = (
        f"{state.source} has failed since {since:%Y-%m-%d %H:%M}: {state.error}"
        if state.failing_since
        else ""
    )
    return Check(
        "source_failing_days", state.source, round((now - since).total_seconds() / 86400, 3), concern
    )


def metrics_text(checks: Sequence[Check]) -> str:
    """Write checks in Prometheus's format: each figure, and whether it is a concern."""
    lines = [
        figure
        for check in checks
        for figure in (
            Figure(check.name, check.of, check.value),
            Figure(f"{check.name}_concern", check.of, float(bool(check.concern))),
        )
    ]
    return gauges(lines)


def _arrivals(name: str, deliveries: Sequence[Delivery], late: str, now: dt.datetime) -> Iterator[Check]:
    last = freshest(deliveries, name)
    if last is None:
        return
    age = (now - dt.datetime.fromisoformat(last.delivered_at)).total_seconds() / 86400
    yield Check("source_age_days", name, round(age, 3), late)
    waits = is_waiting(last)
    held = f"{last.id} is held: {'; '.join(last.report['held'])}" if waits else ""
    yield Check("source_held", name, float(waits), held)
    shares = [
        _share(delivery)
        for delivery in sorted(deliveries, key=lambda delivery: delivery.id)
        if "unmatched" in delivery.report
    ]
    if shares:
        before = shares[-2] if len(shares) > 1 else shares[-1]
        jump = shares[-1] - before
        jumped = f"{name}: {shares[-1]:.1%} of the records are unmatched, up from {before:.1%}"
        yield Check("source_unmatched_jump", name, round(jump, 4), jumped if jump > JUMP else "")


def _matched(connection: sa.Connection) -> Iterator[Check]:
    """Return the unmatched share of each source, and how many pairs wait for review."""
    for source, shares in matching(connection).items():
        alone = shares["alone"] + shares["in_review"]
        yield Check("source_unmatched_share", source, round(alone / max(shares["records"], 1), 4))
    yield Check("review_pairs", "", pairs_to_review(connection))


def _share(delivery: Delivery) -> float:
    found = delivery.report["unmatched"]
    share: float = round(found["alone"] / max(found["records"], 1), 4)
    return share


def _months(name: str, deliveries: Sequence[Delivery], cron: str) -> Check:
    """Find months between two deliveries of a source in which its cron was due and nothing was delivered."""
    came = sorted({dt.date.fromisoformat(delivery.delivered_at[:7] + "-01") for delivery in deliveries})
    missing = [
        month
        for one, other in pairwise(came)
        for month in _between(one, other)
        if cron and next(CronSim(cron, _start(month) - dt.timedelta(seconds=1))) < _start(_next(month))
    ]
    said = ", ".join(f"{month:%Y-%m}" for month in missing)
    concern = f"{name}: nothing was delivered in {said}; see `moviec backfill`" if missing else ""
    return Check("source_missing_months", name, len(missing), concern)


def _publication(waiting: Pending, now: dt.datetime) -> Iterator[Check]:
    age = (now - dt.datetime.fromisoformat(waiting.since)).total_seconds() if waiting.since else 0.0
    concern = f"{waiting.changes:,} record changes wait since {waiting.since}; is a worker running?"
    yield Check("queue_changes", FOLLOWER, waiting.changes)
    yield Check("queue_seconds", FOLLOWER, round(max(age, 0.0), 1), concern if age > LATE else "")


def _followers(connection: sa.Connection, settings: Settings) -> Iterator[Check]:
    newest = last_change(connection)
    for row in followers(connection):
        behind = newest - row.position
        concern = f"{row.follower} is {plural(behind, 'change', 'changes')} behind since {row.at[:16]}"
        yield Check("follower_behind", row.follower, behind, concern if behind > settings.most_lag else "")
    letters = failed(connection)
    for follower in sorted({failure.follower for failure in letters} | {FOLLOWER}):
        some = [failure for failure in letters if failure.follower == follower]
        concern = (
            f"{len(some):,} set aside by {follower} ({some[-1].error}); see `moviec failures`" if some else ""
        )
        yield Check("set_aside", follower, len(some), concern)


def _runs(connection: sa.Connection, sources: Set[str]) -> Iterator[Check]:
    """Yield for each kind of run whether the latest one completed, except those of removed sources."""
    for row in last_run_of_each(connection, REHEARSAL):
        work, _, source = row["command"].partition(" ")
        if work == "ingest" and source not in sources:
            continue
        is_bad = row["outcome"] in ("failed", "died")
        when = (
            f" at {row['finished_at'][:16]}" if row["finished_at"] else f", begun at {row['started_at'][:16]}"
        )
        concern = f"the last run of `{row['command']}` {row['outcome']}{when}: {row['error'] or 'its process ended'}" if is_bad else ""  # fmt: skip
        yield Check("last_run_failed", row["command"], float(is_bad), concern)


def _between(one: dt.date, other: dt.date) -> Iterator[dt.date]:
    month = _next(one)
    while month < other:
        yield month
        month = _next(month)


def _next(month: dt.date) -> dt.date:
    return (month + dt.timedelta(days=31)).replace(day=1)


def _start(month: dt.date) -> dt.datetime:
    return dt.datetime.combine(month, dt.time(), dt.UTC)
