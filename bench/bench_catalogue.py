"""Matching a whole catalogue: all of the public deliveries at once, how right its films are, and how fast.

Figures are of the held-out half of the known pairs, ids hidden unless said otherwise; with `--fitting` they are of the
other half, on which the thresholds were set; `--no-speed` leaves speed out. `match`, which sees two lists at a time, stands beside them.
"""

from __future__ import annotations

import re
import resource
import sys
import time
from pathlib import Path

import msgspec
import pyarrow as pa

from evaluate import calibration_table, held_out, judge, log_loss, score
from grown import grow
from known_pairs import PAIRS, Lists, read_lists
from lake_records import SOURCES, features_of_all, hide_ids, read_records
from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PairLimits, find_pairs, match_all
from moviec.matching.clustering import Settled, settle
from moviec.matching.decisions import DECISIONS
from moviec.matching.model import Model, shipped_model
from moviec.matching.review import unmatched
from moviec.matching.two_lists import match
from moviec.model import RECORD
from moviec.text import pc

HALF = "--fitting" not in sys.argv
SMALL, LARGE = (27_600, 23_200), (276_000, 232_000)
#: Its lists hold a film twice, as its facts say.
WIKIPEDIA = frozenset({"wikipedia"})

STORED = """
SELECT left_key, right_key, probability FROM pairs WHERE left_source = '{0}' AND right_source = '{1}'
UNION ALL SELECT right_key, left_key, probability FROM pairs WHERE left_source = '{1}' AND right_source = '{0}'
ORDER BY left_key, right_key
"""

_TOGETHER = """
SELECT l.key AS left_key, r.key AS right_key FROM members l JOIN members r ON r.cluster = l.cluster
WHERE l.source = '{}' AND r.source = '{}'
"""


class Catalogue(msgspec.Struct, frozen=True):
    """Everything settled: the match features, what came of them, and the seconds for features, pairs and clusters."""

    match_features: pa.Table
    settled: Settled
    pairs: int
    seconds: tuple[float, float, float]


def main() -> None:
    """Measure accuracy with ids hidden and with ids; then speed."""
    lists, model = read_lists(), shipped_model()
    records = [read_records(name) for name in SOURCES]
    hidden = [hide_ids(some) for some in records]
    for what, given in (("ids hidden", hidden), ("ids used", records)):
        built = build(given, model, WIKIPEDIA)
        times = ", ".join(f"{name} {took:.1f}" for name, took in zip(("features_of_rows", "pair", "settle"), built.seconds, strict=True))  # fmt: skip
        print(f"{what}: {len(built.match_features):,} records, {built.pairs:,} pairs kept; seconds: {times}")
        report(built, lists, model)
    for pair in PAIRS:
        two = match(lists.films[pair[0]], lists.films[pair[1]], model).pairs
        tell(f"match alone, {pair[0]}-{pair[1]}", two.filter(pc.equal(two["band"], "accept")), lists, pair)
    if "--no-speed" not in sys.argv:
        speed(lists, model)


def build(records: list[pa.Table], model: Model, repeating: frozenset[str]) -> Catalogue:
    """Shelve, pair and settle everything, as a rebuild does."""
    ticks = [time.perf_counter()]
    match_features = features_of_all(records, model)
    ticks.append(time.perf_counter())
    with DuckEngine() as engine:
        engine.register("match_features", match_features)
        match_all(engine, PairLimits(repeating=repeating))
        pairs = find_pairs(engine, model).pairs
    ticks.append(time.perf_counter())
    settled = settle(
        match_features.select(["source", "key", "ids", "votes"]),
        pairs,
        DECISIONS.empty_table(),
        model,
        repeating,
    )
    ticks.append(time.perf_counter())
    seconds = (ticks[1] - ticks[0], ticks[2] - ticks[1], ticks[3] - ticks[2])
    return Catalogue(match_features, settled, len(pairs), seconds)


