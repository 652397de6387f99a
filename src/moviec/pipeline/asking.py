"""Queries an online source within its pace and allowance, with several requests at a time but results in the requested
order; and turns the answers into rows, the lines of a pack.

The source's facts say what an answer means (`sources/fetch_spec.py`). The key never leaves the request: it is removed from errors
and answers.
"""

from __future__ import annotations

import gzip
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from moviec.catalog.online import reserve, use_up
from moviec.config import Home
from moviec.errors import AllowanceError, MovieCError, PayloadError, SourceError, TransportError, UsageError
from moviec.sources.fetch_spec import (
    CompanyAsks,
    Details,
    FetchSpec,
    KeyForm,
    Pages,
    address,
    at_path,
    elsewhere,
)
from moviec.sources.spec import SourceSpec
from moviec.storage.filesystems import shown
from moviec.storage.http import Reply, Web
from moviec.transient import Patience, patiently

T = TypeVar("T")

#: Between tries of one request: as elsewhere, since a provider that is down for longer is tried again by the schedule.
PATIENCE = Patience()

#: Answers per connection that may wait for an earlier one: with more waiting, no request is sent until that one
#: arrives.
AHEAD = 4

#: The part of a second for which requests are reserved of the shared pace at once; with an allowance as few as
#: possible.
BLOCK = 0.25


class Asked(NamedTuple, Generic[T]):
    """The answer to `wanted`: its status, its body, decoded and as it was sent; `gone`: the provider says there is none;
    `failed`: there is no answer.
    """

    wanted: T
    status: int
    body: Any
    raw: bytes
    gone: bool = False
    failed: bool = False


