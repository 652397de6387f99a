"""Load held: a server at a share of what it can do, while publications, streams and webhooks go on. Does it hold?

    python bench/bench_load_held.py [--seconds 600] [--films 5000] [--share 0.7] [--database URL]

Makes a home of made-up films, serves it, measures what the server can do (eight callers who wait for each answer) and the p99 at the share of
that on a quiet home; then keeps that up while a film changes every ten seconds, five callers follow the stream and a webhook is
sent to. Prints both p99, their ratio, errors, memory at the beginning and the end, and what streams and webhook got. Callers run on the same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from moviec.catalog.accounts import create_account
from moviec.catalog.connect import connect
from moviec.catalog.webhooks import create_webhook
from moviec.config import open_home

CALLERS, STREAMS, EVERY = 8, 5, 10.0
PORT = 8788
SOURCES = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia")


class Load(msgspec.Struct, frozen=True):
    """What callers met: seconds of each answer, errors, and for how long they called."""

    seconds: list[float]
    errors: list[str]
    lasted: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.lasted

    def quantile(self, share: float) -> float:
        """Milliseconds within which a share of the answers came."""
        return 1000 * sorted(self.seconds)[min(int(len(self.seconds) * share), len(self.seconds) - 1)]


def call(paths: list[str], seconds: float, rate: float | None) -> Load:
    """Call for so long, from several callers: as fast as answers come, or at a rate in all."""
    taken: list[float] = []
    errors: list[str] = []
    begun = time.perf_counter()

    def caller(number: int) -> None:
        chance = random.Random(number)
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        due = begun + number / (rate or 1)
        while (now := time.perf_counter()) - begun < seconds:
            if rate:
                due += CALLERS / rate
                if due > now:
                    time.sleep(due - now)
            first = due if rate else time.perf_counter()  # a late start counts: who waits in line waits
            try:
                connection.request("GET", chance.choice(paths))
                answer = connection.getresponse()
                answer.read()
                if answer.status >= 400:
                    errors.append(str(answer.status))
            except (OSError, http.client.HTTPException) as error:
                errors.append(type(error).__name__)
                connection.close()
                continue
            taken.append(time.perf_counter() - first)
        connection.close()

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(taken, errors, time.perf_counter() - begun)


def memory(process: subprocess.Popen[bytes]) -> float:
    """Return the megabytes of a process and its children."""
    table = subprocess.run(["ps", "-eo", "pid,ppid,rss"], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in table.splitlines()[1:]]
    mine = {process.pid}
    for _ in range(3):
        mine |= {pid for pid, parent, _ in rows if parent in mine}
    return sum(size for pid, _, size in rows if pid in mine) / 1024


@contextlib.contextmanager
def running(*words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command of MovieC beside this."""
    with subprocess.Popen([sys.executable, "-m", "moviec", *words], stderr=subprocess.DEVNULL) as process:
        yield process
        process.terminate()


def moviec(*words: str) -> None:
    """Run a command of MovieC to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "moviec", *words], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)


def prepare(folder: Path, films: int, database: str) -> tuple[Path, list[str]]:
    """Make a home of made-up films, and the paths that callers ask for."""
    home = folder / "home"
    home.mkdir()
    catalogue = f'catalogue = "{database}"\n' if database else ""
    (home / "moviec.toml").write_text(
        f"{catalogue}anonymous = true\nanonymous_limit = 100000000\nwebhooks_private = true\n"
    )
    moviec("synth", str(folder / "made"), "--movies", str(films))
    places = [f"{name}={folder / 'made' / name}" for name in SOURCES]
    moviec("ingest", *places, "--home", str(home))
    opened = connect(open_home(home, {}).catalogue)
    with opened.connect() as connection:
        ids = [
            row[0] for row in connection.exec_driver_sql("SELECT movie FROM movies ORDER BY movie LIMIT 2000")
        ]
        titles = [
            row[0] for row in connection.exec_driver_sql("SELECT folded FROM movies ORDER BY movie LIMIT 500")
        ]
    opened.dispose()
    words = [title.split()[0] for title in titles if title and title.split()[0].isascii()]
    return home, [
        *(f"/v1/movies/mc{number}" for number in ids),
        *(f"/v1/movies/search?query={word}" for word in words),
        *(f"/v1/genres/year/{year}" for year in range(1980, 2020)),
    ]


def publish(home: Path, folder: Path, stop: threading.Event, done: list[float]) -> None:
    """Change a film every so often, by a list of one's own."""
    number = 0
    while not stop.wait(EVERY):
        number += 1
        begun = time.perf_counter()
        file = folder / "held.csv"
        file.write_text(f"id,title,year,runtime\n1,Load Held,2020,{90 + number}\n")
        moviec("ingest", "table", str(file), "--home", str(home))
        done.append(time.perf_counter() - begun)


