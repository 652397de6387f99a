"""Learns a rating model from a table of ratings, starting from priors.

A film's true values, one per rater, are a draw from one normal distribution; what raters publish adds noise. Level,
spread, correlation and noise are their most probable values by expectation-maximisation (Dempster, Laird and Rubin
1977, with missing values as Little and Rubin treat them), so that films rated by only some raters are used, too.
"""

from __future__ import annotations

from itertools import compress, product

import msgspec
import numpy as np

from moviec.rating.calibration import (
    ROUNDING,
    Wide,
    noise,
    noise_parts,
    reshaped,
    selection,
    straightened,
    straightening,
    usual_votes,
)
from moviec.rating.model import Bools, Floats, Prior, RaterModel, RatingModel, Sampling, facts
from moviec.rating.voices import find_constants, find_copies, find_strangers, merged

#: Rounds of expectation-maximisation: a fixed number, so that the result is the same everywhere. 30 and 120 rank
#: films equally well (bench/bench_rating_choices.py).
ROUNDS = 60

#: The least deviation of single ratings of a film, in points, so that no rater's single vote is treated as certain.
LEAST_DEVIATION = 5.0

#: The candidates for the effect of voter selection, in points, and for the votes at which half of it is gone; the width
#: of the prior of either (points; doublings). It is updated once in this many rounds.
FRIENDS = tuple(float(points) for points in range(0, 21))
CROWDS = tuple(2.0**power for power in range(15))
FRIENDS_WIDTH, CROWD_WIDTH = 4.0, 2.0
CHOOSING = 20

#: Numbers in a model are rounded to this many decimals, far above the differences from another order of summation.
DECIMALS = 6


class State(msgspec.Struct, frozen=True):
    """The parameters during learning, in points: mean per rater, covariance of true values, the effect of votes."""

    mean: Floats
    covariance: Floats
    sampling: Sampling


def start(priors: tuple[Prior, ...], usual: Floats) -> State:
    """Return the prior: two panels of equally correlated raters."""
    general = facts().prior
    spread = np.array([prior.spread for prior in priors])
    panel = np.array([prior.panel for prior in priors])
    inside = np.where(panel == "critics", general.within.critics, general.within.audience)
    alike = np.where(panel[:, None] == panel[None, :], inside, general.between)
    np.fill_diagonal(alike, 1.0)
    return State(
        mean=np.array([prior.mean for prior in priors]),
        covariance=alike * np.outer(spread, spread),
        sampling=Sampling(
            deviation=np.full(len(priors), general.deviation),
            usual=usual,
            friends=np.array(
                [general.friends if prior.friends is None else prior.friends for prior in priors]
            ),
            crowd=np.array([general.crowd if prior.crowd is None else prior.crowd for prior in priors]),
            share=np.array([prior.share for prior in priors], dtype=np.bool_),
        ),
    )


def learn(table: Wide, names: tuple[str, ...], priors: tuple[Prior, ...]) -> RatingModel:
    """Fit the model to films x raters (in the order of their names); films without any rating must not be there.

    Raters that do not count by themselves are removed first, unless none would be left.
    """
    copies, unheard = find_copies(table, names, priors), find_constants(table, names)
    rounds = ROUNDS
    if len(unheard) == len(names):
        unheard, rounds = (), 0  # nothing can be learned: the prior stays

    def fitted(unheard: tuple[str, ...]) -> RatingModel:
        kept = [name not in {*unheard, *(copy.name for copy in copies)} for name in names]
        voices = merged(table, names, copies, unheard)
        rated: Bools = np.asarray(~np.isnan(voices.points).all(axis=1), dtype=np.bool_)
        return _learn(voices.take(rated), tuple(compress(names, kept)), tuple(compress(priors, kept)), rounds)

    model = fitted(unheard)
    if strangers := find_strangers(model):
        unheard = tuple(sorted((*unheard, *strangers)))
        model = fitted(unheard)
    return msgspec.structs.replace(model, copies=copies, constants=unheard)


def _learn(wide: Wide, names: tuple[str, ...], priors: tuple[Prior, ...], rounds: int) -> RatingModel:
    present = ~np.isnan(wide.points)
    curves = [straightening(wide.points[present[:, at], at]) for at in range(len(names))]
    raters = tuple(
        RaterModel(name, prior.panel, prior.mean, 1e6, 0.0, 0.0, curve, 0, 0, share=prior.share)
        for name, prior, curve in zip(names, priors, curves, strict=True)
    )
    state = before = start(priors, usual_votes(wide.votes))
    values = straightened(wide.points, raters)
    for number in range(1, rounds + 1):
        choosing = number % CHOOSING == 0
        state, foretold = _round(values, wide, state, before, choosing)
        if choosing and number < rounds:
            raters = _reshaped(raters, wide, values, foretold, state)
            values = straightened(wide.points, raters)
    spread = np.sqrt(np.diag(state.covariance))
    shared = (present & (present.sum(axis=1, keepdims=True) > 1)).sum(axis=0)
    fitted = tuple(
        msgspec.structs.replace(
            rater,
            mean=_rounded(state.mean[at]),
            spread=_rounded(spread[at]),
            deviation=_rounded(state.sampling.deviation[at]),
            votes=_rounded(state.sampling.usual[at]),
            friends=_rounded(state.sampling.friends[at]),
            crowd=_rounded(state.sampling.crowd[at]),
            films=int(present[:, at].sum()),
            shared=int(shared[at]),
        )
        for at, rater in enumerate(raters)
    )
    alike = state.covariance / np.outer(spread, spread)
    correlation = tuple(tuple(_rounded(value) for value in row) for row in alike)
    return RatingModel(fitted, correlation, copies=(), constants=(), films=len(wide.points))


