"""How right the matching is: precision, recall, F1, log loss and calibration against known pairs.

Known pairs are split by a hash of their id: weights and thresholds are set on one half, figures are of the other.
"""

from __future__ import annotations

import zlib

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.model import MILLION
from moviec.text import Column, pc

Judgement = npt.NDArray[np.int8]
RIGHT, WRONG, UNKNOWN = 1, 0, -1


class Known(msgspec.Struct, frozen=True):
    """The truth about two lists: `pairs` (left, right keys). `anchor` ("left" | "right") is the side known in full.

    A pair whose other key is null says that this film of the anchor is not in the other list.
    """

    pairs: pa.Table
    anchor: str


class Scores(msgspec.Struct, frozen=True):
    """Counts of judged pairs: right, wrong, and how many were to be found."""

    right: int
    wrong: int
    known: int

    @property
    def precision(self) -> float:
        """Return the share of judged pairs that are right."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """Return the share of known pairs that were found."""
        return self.right / max(self.known, 1)

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return 2 * self.right / max(2 * self.right + self.wrong + self.known - self.right, 1)


def half_of(keys: Column) -> npt.NDArray[np.bool_]:
    """Return for each key whether it is in the held-out half: an odd CRC-32."""
    return np.array([zlib.crc32(key.encode()) % 2 == 1 for key in keys.to_pylist()], dtype=np.bool_)


def held_out(known: Known, half: bool) -> Known:
    """Keep the known pairs of the held-out half (True) or of the half that weights are set on (False)."""
    chosen = half_of(known.pairs[known.anchor]) == half
    return Known(known.pairs.filter(pa.array(chosen)), known.anchor)


def adjudicate(known: Known, verdicts: pa.Table) -> Known:
    """Replace known pairs that are wrong: `verdicts` has anchor key `key` and the right `other` key, or null."""
    keys, others = known.pairs[known.anchor], "right" if known.anchor == "left" else "left"
    at = pc.index_in(keys, verdicts["key"].combine_chunks())
    fixed = pc.if_else(pc.is_valid(at), pc.take(verdicts["other"], at), known.pairs[others])
    return Known(pa.table({known.anchor: keys, others: fixed}), known.anchor)


def judge(pairs: pa.Table, known: Known) -> Judgement:
    """Judge pairs (left_key, right_key): right, wrong (known to pair otherwise, or to be absent), or unknown."""
    anchor, other = ("left", "right") if known.anchor == "left" else ("right", "left")
    mine, theirs = pairs[f"{anchor}_key"], pairs[f"{other}_key"]
    at = pc.index_in(mine, known.pairs[anchor].combine_chunks())
    expected = pc.take(known.pairs[other], at)
    met = pc.is_valid(at).to_numpy()
    right = pc.fill_null(pc.equal(expected, theirs), False).to_numpy()
    elsewhere = pc.is_in(theirs, pc.drop_null(known.pairs[other]).combine_chunks()).to_numpy()
    return np.select([right, met | elsewhere], [RIGHT, WRONG], UNKNOWN).astype(np.int8)


def score(pairs: pa.Table, known: Known) -> Scores:
    """Count right and wrong among pairs taken as matches."""
    judged = judge(pairs, known)
    to_find = known.pairs.num_rows - known.pairs["left"].null_count - known.pairs["right"].null_count
    return Scores(int((judged == RIGHT).sum()), int((judged == WRONG).sum()), to_find)


def log_loss(probability: npt.NDArray[np.int64], judged: Judgement) -> float:
    """Return the mean negative log likelihood (nats) of the judged pairs; probabilities in millionths."""
    share = np.clip(probability[judged != UNKNOWN] / MILLION, 1e-6, 1 - 1e-6)
    truth = judged[judged != UNKNOWN] == RIGHT
    return float(-np.mean(np.where(truth, np.log(share), np.log(1 - share)))) if len(truth) else 0.0


def calibration_table(probability: npt.NDArray[np.int64], judged: Judgement) -> list[dict[str, float]]:
    """Return predicted against observed, by tenths of predicted probability: pairs, predicted, observed."""
    share, truth = probability[judged != UNKNOWN] / MILLION, judged[judged != UNKNOWN] == RIGHT
    rows = []
    for tenth in range(10):
        inside = np.minimum((share * 10).astype(int), 9) == tenth
        if inside.any():
            rows.append(
                {
                    "pairs": float(inside.sum()),
                    "predicted": round(float(share[inside].mean()), 4),
                    "observed": round(float(truth[inside].mean()), 4),
                }
            )
    return rows