def follow(stop: threading.Event, got: list[int]) -> None:
    """Follow the stream of changes; count entries."""
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
    connection.request("GET", "/v1/changes/stream?after=0")
    answer = connection.getresponse()
    with contextlib.suppress(OSError, http.client.HTTPException):
        while not stop.is_set() and (line := answer.readline()):
            if line.startswith(b"data:"):
                got.append(1)


def hook(got: list[int]) -> ThreadingHTTPServer:
    """Serve an address that webhooks are sent to; count changes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.extend([1] * len(body["changes"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def wait_ready() -> None:
    """Wait until the server answers that it is ready."""
    while True:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)


def beside(work: Callable[..., None], *given: Any) -> threading.Thread:
    """Begin work in a thread of its own."""
    thread = threading.Thread(target=work, args=given, daemon=True)
    thread.start()
    return thread


class Held(msgspec.Struct):
    """What was found: answers a second at most and at the share, the loads, memory first and last, what went on meanwhile."""

    most: float
    quiet: Load
    held: Load
    first: list[float]
    last: list[float]
    published: list[float]
    hooked: list[int]
    streamed: list[int]


def measure(home: Path, folder: Path, paths: list[str], seconds: float, share: float) -> Held:
    """Serve the home, find out what it can do, and keep a share of that up while everything else goes on."""
    hooked: list[int] = []
    streamed: list[int] = []
    published: list[float] = []
    first: list[float] = []
    receiver = hook(hooked)
    with (
        running("serve", "--home", str(home), "--port", str(PORT)) as server,
        running("worker", "--home", str(home)) as worker,
    ):
        wait_ready()
        call(paths, 5, None)  # what is held ready is held before anything is measured
        most = call(paths, 15, None).rate
        quiet = call(paths, 20, most * share)
        opened = open_home(home, {})
        catalogue = connect(opened.catalogue)
        create_account(catalogue, "bench")
        create_webhook(
            catalogue, opened.signing_key(), "bench", f"http://localhost:{receiver.server_port}/hook"
        )
        catalogue.dispose()
        stop = threading.Event()
        publisher = beside(publish, home, folder, stop, published)
        for _ in range(STREAMS):
            beside(follow, stop, streamed)

        def weigh() -> None:
            time.sleep(min(30.0, seconds / 4))
            first.extend([memory(server), memory(worker)])

        beside(weigh)
        held = call(paths, seconds, most * share)
        stop.set()
        last = [memory(server), memory(worker)]
        publisher.join()
        time.sleep(3)
    receiver.shutdown()
    receiver.server_close()
    return Held(most, quiet, held, first, last, published, hooked, streamed)


def main() -> None:
    """Measure, and print what was found."""
    words = argparse.ArgumentParser()
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--films", type=int, default=5000)
    words.add_argument("--share", type=float, default=0.7)
    words.add_argument("--database", default="")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(prefix="moviec-load-") as place:
        home, paths = prepare(Path(place), given.films, given.database)
        found = measure(home, Path(place), paths, given.seconds, given.share)
    quiet, held = found.quiet, found.held
    database = "PostgreSQL" if given.database else "SQLite"
    print(f"{database}, {given.films:,} films, {os.cpu_count()} cores, callers on the same machine")
    print(
        f"most: {found.most:,.0f} answers/s; kept up: {held.rate:,.0f}/s of {found.most * given.share:,.0f}/s for {held.lasted:,.0f} s"
    )
    print(
        f"quiet: p50 {quiet.quantile(0.5):.1f} ms, p99 {quiet.quantile(0.99):.1f} ms; errors {len(quiet.errors)}"
    )
    print(
        f"held: p50 {held.quantile(0.5):.1f} ms, p99 {held.quantile(0.99):.1f} ms; errors {len(held.errors)} {sorted(set(held.errors))}"
    )
    print(f"p99 held to quiet: {held.quantile(0.99) / quiet.quantile(0.99):.2f} × (bar 2)")
    for name, before, after in zip(("server", "worker"), found.first, found.last, strict=True):
        print(f"memory of the {name}: {before:.0f} MB first, {after:.0f} MB last")
    print(f"publications: {len(found.published)}, median {statistics.median(found.published or [0]):.1f} s")
    print(f"changes: webhook {len(found.hooked)}, streams {len(found.streamed)} in all of {STREAMS}")


if __name__ == "__main__":
    main()