def _round(values: Floats, wide: Wide, state: State, before: State, choosing: bool) -> tuple[State, Foretold]:
    """One round: compute every film's expected true values under the parameters, then the parameters they make likely.

    `choosing`: also update the effect of voter selection.
    """
    general = facts().prior
    present = ~np.isnan(values)
    precision = np.where(present, 1 / (ROUNDING + noise(wide, state.sampling)), 0.0)
    inverse = np.linalg.inv(state.covariance)
    exact = inverse + precision[:, :, None] * np.eye(len(state.mean))
    spreads = np.asarray(np.linalg.inv(exact), dtype=np.float64)
    evidence = np.where(present, precision * (values - state.mean), 0.0)
    pulled = (spreads * evidence[:, None, :]).sum(axis=2)
    expected = state.mean + pulled

    films = len(values)
    mean = (expected.sum(axis=0) + general.films * before.mean) / (films + general.films)
    off = expected - mean
    scatter = np.stack([(off * off[:, [at]]).sum(axis=0) for at in range(len(mean))])
    covariance = (spreads.sum(axis=0) + scatter + general.films * before.covariance) / (films + general.films)
    foretold = _foretold(evidence, pulled, precision, spreads)
    sampling = _with_deviation(foretold, wide, state.sampling, before.sampling)
    if choosing:
        sampling = _with_selection(foretold, wide, sampling, before.sampling)
    return State(mean, covariance, sampling), foretold


class Foretold(msgspec.Struct, frozen=True):
    """The predictions of each value by the film's other raters, films x raters.

    `residual`: the prediction error, in points; `variance`: its variance without noise. NaN where
    there is no other rater, or the votes are unknown.
    """

    residual: Floats
    variance: Floats


def _foretold(evidence: Floats, pulled: Floats, precision: Floats, spreads: Floats) -> Foretold:
    """Leave each value out in turn, in closed form (Rasmussen and Williams 2006, equations 5.10 to 5.12)."""
    heard = precision > 0
    alone = precision - precision**2 * np.diagonal(spreads, axis1=1, axis2=2)
    usable = heard & (heard.sum(axis=1, keepdims=True) > 1)
    alone = np.where(usable, alone, np.nan)
    return Foretold(
        (evidence - precision * pulled) / alone, 1 / alone - 1 / np.where(heard, precision, np.nan)
    )


def _reshaped(
    raters: tuple[RaterModel, ...], wide: Wide, values: Floats, foretold: Foretold, state: State
) -> tuple[RaterModel, ...]:
    """Straighten each rater's scale by the predictions of the other raters of its films."""
    noises = ROUNDING + noise(wide, state.sampling)
    found = []
    for at, rater in enumerate(raters):
        known = ~np.isnan(foretold.residual[:, at])
        variance = state.covariance[at, at]
        away = values[known, at] - foretold.residual[known, at] - state.mean[at]
        reliability = np.clip(1 - foretold.variance[known, at] / variance, 0, 1)
        kept = variance / (variance + noises[known, at])
        points = wide.points[known, at]
        curve = reshaped(rater.curve, points, away, reliability, kept) if known.any() else rater.curve
        found.append(msgspec.structs.replace(rater, curve=curve))
    return tuple(found)


def _with_deviation(foretold: Foretold, wide: Wide, now: Sampling, before: Sampling) -> Sampling:
    """One step of Fisher scoring on the deviation of single votes, by films whose votes are known."""
    weight = facts().prior.films
    fixed, share = noise_parts(wide, now.share)
    known = ~np.isnan(foretold.residual) & ~np.isnan(wide.votes)
    votes = np.where(known, wide.votes, 1.0)
    other = (
        np.where(known, foretold.variance, 0.0) + ROUNDING + fixed + selection(votes, now.friends, now.crowd)
    )
    pull = np.where(known, share / (other + share * now.deviation**2) ** 2, 0.0)
    excess = np.where(known, foretold.residual, 0.0) ** 2 - other
    prior = weight / now.deviation**4
    squares = ((pull * excess).sum(axis=0) + prior * before.deviation**2) / (
        (pull * share).sum(axis=0) + prior
    )
    deviation = np.sqrt(np.maximum(squares, LEAST_DEVIATION**2))
    return msgspec.structs.replace(now, deviation=deviation)


def _with_selection(foretold: Foretold, wide: Wide, now: Sampling, before: Sampling) -> Sampling:
    """Choose, rater by rater, the most probable of the FRIENDS and CROWDS: by its films and the prior."""
    friends, crowd = before.friends.copy(), before.crowd.copy()
    fixed, share = noise_parts(wide, now.share)
    drawn = ROUNDING + fixed + share * now.deviation**2 + foretold.variance
    for at in range(len(friends)):
        known = ~np.isnan(foretold.residual[:, at]) & ~np.isnan(wide.votes[:, at])
        if not known.any():
            continue
        votes, squares = wide.votes[known, at], foretold.residual[known, at] ** 2
        best = -np.inf
        for points, half in product(FRIENDS, CROWDS):
            variance = drawn[known, at] + selection(votes, points, half)
            likely = -0.5 * (np.log(variance) + squares / variance).sum()
            far = ((points - before.friends[at]) / FRIENDS_WIDTH) ** 2
            far += (np.log2(half / before.crowd[at]) / CROWD_WIDTH) ** 2
            if likely - far / 2 > best:
                best, friends[at], crowd[at] = likely - far / 2, points, half
    return msgspec.structs.replace(now, friends=friends, crowd=crowd)


def _rounded(number: float) -> float:
    return round(float(number), DECIMALS)