class Asking:
    """The requests to one source. Use it as a context, which keeps the connections."""

    def __init__(self, home: Home, spec: SourceSpec, catalogue: sa.Engine) -> None:
        """Combine the source's facts with the settings. Raises SourceError where a key is needed and there is none."""
        if spec.fetch is None:
            raise UsageError("this is not an online source", spec.name)
        self.spec, self.fetch, self._catalogue = spec, spec.fetch, catalogue
        mine = home.settings.sources.get(spec.name)
        self._base = mine.base if mine else ""
        self.rate = mine.rate if mine and mine.rate else self.fetch.rate
        self.allowance = mine.allowance if mine and mine.allowance is not None else self.fetch.allowance
        self._key = home.key_of(spec.name)
        self._form = key_form(spec, self._key)
        self._web = Web(home.settings.options(self.fetch.base, spec.name), PATIENCE)
        self.patience = PATIENCE
        self._slots: deque[float] = deque()
        self._wait_until = 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> Asking:
        """Keep connections until the block ends."""
        self._web.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._web.close()

    def url(self, path: str, query: Mapping[str, str], values: Mapping[str, Any]) -> str:
        """Return the address of a request to this source, under the base address in the settings, if any."""
        return elsewhere(address(self.fetch.base, path, query, values), self._base)

    def moved(self, url: str) -> str:
        """Return an address of this source under the base address in the settings, if any."""
        return elsewhere(url, self._base)

    def one(self, url: str) -> Asked[str]:
        """Return the answer to one request, which waits for its turn."""
        self._turn()
        return self._ask(url, url)

    def several(self, wanted: Iterable[T], url_of: Callable[[T], str]) -> Iterator[Asked[T]]:
        """Yield the answer to each item of `wanted`, in this order, with several requests under way at a time.

        After a request that fails, no more are sent. Those under way are yielded, since they count against the allowance; the failed
        ones as such. Then the first failure is raised; `one` lists the types.
        """
        waiting: deque[tuple[T, Future[Asked[T]]]] = deque()
        most = AHEAD * self.fetch.connections
        failure: MovieCError | None = None
        used_up: AllowanceError | None = None

        def first() -> Asked[T]:
            nonlocal failure
            answer, error = _outcome(*waiting.popleft())
            failure = failure or error
            return answer

        with ThreadPoolExecutor(self.fetch.connections) as pool:
            try:
                for item in wanted:
                    try:
                        self._turn()
                    except AllowanceError as error:
                        used_up = error
                        break
                    waiting.append((item, pool.submit(self._ask, url_of(item), item)))
                    while waiting and (len(waiting) >= most or waiting[0][1].done()):
                        yield first()
                    if failure:
                        break
                while waiting:
                    yield first()
            finally:
                for _, future in waiting:
                    future.cancel()
        if ended := failure or used_up:
            raise ended

    def _ask(self, url: str, wanted: T) -> Asked[T]:
        """Send a request, again while that may help, and return what the answer means."""
        form, asked_url, headers = self._form, url, dict(self.fetch.headers)
        if form and form.query:
            asked_url += ("&" if "?" in url else "?") + urlencode({form.query: self._key})
        elif form:
            headers[form.header] = form.prefix + self._key
        try:
            reply = patiently(lambda: self._once(asked_url, headers), PATIENCE)
        except MovieCError as error:
            raise self._cleared(error) from None  # its cause may contain the key
        raw = reply.body.replace(self._key.encode(), b"***") if self._key else reply.body
        try:
            body = msgspec.json.decode(raw) if raw.strip() else None
        except (msgspec.DecodeError, RecursionError) as error:
            if reply.status == 200:
                raise SourceError(
                    "the answer is not JSON", shown(url), "is this the right address?"
                ) from error
            body = None
        return self._judged(Asked(wanted, reply.status, body, raw), url)

    def _once(self, url: str, headers: Mapping[str, str]) -> Reply:
        try:
            return self._web.ask(url, headers, self.fetch.max_bytes)
        except TransportError as error:
            with self._lock:  # so that the other threads stop, too
                self._wait_until = max(self._wait_until, time.time() + min(error.after, 300))
            raise

    def _judged(self, asked: Asked[T], url: str) -> Asked[T]:
        """Return an answer with what it means; raises for one that ends the round."""
        sign = next((sign for sign in self.fetch.signs if sign.fits(asked.status, asked.body)), None)
        means = sign.means if sign else "refused" if asked.status in (401, 403) else ""
        if means == "limit":
            use_up(self._catalogue, self.spec.name)
            raise AllowanceError(
                "the day's allowance is used up", self.spec.name, "it goes on tomorrow (UTC)"
            )
        if means == "refused":
            hint = f"see `moviec sources {self.spec.name}` for the key that it takes"
            what = "the key is not accepted" if self._key else "a key is needed"
            raise SourceError(f"{what} ({asked.status})", shown(url), hint)
        if means == "gone":
            return asked._replace(gone=True)
        if asked.status != 200:
            raise SourceError(f"answered the request with {asked.status}", shown(url))
        return asked

    def _turn(self) -> None:
        """Wait until a request may go. Raises AllowanceError where the day's allowance is used up."""
        if not self._slots:
            block = 1 if self.allowance else max(1, int(self.rate * BLOCK))
            taken = reserve(self._catalogue, self.spec.name, block, self.rate, self.allowance)
            if not taken.count:
                raise AllowanceError(
                    "the day's allowance is used up", self.spec.name, "it goes on tomorrow (UTC)"
                )
            self._slots.extend(taken.first + place * taken.apart for place in range(taken.count))
        pause = max(self._slots.popleft(), self._wait_until) - time.time()
        if pause > 0:
            time.sleep(pause)

    def _cleared(self, error: MovieCError) -> MovieCError:
        """Return an error without the key, in case a library has put it there."""
        if not self._key or self._key not in str(error):
            return error
        clear = type(error)(
            error.what.replace(self._key, "***"), error.where.replace(self._key, "***"), error.hint
        )
        return clear


