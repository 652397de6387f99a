"""Finds raters that are no voice of their own: who repeats another, who always says the same, who agrees with nobody.

Where copy and original rate a film only the original is heard; where it is silent the copy speaks for it, on its
scale. Who says the same of every film, or nothing that any other rater bears out, is not heard at all.
"""

from __future__ import annotations

from itertools import compress

import numpy as np

from moviec.rating.calibration import Wide
from moviec.rating.model import Copy, Floats, Prior, RatingModel

#: Two raters are one from this correlation of published values on, over at least so many shared films. The most
#: alike of distinct raters, Rotten Tomatoes' critics and Metacritic, are known to reach .96; a copy give or take a
#: point stays above .99 (bench/bench_rating.py).
REPEATS = 0.985
LEAST_SHARED = 10

#: Points of standard deviation; the narrowest of the shared raters has 10.
LEAST_SPREAD = 1.0

#: A rater whose learned correlation with every other is below this agrees with nobody. The shipped raters' closest others
#: are at .85 to .91. With two good raters among five of noise, noise is found on 400 films always, on 200 in one case of
#: eight, on 100 or fewer never (what is believed beforehand holds it above); raters correlating by .4 never are.
AGREES = 0.2


def find_copies(wide: Wide, names: tuple[str, ...], priors: tuple[Prior, ...]) -> tuple[Copy, ...]:
    """Return the raters that repeat another, each with its original and the line from its values to the original's.

    The original is the one known beforehand, then the one with more films, then the first by name.
    """
    films = (~np.isnan(wide.points)).sum(axis=0)
    order = sorted(range(len(names)), key=lambda at: (not priors[at].known, -films[at], names[at]))
    originals: list[int] = []
    copies = []
    for at in order:
        lines = [(of, _line(wide.points[:, at], wide.points[:, of])) for of in originals]
        found = next(((of, line) for of, line in lines if line is not None), None)
        if found is None:
            originals.append(at)
        else:
            of, (slope, offset, shared) = found
            copies.append(Copy(names[at], names[of], slope, offset, shared))
    return tuple(sorted(copies, key=lambda copy: copy.name))


def find_constants(wide: Wide, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the raters whose values differ by less than a point (standard deviation) from film to film."""
    found = []
    for at, name in enumerate(names):
        said = wide.points[~np.isnan(wide.points[:, at]), at]
        if len(said) >= LEAST_SHARED and said.std() < LEAST_SPREAD:
            found.append(name)
    return tuple(found)


def find_strangers(model: RatingModel) -> tuple[str, ...]:
    """Return the raters that agree with no other, by the learned correlations.

    None, unless two that do agree are left: of raters that all disagree nobody can say who is right.
    """
    others = np.array(model.correlation)
    np.fill_diagonal(others, -1.0)
    strange = others.max(axis=1) < AGREES
    if len(others) - strange.sum() <= 1:
        return ()
    return tuple(compress(model.names, strange))


def merged(wide: Wide, names: tuple[str, ...], copies: tuple[Copy, ...], constants: tuple[str, ...]) -> Wide:
    """Return films x originals: a copy's column fills its original's where that is silent, and goes.

    `names` are the columns of `wide`; the columns of the constants go too.
    """
    points, votes, deviation = wide.points.copy(), wide.votes.copy(), wide.deviation.copy()
    for copy in copies:
        at, of = names.index(copy.name), names.index(copy.of)
        silent = np.isnan(points[:, of]) & ~np.isnan(points[:, at])
        points[silent, of] = np.clip(copy.offset + copy.slope * points[silent, at], 0, 100)
        votes[silent, of] = votes[silent, at]
        deviation[silent, of] = copy.slope * deviation[silent, at]
    gone = {*constants, *(copy.name for copy in copies)}
    kept = [at for at, name in enumerate(names) if name not in gone]
    return Wide(points[:, kept], votes[:, kept], deviation[:, kept])


def _line(copy: Floats, original: Floats) -> tuple[float, float, int] | None:
    """Return slope and offset from copy to original over the films both rate, if it repeats it."""
    both = ~np.isnan(copy) & ~np.isnan(original)
    shared = int(both.sum())
    if shared < LEAST_SHARED:
        return None
    left, right = copy[both], original[both]
    spread, across = left.var(), ((left - left.mean()) * (right - right.mean())).mean()
    if min(spread, right.var()) < LEAST_SPREAD**2 or across < REPEATS * np.sqrt(spread * right.var()):
        return None
    slope = float(across / spread)
    return round(slope, 6), round(float(right.mean() - slope * left.mean()), 6), shared
