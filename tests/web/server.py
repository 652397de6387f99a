"""A real server: `moviec serve` as a process on the loopback, stopped at the end."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import msgspec

#: Seconds within which a server must be ready: many times what it takes.
PATIENCE = 60.0


class Server(msgspec.Struct, frozen=True):
    """A server that runs: its process, its address, where its log goes."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def get(self, path: str, key: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return httpx.get(self.url + path, headers=headers, timeout=PATIENCE)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, while the server runs; refused connections say that it does not yet."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with contextlib.suppress(httpx.TransportError):
                if holds():
                    return
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def stop(self) -> int:
        """Ask it to stop, as a service manager does, and give its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextlib.contextmanager
def running(home: Path, *options: str, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Serve a home until the block ends; it begins when the server says that it is ready."""
    with started(home, *options, settings=settings) as server:
        server.until(lambda: server.get("/readyz").status_code == 200)
        yield server


@contextlib.contextmanager
def started(home: Path, *options: str, settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """Start a server; stop it where the block ends."""
    port, log = free_port(), home / "serve.log"
    command = [sys.executable, "-m", "moviec", "serve", "--home", str(home), "--port", str(port), *options]
    environment = {**os.environ, **(settings or {})}
    with log.open("ab") as errors:
        process = subprocess.Popen(command, stdout=errors, stderr=errors, env=environment)
        server = Server(process, f"http://127.0.0.1:{port}", log)
        try:
            yield server
        finally:
            if process.poll() is None:
                server.stop()