def report(built: Catalogue, lists: Lists, model: Model) -> None:
    """Print how right the films are, pair of sources by pair, cluster by cluster, and against two names."""
    sql = _sections(Path(__file__).with_name("catalogue.sql"))
    with DuckEngine() as engine:
        engine.register("members", built.settled.members)
        engine.register("match_features", built.match_features)
        engine.register("pairs", built.settled.pairs)
        engine.register("decisions", DECISIONS.empty_table())
        engine.materialize("films", sql["films"])
        for pair in PAIRS:
            engine.register(f"known_{pair[0]}_{pair[1]}", held_out(lists.known[pair], HALF).pairs)
            tell(f"{pair[0]}-{pair[1]}", engine.query(_TOGETHER.format(*pair)), lists, pair)
            honesty(engine.query(STORED.format(*pair)), lists, pair)
        good, made, known = _row(engine, sql["clusters"])
        print(f"  clusters of MovieLens, Kaggle and IMDb: precision {good / made:.4f} recall {good / known:.4f}"
              f" F1 {2 * good / (made + known):.4f}")  # fmt: skip
        pairs, far, named = _row(engine, sql["wikipedia_imdb"])
        print(f"  wikipedia-imdb: {pairs:,} films, {far} over a year apart, in {named} the director is cast")
        engine.register("known_kaggle_imdb", lists.known["kaggle", "imdb"].pairs)
        known, good, bad = _row(engine, sql["by_two_names"])
        print(f"  wikipedia-imdb known by title, year and two names: {known}, right {good}, wrong {bad}")
        print(f"  pairs to review: {pc.sum(pc.equal(built.settled.pairs['band'], 'review')).as_py():,}")
        for row in unmatched(engine, model).sources.to_pylist():
            print("   ", ", ".join(f"{name} {value}" for name, value in row.items()))


def honesty(pairs: pa.Table, lists: Lists, pair: tuple[str, str]) -> None:
    """Print the log loss of every stored pair's probability, and predicted against observed where pairs are."""
    judged = judge(pairs, held_out(lists.known[pair], HALF))
    probability = pairs["probability"].to_numpy()
    rows = ", ".join(
        f"{row['predicted']:.3f} {row['observed']:.3f} ({row['pairs']:.0f})"
        for row in calibration_table(probability, judged)
    )
    print(f"    log loss {log_loss(probability, judged):.4f}; predicted, observed (pairs): {rows}")


def tell(what: str, pairs: pa.Table, lists: Lists, pair: tuple[str, str]) -> None:
    """Print precision, recall and F1 of pairs (left_key, right_key)."""
    got = score(pairs, held_out(lists.known[pair], HALF))
    print(f"  {what}: precision {got.precision:.4f} recall {got.recall:.4f} F1 {got.f1:.4f}"
          f" ({got.right} right, {got.wrong} wrong, {got.known} to find)")  # fmt: skip


def speed(lists: Lists, model: Model) -> None:
    """Print how long two grown sources take, and how much longer ten times as many records."""
    base = pa.concat_tables([lists.films["wikipedia"], lists.films["imdb"]])
    taken = []
    for size in (SMALL, LARGE):
        grown = grow(base, *size)
        built = build([_records(grown.left), _records(grown.right)], model, frozenset())
        with DuckEngine() as engine:
            engine.register("members", built.settled.members)
            pairs = engine.query(_TOGETHER.format("left", "right"))
        right = pc.sum(pc.equal(pairs["left_key"], pairs["right_key"])).as_py()
        taken.append(sum(built.seconds))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{sum(size):,} grown records: {taken[-1]:.1f} s ({', '.join(f'{took:.1f}' for took in built.seconds)}),"
              f" precision {right / len(pairs):.4f} recall {right / grown.pairs:.4f}, at most {memory:,} MB")  # fmt: skip
    print(f"ten times the records take {taken[1] / taken[0]:.1f} times the time")


def _records(films: pa.Table) -> pa.Table:
    """Give FEATURES rows of titles and years as records."""
    given = {
        "source": films["source"],
        "key": films["key"],
        "title": pc.list_element(films["titles"], 0),
        "year": films["year"],
    }
    return pa.table([given.get(field.name, pa.nulls(len(films), field.type)) for field in RECORD], schema=RECORD)  # fmt: skip


def _row(engine: DuckEngine, sql: str) -> tuple[int, ...]:
    return tuple(engine.query(sql).to_pylist()[0].values())


def _sections(path: Path) -> dict[str, str]:
    parts = re.split(r"^-- section: (\w+)\n", path.read_text("utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


if __name__ == "__main__":
    main()
