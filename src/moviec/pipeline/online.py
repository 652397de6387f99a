"""A round of an online source: gather ids, request each, turn the answers into deliveries, pack by pack.

Ids and answers are kept in HOME/downloads/NAME, so that a round that dies continues from there. A round holds a lease of its own; it
holds the lease on arrivals only while a pack is ingested, so that a round of hours delays no other run.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import Any

import msgspec

from moviec.catalog.company_details import companies_to_ask
from moviec.catalog.deliveries import Delivery, all_deliveries
from moviec.catalog.leases import holder, holding_if_free
from moviec.catalog.online import (
    note_asked,
    note_round,
    note_trouble,
    online_states,
)
from moviec.config import Home
from moviec.errors import AllowanceError, BusyError, MovieCError, PayloadError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.pipeline.asking import (
    Asked,
    Asking,
    answered,
    company_lines,
    detail_url,
    line_of,
    page_lines,
    rows_of,
)
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import arriving
from moviec.pipeline.round_ids import EVERY, Plan, RoundIds, lines_of, round_folder
from moviec.sources.fetch_spec import CompanyAsks, Details
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.packs import Pack
from moviec.work import written_aside

#: A pack is finished at this many lines, or bytes before compression: minutes of requests, and a file of moderate size
#: to read.
PACK_LINES, PACK_BYTES = 20_000, 200_000_000

#: Changes are requested from this long before the last round began, since a provider's day may end at a different hour.
OVERLAP = dt.timedelta(days=1)


class Requested(msgspec.Struct, frozen=True, array_like=True):
    """The progress in a list of ids: all of the first `position`, except those whose requests failed."""

    position: int = 0
    failed: list[str] = []

    @classmethod
    def of(cls, at: Any) -> Requested:
        """Return what a pack had reached; before failed ids were kept, it was a number."""
        return msgspec.convert(at, Requested) if isinstance(at, list) else cls(int(at or 0))

    def after(self, ids: Sequence[str], failed: bool) -> Requested:
        """Return what is reached once some ids have been requested."""
        left = [number for number in self.failed if number not in ids]
        again = len(self.failed) - len(left)
        return Requested(self.position + len(ids) - again, [*left, *ids] if failed else left)


class Round(msgspec.Struct, frozen=True):
    """The result of a round: its deliveries, the number of requests, and why it is not finished, if it is not."""

    deliveries: list[Delivery]
    requests: int
    waits: str = ""


def is_online(home: Home, spec: SourceSpec) -> bool:
    """Return whether a source is queried online when no place is given: its settings name no other place."""
    mine = home.settings.sources.get(spec.name)
    return spec.fetch is not None and not (mine and (mine.path or mine.download))


def take_online(context: RunContext, source: Source, tell: Tell = lambda _: None) -> Round:
    """Do a source's round, or the rest of one, and ingest the answers.

    Raises SourceError where the source refuses, TransportError where a later try may succeed, BusyError where another process
    is doing it; answers until then are kept.
    """
    with _asking_alone(context, source) as asking:
        try:
            return _Work(context, source, asking, tell).go()
        except PayloadError:
            _forget_unanswered(round_folder(context, source.spec.name))
            raise


def take_companies(context: RunContext, source: Source, tell: Tell = lambda _: None) -> Round:
    """Query a source about the companies that published films name by its ids, or the rest of them, and ingest the
    answers.

    Raises what `take_online` raises; a round that dies is continued by the next.
    """
    with _asking_alone(context, source) as asking:
        return _ask_companies(context, source, asking, tell)


@contextmanager
def _asking_alone(context: RunContext, source: Source) -> Iterator[Asking]:
    """Yield an Asking for a source that no other process queries meanwhile; an error is recorded as the source's
    failure.
    """
    name = source.spec.name
    with holding_if_free(context.catalogue, f"online-{name}") as held:
        if held is None:
            who = holder(context.catalogue, f"online-{name}")
            raise BusyError("another run is querying this source", who, "wait for it to end")
        try:
            with Asking(context.home, source.spec, context.catalogue) as asking:
                yield asking
        except MovieCError as error:
            note_trouble(context.catalogue, name, str(error))
            raise


def _ask_companies(context: RunContext, source: Source, asking: Asking, tell: Tell) -> Round:
    name, asks = source.spec.name, asking.fetch.companies
    if asks is None:
        return Round([], 0)
    folder = round_folder(context, f"{name}.companies")
    began, ids = _companies_plan(context, source, asks, folder)
    done: list[Delivery] = []
    requests, waits = 0, ""

    def take_in(pack: Pack) -> None:
        for path in pack.finished(asks.role):
            with arriving(context, tell) as alone:
                done.append(ingest(alone, Order(source, [path], began), tell))
            note_asked(context.catalogue, asker(name), dict(answered(path)))
            path.unlink()

    with Pack(folder, "answers") as pack:
        take_in(pack)
        reached = Requested.of(pack.reached.at)
        left = [*reached.failed, *ids[reached.position :]]
        if left:
            tell(f"{name}: {len(left):,} companies to ask for")
        try:
            for asked, more in _several_parts(asking, asks, left):
                requests += 1 + len(more)
                failed = asked.failed or any(part.failed for part in more)
                reached = reached.after([asked.wanted[0]], failed)
                pack.add([] if failed else company_lines(asks, asked, more), reached)
                if pack.reached.lines >= PACK_LINES:
                    pack.finish(asks.role)
                    take_in(pack)
        except AllowanceError as error:
            waits = str(error)
        pack.finish(asks.role)
        take_in(pack)
    if not waits:
        shutil.rmtree(folder)
    return Round(done, requests, waits)


def asker(source: str) -> str:
    """Return the name under which the companies requested from a source are recorded."""
    return f"{source} companies"


def _companies_plan(
    context: RunContext, source: Source, asks: CompanyAsks, folder: Path
) -> tuple[dt.datetime, list[str]]:
    """Return when the round of companies began, and its ids: those of a round under way, else those wanted now."""
    place, name = folder / "round.json", source.spec.name
    try:
        return msgspec.json.decode(place.read_bytes(), type=tuple[dt.datetime, list[str]])
    except (OSError, msgspec.DecodeError):
        shutil.rmtree(folder, ignore_errors=True)
    mine = context.home.settings.sources.get(name)
    most = mine.most if mine and mine.most is not None else EVERY
    began = dt.datetime.now(dt.UTC).replace(microsecond=0)
    before = (began - dt.timedelta(days=asks.again)).isoformat(timespec="seconds")
    space = source.spec.space or name
    with context.catalogue.connect() as connection:
        ids = companies_to_ask(connection, asker(name), space, before, most)
    folder.mkdir(parents=True)
    with written_aside(place) as fresh:
        fresh.write_bytes(msgspec.json.encode((began, ids)))
    return began, ids


def _several_parts(
    asking: Asking, asks: CompanyAsks, ids: Sequence[str]
) -> Iterator[tuple[Asked[tuple[str, str]], list[Asked[tuple[str, str]]]]]:
    """Yield for each id the answer about it and the further ones, with several requests under way at a time."""
    paths = {"": asks.path, **asks.also}
    wanted = [(number, part) for number in ids for part in paths]
    answers = asking.several(wanted, lambda pair: asking.url(paths[pair[1]], {}, {"id": pair[0]}))
    for first in answers:
        yield first, [next(answers) for _ in asks.also]


def _forget_unanswered(folder: Path) -> None:
    """Remove a round without any answer: if its list of ids was wrong, it must be fetched again."""
    answers = folder / "answers.lines"
    if not any(folder.glob("*.jsonl.gz")) and not (answers.exists() and answers.stat().st_size):
        shutil.rmtree(folder, ignore_errors=True)


class _Work:
    """One call's part of a round."""

    def __init__(self, context: RunContext, source: Source, asking: Asking, tell: Tell) -> None:
        self.context, self.source, self.asking, self.tell = context, source, asking, tell
        self.spec, self.fetch = source.spec, asking.fetch
        self.folder = round_folder(context, source.spec.name)
        self.plan = self._plan()
        self.ids = RoundIds(context, asking, self.plan, tell)
        self.done: list[Delivery] = []
        self.requests = 0
        self.taking: Future[None] | None = None

    def go(self) -> Round:
        waits = ""
        with ThreadPoolExecutor(1) as beside, Pack(self.folder, "answers") as pack:
            self.beside = beside
            self._take_in(pack)
            try:
                if self.fetch.details:
                    self._details(self.fetch.details, pack)
                else:
                    self._rows(pack)
            except AllowanceError as error:
                waits = str(error)
            pack.finish(self.fetch.role)
            self._wait()
            self._take_in(pack)
        if not waits:
            note_round(self.context.catalogue, self.spec.name, self.plan.began.isoformat())
            shutil.rmtree(self.folder)
        return Round(self.done, self.requests + self.ids.requests, waits)

    def _wait(self) -> None:
        """Wait for the pack being ingested, if any; raises what that raised."""
        if self.taking:
            self.taking.result()
            self.taking = None

    def _plan(self) -> Plan:
        """Return the plan of the round that is under way, else begin one."""
        place = self.folder / "round.json"
        try:
            return msgspec.json.decode(place.read_bytes(), type=Plan)
        except (OSError, msgspec.DecodeError):
            shutil.rmtree(self.folder, ignore_errors=True)
        with self.context.catalogue.connect() as connection:
            state = online_states(connection).get(self.spec.name)
        known = bool(all_deliveries(self.context.catalogue, self.spec.name))
        since = dt.datetime.fromisoformat(state.since) - OVERLAP if state and state.since and known else None
        plan = Plan(dt.datetime.now(dt.UTC).replace(microsecond=0), since if self.fetch.changes else None)
        self.folder.mkdir(parents=True)
        with written_aside(place) as fresh:
            fresh.write_bytes(msgspec.json.encode(plan))
        return plan

    def _take_in(self, pack: Pack, context: RunContext | None = None) -> None:
        """Ingest the packs that are finished; each is removed once it is registered."""
        for path in pack.finished(self.fetch.role):
            self.tell(f"{self.spec.name}: ingesting {path.name}")
            with arriving(self.context if context is None else context, self.tell) as alone:
                self.done.append(ingest(alone, Order(self.source, [path], self.plan.began), self.tell))
            if self.fetch.catalogue:
                note_asked(self.context.catalogue, self.spec.name, dict(answered(path)))
            path.unlink()

    def _keep(self, pack: Pack, lines: Sequence[bytes], at: Any) -> None:
        pack.add(lines, at)
        self.requests += 1
        if pack.reached.lines >= PACK_LINES or pack.reached.bytes >= PACK_BYTES:
            pack.finish(self.fetch.role)
            self._wait()
            # In a thread, and on one core: reading a pack takes as long as hundreds of requests, which would lose their turns.
            self.taking = self.beside.submit(self._take_in, pack, _on_one_core(self.context))

    def _details(self, details: Details, pack: Pack) -> None:
        """Request each id: first those whose requests failed before, then the rest of the list from `position` on."""
        ids = self.ids.file()
        total = _count(ids)
        reached = Requested.of(pack.reached.at)
        left = total - reached.position + len(reached.failed)
        self.tell(f"{self.spec.name}: {left:,} of {total:,} ids to ask for")
        groups = _groups(chain(reached.failed, lines_of(ids, reached.position)), details.group)
        for asked in self.asking.several(groups, lambda some: detail_url(self.asking, details, some)):
            reached = reached.after(asked.wanted, asked.failed)
            lines = [line_of(key, asked.status, body) for key, body in rows_of(details, asked)]
            self._keep(pack, lines, reached)
            if self.requests % 1000 == 0:
                self.tell(f"{self.spec.name}: {reached.position:,} of {total:,} ids")

    def _rows(self, pack: Pack) -> None:
        """Store the items of pages as the rows."""
        pages = self.fetch.changes if self.plan.since and self.fetch.changes else self.fetch.listing
        if pages is None:
            raise UsageError(
                "its facts name no list", self.spec.name, "give [fetch.listing] in its source.toml"
            )
        for _, asked, after in self.ids.pages(pages, pack.reached.at):
            self._keep(pack, page_lines(pages, asked), after)
        if self.plan.since is None and not (pack.reached.lines or pack.reached.packs):
            raise PayloadError(
                "the list is empty", self.spec.name, f"see `moviec sources check {self.spec.name}`"
            )


def _on_one_core(context: RunContext) -> RunContext:
    home = context.home
    settings = msgspec.structs.replace(home.settings, threads=1)
    return msgspec.structs.replace(context, home=msgspec.structs.replace(home, settings=settings))


def _groups(ids: Iterator[str], size: int) -> Iterator[list[str]]:
    while some := list(islice(ids, size)):
        yield some


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
