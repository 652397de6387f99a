"""Scores films under a rating model: each answer is its conditional expectation given what the film's raters say.

A missing rater is filled in by what the others make likely; nothing is the mean of what happens to be there.
Linear in every rater's value, so each rater's contribution in points is exact.
"""

from __future__ import annotations

import msgspec
import numpy as np

from moviec.rating.calibration import ROUNDING, Wide, noise, straightened
from moviec.rating.model import Floats, RatingModel
from moviec.rating.panels import Questions

#: Numbers that one chunk of films may take in its largest array.
CHUNK = 2_000_000

#: Half the width of a 90% interval in standard deviations of a normal distribution.
NINETY = 1.6448536269514722


class Scores(msgspec.Struct, frozen=True):
    """Answers in points on the common scale, films x questions, with their standard deviation.

    `contributions` (films x raters) are of the first question: its answer is `base` plus their sum.
    """

    value: Floats
    error: Floats
    contributions: Floats
    base: float


def score(model: RatingModel, wide: Wide, asked: Questions) -> Scores:
    """Answer the questions for every film; one without ratings gets the common mean and the widest error."""
    size = max(1, CHUNK // (len(model.raters) ** 2))
    starts = range(0, max(len(wide.points), 1), size)
    parts = [_score(model, wide.take(slice(start, start + size)), asked) for start in starts]
    return Scores(
        value=np.concatenate([part.value for part in parts]),
        error=np.concatenate([part.error for part in parts]),
        contributions=np.concatenate([part.contributions for part in parts]),
        base=asked.mean,
    )


def _score(model: RatingModel, wide: Wide, asked: Questions) -> Scores:
    spread = model.column("spread")
    values = (straightened(wide.points, model.raters) - model.column("mean")) / spread
    present = ~np.isnan(values)
    sampling = noise(wide, model.sampling)
    precision = np.where(present, spread**2 / (ROUNDING + sampling), 0.0)
    told = np.where(present, precision * values, 0.0)
    inverse = np.linalg.inv(np.array(model.correlation))
    asks = (inverse * asked.covariance[:, None, :]).sum(axis=2)
    exact = inverse + precision[:, :, None] * np.eye(len(spread))
    pulls = np.linalg.solve(exact, np.broadcast_to(asks.T, (len(values), *asks.T.shape)))
    answers = (pulls * told[:, :, None]).sum(axis=1)
    foretold = (asks * asked.covariance).sum(axis=1) - (pulls * asks.T).sum(axis=1)
    return Scores(
        value=asked.mean + asked.spread * answers,
        error=asked.spread * np.sqrt(np.maximum(asked.variance - foretold, 0.0)),
        contributions=asked.spread * pulls[:, :, 0] * told,
        base=asked.mean,
    )
