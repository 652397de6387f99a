"""The server of all providers here: answers by path, keys, limits, faults on request, and IMDb's plain files."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec


class Request(msgspec.Struct, frozen=True):
    """A request: the path below the provider's own, the query, and the headers by lower-case names."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


class Response(msgspec.Struct, frozen=True):
    """A response."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = {}


def as_json(value: Any, status: int = 200, **headers: str) -> Response:
    """Return a response with a value as JSON."""
    sent = {
        "Content-Type": "application/json",
        **{name.replace("_", "-"): text for name, text in headers.items()},
    }
    return Response(msgspec.json.encode(value), status, sent)


Provider = Callable[[Request], Response]

#: A fault of one answer: what is sent instead, or None for the answer itself.
Fault = Callable[[BaseHTTPRequestHandler, Response], bool]


class Faults:
    """Faults to come, in order, each for one answer: `add` some; without any, answers are correct."""

    def __init__(self) -> None:
        """Start without faults."""
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, *faults: Fault) -> None:
        """Add faults."""
        with self._lock:
            self._waiting.extend(faults)

    def next(self) -> Fault | None:
        """Return the next fault, if any."""
        with self._lock:
            return self._waiting.pop(0) if self._waiting else None


def status(code: int, **headers: str) -> Fault:
    """Return the fault of another status, without a body."""

    def fault(to: BaseHTTPRequestHandler, _: Response) -> bool:
        _send(to, Response(b"", code, {name.replace("_", "-"): text for name, text in headers.items()}))
        return True

    return fault


def broken_off(to: BaseHTTPRequestHandler, answer: Response) -> bool:
    """Announce the whole body, send half of it, and close."""
    _send(to, answer, sent=len(answer.body) // 2)
    to.close_connection = True
    return True


def slow(seconds: float) -> Fault:
    """Return the fault of a pause before the answer."""

    def fault(_: BaseHTTPRequestHandler, __: Response) -> bool:
        time.sleep(seconds)
        return False

    return fault


class Limit:
    """A limit of requests per second; the next is answered 429 with Retry-After."""

    def __init__(self, rate: float) -> None:
        """Start counting."""
        self._rate, self._lock = rate, threading.Lock()
        self._second, self._count = 0, 0

    def refuses(self) -> bool:
        """Count a request; return whether it is over the limit."""
        with self._lock:
            now = int(time.monotonic())
            self._count = self._count + 1 if now == self._second else 1
            self._second = now
            return self._count > self._rate


class Served:
    """A running server: its address, the requests by provider and path with query, and its future faults."""

    def __init__(self, port: int, providers: Mapping[str, Provider]) -> None:
        """Start counting."""
        self.providers = dict(providers)
        self.url = f"http://127.0.0.1:{port}"
        self.asked: Counter[tuple[str, str]] = Counter()
        self.faults = Faults()
        self.lock = threading.Lock()

    def asked_of(self, provider: str, path: str = "") -> list[str]:
        """Return the distinct requested paths of a provider with a prefix."""
        return sorted(each for of, each in self.asked if of == provider and each.startswith(path))

    def times(self, provider: str, path: str = "") -> int:
        """Return the number of requests to a provider's paths with a prefix."""
        return sum(n for (of, each), n in self.asked.items() if of == provider and each.startswith(path))


#: Parameters that are not counted: keys, and what is the same in every request.
_UNTOLD = ("api_key", "apikey", "append_to_response", "plot")


@contextmanager
def serving(providers: Mapping[str, Provider], port: int = 0) -> Iterator[Served]:
    """Serve each provider below /NAME until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            name, _, path = parts.path.lstrip("/").partition("/")
            query = dict(parse_qsl(parts.query))
            counted = "&".join(f"{key}={text}" for key, text in query.items() if key not in _UNTOLD)
            with served.lock:
                served.asked[name, f"/{path}" + (f"?{counted}" if counted else "")] += 1
            provider = served.providers.get(name)
            headers = {key.lower(): value for key, value in self.headers.items()}
            answer = provider(Request(f"/{path}", query, headers)) if provider else Response(b"", 404)
            fault = served.faults.next()
            if fault is None or not fault(self, answer):
                _send(self, answer)

        def log_message(self, format: str, *words: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    served = Served(server.server_port, providers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def files(some: Mapping[str, bytes]) -> Provider:
    """Return a provider of files: with ETags, conditional requests and parts, as web servers have them."""

    def provider(request: Request) -> Response:
        data = some.get(request.path)
        if data is None:
            return Response(b"", 404)
        etag = f'"{hashlib.sha256(data).hexdigest()[:16]}"'
        if request.headers.get("if-none-match") == etag:
            return Response(b"", 304, {"ETag": etag})
        wanted = request.headers.get("range", "")
        if wanted.startswith("bytes=") and request.headers.get("if-range", etag) == etag:
            first, _, until = wanted.removeprefix("bytes=").partition("-")
            start, last = int(first), min(int(until or len(data)), len(data) - 1)
            if start >= len(data):
                return Response(b"", 416, {"Content-Range": f"bytes */{len(data)}"})
            part = {"ETag": etag, "Content-Range": f"bytes {start}-{last}/{len(data)}"}
            return Response(data[start : last + 1], 206, part)
        return Response(data, 200, {"ETag": etag, "Accept-Ranges": "bytes"})

    return provider


def _send(to: BaseHTTPRequestHandler, answer: Response, sent: int | None = None) -> None:
    to.send_response(answer.status)
    for name, value in answer.headers.items():
        to.send_header(name, value)
    if answer.status != 304:
        to.send_header("Content-Length", str(len(answer.body)))
    to.end_headers()
    to.wfile.write(answer.body[:sent])
    to.wfile.flush()


def imdb_files(folder: Path) -> Provider:
    """Return a provider of the packed files in a folder: `/title.basics.tsv.gz` and so on."""
    return files({f"/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.tsv.gz"))})
