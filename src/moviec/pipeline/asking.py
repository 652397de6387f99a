"""Asks a source over the web, within its pace and its allowance: requests in the order they are wanted, several at a time.

What an answer means is told by the source's facts (`sources/fetch_spec.py`). The key never leaves the request: errors and answers
are cleared of it.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec
import sqlalchemy as sa

from moviec.catalog.online import reserve, use_up
from moviec.config import Home
from moviec.errors import AllowanceError, MovieCError, SourceError, TransportError, UsageError
from moviec.sources.fetch_spec import FetchSpec, KeyForm, address, elsewhere
from moviec.sources.spec import SourceSpec
from moviec.storage.filesystems import shown
from moviec.storage.http import Reply, Web
from moviec.transient import Patience, patiently

T = TypeVar("T")

#: Between tries of one request: as elsewhere, since a provider that is down for longer is asked again by the schedule.
PATIENCE = Patience()

#: Answers that may wait for one before them, by connections: beyond, no more is asked until that one came.
AHEAD = 4

#: The part of a second for which requests are taken out of the shared pace at once; with an allowance as few as possible.
BLOCK = 0.25


class Asked(NamedTuple, Generic[T]):
    """An answer to what was wanted: its status, its body, decoded and as it came; `gone`: the provider says there is none."""

    wanted: T
    status: int
    body: Any
    raw: bytes
    gone: bool


class Asking:
    """The asking of one source. Use it as a context, which keeps the connections."""

    def __init__(self, home: Home, spec: SourceSpec, catalogue: sa.Engine) -> None:
        """Hold the facts and what the settings say instead. Raises SourceError where a key is needed and there is none."""
        if spec.fetch is None:
            raise UsageError("this source is not asked over the web", spec.name)
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
        """Return the address of a request of this source, where the settings have it."""
        return elsewhere(address(self.fetch.base, path, query, values), self._base)

    def moved(self, url: str) -> str:
        """Return an address of this source as the settings have it."""
        return elsewhere(url, self._base)

    def one(self, url: str) -> Asked[str]:
        """Return the answer to one request, which waits for its turn."""
        self._turn()
        return self._ask(url, url)

    def several(self, wanted: Iterable[T], url_of: Callable[[T], str]) -> Iterator[Asked[T]]:
        """Yield the answer to each thing that is wanted, in this order, several of them under way at a time.

        Raises what `one` raises; what was answered before is yielded first.
        """
        waiting: deque[Future[Asked[T]]] = deque()
        most = AHEAD * self.fetch.connections
        used_up: AllowanceError | None = None
        with ThreadPoolExecutor(self.fetch.connections) as pool:
            try:
                for each in wanted:
                    try:
                        self._turn()
                    except AllowanceError as error:
                        used_up = error
                        break
                    waiting.append(pool.submit(self._ask, url_of(each), each))
                    while waiting and (len(waiting) >= most or waiting[0].done()):
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
        if used_up:
            raise used_up

    def _ask(self, url: str, wanted: T) -> Asked[T]:
        """Ask, again while that may help, and say what the answer means."""
        form, asked_url, headers = self._form, url, dict(self.fetch.headers)
        if form and form.query:
            asked_url += ("&" if "?" in url else "?") + urlencode({form.query: self._key})
        elif form:
            headers[form.header] = form.prefix + self._key
        try:
            reply = patiently(lambda: self._once(asked_url, headers), PATIENCE)
        except MovieCError as error:
            raise self._cleared(error) from None  # what it was raised from may name the key
        raw = reply.body.replace(self._key.encode(), b"***") if self._key else reply.body
        try:
            body = msgspec.json.decode(raw) if raw.strip() else None
        except (msgspec.DecodeError, RecursionError) as error:
            if reply.status == 200:
                raise SourceError(
                    "the answer is no JSON", shown(url), "is this the right address?"
                ) from error
            body = None
        return self._judged(Asked(wanted, reply.status, body, raw, False), url)

    def _once(self, url: str, headers: Mapping[str, str]) -> Reply:
        try:
            return self._web.ask(url, headers, self.fetch.max_bytes)
        except TransportError as error:
            with self._lock:  # the others need not find out for themselves
                self._wait_until = max(self._wait_until, time.time() + min(error.after, 300))
            raise

    def _judged(self, asked: Asked[T], url: str) -> Asked[T]:
        """Return an answer with what it means; raises for one that ends the asking."""
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
            raise SourceError(f"answered {asked.status} to what was asked", shown(url))
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
        """Return an error without the key, should a library have written it there."""
        if not self._key or self._key not in str(error):
            return error
        clear = type(error)(
            error.what.replace(self._key, "***"), error.where.replace(self._key, "***"), error.hint
        )
        return clear


def key_form(spec: SourceSpec, key: str) -> KeyForm | None:
    """Return how a key is sent. Raises SourceError where one is needed and none is given, or it is none of this source's."""
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
