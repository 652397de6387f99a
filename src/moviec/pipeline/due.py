"""Schedules: when sources are due by their cron (UTC), ingesting those that are, backfilling months, and stale
sources.
"""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Literal

import msgspec
from cronsim import CronSim, CronSimError

from moviec.catalog.deliveries import Delivery, all_deliveries
from moviec.catalog.online import OnlineState, is_used_up
from moviec.config import Home, Settings, SourceSettings
from moviec.engine.unreadable_cells import Unread
from moviec.errors import BusyError, MovieCError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.pipeline.arrivals import DATE, IngestRequest, expected, take
from moviec.pipeline.downloads import downloads_of
from moviec.pipeline.inbox import take_inbox, waiting
from moviec.pipeline.online import is_online, take_companies, take_online
from moviec.pipeline.opening import arriving
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.filesystems import shown


class SourceState(msgspec.Struct, frozen=True, kw_only=True):
    """The schedule of a source with a place: when its latest delivery was received, since when it is due, when it is
    due next.

    `due_since` is None while it is not due, and `next` without a cron. `online`: it is queried online, in rounds.
    """

    source: str
    place: str
    cron: str
    received_at: dt.datetime | None
    due_since: dt.datetime | None
    next: dt.datetime | None
    online: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The result for a source that was due: its deliveries, what needs a person's attention, the error that stopped
    it.
    """

    source: str
    state: Literal["done", "nothing new", "failed"]
    deliveries: Sequence[Delivery] = ()
    looks: Sequence[str] = ()
    error: str = ""


def source_states(
    home: Home,
    sources: Mapping[str, Source],
    deliveries: Sequence[Delivery],
    now: dt.datetime,
    asked: Mapping[str, OnlineState] | None = None,
) -> list[SourceState]:
    """Return the schedule of every source with a place in the settings, by name; `asked` are the online ones.

    A source is due when its cron has fired since its freshest delivery was received or its last round ended, and if there was
    neither; however often its cron has fired meanwhile, it is due once. Raises UsageError for settings of an unknown source, and
    for a cron that cannot be read.
    """
    placed = {
        name: place
        for name, place in sorted(home.settings.sources.items())
        if place.path or place.download or place.online
    }
    if strange := sorted(set(placed) - set(sources)):
        raise UsageError(f"there is no source '{strange[0]}'", f"[sources.{strange[0]}] in moviec.toml")
    found = []
    for name, settings in placed.items():
        spec, state = sources[name].spec, (asked or {}).get(name)
        cron, late = cron_of(spec, home.settings), _jitter(home, name)
        last = freshest(deliveries, name)
        came = [last.received_at] if last else []
        came += [state.done_at] if state and state.done_at else []
        received = max(map(dt.datetime.fromisoformat, came), default=None)
        came_round = next(iter(rounds(name, cron, now - late, 1)), None)
        is_due = came_round is not None and (received is None or received < came_round)
        if state and _is_used_up(spec, settings, state, now):
            is_due = False
        places = map(shown, downloads_of(home, spec).urls)
        found.append(
            SourceState(
                source=name,
                place=settings.path or ", ".join(places) or (shown(spec.fetch.base) if spec.fetch else ""),
                cron=cron,
                received_at=received,
                due_since=came_round if is_due else None,
                next=next(CronSim(cron, now - late)) + late if cron else None,
                online=is_online(home, spec),
            )
        )
    return found


def _jitter(home: Home, name: str) -> dt.timedelta:
    """Return how much later than its cron a source is due here: constant within a home, different between homes."""
    minutes = home.settings.sources[name].jitter
    share = zlib.crc32(f"{home.catalogue} {home.folder} {name}".encode()) / (1 << 32)
    return dt.timedelta(seconds=round(minutes * 60 * share))


def _is_used_up(spec: SourceSpec, settings: SourceSettings, state: OnlineState, now: dt.datetime) -> bool:
    """Return whether an online source's requests for today are used up."""
    fetch = spec.fetch
    allowance = settings.allowance if settings.allowance is not None else fetch.allowance if fetch else 0
    return is_used_up(state, allowance, now)


