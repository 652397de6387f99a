"""Changes over films, merges among them, published by standing workers that are killed at random moments.

Shared by the test (a few kills) and by bench/bench_killed.py (the whole). Hands on what the change log says of it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import sqlalchemy as sa

from moviec.catalog.ingest_queue import newest, position
from moviec.catalog.schema.arrivals import batches
from moviec.catalog.schema.operations import record_changes
from moviec.catalog.schema.serving import changes, documents
from moviec.config import Home, Settings
from moviec.home.context import RunContext
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import arriving, open_run, publishing
from moviec.pipeline.publication import Scope, bring_up
from moviec.sources.registry import find_source

FACTS = """
name = "{name}"
title = "A list of films"
home_page = "https://{name}.example"
licence = "CC0-1.0"
attribution = "{name}"
complete = false

[files.films]
names = ["films"]
key = "no"

[files.films.columns]
no = ["key"]
title = ["title"]
year = ["year"]
minutes = ["runtime"]
budget = ["budget"]
imdb = ["ids.imdb"]
"""
SOURCES = ("club", "pub")

#: Dollars that a film cost at first. Each change adds one: a budget is no evidence of which records are one film, so that nothing but the
#: ids decides that.
BUDGET = 1_000_000

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


class Plan(msgspec.Struct, frozen=True):
    """How much: record changes over films, in deliveries of so many rows, by workers of which so many are killed.

    Of every ten films two come from both sources, and are found to be one only when an id is learned.
    """

    changes: int
    films: int
    rows: int
    kills: int
    workers: int
    seed: int = 7
    pause: tuple[float, float] = (0.5, 3.0)


class Told(msgspec.Struct, frozen=True):
    """What came of it: record changes registered, entries by kind, seconds until all was published, and what is wrong."""

    registered: int
    kinds: dict[str, int]
    seconds: float
    wrong: list[str]


def run(folder: Path, database: str, plan: Plan) -> Told:
    """Register the plan's changes while workers publish and are killed, wait for them, and hold the log to account."""
    home = Home(folder, Settings(catalogue=database))
    for name in SOURCES:
        place = folder / "sources" / name
        place.mkdir(parents=True)
        (place / "source.toml").write_text(FACTS.format(name=name))
    (folder / "moviec.toml").write_text(f'catalogue = "{database}"\n')
    begun = time.monotonic()
    with open_run(home) as context, _workers(folder, plan.workers) as running:
        kills = _killing(running, plan)
        for number, (source, rows) in enumerate(_deliveries(plan)):
            _deliver(context, source, rows, number)
            if number == 1:
                _wait(context, running)  # so that films which turn out to be one have been published as two
            next(kills, None)
        for _ in kills:
            pass
        _wait(context, running)
        seconds = time.monotonic() - begun
    with open_run(home) as context:
        return _told(context, plan, seconds)


