"""The API in this process: the application of `moviec serve` over a home, asked without a socket.

An event loop of its own runs in a thread, so that any thread may ask and wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from moviec.config import Home
from moviec.library.workbench import ReadingWorkbench
from moviec.web.app import make_litestar
from moviec.web.middleware import Middleware
from moviec.web.server_state import open_server, running
from moviec.web.telemetry import no_log

T = TypeVar("T")


class Reply(msgspec.Struct, frozen=True):
    """An answer: status, headers by their names in small letters, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class InProcess:
    """A server without a socket. Everybody is let in: whoever has the home's files may read them."""

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
        """The change that the search index stands at; None while there is none."""
        return self._server.finder.position

    def close(self) -> None:
        """Stop, and let go of the home."""
        if not self._loop.is_closed():
            self._wait(self._running.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def ask(self, method: str, path: str, query: Mapping[str, Any] | None = None, body: Any = None) -> Reply:
        """Ask, from any thread but that of the loop itself. A `body` is sent as JSON."""
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
    """Write a parameter as a URL has it: lists parted by commas, truths in small letters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | frozenset):
        return ",".join(map(str, value))
    return str(value)
