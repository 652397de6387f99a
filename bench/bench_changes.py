"""What a change costs as the catalogue grows: one film changed, a hundred at once, 1% of all against a rebuild.

`bench_changes.py [FILMS…]`: sizes of the catalogue, 1,000 and 10,000 unless told. On SQLite, one source.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.jobs.killing import FACTS, MONDAY

from moviec.config import Home, Settings
from moviec.pipeline.aggregator import advance
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.street import Scope, bring_up
from moviec.pipeline.workshop import Workshop, arriving, publishing, workshop
from moviec.sources.registry import find_source

#: Times that a single change is measured.
ROUNDS = 7


class Cost(msgspec.Struct, frozen=True):
    """Seconds to publish: one changed film, a hundred, 1% of all, everything again."""

    films: int
    one: float
    hundred: float
    percent: float
    rebuild: float


def main() -> None:
    """Measure each size in a home of its own, smallest first."""
    sizes = [int(word) for word in sys.argv[1:]] or [1_000, 10_000]
    costs = [measured(size) for size in sizes]
    for cost in costs:
        print(
            f"{cost.films:,} films: one change {cost.one:.2f} s, a hundred at once {cost.hundred:.2f} s"
            f" ({100 / cost.hundred:.0f} changes/s), 1% {cost.percent:.2f} s = {cost.percent / cost.rebuild:.1%}"
            f" of a rebuild ({cost.rebuild:.1f} s)"
        )
    print(
        f"one change in {costs[-1].films:,} films costs {costs[-1].one / costs[0].one:.2f} times one in {costs[0].films:,}"
    )


def measured(films: int) -> Cost:
    """Fill a home with films, then change some."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "sources" / "club"
        place.mkdir(parents=True)
        (place / "source.toml").write_text(FACTS.format(name="club"))
        with workshop(Home(Path(folder), Settings())) as shop:
            deliver(shop, range(films), 0)
            seconds(shop)
            number = iter(range(1, 1_000))
            singles = []
            for at in number:
                deliver(shop, [at * 37 % films], at)
                singles.append(seconds(shop))
                if len(singles) == ROUNDS:
                    break
            deliver(shop, range(100), next(number))
            hundred = seconds(shop)
            deliver(shop, range(0, films, 100), next(number))
            percent = seconds(shop)
            begun = time.monotonic()
            with publishing(shop) as alone:
                bring_up(alone, Scope(everything=True))
            return Cost(films, median(singles), hundred, percent, time.monotonic() - begun)


def deliver(shop: Workshop, films: range | list[int], number: int) -> None:
    """Register a delivery of these films; their runtimes are as the delivery's number has it."""
    path = Path(shop.work) / f"{number}" / "films.csv"
    path.parent.mkdir()
    rows = [f"{film},{title(film)},{1950 + film % 70},{60 + number},tt{film + 1_000_000}\n" for film in films]
    path.write_text("no,title,year,minutes,imdb\n" + "".join(rows))
    source = find_source("club", shop.home.folder)
    with arriving(shop) as alone:
        ingest(alone, Order(source, [path], MONDAY + dt.timedelta(minutes=number), accept_shrink=True))


def title(film: int) -> str:
    """Give a film a title of its own."""
    digest = hashlib.sha256(f"{film}".encode()).hexdigest()
    return f"{digest[:7].capitalize()} {digest[7:15]}"


def seconds(shop: Workshop) -> float:
    """Publish what waits; say how long it took."""
    begun = time.monotonic()
    advance(shop)
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
