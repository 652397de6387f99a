"""Learns a rating model from a table of ratings, starting from what is known of raters beforehand.

A film's true values, one per rater, are a draw from one normal distribution; what raters publish adds noise. Level,
spread, correlation and noise are their most probable values by expectation-maximisation (Dempster, Laird and Rubin
1977, with missing values as Little and Rubin treat them), so that a film that only some rated tells what it can.
"""

from __future__ import annotations

from itertools import compress

import msgspec
import numpy as np

from moviec.fuse.calibrate import straightened, straightening
from moviec.fuse.copies import find_constants, find_copies, find_strangers, merged
from moviec.fuse.model import Bools, Floats, RaterModel, RatingModel
from moviec.fuse.raters import Prior, facts
from moviec.fuse.shrink import ROUNDING, Wide, noise, usual_votes

#: Rounds of expectation-maximisation: always as many, so that the result is the same everywhere. 30 and 120 rank
#: films as well (bench/bench_rating_choices.py).
ROUNDS = 60

#: Numbers in a model are rounded to this many decimals, far above what summing in another order would change.
DECIMALS = 6


class State(msgspec.Struct, frozen=True):
    """The parameters in the course of learning, in points: mean and deviation per rater, covariance of true values."""

    mean: Floats
    covariance: Floats
    deviation: Floats


def start(priors: tuple[Prior, ...]) -> State:
    """Return what is believed before any film is seen: two panels of equally correlated raters."""
    general = facts().prior
    spread = np.array([prior.spread for prior in priors])
    panel = np.array([prior.panel for prior in priors])
    alike = np.where(panel[:, None] == panel[None, :], general.within, general.between)
    np.fill_diagonal(alike, 1.0)
    return State(
        mean=np.array([prior.mean for prior in priors]),
        covariance=alike * np.outer(spread, spread),
        deviation=np.full(len(priors), general.deviation),
    )


def learn(table: Wide, names: tuple[str, ...], priors: tuple[Prior, ...]) -> RatingModel:
    """Fit the model to films x raters (in the order of their names); films without any rating must not be there.

    Raters that are no voice of their own are set aside first, unless there would be none left.
    """
    copies, unheard = find_copies(table, names, priors), find_constants(table, names)
    rounds = ROUNDS
    if len(unheard) == len(names):
        unheard, rounds = (), 0  # nothing can be learned: what is known beforehand stands

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
        RaterModel(name, prior.panel, prior.mean, 1e6, 0.0, 0.0, curve, 0, 0)
        for name, prior, curve in zip(names, priors, curves, strict=True)
    )
    values = straightened(wide.points, raters)
    state = before = start(priors)
    usual = usual_votes(wide.votes)
    for _ in range(rounds):
        state = _round(values, wide, state, before)
    spread = np.sqrt(np.diag(state.covariance))
    shared = (present & (present.sum(axis=1, keepdims=True) > 1)).sum(axis=0)
    fitted = tuple(
        msgspec.structs.replace(
            rater,
            mean=_rounded(state.mean[at]),
            spread=_rounded(spread[at]),
            deviation=_rounded(state.deviation[at]),
            votes=_rounded(usual[at]),
            films=int(present[:, at].sum()),
            shared=int(shared[at]),
        )
        for at, rater in enumerate(raters)
    )
    alike = state.covariance / np.outer(spread, spread)
    correlation = tuple(tuple(_rounded(value) for value in row) for row in alike)
    return RatingModel(fitted, correlation, copies=(), constants=(), films=len(wide.points))


def _round(values: Floats, wide: Wide, state: State, before: State) -> State:
    """One round: expect every film's true values under the parameters, then take the parameters they make likely."""
    general = facts().prior
    present = ~np.isnan(values)
    sampling = noise(wide, state.deviation, usual_votes(wide.votes))
    precision = np.where(present, 1 / (ROUNDING + sampling), 0.0)
    inverse = np.linalg.inv(state.covariance)
    exact = inverse + precision[:, :, None] * np.eye(len(state.mean))
    spreads = np.asarray(np.linalg.inv(exact), dtype=np.float64)
    told = np.where(present, precision * (values - state.mean), 0.0)
    expected = state.mean + (spreads * told[:, None, :]).sum(axis=2)

    films = len(values)
    mean = (expected.sum(axis=0) + general.films * before.mean) / (films + general.films)
    off = expected - mean
    scatter = np.stack([(off * off[:, [at]]).sum(axis=0) for at in range(len(mean))])
    covariance = (spreads.sum(axis=0) + scatter + general.films * before.covariance) / (films + general.films)
    return State(
        mean,
        covariance,
        _deviation(values - expected, spreads, wide, state, before),
    )


def _deviation(residual: Floats, spreads: Floats, wide: Wide, state: State, before: State) -> Floats:
    """Learn each rater's deviation between single ratings from how far films with known votes lie from the truth."""
    weight = facts().prior.films
    known = ~np.isnan(wide.votes) & ~np.isnan(residual)
    votes = np.where(known, wide.votes, 1.0)
    sampling = state.deviation**2 / votes
    share = sampling / (sampling + ROUNDING)
    around = np.where(known, residual, 0.0) ** 2 + np.diagonal(spreads, axis1=1, axis2=2)
    squares = np.where(known, votes * (share**2 * around + share * ROUNDING), 0.0).sum(axis=0)
    return np.asarray(np.sqrt((squares + weight * before.deviation**2) / (known.sum(axis=0) + weight)))


def _rounded(number: float) -> float:
    return round(float(number), DECIMALS)
