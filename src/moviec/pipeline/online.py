"""A round of a source that is asked over the web: ids are gathered, each is asked for, the answers become deliveries, pack by pack.

What was asked for lies in HOME/downloads/NAME: a round that dies goes on where it was. A round holds a lease of its own and that of
arrivals only while a pack is taken in, so that one that takes hours keeps nobody waiting.
"""

from __future__ import annotations

import datetime as dt
import gzip
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from moviec.catalog.deliveries import Delivery, all_deliveries
from moviec.catalog.leases import holder, holding_if_free
from moviec.catalog.online import (
    ids_to_ask,
    note_asked,
    note_round,
    note_trouble,
    online_states,
    used_today,
)
from moviec.config import Home
from moviec.decoding import decodable
from moviec.errors import AllowanceError, BusyError, MovieCError, PayloadError, SourceError, UsageError
from moviec.home.context import RunContext
from moviec.home.steps import Tell
from moviec.pipeline.asking import Asked, Asking
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import arriving
from moviec.sources.fetch_spec import CatalogueIds, Details, Export, Pages, at_path, filled, stretches
from moviec.sources.spec import Source, SourceSpec
from moviec.storage.filesystems import shown
from moviec.storage.http import Web
from moviec.storage.packs import Pack
from moviec.storage.retry import patiently
from moviec.work import written_aside

#: A pack is finished at so many lines, or bytes before compression: minutes of asking, and a file that one reading holds.
PACK_LINES, PACK_BYTES = 20_000, 200_000_000

#: An export of ids may have so many bytes, compressed: TMDB's has 25 MB.
EXPORT_BYTES = 1_000_000_000

#: As many ids as there may be.
EVERY = 1 << 40

#: Changes are asked for from so long before the last round began: what providers call a day ends when theirs does.
OVERLAP = dt.timedelta(days=1)


@decodable
class Plan(msgspec.Struct, frozen=True):
    """What a round is about: when it began (its deliveries are of then), and from when changes are asked for, if not all."""

    began: dt.datetime
    since: dt.datetime | None = None


class Round(msgspec.Struct, frozen=True):
    """What a round came to: its deliveries, how many requests it took, and why it is not done, where it is not."""

    deliveries: list[Delivery]
    requests: int
    waits: str = ""


def is_online(home: Home, spec: SourceSpec) -> bool:
    """Return whether a source is asked over the web where no place is given: its settings name no other place."""
    mine = home.settings.sources.get(spec.name)
    return spec.fetch is not None and not (mine and (mine.path or mine.download))


def take_online(context: RunContext, source: Source, tell: Tell = lambda _: None) -> Round:
    """Do a source's round, or what is left of one, and ingest what came.

    Raises SourceError where the source refuses, TransportError where a later try may succeed, BusyError where another process
    is at it; what came until then is kept.
    """
    name = source.spec.name
    with holding_if_free(context.catalogue, f"online-{name}") as held:
        if held is None:
            raise BusyError(
                "another run asks this source",
                holder(context.catalogue, f"online-{name}"),
                "wait for it to end",
            )
        try:
            with Asking(context.home, source.spec, context.catalogue) as asking:
                return _Work(context, source, asking, tell).go()
        except MovieCError as error:
            note_trouble(context.catalogue, name, str(error))
            raise


def rows_of_probe(asking: Asking) -> tuple[str, int, list[bytes]]:
    """Return the address, the status and the lines of one request: of the ids that the facts name for it, else of a first page."""
    fetch = asking.fetch
    if fetch.details and fetch.probe:
        url = _detail_url(asking, fetch.details, fetch.probe)
        asked = asking.one(url)
        found = list(_rows_of(fetch.details, asked._replace(wanted=list(fetch.probe))))  # type: ignore[arg-type]
        return url, asked.status, [_line(key, asked.status, body) for key, body in found]
    pages = fetch.listing
    if pages is None:
        raise UsageError(
            "its facts name nothing to ask for in a probe", asking.spec.name, "give probe under [fetch]"
        )
    url = asking.url(pages.path, pages.query, {**_first(pages), "size": pages.size})
    asked = asking.one(url)
    return url, asked.status, _page_lines(pages, asked)


def _page_lines(pages: Pages, asked: Asked[str]) -> list[bytes]:
    """Return the items of a page as lines."""
    return [
        _line(_number(pages, item) if pages.id else "", asked.status, msgspec.json.encode(item))
        for item in _items(pages, asked)
    ]


def _items(pages: Pages, asked: Asked[str]) -> list[Any]:
    items = at_path(asked.body, pages.items)
    if not isinstance(items, list):
        raise PayloadError(
            f"the answer has no list at '{pages.items}'", shown(asked.wanted), "has it changed?"
        )
    return items


def _detail_url(asking: Asking, details: Details, ids: Sequence[str]) -> str:
    each = [details.each.replace("{id}", one) for one in ids]
    return asking.url(details.path, details.query, {"id": ids[0], "ids": details.join.join(each)})


class _Answer(msgspec.Struct):
    """What is read back of a line of a pack."""

    id: str
    gone: bool = False


