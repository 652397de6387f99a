"""How sure a rater's value is: the variance that its votes leave, so that few votes pull little.

A value is its rater's true value plus noise of variance deviation²/votes (empirical Bayes: the deviation is learned).
"""

from __future__ import annotations

import msgspec
import numpy as np

from moviec.fuse.model import Bools, Floats, Sampling

#: Variance in points² that even endless votes leave: rounding to whole stars, tenths or per cent. 0.1 did as
#: well, 9 worse (bench/bench_rating_choices.py).
ROUNDING = 1.0

#: A film's own deviation counts in full after this many ratings; below, the rater's usual one fills up.
OWN_DEVIATION = 10.0


class Wide(msgspec.Struct, frozen=True):
    """Ratings as arrays of films x raters, NaN where there is none: points, votes, deviation of single ratings."""

    points: Floats
    votes: Floats
    deviation: Floats

    def take(self, films: slice | Bools) -> Wide:
        """Return some of the films."""
        return Wide(self.points[films], self.votes[films], self.deviation[films])

    def without(self, rater: int) -> Wide:
        """Return the films as though the rater had said nothing."""
        points = self.points.copy()
        points[:, rater] = np.nan
        return Wide(points, self.votes, self.deviation)


def usual_votes(votes: Floats) -> Floats:
    """Return each rater's harmonic mean of votes (the count whose noise is its average noise); 0 if it gives none."""
    given = ~np.isnan(votes)
    inverse = np.where(given, 1 / np.where(given, votes, 1.0), 0.0).sum(axis=0)
    counts = given.sum(axis=0)
    return np.where(counts > 0, counts / np.maximum(inverse, 1e-12), 0.0)


def noise(wide: Wide, sampling: Sampling) -> Floats:
    """Return the variance of each value around its rater's true one, films x raters, without the rounding.

    Few voters are not only few: they are those who made a film, or looked for it. That part does not fall like
    sampling noise; it stays until a film's crowd has come, and is gone soon after.
    """
    votes = np.where(np.isnan(wide.votes), sampling.usual, wide.votes)
    fixed, share = noise_parts(msgspec.structs.replace(wide, votes=votes))
    drawn = fixed + share * sampling.deviation**2
    return np.where(votes > 0, drawn + selection(votes, sampling.friends, sampling.crowd), 0.0)


def selection(votes: Floats, friends: Floats | float, crowd: Floats | float) -> Floats:
    """Return the variance that the choice of the voters adds: friends² / (1 + (votes / crowd)²)."""
    return friends**2 / (1 + (votes / crowd) ** 2)


def noise_parts(wide: Wide) -> tuple[Floats, Floats]:
    """Return what a film's own deviation says of the variance, and what the rater's usual one is multiplied by.

    Films x raters; both 0 where there are no votes.
    """
    votes = np.where(np.isnan(wide.votes), 0.0, wide.votes)
    own = np.where(np.isnan(wide.deviation), 0.0, wide.deviation)
    seen = np.where(np.isnan(wide.deviation), 0.0, np.maximum(votes - 1, 0.0))
    every = np.where(votes > 0, np.maximum(votes, 1e-12), np.inf) * (seen + OWN_DEVIATION)
    return seen * own**2 / every, OWN_DEVIATION / every
