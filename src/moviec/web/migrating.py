"""A server for the address while the catalogue is migrated: alive, not ready, 503 for everything else."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer

from moviec.web.errors import Problem
from moviec.web.middleware import SAFE
from moviec.web.responses import JSON

_ALIVE = b'{"done":true}'
_NOT_READY = Problem(503, "not ready: the catalogue is being migrated", "not_ready")


class _Answers(BaseHTTPRequestHandler):
    """All methods get the same response. Silent connections are closed after some seconds."""

    timeout = 5.0

    def answer(self) -> None:
        alive = self.path.partition("?")[0].endswith("/healthz")
        body = _ALIVE if alive else _NOT_READY.body()
        length = self.headers.get("content-length", "")
        self.rfile.read(min(int(length), 1 << 20) if length.isdecimal() else 0)
        self.send_response(200 if alive else _NOT_READY.status)
        for name, value in (
            ("content-type", JSON),
            ("content-length", str(len(body))),
            ("cache-control", "no-store"),
            *((name.decode(), value.decode()) for name, value in SAFE),
        ):
            self.send_header(name, value)
        if not alive:
            self.send_header("retry-after", "5")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_OPTIONS = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, host: str, port: int) -> None:
        (self.address_family, _, _, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        super().__init__((str(address[0]), port), _Answers)


@contextlib.contextmanager
def standing_in(host: str, port: int) -> Iterator[None]:
    """Serve at an address while the block runs. Raises OSError where it is taken."""
    with _Server(host, port) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            server.shutdown()
