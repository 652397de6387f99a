"""How fast two grown lists are matched: MovieC and Splink 5 in turn, each run in a process of its own with its peak memory."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from statistics import median

import msgspec
import pyarrow as pa

from grown import Grown, grow
from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PairLimits, numbered_records
from moviec.matching.match_features import features_of_lists
from moviec.matching.model import shipped_model
from moviec.matching.two_lists import candidates_compared, match
from moviec.text import pc
from splink_peer import run_splink

SMALL, LARGE = (27_600, 23_200), (276_000, 232_000)


class Run(msgspec.Struct, frozen=True):
    """One run: wall and CPU seconds, peak MB, pairs given and right ones, and right ones among its candidates."""

    seconds: float
    cpu: float
    megabytes: int
    given: int
    right: int
    blocked: int


def compare_speed(base: pa.Table, small: tuple[int, int], large: tuple[int, int], rounds: int) -> None:
    """Print records a second of both at the large size, and what ten times the records cost MovieC."""
    grown = {size: grow(base, *size) for size in (small, large)}
    jobs = {"small": (movie_c, small), "MovieC": (movie_c, large), "Splink 5": (splink, large)}
    runs: dict[str, list[Run]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, (job, size) in jobs.items():
            runs[name].append(_alone(job, grown[size]))
    seconds = {name: median(run.seconds for run in some) for name, some in runs.items()}
    print(f"{large[0]:,} x {large[1]:,} grown titles, {rounds} rounds, medians")
    for name in ("MovieC", "Splink 5"):
        run, pairs = runs[name][0], grown[large].pairs
        print(
            f"  {name:8} {sum(large) / seconds[name]:,.0f} records/s ({seconds[name]:.1f} s, CPU {run.cpu:.1f} s),"
            f" at most {max(some.megabytes for some in runs[name]):,} MB, precision {run.right / run.given:.4f}"
            f" recall {run.right / pairs:.4f}, blocking recall {run.blocked / pairs:.4f}"
        )
    print(f"  MovieC is {seconds['Splink 5'] / seconds['MovieC']:.2f} times as fast")
    print(f"  ten times the records take {seconds['MovieC'] / seconds['small']:.1f} times the time")


def movie_c(grown: Grown) -> Run:
    """Match with MovieC."""
    start, cpu = time.perf_counter(), time.process_time()
    pairs = match(grown.left, grown.right, shipped_model()).pairs
    taken = time.perf_counter() - start, time.process_time() - cpu, _memory()
    accepted = pairs.filter(pc.equal(pairs["band"], "accept"))
    return Run(*taken, len(accepted), _right(accepted), _blocked(grown))


def splink(grown: Grown) -> Run:
    """Match with Splink."""
    cpu = time.process_time()
    peer = run_splink(grown.left, grown.right)
    return Run(
        peer.seconds,
        time.process_time() - cpu,
        _memory(),
        len(peer.pairs),
        _right(peer.pairs),
        _right(peer.blocked),
    )


def _alone(job: Callable[[Grown], Run], grown: Grown) -> Run:
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(job, grown).result()


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def _right(pairs: pa.Table) -> int:
    return int(pc.sum(pc.equal(pairs["left_key"], pairs["right_key"])).as_py() or 0)


def _blocked(grown: Grown) -> int:
    with DuckEngine() as engine:
        engine.register("match_features", features_of_lists([grown.left, grown.right], shipped_model()))
        _, levels = candidates_compared(engine, PairLimits())
        key = numbered_records(engine)["key"]
    ends = [key.take(pc.subtract(levels[name], 1)) for name in ("l", "r")]
    return int(pc.sum(pc.equal(*ends)).as_py() or 0)