class _Work:
    """One call's part of a round."""

    def __init__(self, context: RunContext, source: Source, asking: Asking, tell: Tell) -> None:
        self.context, self.source, self.asking, self.tell = context, source, asking, tell
        self.spec, self.fetch = source.spec, asking.fetch
        self.folder = context.home.folder / "downloads" / source.spec.name
        self.plan = self._plan()
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
        return Round(self.done, self.requests, waits)

    def _wait(self) -> None:
        """Wait for the pack that is being taken in, if any; raises what that raised."""
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

    def _take_in(self, pack: Pack) -> None:
        """Ingest the packs that are finished; each goes once it is registered."""
        for path in pack.finished(self.fetch.role):
            self.tell(f"{self.spec.name}: taking in {path.name}")
            with arriving(self.context, self.tell) as alone:
                self.done.append(ingest(alone, Order(self.source, [path], self.plan.began), self.tell))
            if self.fetch.catalogue:
                note_asked(self.context.catalogue, self.spec.name, dict(_answered(path)))
            path.unlink()

    def _keep(self, pack: Pack, lines: Sequence[bytes], at: Any) -> None:
        pack.add(lines, at)
        self.requests += 1
        if pack.reached.lines >= PACK_LINES or pack.reached.bytes >= PACK_BYTES:
            pack.finish(self.fetch.role)
            self._wait()
            # Beside the asking, which would lose its turns: reading a pack takes as long as hundreds of requests.
            self.taking = self.beside.submit(self._take_in, pack)

    def _details(self, details: Details, pack: Pack) -> None:
        ids = self._ids()
        total = _count(ids)
        position = int(pack.reached.at or 0)
        self.tell(f"{self.spec.name}: {total - position:,} of {total:,} ids to ask for")
        groups = _groups(_lines(ids, position), details.group)
        for asked in self.asking.several(groups, lambda some: _detail_url(self.asking, details, some)):
            position += len(asked.wanted)
            lines = [_line(key, asked.status, body) for key, body in _rows_of(details, asked)]
            self._keep(pack, lines, position)
            if self.requests % 1000 == 0:
                self.tell(f"{self.spec.name}: {position:,} of {total:,} ids")

    def _rows(self, pack: Pack) -> None:
        """Keep the items of pages as the rows."""
        pages = self.fetch.changes if self.plan.since and self.fetch.changes else self.fetch.listing
        if pages is None:
            raise UsageError(
                "its facts name no list", self.spec.name, "give [fetch.listing] in its source.toml"
            )
        for _, asked, after in self._pages(pages, pack.reached.at):
            self._keep(pack, _page_lines(pages, asked), after)

    def _ids(self) -> Path:
        """Return the file of the ids to ask for, one a line; made once for a round."""
        ids = self.folder / "ids.txt"
        if ids.exists():
            return ids
        mine = self.context.home.settings.sources.get(self.spec.name)
        most = mine.most if mine and mine.most is not None else EVERY
        with written_aside(ids) as fresh, fresh.open("w", encoding="utf-8") as file:
            for one in islice(self._found_ids(most), most):
                file.write(f"{one}\n")
        return ids

    def _found_ids(self, most: int) -> Iterator[str]:
        fetch = self.fetch
        if fetch.changes and self.plan.since:
            return self._listed(fetch.changes)
        if fetch.export:
            return iter(self._exported(fetch.export))
        if fetch.listing:
            return self._listed(fetch.listing)
        return iter(self._unasked(fetch.catalogue, most)) if fetch.catalogue else iter(())

    def _unasked(self, films: CatalogueIds, most: int) -> list[str]:
        """Return the ids of the catalogue's films that are to be asked for, as many as the day's allowance has room for."""
        before = (self.plan.began - dt.timedelta(days=films.again)).isoformat(timespec="seconds")
        with self.context.catalogue.connect() as connection:
            if self.asking.allowance:
                most = min(most, self.asking.allowance - used_today(connection, self.spec.name))
            if most <= 0:
                raise AllowanceError(
                    "the day's allowance is used up", self.spec.name, "it goes on tomorrow (UTC)"
                )
            return ids_to_ask(connection, self.spec.name, films.space, before, most)

    def _exported(self, export: Export) -> list[str]:
        """Download the file of all ids, and return them, the greatest of `order` first."""
        day = self.plan.began.date()
        file = self.folder / "export.gz"
        web = Web(self.context.home.settings.options(export.url, self.spec.name), self.asking.patience)
        for date in (day, day - dt.timedelta(days=1)):
            url = self.asking.moved(filled(export.url, {"date": date}))
            self.tell(f"{self.spec.name}: downloading the list of ids")
            try:
                patiently(lambda url=url: web.download(url, file, None, EXPORT_BYTES), self.asking.patience)  # type: ignore[misc]
                break
            except UsageError as error:
                if date != day:
                    raise SourceError(error.what, error.where, "see `moviec sources check`") from error
        found: list[tuple[float, str]] = []
        try:
            with gzip.open(file, "rb") as lines:
                for line in lines:
                    row = msgspec.json.decode(line)
                    key = at_path(row, export.id)
                    if key is not None and not any(row.get(k) in v for k, v in export.leave_out.items()):
                        found.append(
                            (-float(at_path(row, export.order) or 0) if export.order else 0.0, str(key))
                        )
        except (OSError, EOFError, msgspec.DecodeError, ValueError, AttributeError) as error:
            raise PayloadError(
                f"the list of ids cannot be read ({error})", file.name, "fetch it again"
            ) from error
        found.sort(key=lambda pair: pair[0])
        return list(dict.fromkeys(key for _, key in found))

    def _listed(self, pages: Pages) -> Iterator[str]:
        """Yield the ids on pages, each once; what was listed before the process died is not asked for again."""
        with Pack(self.folder, "listed") as listed:
            for items, _, after in self._pages(pages, listed.reached.at):
                listed.add([number.encode() for item in items if (number := _number(pages, item))], after)
                self.requests += 1
        seen: set[str] = set()
        for line in _lines(self.folder / "listed.lines", 0):
            if line not in seen:
                seen.add(line)
                yield line

    def _pages(self, pages: Pages, at: Any) -> Iterator[tuple[list[Any], Asked[str], Any]]:
        """Yield the items of each page, its answer, and what is reached with it: the stretch and what asks for the next page."""
        since = (self.plan.since or self.plan.began).date()
        spans = list(stretches(since, self.plan.began.date(), pages.days))
        stretch, state = at if at else (0, {"page": pages.first, "offset": 0})
        while stretch < len(spans):
            while state is not None:
                first, last = spans[stretch]
                values = {**state, "size": pages.size, "since": first.isoformat(), "until": last.isoformat()}
                url = str(state.get("link", "")) or self.asking.url(pages.path, pages.query, values)
                asked = self.asking.one(url)
                items = _items(pages, asked)
                state = self._next(pages, state, asked, len(items))
                yield items, asked, [stretch, state] if state else [stretch + 1, _first(pages)]
            stretch, state = stretch + 1, _first(pages)

    def _next(
        self, pages: Pages, state: dict[str, Any], asked: Asked[str], items: int
    ) -> dict[str, Any] | None:
        """Return what asks for the page after this one; None after the last."""
        if pages.link:
            link = at_path(asked.body, pages.link)
            if link and _origin(link) not in (_origin(asked.wanted), ""):
                raise SourceError("the next page is on another host", _origin(link), "it is not followed")
            return {**state, "link": link} if link else None
        if pages.cursor:
            cursor = at_path(asked.body, pages.cursor)
            return {**state, "cursor": cursor} if cursor else None
        following = {"page": state["page"] + 1, "offset": state["offset"] + items}
        if pages.total:
            total = at_path(asked.body, pages.total) or 0
            return following if state["page"] < int(total) and items else None
        return following if items >= pages.size else None


