"""Which raters count by themselves, and with what weight in the two panels, critics and audience.

A rater that repeats another counts only where the original has no rating, on the original's scale; one that rates every
film the same, or that no other rater agrees with, does not count at all. A panel's score is the expected rating of one
more rater of that panel (`questions`). So no rater is the measure of the others, and two that always agree count little
more than one.
"""

from __future__ import annotations

from itertools import compress

import msgspec
import numpy as np

from moviec.rating.calibration import FORETOLD, Wide
from moviec.rating.model import CRITICS_SHARE, PANELS, Copy, Floats, Prior, RatingModel, facts

#: Two raters count as one from this correlation of published values, over at least this many shared films. The most
#: alike of distinct raters, Rotten Tomatoes' critics and Metacritic, are known to reach .96; a copy with an error of a
#: point stays above .99 (bench/bench_rating.py).
REPEATS = 0.985
LEAST_SHARED = 10

#: Points of standard deviation; the narrowest of the shared raters has 10.
LEAST_SPREAD = 1.0

#: A rater whose learned correlation with every other is below this agrees with no one. The shipped raters' closest
#: others are at .85 to .91. With two good raters among five of noise, noise is found on 400 films always, on 200 in one
#: case of eight, on 100 or fewer never (the prior keeps it above); raters correlating by .4 never are.
AGREES = 0.2


def find_copies(wide: Wide, names: tuple[str, ...], priors: tuple[Prior, ...]) -> tuple[Copy, ...]:
    """Return the raters that repeat another, each with its original and the line from its values to the original's.

    The original is the one with a shipped prior, then the one with more films, then the first by name.
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

    None, unless two that do agree are left: if all disagree, nobody can say who is right.
    """
    others = np.array(model.correlation)
    np.fill_diagonal(others, -1.0)
    strange = others.max(axis=1) < AGREES
    if len(others) - strange.sum() <= 1:
        return ()
    return tuple(compress(model.names, strange))


def merged(wide: Wide, names: tuple[str, ...], copies: tuple[Copy, ...], constants: tuple[str, ...]) -> Wide:
    """Return films x originals: a copy's column fills the gaps of its original's, and is dropped.

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


#: From this correlation two raters begin to share their weight; at 1 they have the weight of one. Distinct raters of
#: one panel reach .91 in the shared data. Starting at .8 or .95 ranks films as well (bench/bench_rating_choices.py).
ONE_VOICE = 0.9

#: The number of films at which a rater's level and spread count half of its weight. 10 and 1,000 rank
#: films as well (bench/bench_rating_choices.py); it keeps a newcomer from moving the common scale.
HALF_HEARD = 100

#: The prior of a rater's fidelity is the usual one, worth this many raters with the usual correlation. With the
#: critics' prior at .85, .1 and .3 gave mean correlations with a hidden rater of .8532 and .8519 on ratings_2016 and of .8436
#: and .8439 on the five shared raters.
USUAL = 0.1

#: Rounds for the fidelities to converge.
SETTLED = 20


class Questions(msgspec.Struct, frozen=True):
    """Questions to the raters' joint distribution, in standard units.

    `covariance` is questions x raters with the raters' true values, `variance` is each answer's own; `mean` and
    `spread` convert an answer to points on the common scale.
    """

    names: tuple[str, ...]
    covariance: Floats
    variance: Floats
    mean: float
    spread: float


class RaterWeights(msgspec.Struct, frozen=True):
    """How much raters agree: `distinct` (raters x raters) is 1 for two independent ones, 0 for one that repeats the
    other.

    `usual` (panels x raters) is what the shipped prior expects of a rater's correlation with one more of each panel.
    `fidelity` is each rater's own factor on that: two raters correlate by the product of their fidelities and the
    prior of their panels. 1 is a usual rater; an individual one has less with every other, noise has almost none.
    """

    distinct: Floats
    usual: Floats
    fidelity: Floats


def rater_weights(model: RatingModel) -> RaterWeights:
    """Return which raters share their weight, and how individual each is."""
    prior = facts().prior
    alike = np.array(model.correlation)
    distinct = 1 - np.clip((alike - ONE_VOICE) / (1 - ONE_VOICE), 0, 1)
    panel = np.array([rater.panel for rater in model.raters])
    usual = np.stack([np.where(panel == side, getattr(prior.within, side), prior.between) for side in PANELS])
    expected = np.where(panel[:, None] == PANELS[0], usual[0], usual[1])
    np.fill_diagonal(expected, 0)  # a rater is no evidence for itself
    heard = _heard(model)
    fidelity = np.ones(len(panel))
    for _ in range(SETTLED):
        pull = expected * fidelity
        found = ((heard * pull * alike).sum(axis=1) + USUAL) / ((heard * pull**2).sum(axis=1) + USUAL)
        fidelity = np.sqrt(fidelity * np.maximum(found, 0))  # half a step: whole ones oscillate
    return RaterWeights(distinct, usual, fidelity)


def _heard(model: RatingModel) -> Floats:
    """Return how much each rater's correlations count, by the films it rated: 0 to 1."""
    films = model.column("films")
    return np.asarray((films + 1) / (films + 1 + HALF_HEARD))