def key_form(spec: SourceSpec, key: str) -> KeyForm | None:
    """Return how a key is sent. Raises SourceError where one is needed and none is given, or this is not one of the source's."""
    fetch: FetchSpec | None = spec.fetch
    if fetch is None or not fetch.keys:
        return None
    variable = f"MOVIEC_{spec.name.upper().replace('-', '_')}_KEY"
    how = f"set {variable}, or key under [sources.{spec.name}] in moviec.toml; {fetch.needs}"
    if not key:
        raise SourceError("a key is needed", spec.name, how)
    found = next((form for form in fetch.keys if re.fullmatch(form.pattern, key)), None)
    if found is None:
        raise SourceError("this does not look like one of its keys", spec.name, how)
    return found


def _outcome(wanted: T, future: Future[Asked[T]]) -> tuple[Asked[T], MovieCError | None]:
    """Return the answer of a request, or that it failed, and why."""
    try:
        return future.result(), None
    except MovieCError as error:
        return Asked(wanted, 0, None, b"", failed=True), error


def page_lines(pages: Pages, asked: Asked[str]) -> list[bytes]:
    """Return the items of a page as lines."""
    return [
        line_of(number_of(pages, item) if pages.id else "", asked.status, msgspec.json.encode(item))
        for item in items_of(pages, asked)
    ]


def items_of(pages: Pages, asked: Asked[str]) -> list[Any]:
    """Return the items of a page. Raises PayloadError where the answer has no list where the facts say."""
    items = at_path(asked.body, pages.items)
    if not isinstance(items, list):
        raise PayloadError(
            f"the answer has no list at '{pages.items}'", shown(asked.wanted), "has it changed?"
        )
    return items


def detail_url(asking: Asking, details: Details, ids: Sequence[str]) -> str:
    """Return the address of the request for some ids."""
    parts = [details.each.replace("{id}", number) for number in ids]
    return asking.url(details.path, details.query, {"id": ids[0], "ids": details.join.join(parts)})


def number_of(pages: Pages, item: Any) -> str:
    """Return the id of an item."""
    return _id_in(at_path(item, pages.id) if pages.id else item, pages.id_pattern)


def _id_in(value: Any, pattern: str) -> str:
    found = re.search(pattern, str(value)) if value is not None else None
    return found[0] if found else ""


def rows_of(details: Details, asked: Asked[list[str]]) -> Iterator[tuple[str, bytes]]:
    """Yield the rows of an answer: the id, and the body, which is empty where the id is gone; ids without a row are gone.

    A failed request has no rows.
    """
    if asked.failed:
        return
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


def company_lines(
    asks: CompanyAsks, asked: Asked[tuple[str, str]], more: Sequence[Asked[tuple[str, str]]]
) -> list[bytes]:
    """Return the answer about a company as a line, with the further answers about it under their names; it is gone where the
    provider no longer has its id, or answers with another company.
    """
    wanted = asked.wanted[0]
    key = _id_in(at_path(asked.body, asks.id), ".+") if not asked.gone else ""
    if key != wanted:
        return [line_of(wanted, asked.status, b"")]
    body = {**asked.body, **{part.wanted[1]: part.body for part in more if not part.gone}}
    return [line_of(wanted, asked.status, msgspec.json.encode(body))]


def line_of(key: str, status: int, body: bytes) -> bytes:
    """Return an answer as a line of a pack: the id, the status, and the body as it was sent, or that it is gone."""
    head = b'{"id":' + msgspec.json.encode(key) + b',"status":' + str(status).encode()
    return head + (b',"body":' + body + b"}" if body else b',"gone":true}')


class _Answer(msgspec.Struct):
    """The part of a pack's line that is read back."""

    id: str
    gone: bool = False


def answered(pack: Path) -> Iterator[tuple[str, bool]]:
    """Yield each id of a pack, and whether the source knows it."""
    with gzip.open(pack, "rb") as lines:
        for line in lines:
            row = msgspec.json.decode(line, type=_Answer)
            yield row.id, not row.gone


def first_page(pages: Pages) -> dict[str, Any]:
    """Return the parameters of the first page's request."""
    return {"page": pages.first, "offset": 0}
