"""The API in this process: the application of `moviec serve` over a home, called without a socket.

Its event loop runs in a thread, so that any thread may send requests and wait. What the API needs from the rest of
MovieC (sources, scorecards, the match weights in force) is a workbench that only reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import threading
from collections.abc import Coroutine, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import msgspec

from moviec.catalog.webhooks import Sent
from moviec.config import Home
from moviec.errors import UsageError
from moviec.web.app import make_litestar
from moviec.web.middleware import Middleware
from moviec.web.server_state import open_server, running
from moviec.web.telemetry import no_log
from moviec.web.workbench import IngestOrder, Verdict

if TYPE_CHECKING:
    from moviec.matching.model import Model


class ReadingWorkbench(msgspec.Struct, frozen=True):
    """Reads a home, and rejects changes; see `moviec.web.workbench.Workbench`. Stages are imported on first use."""

    home: Home

    def sources(self) -> Sequence[dict[str, Any]]:
        """List the sources with their facts, without private ones."""
        from moviec.sources.registry import find_sources

        facts = ("name", "title", "licence", "attribution", "home_page", "cron", "complete")
        specs = [source.spec for source in find_sources(self.home.folder).values() if not source.spec.private]
        return [
            {**{name: getattr(spec, name) for name in facts}, "raters": sorted(spec.raters)} for spec in specs
        ]

    def scorecard(self, source: str) -> dict[str, Any]:
        """Return what the pinned model has learned of a source: reliability, genres, repeats, its raters'
        calibration.
        """
        from moviec.pipeline.fit import scorecard_of
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            card: dict[str, Any] = msgspec.to_builtins(scorecard_of(context, source))
        return {name: value for name, value in card.items() if name != "source"}

    def poster(self, sha256: str, width: int) -> bytes | None:
        """Return a poster's bytes from the lake."""
        from moviec.pipeline.media import read_picture

        return read_picture(self.home, sha256, width)

    def video(self, sha256: str, kind: str) -> Path | None:
        """Return the path of a video of the lake."""
        from moviec.pipeline.media import video_path

        return video_path(self.home, sha256, kind)

    def match_model(self) -> Model:
        """Return the match weights pinned in the home."""
        from moviec.home.models import pinned_match_file
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            return _match_model(pinned_match_file(context))

    def ping(self, hook: Mapping[str, Any]) -> Sent:
        """Refuse."""
        raise _read_only()

    def refusal(self, url: str) -> str:
        """Refuse."""
        raise _read_only()

    def record(self, source: str, key: str) -> dict[str, Any] | None:
        """Read a current record and the row behind it."""
        from moviec.pipeline.opening import open_run
        from moviec.pipeline.read_delivery import raw_row

        with open_run(self.home) as context:
            found = raw_row(context, source, key)
        return None if found is None else msgspec.to_builtins(found)

    def health(self) -> Sequence[dict[str, Any]]:
        """Check everything, as `moviec status` does."""
        from moviec.jobs.health import check_all
        from moviec.pipeline.opening import open_run
        from moviec.sources.registry import find_sources

        with open_run(self.home) as context:
            found = check_all(context, find_sources(self.home.folder), dt.datetime.now(dt.UTC))
        return [msgspec.to_builtins(check) for check in found]

    def review(self, most: int, source: str | None = None) -> Sequence[dict[str, Any]]:
        """List uncertain pairs, as `moviec review list` does."""
        from moviec.pipeline.opening import open_run
        from moviec.pipeline.reviewing import uncertain

        with open_run(self.home) as context:
            return uncertain(context, most, source)

    def effect(self, verdict: Verdict) -> dict[str, Any]:
        """Return what a verdict would do, as `moviec review same A B` without --yes."""
        from moviec.pipeline import verdicts
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            found: dict[str, Any] = msgspec.to_builtins(verdicts.effect(context, [said(verdict)]))
        return found

    def ingest(self, order: IngestOrder) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def decide(self, verdict: Verdict) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def replay_quarantine(self, source: str | None) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def replay_failures(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def decide_all(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def undo(self, numbers: Sequence[int], who: str) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def accept_held(self, delivery: str) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()

    def refuse_held(self, delivery: str, who: str) -> dict[str, Any]:
        """Refuse."""
        raise _read_only()


def said(verdict: Verdict) -> Any:
    """Read a verdict in the catalogue's form."""
    from moviec.catalog import decisions

    left, right = (tuple(end.split(":", 1)) for end in (verdict.left, verdict.right))
    return decisions.Verdict((left[0], left[1]), (right[0], right[1]), verdict.same, verdict.who)


def _read_only() -> UsageError:
    return UsageError("this only reads", hint="use the command line, or `moviec serve`")


@lru_cache(maxsize=2)
def _match_model(file: Path | None) -> Model:
    """Read a model once: the files of models never change."""
    from moviec.matching.model import read_model, shipped_model

    return read_model(file) if file else shipped_model()


T = TypeVar("T")


class Reply(msgspec.Struct, frozen=True):
    """An answer: status, headers by lower-case names, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class InProcess:
    """A server without a socket. Everyone has access: whoever has the home's files may read them."""

    def __init__(self, home: Home) -> None:
        """Open the home and start. Raises StoreError where its catalogue cannot be opened."""
        settings = msgspec.structs.replace(
            home.settings, anonymous=True, anonymous_limit=2_000_000_000, redis="", prefix=""
        )
        self.home = msgspec.structs.replace(home, settings=settings)
        self._server = open_server(self.home, ReadingWorkbench(self.home), no_log())
        self._app = Middleware(make_litestar(self._server), self._server)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="moviec-library", daemon=True)
        self._thread.start()
        self._running = contextlib.AsyncExitStack()
        self._wait(self._running.enter_async_context(running(self._server)))

    @property
    def finder_position(self) -> int | None:
        """The change that the search index has reached; None without an index."""
        return self._server.finder.position

    def close(self) -> None:
        """Stop, and close the home."""
        if not self._loop.is_closed():
            self._wait(self._running.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def ask(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Reply:
        """Send a request, from any thread but that of the loop itself. A `body` is sent as JSON."""
        return self._wait(self._ask(method, path, query or {}, body))

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _ask(self, method: str, path: str, query: Mapping[str, Any], body: Any) -> Reply:
        sent = b"" if body is None else msgspec.json.encode(body)
        pairs = [(name, _written(value)) for name, value in query.items() if value is not None]
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": path, "raw_path": path.encode(), "root_path": "", "query_string": urlencode(pairs).encode(),
            "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", str(len(sent)).encode())],
            "client": ("127.0.0.1", 0), "server": ("localhost", 80), "extensions": {}, "state": {},
        }  # fmt: skip
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": sent, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        await self._app(scope, receive, send)  # type: ignore[arg-type]
        start = next(message for message in messages if message["type"] == "http.response.start")
        parts = [message.get("body", b"") for message in messages if message["type"] == "http.response.body"]
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]
        }
        return Reply(start["status"], headers, b"".join(parts))


def _written(value: Any) -> str:
    """Return a parameter in the form of a URL: lists joined by commas, booleans in lower case."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(map(str, value))
    return str(value)
