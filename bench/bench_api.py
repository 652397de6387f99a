"""The API on 700,000 made-up films, one worker: documents, search, analytics, unknown ids, start-up, memory; peers.

Needs wrk (Debian: wrk). Prints each figure beside its bar; all in one run.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import sqlalchemy as sa

from api_data import home_of
from api_peers import datasette, postgres
from api_queries import Meant, listing_paths, queries, search_paths, titles
from api_unknown import unknown, unknown_on_postgres
from api_wrk import load, once
from measure import CACHE
from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.connect import connect
from moviec.catalog.references import all_genres
from moviec.search import Ask, Finder
from moviec.search.readings import GenreWords

FILMS, PORT = int(os.environ.get("MOVIEC_BENCH_FILMS", "700000")), 8765


def main() -> None:
    """Measure everything and print it."""
    home = home_of(FILMS)
    films = titles(home / "catalogue.db", 2_000)
    asked = queries(films)
    os.environ["KEY"] = made_key(home)
    print(
        f"{FILMS:,} films, catalogue {size(home / 'catalogue.db'):,} MB, index {size(home / 'search'):,} MB"
    )
    print(f"ready after {started_in(home):.2f} s with a ready index (bar 2)")
    with served(home) as process:
        documents(films)
        search(asked)
        analytics()
        print(f"memory of the worker {memory(process):,.0f} MB")
    print(f"typo found in the first 20: {found(home, asked['typo']):.1%} (bar 95%)")
    print(f"SQLite: {unknown(home, FILMS)}")
    print(f"PostgreSQL: {unknown_on_postgres()}")
    datasette(home / "catalogue.db", films)
    postgres(home / "catalogue.db", asked)


def documents(films: list[tuple[int, str]]) -> None:
    """Compare documents over a warm set with fixed bytes behind the same gate, in turn."""
    warm = [f"/v1/movies/mc{movie}" for movie, _ in films[:1000]]
    load(PORT, warm, seconds=2)
    rates: dict[str, list[float]] = {"fixed": [], "document": [], "compressed": []}
    for _ in range(3):
        rates["fixed"].append(load(PORT, ["/v1/fixed"]).rate)
        rates["document"].append(load(PORT, warm).rate)
        rates["compressed"].append(load(PORT, warm, accept_encoding="gzip, br, zstd").rate)
    fixed, document, compressed = (sorted(some)[1] for some in rates.values())
    print(f"document by id {document:,.0f}/s of fixed bytes {fixed:,.0f}/s: {document / fixed:.0%} (bar 90%)")
    print(f"document in zstd {compressed:,.0f}/s: {compressed / document:.0%} of plain ones (bar 90%)")


def search(asked: dict[str, list[Meant]]) -> None:
    """Measure each kind of query alone, with one caller, then all in turn with several."""
    paths = {kind: search_paths(some) for kind, some in asked.items()}
    paths["genre + sort"] = listing_paths()
    paths["suggest"] = [path.replace("/search?", "/suggest?") for path in paths["prefix"]]
    for kind, some in paths.items():
        got = load(PORT, some, connections=1)
        bar = {"prefix": " (bar: p50 3)", "suggest": " (bar: p99 5)"}.get(kind, "")
        print(f"search {kind:12} p50 {got.p50:6.2f} ms, p99 {got.p99:6.2f} ms, {got.rate:,.0f}/s{bar}")
    mixed = [path for each in zip(*paths.values(), strict=False) for path in each]
    alone, together = load(PORT, mixed[::-1], connections=1), load(PORT, mixed, connections=8)
    print(
        f"search mix, one caller: p99 {alone.p99:.2f} ms (bar 25); eight: {together.rate:,.0f} q/s (bar 300)"
    )


def analytics() -> None:
    """Measure figures of a year, each asked for once and then again."""
    years = [
        f"/v1/{kind}/year/{year}?measure={measure}&top=20"
        for year in range(1920, 2025)
        for kind in ("genres", "production_companies")
        for measure in ("revenue", "budget", "movies", "votes", "popularity")
    ]
    first = once(PORT, years)
    again = load(PORT, years, connections=1)
    print(f"analytics of a year: first p99 {first.p99:.2f} ms, held p99 {again.p99:.2f} ms (bar 5)")


def found(home: Path, typos: list[Meant]) -> float:
    """Give the share of mistyped titles whose film, or another of the same title, is among the first 20."""
    catalogue, finder = connect(f"sqlite:///{home / 'catalogue.db'}"), Finder(home / "search")
    finder.refresh()
    with catalogue.connect() as connection:
        genres = GenreWords.of(all_genres(connection))
        hits = 0
        for one in typos:
            items = finder.find(Ask(query=one.query, limit=20, facets=False), genres).items
            title = connection.scalar(
                sa.text("SELECT title FROM movies WHERE movie = :movie"), {"movie": one.movie}
            )
            hits += any(item.id == f"mc{one.movie}" or item.title.lower() == title.lower() for item in items)
    catalogue.dispose()
    return hits / len(typos)


def made_key(home: Path) -> str:
    """Make a key whose limit is out of reach."""
    catalogue = connect(f"sqlite:///{home / 'catalogue.db'}")
    key, _ = create_key(catalogue, NewKey("bench", per_minute=1_000_000_000))
    catalogue.dispose()
    return key


@contextlib.contextmanager
def served(home: Path, app: str = "api_server:make") -> Iterator[subprocess.Popen[bytes]]:
    """Serve the home with one worker, as `moviec serve` does, with the bench's route."""
    command = [sys.executable, "-m", "granian", app, "--interface", "asgi", "--factory", "--port", str(PORT)]
    options = ["--log-level", "warning", "--no-ws", "--backpressure", "1024"]
    environment = {**os.environ, "MOVIEC_HOME": str(home)}
    with (CACHE / "api.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *options], env=environment, cwd=Path(__file__).parent, stderr=log, stdout=log
        )
        try:
            await_ready(filters=True)
            yield process
        finally:
            process.terminate()
            process.wait(30)


def started_in(home: Path) -> float:
    """Start `moviec serve` and give the seconds until it is ready: the median of three."""
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        command = [sys.executable, "-m", "moviec", "serve", "--home", str(home), "--port", str(PORT)]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        await_ready()
        times.append(time.perf_counter() - begun)
        process.terminate()
        process.wait(30)
    return sorted(times)[1]


def await_ready(filters: bool = False) -> None:
    """Wait until the server says that it is ready, and that its filters are filled where that is asked for."""
    while True:
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{PORT}/readyz") as answer:
            if not filters or b'"filters":true' in answer.read():
                return
        time.sleep(0.01)


def memory(process: subprocess.Popen[bytes]) -> float:
    """Give the resident memory of the server's largest process, in MB: the worker."""
    told = subprocess.run(
        ["ps", "-o", "rss=", "--ppid", str(process.pid)], capture_output=True, text=True, check=True
    )
    return max(map(int, told.stdout.split())) / 1024


def size(path: Path) -> int:
    """Give what a file or a folder takes, in MB."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) >> 20


if __name__ == "__main__":
    if not shutil.which("wrk"):
        sys.exit("bench_api.py needs wrk (Debian: apt-get install wrk)")
    main()
