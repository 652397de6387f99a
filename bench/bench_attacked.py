"""A server attacked from one address in five ways at once, while somebody else asks: how long that caller waits, quiet and attacked.

Half-sent heads, bodies that drip, open streams that are never read, webhooks whose address drips, and methods nobody knows.
Prints the caller's p99 of both times and the most memory that the server's processes took.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from moviec.catalog.accounts import NewKey, create_account, create_key
from moviec.catalog.connect import connect
from moviec.catalog.webhooks import create_webhook

PORT, DRIP = 8971, 8972
SECONDS = float(os.environ.get("MOVIEC_BENCH_SECONDS", "20"))

#: Connections of each kind that the attacker holds, requests with odd methods that he sends, webhooks that drip.
HELD, ODD, HOOKS = 1_100, 20_000, 5

ATTACKER = ("127.0.0.9", 0)
PATHS = (
    "/v1/movies/mc1",
    "/v1/movies/search?query=heat",
    "/v1/genres",
    "/v1/movies?limit=20&sort=-year",
    "/",
)


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        run("demo", "--no-serve", "--home", str(home))
        with (home / "moviec.toml").open("a") as settings:
            settings.write("anonymous = true\nwebhooks_private = true\n")
        key = prepared(home)
        with (
            dripping() as dripped,
            process(home, "serve", "--port", str(PORT)) as server,
            process(home, "worker"),
        ):
            ready()
            calls(key, 3)
            before = memory(server)
            quiet = calls(key, SECONDS)
            done: Counter[str] = Counter()
            attacking = threading.Thread(target=lambda: asyncio.run(attack(done)))
            attacking.start()
            time.sleep(2)
            peak = Peak(server)
            attacked = calls(key, SECONDS)
            probes = [timed("/healthz", "") for _ in range(20)]
            after = peak.end()
            attacking.join()
            print(f"attacker: {', '.join(f'{name} {count:,}' for name, count in sorted(done.items()))}")
            print(f"webhooks: {dripped['connections']} connections to {HOOKS} addresses that drip")
            print(
                f"caller: {len(quiet):,} requests quiet, p50 {at(quiet, 50):.1f}, p99 {at(quiet, 99):.1f} ms;"
                f" {len(attacked):,} attacked, p50 {at(attacked, 50):.1f}, p99 {at(attacked, 99):.1f} ms:"
                f" {at(attacked, 99) / at(quiet, 99):.1f} times (bar 3)"
            )
            print(f"probes while attacked: longest {max(probes):.1f} ms")
            print(f"memory: {before:.0f} MB quiet, {after:.0f} MB at most ({after - before:+.0f})")
            began = time.monotonic()
            server.send_signal(signal.SIGTERM)
            server.wait(60)
            print(f"stopped in {time.monotonic() - began:.1f} s")


def prepared(home: Path) -> str:
    """Make the caller's key, and webhooks of an account whose addresses drip and that have everything to come."""
    catalogue = connect(f"sqlite:///{home / 'catalogue.db'}")
    key, _ = create_key(catalogue, NewKey("caller", per_minute=1_000_000))
    create_account(catalogue, "attacker")
    for number in range(HOOKS):
        create_webhook(catalogue, b"key", "attacker", f"http://127.0.0.1:{DRIP}/{number}")
    with catalogue.begin() as connection:
        connection.exec_driver_sql("UPDATE webhooks SET position = 0")
    catalogue.dispose()
    return key


async def attack(done: Counter[str]) -> None:
    """Hold connections of each kind, opening those anew that the server closes, and send odd methods meanwhile."""
    end = time.monotonic() + SECONDS + 4
    kinds = {"half-sent heads": half_head, "dripping bodies": slow_body, "streams": stream}
    tasks = [hold(kind, attempt, end, done) for kind, attempt in kinds.items() for _ in range(HELD)]
    await asyncio.gather(*tasks, *(odd(end, done, worker) for worker in range(10)))


async def hold(kind, attempt, end: float, done: Counter[str]) -> None:  # type: ignore[no-untyped-def]
    """Open connections of a kind one after the other."""
    while time.monotonic() < end:
        with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
            async with asyncio.timeout(end - time.monotonic()):
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", PORT, local_addr=ATTACKER, limit=1024
                )
                done[kind] += 1
                try:
                    await attempt(reader, writer)
                finally:
                    writer.transport.abort()
        await asyncio.sleep(0.5)