def _first(pages: Pages) -> dict[str, Any]:
    return {"page": pages.first, "offset": 0}


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3]) if "://" in url else ""


def _number(pages: Pages, item: Any) -> str:
    """Return the id of an item."""
    return _id_in(at_path(item, pages.id) if pages.id else item, pages.id_pattern)


def _id_in(value: Any, pattern: str) -> str:
    found = re.search(pattern, str(value)) if value is not None else None
    return found[0] if found else ""


def _rows_of(details: Details, asked: Asked[list[str]]) -> Iterator[tuple[str, bytes]]:
    """Yield the rows of an answer: the id and the body, which is empty where the id is gone; ids that have no row are gone."""
    if asked.gone:
        for key in asked.wanted:
            yield key, b""
        return
    if details.items:
        items = at_path(asked.body, details.items)
        if not isinstance(items, list):
            raise PayloadError(f"the answer has no list at '{details.items}'", ", ".join(asked.wanted[:3]))
        keys = [_id_in(at_path(item, details.id), details.id_pattern) for item in items]
        for key, item in zip(keys, items, strict=True):
            yield key, msgspec.json.encode(item)
        yield from ((key, b"") for key in asked.wanted if key not in set(keys))
        return
    key = _id_in(at_path(asked.body, details.id), details.id_pattern) if details.id else asked.wanted[0]
    yield from ((wanted, b"") for wanted in asked.wanted if wanted != key)
    yield key, msgspec.json.format(asked.raw, indent=-1)


def _line(key: str, status: int, body: bytes) -> bytes:
    """Return an answer as a line of a pack: the id, the status, and the body as it came, or that it is gone."""
    head = b'{"id":' + msgspec.json.encode(key) + b',"status":' + str(status).encode()
    return head + (b',"body":' + body + b"}" if body else b',"gone":true}')


def _answered(pack: Path) -> Iterator[tuple[str, bool]]:
    """Yield each id of a pack, and whether the source knows it."""
    with gzip.open(pack, "rb") as lines:
        for line in lines:
            row = msgspec.json.decode(line, type=_Answer)
            yield row.id, not row.gone


def _groups(ids: Iterator[str], size: int) -> Iterator[list[str]]:
    while some := list(islice(ids, size)):
        yield some


def _lines(path: Path, start: int) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        for line in islice(file, start, None):
            yield line.rstrip("\n")


def _count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)
