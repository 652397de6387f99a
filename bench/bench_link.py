"""Matching film lists: how right it is on public lists with ids hidden, and how fast on grown ones.

Three peers in one run: MovieC, unique exact folded title and year, and Splink 5. Prints ratios and tables.
"""

from __future__ import annotations

import resource
import time

import duckdb
import pyarrow as pa

from grown import Grown, grow
from known_pairs import PAIRS, Lists, read_lists
from moviec.engine import DuckEngine
from moviec.resolve.candidates import Limits
from moviec.resolve.evaluate import calibration_table, held_out, judge, log_loss, score
from moviec.resolve.features import prepare
from moviec.resolve.model import Bands, Model, shipped_model
from moviec.resolve.resolve import Settings, candidates_compared, match
from moviec.text import pc
from splink_peer import run_splink

_EXACT = """
WITH l AS (SELECT key, squeezed, year FROM left_films QUALIFY count(*) OVER (PARTITION BY squeezed, year) = 1),
     r AS (SELECT key, squeezed, year FROM right_films QUALIFY count(*) OVER (PARTITION BY squeezed, year) = 1)
SELECT l.key AS left_key, r.key AS right_key FROM l JOIN r USING (squeezed, year)
"""

SMALL, LARGE = (27_600, 23_200), (276_000, 232_000)


def main() -> None:
    """Measure accuracy, then speed."""
    lists, model = read_lists(), shipped_model()
    for pair in PAIRS:
        accuracy(lists, pair, model)
    wikipedia(lists, model)
    base = pa.concat_tables([lists.films["wikipedia"], lists.films["imdb"]])
    seconds = [speed(grow(base, *size), model, peer=size == LARGE) for size in (SMALL, LARGE)]
    print(f"ten times the records take {seconds[1] / seconds[0]:.1f} times the time")


def accuracy(lists: Lists, pair: tuple[str, str], model: Model) -> None:
    """Print precision, recall and F1 on the held-out half for each of the three."""
    left, right = (lists.films[name] for name in pair)
    known = held_out(lists.known[pair], True)
    everything = match(left, right, model, Settings(bands=Bands(1000, 1_000_000))).pairs
    everything = everything.filter(pc.equal(everything["band"], "accept"))
    pairs = everything.filter(pc.greater_equal(everything["probability"], model.bands.accept))
    print(f"{pair[0]}-{pair[1]}, held-out half")
    for name, found in (
        ("MovieC", pairs),
        ("exact title and year", exact(left, right)),
        ("Splink 5", run_splink(left, right).pairs),
    ):
        got = score(found, known)
        print(
            f"  {name:21} precision {got.precision:.4f} recall {got.recall:.4f} F1 {got.f1:.4f}"
            f" ({got.right} right, {got.wrong} wrong, {got.known} to find)"
        )
    probability, judged = everything["probability"].to_numpy(), judge(everything, known)
    print(f"  log loss {log_loss(probability, judged):.4f}")
    for row in calibration_table(probability, judged):
        print(
            f"    {row['pairs']:6.0f} pairs predicted {row['predicted']:.3f} observed {row['observed']:.3f}"
        )


def exact(left: pa.Table, right: pa.Table) -> pa.Table:
    """Pair films whose folded main title and year are the same and unique in both lists."""
    con = duckdb.connect()
    for name, films in (("left_films", left), ("right_films", right)):
        prepared = prepare(films)
        first = prepared.forms.group_by("n", use_threads=False).aggregate([("squeezed", "first")])
        rows = prepared.records.join(first, "n")
        con.register(name, rows.append_column("squeezed", rows["squeezed_first"]))
    found: pa.Table = con.sql(_EXACT).to_arrow_table()
    return found


def wikipedia(lists: Lists, model: Model) -> None:
    """Print how often accepted Wikipedia-IMDb pairs have the year and kind of film that an equal pair would have.

    Neither list holds the other's people, so the check is indirect: matches whose years are more than a year apart.
    """
    pairs = match(lists.films["wikipedia"], lists.films["imdb"], model, Settings()).pairs
    accepted = pairs.filter(pc.equal(pairs["band"], "accept"))
    far = pc.sum(pc.match_substring_regex(accepted["evidence"], '"year","([2-9]|far)')).as_py()
    print(
        f"wikipedia-imdb: {len(accepted):,} accepted, {len(pairs) - len(accepted):,} to review, {far:,} of the accepted over a year apart"
    )


def speed(grown: Grown, model: Model, peer: bool) -> float:
    """Match two grown lists; print records a second, what was found, and the same for Splink."""
    records = len(grown.left) + len(grown.right)
    start = time.perf_counter()
    pairs = match(grown.left, grown.right, model, Settings()).pairs
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    accepted = pairs.filter(pc.equal(pairs["band"], "accept"))
    right = _right(accepted)
    print(
        f"{len(grown.left):,} x {len(grown.right):,}: MovieC {records / seconds:,.0f} records/s, {memory:,} MB at most,"
    )
    print(
        f"  precision {right / len(accepted):.4f} recall {right / grown.pairs:.4f}, blocking recall {_blocking(grown, model):.4f}"
    )
    if peer:
        splink = run_splink(grown.left, grown.right)
        print(
            f"  Splink {records / splink.seconds:,.0f} records/s, precision {_right(splink.pairs) / len(splink.pairs):.4f}"
            f" recall {_right(splink.pairs) / grown.pairs:.4f}, blocking recall {_right(splink.blocked) / grown.pairs:.4f}"
        )
        print(f"  MovieC is {splink.seconds / seconds:.2f} times as fast")
    return seconds


def _right(pairs: pa.Table) -> int:
    return int(pc.sum(pc.equal(pairs["left_key"], pairs["right_key"])).as_py() or 0)


def _blocking(grown: Grown, model: Model) -> float:
    sides = prepare(grown.left), prepare(grown.right)
    with DuckEngine() as engine:
        _, levels = candidates_compared(engine, sides, model, Limits())
    keys = [side.records["key"].take(levels[name]) for side, name in zip(sides, ("l", "r"), strict=True)]
    return int(pc.sum(pc.equal(*keys)).as_py() or 0) / grown.pairs


if __name__ == "__main__":
    main()
