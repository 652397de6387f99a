"""What a change costs as the catalogue grows: one film changed, a hundred at once, 1% of all against a rebuild.

`bench_changes.py [FILMS… | HOME]`: sizes of the catalogue, 1,000 and 10,000 unless told, with one source; or a home whose
catalogue stands, which is copied and told of by one more source. On SQLite. Processor seconds hold beside other work.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.jobs.killing import FACTS

from moviec.catalog.schema.movies import external_ids, movies
from moviec.config import Home, Settings
from moviec.home.context import RunContext
from moviec.pipeline.aggregator import advance
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import arriving, open_run, publishing
from moviec.pipeline.publication import Scope, bring_up
from moviec.sources.registry import find_source

#: The day of the deliveries: after those of any home.
DAY = dt.datetime(2030, 1, 7, tzinfo=dt.UTC)

#: Times that a single change is measured.
ROUNDS = 7


class Film(msgspec.Struct, frozen=True):
    """What the source says of a film, beside its runtime."""

    key: str
    title: str
    year: int
    imdb: str


class Spent(msgspec.Struct, frozen=True, order=True):
    """Seconds by the clock and of the processors."""

    seconds: float
    processor: float

    def __str__(self) -> str:
        """Tell both."""
        return f"{self.seconds:.2f} s (processors {self.processor:.2f} s)"


class Cost(msgspec.Struct, frozen=True):
    """What it takes to publish one changed film, a hundred, 1% of all, everything again."""

    films: int
    one: Spent
    hundred: Spent
    percent: Spent
    rebuild: Spent


def main() -> None:
    """Measure each size in a home of its own, smallest first; or one home."""
    words = sys.argv[1:] or ["1000", "10000"]
    costs = [made_up(int(word)) if word.isdecimal() else standing(Path(word)) for word in words]
    for cost in costs:
        share = cost.percent.processor / cost.rebuild.processor
        print(
            f"{cost.films:,} films: one change {cost.one}, a hundred at once {cost.hundred},"
            f" 1% {cost.percent} = {share:.1%} of a rebuild's processor time, {cost.rebuild}"
        )
    if len(costs) > 1:
        ratio = costs[-1].one.processor / costs[0].one.processor
        print(f"one change in {costs[-1].films:,} films takes {ratio:.2f} times one in {costs[0].films:,}")


def made_up(count: int) -> Cost:
    """Fill a home with films, then change some."""
    films = [Film(f"{n}", title(n), 1950 + n % 70, f"tt{n + 1_000_000}") for n in range(count)]
    with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as context:
        deliver(context, films, 0)
        spent(context)
        return changed(context, films)


def standing(home: Path) -> Cost:
    """Change some films of a copy of a home; what the added source first tells of a film is a change."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "home"
        shutil.copytree(home, place)
        with opened(place) as context:
            advance(context)
            query = sa.select(external_ids.c.id, movies.c.title, movies.c.year).join(
                movies, movies.c.movie == external_ids.c.movie
            )
            known = query.where(external_ids.c.space == "imdb", movies.c.year.is_not(None))
            with context.catalogue.connect() as connection:
                rows = connection.execute(known.order_by(external_ids.c.id)).all()
            return changed(context, [Film(row.id, row.title, row.year, row.id) for row in rows])


def changed(context: RunContext, films: list[Film]) -> Cost:
    """Publish changes of few and of many films, then everything."""
    with context.catalogue.connect() as connection:
        count = connection.scalar(sa.select(sa.func.count()).select_from(movies)) or 0
    singles = []
    for number in range(1, ROUNDS + 1):
        deliver(context, [films[number * 37 % len(films)]], number)
        singles.append(spent(context))
    deliver(context, films[:100], ROUNDS + 1)
    hundred = spent(context)
    some = max(1, count // 100)
    deliver(context, films[:: max(1, len(films) // some)][:some], ROUNDS + 2)
    percent = spent(context)
    with publishing(context) as alone:
        done = []
        rebuild = timed(lambda: done.append(bring_up(alone, Scope(everything=True))))
    if differing := {name: rows for name, rows in done[0].touched.items() if rows.written + rows.removed}:
        sys.exit(f"the rebuild differs from what the changes made: {differing}")
    return Cost(count, sorted(singles)[ROUNDS // 2], hundred, percent, rebuild)


def opened(home: Path) -> AbstractContextManager[RunContext]:
    """Open a home that knows the source."""
    place = home / "sources" / "club"
    place.mkdir(parents=True, exist_ok=True)
    (place / "source.toml").write_text(FACTS.format(name="club"))
    return open_run(Home(home, Settings()))


def deliver(context: RunContext, films: Iterable[Film], number: int) -> None:
    """Register a delivery of these films; their runtimes are as the delivery's number has it."""
    path = Path(context.work) / f"{number}" / "films.csv"
    path.parent.mkdir()
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["no", "title", "year", "minutes", "imdb"])
        rows.writerows([film.key, film.title, film.year, 60 + number, film.imdb] for film in films)
    source = find_source("club", context.home.folder)
    with arriving(context) as alone:
        ingest(alone, Order(source, [path], DAY + dt.timedelta(minutes=number), accept_shrink=True))


def title(film: int) -> str:
    """Give a film a title of its own."""
    digest = hashlib.sha256(f"{film}".encode()).hexdigest()
    return f"{digest[:7].capitalize()} {digest[7:15]}"


def spent(context: RunContext) -> Spent:
    """Publish what waits; say what it took. Ends where no film changed: nothing would have been measured."""
    outcomes = []
    cost = timed(lambda: outcomes.append(advance(context)))
    if not (outcomes[0] and outcomes[0].changes):
        sys.exit("no film changed")
    return cost


def timed(work: Callable[[], object]) -> Spent:
    """Say what some work took."""
    seconds, processor = time.monotonic(), time.process_time()
    work()
    return Spent(time.monotonic() - seconds, time.process_time() - processor)


if __name__ == "__main__":
    main()
