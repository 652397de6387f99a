"""How published values relate to a rater's true ones: a monotone curve that straightens its scale, and the noise of few
votes.

The curve is shrunk towards the line. Level and spread are learned apart, from the films that raters share (`training.learn`).
"""

from __future__ import annotations

from statistics import NormalDist

import msgspec
import numpy as np

from moviec.rating.model import Bools, Floats, RaterModel, Sampling

#: Points at which a curve is given; it is linear between them.
KNOTS: Floats = np.linspace(0.0, 100.0, 21)
LINE = tuple(float(knot) for knot in KNOTS)

#: The greatest weight of the quantile map, and the number of films for half of it. At 0, .5 and 1 the mean rank
#: correlation with a hidden rater was .844, .843 and .843; with one rater's scale bent to its fifth power .838, .840
#: and .840. So for today's raters a curve costs almost nothing, and it corrects what a line cannot
#: (bench/bench_rating_choices.py).
MOST_CURVED = 0.5
HALF_CURVED = 200

#: The stiffness of a curve learned from other raters, in films' worth of evidence against a bend. From 300 to 3,000 the
#: mean correlation with a hidden rater goes from .8553 to .8549 on ratings_2016 (docs/c-rating.md).
STIFF = 1000.0

#: The greatest share of a rater's variance that others can predict.
FORETOLD = 0.98

_BENDS: Floats = np.diff(np.eye(len(KNOTS)), 2, axis=0)


def straightening(points: Floats) -> tuple[float, ...]:
    """Return the straightened value at each knot: part quantile map to a normal, part line; never decreasing.

    `points` are one rater's values, without missing ones. The map keeps their mean and standard deviation.
    """
    films = len(points)
    if films < 2:
        return LINE
    ordered = np.sort(points)
    below = np.searchsorted(ordered, KNOTS, "left") + np.searchsorted(ordered, KNOTS, "right")
    normal = NormalDist()
    quantiles = [normal.inv_cdf(float((count / 2 + 0.5) / (films + 1))) for count in below]
    bent = points.mean() + points.std() * np.array(quantiles)
    share = MOST_CURVED * films / (films + HALF_CURVED)
    return tuple(float(value) for value in np.round((1 - share) * KNOTS + share * bent, 4))


def reshaped(
    curve: tuple[float, ...], points: Floats, foretold: Floats, reliability: Floats, kept: Floats
) -> tuple[float, ...]:
    """Return the curve after one step towards the predictions of the films' other raters; never decreasing.

    Per rating: `points` as published, `foretold`: the others' prediction of the straightened value's distance from the
    mean, `reliability`: the share of its variance they explain (0 to 1), and `kept`: the share of its own that is not
    noise. Straightened values are those in which the foretold ones are linear (alternating conditional expectations,
    Breiman and Friedman 1985), by least squares over the KNOTS. Bends of the old curve without evidence against them
    stay, and so do the mean and the standard deviation of the values.
    """
    old = np.array(curve)
    left = 1 - FORETOLD * reliability * kept
    hats = np.maximum(0.0, 1 - np.abs(points[:, None] - KNOTS) / (KNOTS[1] - KNOTS[0]))
    before = np.interp(points, KNOTS, old)
    bends = STIFF * _BENDS.T @ _BENDS + np.eye(len(KNOTS))
    normal = (hats * (reliability * kept**2 / left)[:, None]).T @ hats
    pulled = (hats * (kept / left * foretold)[:, None]).sum(axis=0)
    shape = np.linalg.solve(normal + bends, pulled + bends @ (old - before.mean()))
    shape = np.maximum.accumulate(shape)
    after = np.interp(points, KNOTS, shape)
    if after.std() <= before.std() / 2:
        return curve  # no evidence, or contrary evidence
    shape = before.mean() + (shape - after.mean()) * before.std() / after.std()
    return tuple(float(value) for value in np.round(shape, 4))


def straightened(points: Floats, raters: tuple[RaterModel, ...]) -> Floats:
    """Apply each rater's curve to its column of films x raters; missing stays missing.

    A value further than four spreads from the rater's mean counts as four.
    """
    columns = [np.interp(points[:, at], KNOTS, rater.curve) for at, rater in enumerate(raters)]
    means = np.array([rater.mean for rater in raters])
    room = 4 * np.array([rater.spread for rater in raters])
    return np.clip(np.stack(columns, axis=1), means - room, means + room)


#: Variance in points² that remains with any number of votes: rounding to whole stars, tenths or per cent. 0.1 did as
#: well, 9 worse (bench/bench_rating_choices.py).
ROUNDING = 1.0

#: A film's own deviation counts in full after this many ratings; below, it is mixed with the rater's usual one.
OWN_DEVIATION = 10.0

#: Votes behind a share of exactly 0 or 100 whose number is not known: only few voters agree without exception. Read so,
#: the 182 films that Rotten Tomatoes' critics rate 100 are where IMDb, Metacritic, Douban and its audience put them:
#: with those of 92 (docs/c-rating.md, "Shares in favour").
UNANIMOUS = 7.0


class Wide(msgspec.Struct, frozen=True):
    """Ratings as arrays of films x raters, NaN where there is none: points, votes, deviation of single ratings."""

    points: Floats
    votes: Floats
    deviation: Floats

    def take(self, films: slice | Bools) -> Wide:
        """Return some of the films."""
        return Wide(self.points[films], self.votes[films], self.deviation[films])

    def without(self, rater: int) -> Wide:
        """Return the films without the rater's ratings."""
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

    Few voters are also biased: they are those who made a film, or looked for it. That part does not fall like
    sampling noise; it stays until a film has a crowd of voters, and vanishes soon after.
    """
    votes = np.where(np.isnan(wide.votes), sampling.usual, wide.votes)
    one_voiced = sampling.share & np.isnan(wide.votes) & ((wide.points <= 0) | (wide.points >= 100))
    votes = np.where(one_voiced, np.where(votes > 0, np.minimum(votes, UNANIMOUS), UNANIMOUS), votes)
    fixed, share = noise_parts(msgspec.structs.replace(wide, votes=votes), sampling.share)
    drawn = fixed + share * sampling.deviation**2
    return np.where(votes > 0, drawn + selection(votes, sampling.friends, sampling.crowd), 0.0)


def selection(votes: Floats, friends: Floats | float, crowd: Floats | float) -> Floats:
    """Return the variance added by the selection of voters: friends² / (1 + (votes / crowd)²)."""
    return friends**2 / (1 + (votes / crowd) ** 2)


def noise_parts(wide: Wide, share: Bools) -> tuple[Floats, Floats]:
    """Return the variance from a film's own deviation, and the factor for the rater's usual one.

    Films x raters; both 0 where there are no votes. `share`: the raters whose value is the share of votes in favour.
    They have the variance of a share, by Laplace's rule of succession: as with two more votes, one of them in favour.
    """
    votes = np.where(np.isnan(wide.votes), 0.0, wide.votes)
    own = np.where(np.isnan(wide.deviation), 0.0, wide.deviation)
    seen = np.where(np.isnan(wide.deviation), 0.0, np.maximum(votes - 1, 0.0))
    every = np.where(votes > 0, np.maximum(votes, 1e-12), np.inf) * (seen + OWN_DEVIATION)
    favour = (np.where(votes > 0, wide.points, 0.0) / 100 * votes + 1) / (votes + 2)
    of_share = 1e4 * favour * (1 - favour) / np.where(votes > 0, votes, np.inf)
    return np.where(share, of_share, seen * own**2 / every), np.where(share, 0.0, OWN_DEVIATION / every)