def voices(model: RatingModel) -> Floats:
    """Return each rater's weight in setting the common scale: 0 (none) to 1.

    Less for a copy (raters alike share one), for a rater that agrees with no one, for one with few films.
    """
    stand = rater_weights(model)
    apart = (1 - stand.distinct).sum(axis=1)
    return np.asarray(_heard(model) * np.minimum(stand.fidelity, 1) ** 2 / apart)


def one_more(model: RatingModel) -> Floats:
    """Return the correlation of one more rater of each panel with every rater: panels x raters.

    The additional rater is a usual one, and no more predictable than if no rater had more than the usual fidelity.
    """
    stand = rater_weights(model)
    found = _one_more(model, stand, stand.fidelity)
    usual = _one_more(model, stand, np.minimum(stand.fidelity, 1))
    most = np.minimum(_foretold(model, usual), FORETOLD)
    return np.asarray(found * np.sqrt(np.minimum(1, most / _foretold(model, found)))[:, None])


def _one_more(model: RatingModel, stand: RaterWeights, fidelity: Floats) -> Floats:
    """Return the panel's raters' correlations, each divided by its own fidelity, combined with the shipped prior:
    panels x raters.

    By least squares, the prior being worth one rater.
    """
    alike = np.array(model.correlation)
    weight = stand.distinct * _heard(model) / (1 - stand.distinct).sum(axis=1)
    rows = []
    for panel, usual in zip(PANELS, stand.usual, strict=True):
        inside = weight * np.array([rater.panel == panel for rater in model.raters])
        weighted = (inside * fidelity * alike).sum(axis=1) + fidelity * usual
        rows.append(weighted / ((inside * fidelity**2).sum(axis=1) + 1))
    return np.stack(rows)


def _foretold(model: RatingModel, panels: Floats) -> Floats:
    """Return the share of the variance of one more rater of each panel that the model's raters predict."""
    return np.asarray((panels * np.linalg.solve(np.array(model.correlation), panels.T).T).sum(axis=1))


def questions(model: RatingModel) -> Questions:
    """Return the questions for the C-rating, the critics' and the audience's score, in that order."""
    panels = one_more(model)
    share = np.array([CRITICS_SHARE, 1 - CRITICS_SHARE])
    together = float(panels[0] @ np.linalg.solve(np.array(model.correlation), panels[1]))
    between = max(facts().prior.between, together)
    voice = voices(model)
    voice = voice / voice.sum()
    return Questions(
        names=("c_rating", *PANELS),
        covariance=np.vstack([share @ panels, panels]),
        variance=np.array([float(share @ share + 2 * share[0] * share[1] * between), 1.0, 1.0]),
        mean=float((voice * model.column("mean")).sum()),
        spread=float((voice * model.column("spread")).sum()),
    )


def foretell(model: RatingModel, rater: int) -> Questions:
    """Return the question for one rater's value of every film with unlimited votes, on its own straightened scale."""
    return Questions(
        names=(model.names[rater],),
        covariance=np.array(model.correlation)[[rater]],
        variance=np.ones(1),
        mean=model.raters[rater].mean,
        spread=model.raters[rater].spread,
    )