def run_online(
    context: RunContext, sources: Mapping[str, Source], due: Iterable[SourceState], tell: Tell
) -> list[Outcome]:
    """Do a round of each online source that is due; the run itself holds no lease.

    A source that fails does not stop the others; one that another process is querying is left to it.
    """
    done = []
    for scheduled in due:
        tell(f"{scheduled.source}: due since {scheduled.due_since:%Y-%m-%d %H:%M}")
        try:
            source = sources[scheduled.source]
            taken = take_online(context, source, tell).deliveries
            if source.spec.fetch and source.spec.fetch.companies:
                taken += take_companies(context, source, tell).deliveries
        except BusyError as error:
            tell(str(error))
            done.append(Outcome(source=scheduled.source, state="nothing new"))
        except (MovieCError, OSError) as error:
            done.append(Outcome(source=scheduled.source, state="failed", error=str(error)))
        else:
            done.append(_outcome(context, scheduled.source, taken))
    return done


def _outcome(context: RunContext, source: str, taken: Sequence[Delivery]) -> Outcome:
    looks = [look for arrival in taken if (look := needs_look(arrival, context.home.settings))]
    return Outcome(source=source, state="done" if taken else "nothing new", deliveries=taken, looks=looks)


def run_due(
    context: RunContext, sources: Mapping[str, Source], due: Iterable[SourceState], tell: Tell
) -> list[Outcome]:
    """Ingest each source that is due; one that fails does not stop the others."""
    done = []
    for scheduled in due:
        tell(f"{scheduled.source}: due since {scheduled.due_since:%Y-%m-%d %H:%M}")
        taken: list[Delivery] = []
        try:
            source = sources[scheduled.source]
            last = freshest(all_deliveries(context.catalogue, scheduled.source), scheduled.source)
            for arrival in expected(context.home, source.spec, _request(scheduled, last), tell):
                taken.append(take(context, source, arrival, False, tell))
        except (MovieCError, OSError) as error:
            done.append(Outcome(source=scheduled.source, state="failed", deliveries=taken, error=str(error)))
        else:
            done.append(_outcome(context, scheduled.source, taken))
    return done


def _request(scheduled: SourceState, last: Delivery | None) -> IngestRequest:
    """Return the request for a source: of a dated place what is dated after the freshest delivery, or at first only the newest."""
    if DATE not in scheduled.place or last is None:
        return IngestRequest()
    return IngestRequest(since=dt.datetime.fromisoformat(last.delivered_at).date() + dt.timedelta(days=1))


def stale(
    sources: Mapping[str, Source],
    settings: Settings,
    deliveries: Sequence[Delivery],
    now: dt.datetime,
    asked: Mapping[str, OnlineState] | None = None,
) -> list[str]:
    """Return, a line each, the sources that missed a round: their cron fired twice since the day of their freshest delivery."""
    found = []
    for name in sorted({delivery.source for delivery in deliveries} & set(sources)):
        last = freshest(deliveries, name)
        missed = rounds(name, cron_of(sources[name].spec, settings), now, 2)[1:]
        state = (asked or {}).get(name)
        day = max(last.delivered_at[:10], (state.done_at or "")[:10] if state else "") if last else ""
        if last and missed and day < f"{missed[0]:%Y-%m-%d}":
            found.append(
                f"{name} is stale: its last delivery is dated {last.delivered_at[:10]},"
                f" one was due by {missed[0]:%Y-%m-%d}"
            )
    return found


def needs_look(done: Delivery, settings: Settings) -> str:
    """Return why a person should check a delivery: it is held, most of a column could not be read, or more rows were
    rejected than the settings allow; empty if nobody needs to.
    """
    if done.state == "held":
        return f"{done.id} is held: {'; '.join(done.report['held'])}; look at it with `moviec held`, then accept or refuse it"
    unread = msgspec.convert(done.report.get("unread", []), list[Unread]) if done.state == "applied" else []
    if columns := [str(column) for column in unread if column.mostly]:
        return f"{done.id}: {'; '.join(columns)}"
    rows = done.report.get("rows", {}).values() if done.state == "applied" else ()
    rejected, read = sum(row["rejected"] for row in rows), sum(row["read"] for row in rows)
    if rejected > settings.most_rejected * read:
        return (
            f"{done.id}: more than {settings.most_rejected:.0%} of the rows were rejected:"
            " see `moviec quarantine`"
        )
    return ""


def freshest(deliveries: Sequence[Delivery], source: str) -> Delivery | None:
    """Return the delivery of a source with the latest date, held or not: a backfill arrives late and is not the freshest."""
    return max(
        (delivery for delivery in deliveries if delivery.source == source),
        key=lambda delivery: delivery.id,
        default=None,
    )


def cron_of(spec: SourceSpec, settings: Settings) -> str:
    """Return a source's cron: the one in the settings where there is one, else that of its facts."""
    mine = settings.sources.get(spec.name)
    return spec.cron if mine is None or mine.cron is None else mine.cron