async def half_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a head a line at a time, without end."""
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n")
    while not writer.is_closing():
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(2)


async def slow_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send a body a byte at a time, until told off."""
    writer.write(
        b"POST /v1/movies/lookup HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
    )
    reading = asyncio.create_task(reader.read(64))
    while not reading.done():
        writer.write(b" ")
        await writer.drain()
        await asyncio.wait({reading}, timeout=2)


async def stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Open a stream of everything, and read nothing of it."""
    writer.write(b"GET /v1/changes/stream?after=0 HTTP/1.1\r\nHost: x\r\n\r\n")
    status = await reader.readexactly(12)
    if status.endswith(b"200"):
        await asyncio.sleep(3600)


async def odd(end: float, done: Counter[str], worker: int) -> None:
    """Send a tenth of the requests with methods and paths that nobody knows, as evenly as it goes."""
    share, begun = ODD // 10, time.monotonic()
    pause = (end - begun) / share
    for number in range(share):
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", PORT, local_addr=ATTACKER)
                writer.write(b"M%dX%d /p%d HTTP/1.1\r\nHost: x\r\n\r\n" % (worker, number, number))
                done["odd methods answered"] += bool(await reader.read(12))
                writer.transport.abort()
        done["odd methods"] += 1
        await asyncio.sleep(max(0.0, begun + (number + 1) * pause - time.monotonic()))


def calls(key: str, seconds: float) -> list[float]:
    """Ask as a normal caller does: one request after the other, a new connection for every tenth; return milliseconds."""
    took: list[float] = []
    end = time.monotonic() + seconds
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    while time.monotonic() < end:
        if len(took) % 10 == 0:
            connection.close()
        begun = time.perf_counter()
        connection.request("GET", PATHS[len(took) % len(PATHS)], headers={"X-API-Key": key})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"the caller was answered {answer.status}")
        took.append((time.perf_counter() - begun) * 1000)
        time.sleep(0.005)
    connection.close()
    return took


def timed(path: str, key: str) -> float:
    """Ask once on a connection of its own; return milliseconds."""
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request("GET", path, headers={"X-API-Key": key} if key else {})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 200:
        raise SystemExit(f"{path} was answered {answer.status}")
    return (time.perf_counter() - begun) * 1000


def at(took: list[float], percent: int) -> float:
    """Return a percentile."""
    return sorted(took)[min(len(took) - 1, len(took) * percent // 100)]


class Peak:
    """Looks at a process's memory until told to stop."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        """Begin."""
        self._process, self._most, self._done = process, 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> float:
        """Return the most megabytes that it took."""
        self._done.set()
        self._thread.join()
        return self._most

    def _look(self) -> None:
        while not self._done.wait(0.5):
            self._most = max(self._most, memory(self._process))


def memory(process: subprocess.Popen[bytes]) -> float:
    """Return the megabytes of the largest of a process's children: the one that answers."""
    found = [0.0]
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{child}/status").read_text()
            found += [int(size) / 1024 for size in re.findall(r"VmRSS:\s+(\d+)", text)]
    return max(found)


@contextlib.contextmanager
def dripping() -> Iterator[Counter[str]]:
    """Answer every connection with a byte of a head a second."""
    seen: Counter[str] = Counter()
    listener = socket.create_server(("127.0.0.1", DRIP))

    def drip(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\n")
            while True:
                peer.sendall(b"X: y\r\n")
                time.sleep(1)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = listener.accept()
                seen["connections"] += 1
                threading.Thread(target=drip, args=(peer,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield seen
    finally:
        listener.close()


@contextlib.contextmanager
def process(home: Path, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command over a home until the block ends."""
    command = [sys.executable, "-m", "moviec", *words, "--home", str(home)]
    with (home / f"{words[0]}.log").open("wb") as log:
        started = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            yield started
        finally:
            if started.poll() is None:
                started.terminate()
            started.wait(60)


def run(*words: str) -> None:
    """Run a command to its end."""
    subprocess.run([sys.executable, "-m", "moviec", *words], check=True, stdout=subprocess.DEVNULL)


def ready() -> None:
    """Wait until the server is."""
    for _ in range(600):
        with contextlib.suppress(OSError, SystemExit):
            timed("/readyz", "")
            return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


if __name__ == "__main__":
    main()
