"""How honest the probabilities are: log loss, and predicted against observed, of every pair that is stored.

On the held-out half of the known pairs (ids hidden) and on made-up films, whose truth `moviec synth` writes beside
them: under the shipped model, and after `moviec fit` has seen the films (never their truth). First argument: how many films.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench_catalogue import STORED, WIKIPEDIA, build
from evaluate import Judgement, calibration_table, held_out, judge, log_loss
from known_pairs import PAIRS, Lists, read_lists
from lake_records import SOURCES, features_of_all, hide_ids, read_records
from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PairLimits
from moviec.matching.match_weights import Integers
from moviec.matching.model import Model, shipped_model
from moviec.matching.source_weights import fit_pairs
from moviec.synth.deliver import invent_deliveries

SEED = 1

_JUDGED = """
SELECT p.left_source, p.right_source, p.probability, CASE WHEN l.movie = r.movie THEN 1 ELSE 0 END AS judged
FROM pairs p
JOIN truth l ON l.source = p.left_source AND l.key = p.left_key
JOIN truth r ON r.source = p.right_source AND r.key = p.right_key
ORDER BY p.left_source, p.left_key, p.right_source, p.right_key
"""


def main() -> None:
    """Print both tables."""
    model = shipped_model()
    real(read_lists(), model)
    films = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    with tempfile.TemporaryDirectory() as folder:
        made_up(Path(folder), films, model)


def real(lists: Lists, model: Model) -> None:
    """Print the tables of the held-out half, all three pairs of lists together and one by one."""
    settled = build([hide_ids(read_records(name)) for name in SOURCES], model, WIKIPEDIA).settled
    probabilities, verdicts = [], []
    with DuckEngine() as engine:
        engine.register("pairs", settled.pairs)
        for pair in PAIRS:
            stored = engine.query(STORED.format(*pair))
            probabilities.append(stored["probability"].to_numpy())
            verdicts.append(judge(stored, held_out(lists.known[pair], True)))
    tell("real films, held-out half", np.concatenate(probabilities), np.concatenate(verdicts))
    for pair, probability, judged in zip(PAIRS, probabilities, verdicts, strict=True):
        print(f"  {'-'.join(pair)}: log loss {log_loss(probability, judged):.4f}")


def made_up(folder: Path, films: int, model: Model) -> None:
    """Make films up, match their deliveries with ids hidden, and print how that compares with the truth."""
    invent_deliveries(folder, films, SEED)
    records = [hide_ids(read_records(name, folder)) for name in SOURCES]
    with (folder / "truth.csv").open(encoding="utf-8") as file:
        truth = pa.Table.from_pylist(list(csv.DictReader(file)))
    with DuckEngine() as engine:
        engine.register("match_features", features_of_all(records, model))
        fitted = fit_pairs(engine, model, PairLimits(repeating=WIKIPEDIA))
    for what, weighed in (("the shipped model", model), ("after a fit", fitted)):
        with DuckEngine() as engine:
            engine.register("pairs", build(records, weighed, WIKIPEDIA).settled.pairs)
            engine.register("truth", truth)
            rows = engine.query(_JUDGED)
        judged = rows["judged"].to_numpy().astype(np.int8)
        tell(f"{films:,} made-up films, {what}", rows["probability"].to_numpy(), judged)


def tell(what: str, probability: Integers, judged: Judgement) -> None:
    """Print log loss, and predicted against observed by tenths."""
    print(f"{what}: log loss {log_loss(probability, judged):.4f}")
    for row in calibration_table(probability, judged):
        apart = row["observed"] - row["predicted"]
        print(f"  {row['pairs']:7.0f} pairs predicted {row['predicted']:.3f} observed {row['observed']:.3f} ({apart:+.3f})")  # fmt: skip


if __name__ == "__main__":
    main()