def rounds(source: str, cron: str, now: dt.datetime, most: int) -> list[dt.datetime]:
    """Return the last times at which a cron fired, latest first; none for a source without one."""
    if not cron:
        return []
    try:
        return list(islice(CronSim(cron, now, reverse=True), most))
    except CronSimError as error:
        raise UsageError(
            f"'{cron}' is not a cron expression ({error})", source, "write it like 0 6 * * 1"
        ) from error


def run_inboxes(
    context: RunContext, sources: Mapping[str, Source], names: Sequence[str], tell: Tell
) -> list[Outcome]:
    """Ingest the complete deliveries in the inboxes of the named sources, or of all; holds the lease on arrivals only
    for these.

    A source that fails does not stop the others.
    """
    done = []
    for name, mine in sorted(context.home.settings.sources.items()):
        if not mine.inbox or name not in sources or (names and name not in names):
            continue
        try:
            found = waiting(context.home, sources[name].spec, dt.datetime.now(dt.UTC))
            if not found:
                continue
            with arriving(context, tell) as alone:
                taken = take_inbox(alone, sources[name], found, tell)
        except (MovieCError, OSError) as error:
            done.append(Outcome(source=name, state="failed", error=str(error)))
            continue
        failures = [
            f"{', '.join(arrival.names)}: {arrival.error}; it was moved to failed/"
            for arrival in taken
            if arrival.error
        ]
        outcome = _outcome(context, name, [arrival.delivery for arrival in taken if arrival.delivery])
        done.append(msgspec.structs.replace(outcome, looks=[*outcome.looks, *failures]))
    return done


class Months(msgspec.Struct, frozen=True):
    """The first day of the first month, and of the last."""

    first: dt.date
    last: dt.date

    @property
    def end(self) -> dt.date:
        """The last day of the last month."""
        return (self.last + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)

    def each(self) -> list[str]:
        """Return every month as text, like 2026-11."""
        found, day = [], self.first
        while day <= self.last:
            found.append(f"{day:%Y-%m}")
            day = (day + dt.timedelta(days=31)).replace(day=1)
        return found


def read_months(first: str, last: str) -> Months:
    """Return two months from texts. Raises UsageError for a text that is not a month, and where the last is before the
    first.
    """
    found = []
    for text, option in ((first, "--from"), (last, "--to")):
        try:
            found.append(dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date())
        except ValueError as error:
            raise UsageError(f"'{text}' is not a month", option, "write it like 2026-11") from error
    if found[1] < found[0]:
        raise UsageError(f"{last} comes before {first}", "--to")
    return Months(*found)


def dated_sources(context: RunContext, sources: Mapping[str, Source], names: Sequence[str]) -> list[Source]:
    """Return the named sources, or all that have a dated place. Raises UsageError for a named one without, and if there is none."""
    places = {name: place.path for name, place in context.home.settings.sources.items() if DATE in place.path}
    for name in names:
        if name not in sources or name not in places:
            raise UsageError(
                "this source has no dated place in the settings",
                name,
                f"set path under [sources.{name}] in moviec.toml, with {{date}} in it",
            )
    if not places:
        raise UsageError(
            "no source has a dated place",
            "the settings",
            "set path under [sources.NAME] in moviec.toml, with {date} in it",
        )
    return [sources[name] for name in sorted(names or places) if name in sources]


def backfill(context: RunContext, chosen: Sequence[Source], months: Months, tell: Tell) -> list[Outcome]:
    """Ingest what the places of sources have for some months, oldest first; a source that fails does not stop the
    others.
    """
    done = []
    for source in chosen:
        name = source.spec.name
        tell(f"{name}: {months.first:%Y-%m} to {months.last:%Y-%m}")
        taken: list[Delivery] = []
        try:
            request = IngestRequest(since=months.first, until=months.end)
            for arrival in expected(context.home, source.spec, request, tell):
                taken.append(take(context, source, arrival, False, tell))
        except (MovieCError, OSError) as error:
            done.append(Outcome(source=name, state="failed", deliveries=taken, error=str(error)))
            continue
        there = {arrival.delivered_at[:7] for arrival in taken}
        looks = [look for arrival in taken if (look := needs_look(arrival, context.home.settings))]
        due = [month for month in months.each() if month <= f"{dt.datetime.now(dt.UTC):%Y-%m}"]
        looks += [f"{name}: nothing found for {month}" for month in due if month not in there]
        done.append(
            Outcome(source=name, state="done" if taken else "nothing new", deliveries=taken, looks=looks)
        )
    return done