def _deliveries(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    """Yield deliveries: first every film of each source, then changes of random ones, at a time `rows` of one source."""
    dice = random.Random(plan.seed)
    both = {film for film in range(plan.films) if film % 5 == 0}
    records = {"club": sorted(set(range(plan.films)) - both) + sorted(both), "pub": sorted(both)}
    version = {(source, film): BUDGET for source in SOURCES for film in records[source]}
    left = plan.changes - len(version)
    for source in SOURCES:
        yield source, [_row(source, film, BUDGET) for film in records[source]]
    while left > 0:
        source = "pub" if dice.random() < 0.2 else "club"
        chosen = dice.sample(records[source], min(plan.rows, left, len(records[source])))
        left -= len(chosen)
        for film in chosen:
            version[source, film] += 1
        yield source, [_row(source, film, version[source, film], film in both) for film in chosen]


def _row(source: str, film: int, budget: int, known: bool = False) -> str:
    """Write a film; the two sources name it differently until its id is known."""
    name = hashlib.sha256(f"{source} {film}".encode()).hexdigest()
    title = f"{name[:7].capitalize()} {name[7:15]}"
    imdb = f"tt{film + 1_000_000}" if known else ""
    return f"{film},{title},{1950 + film % 70},{budget},{imdb}"


def _deliver(context: RunContext, source: str, rows: list[str], number: int) -> None:
    path = context.work / f"{number}" / "films.csv"
    path.parent.mkdir()
    path.write_text("no,title,year,budget,imdb\n" + "\n".join(rows) + "\n")
    with arriving(context) as alone:
        found = find_source(source, context.home.folder)
        ingest(alone, Order(found, [path], MONDAY + dt.timedelta(minutes=number), accept_shrink=True))


@contextmanager
def _workers(folder: Path, count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    running = [_worker(folder) for _ in range(count)]
    try:
        yield running
    finally:
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def _worker(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "workers.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "moviec", "worker", "--home", str(folder)],
            stderr=log,
            env={**os.environ, "MOVIEC_HOME": str(folder)},
        )


def _killing(running: list[subprocess.Popen[bytes]], plan: Plan) -> Iterator[int]:
    """Kill a worker at a random moment and start another one, each time it is asked."""
    dice = random.Random(plan.seed + 1)
    for kill in range(plan.kills):
        time.sleep(dice.uniform(*plan.pause))
        place = dice.randrange(len(running))
        running[place].kill()
        running[place].wait()
        running[place] = _worker(Path(running[place].args[-1]))  # type: ignore[index,arg-type]
        yield kill


def _wait(context: RunContext, running: list[subprocess.Popen[bytes]], most: float = 600) -> None:
    ends = time.monotonic() + most
    while time.monotonic() < ends:
        with context.catalogue.connect() as connection:
            if position(connection) == newest(connection):
                return
        for process in running:
            if process.poll() is not None:
                raise RuntimeError(f"a worker ended by itself, with status {process.returncode}")
        time.sleep(0.1)
    raise TimeoutError("the workers did not come to the end of the log")


def _told(context: RunContext, plan: Plan, seconds: float) -> Told:
    with context.catalogue.connect() as connection:
        registered = connection.scalar(sa.select(sa.func.sum(record_changes.c.records))) or 0
        waiting = connection.scalar(sa.select(sa.func.count()).where(~batches.c.published)) or 0
        wrong = [f"{waiting} batches are not published"] if waiting else []
        if registered != plan.changes:
            wrong.append(f"{registered} of {plan.changes} changes are in the log")
        kinds, found = _account(connection)
    with publishing(context) as alone:
        rebuilt = bring_up(alone, Scope(everything=True)).changes
    if rebuilt:
        wrong.append(f"a rebuild changes {rebuilt}")
    return Told(registered, kinds, round(seconds, 1), wrong + found)


def _account(connection: sa.Connection) -> tuple[dict[str, int], list[str]]:
    """Follow every film through the log, value by value, and say where it does not add up."""
    entries = connection.execute(sa.select(changes).order_by(changes.c.number)).all()
    wrong = (
        [] if [one.number for one in entries] == list(range(1, len(entries) + 1)) else ["the log has gaps"]
    )
    kinds: dict[str, int] = {}
    stands: dict[int, int | None] = {}
    joined = {
        msgspec.json.decode(one.fields)["successor"][1] for one in entries if one.kind == "merged"
    }  # their budget is now one source's, now the other's
    for one in entries:
        kinds[one.kind] = kinds.get(one.kind, 0) + 1
        before, after = msgspec.json.decode(one.fields).get("budget", (None, None))
        if one.kind in ("created", "split"):
            if one.movie in stands:
                wrong.append(f"mc{one.movie} is created twice")
            stands[one.movie] = None
        elif one.kind == "updated" and after is not None:
            if stands[one.movie] not in (None, before):
                wrong.append(f"mc{one.movie} goes from {stands[one.movie]}, the log says from {before}")
            if f"mc{one.movie}" not in joined and after <= before:
                wrong.append(f"mc{one.movie} goes back from {before} to {after}")
            stands[one.movie] = after
    for movie, document in connection.execute(sa.select(documents.c.movie, documents.c.document)):
        if stands[movie] not in (None, msgspec.json.decode(document)["budget"]):
            wrong.append(f"mc{movie} stands at another value than the log says")
    return dict(sorted(kinds.items())), wrong
