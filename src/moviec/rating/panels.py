"""Two panels, critics and audience: what is asked of each, and how much of a voice every rater has.

A panel's score is the verdict expected of one more rater of that panel. So no rater is the measure of the others,
and two that always agree tell little more than one.
"""

from __future__ import annotations

import msgspec
import numpy as np

from moviec.rating.model import CRITICS_SHARE, Floats, RatingModel
from moviec.rating.priors import PANELS, facts

#: From this correlation on two raters begin to share a voice; at 1 they have one between them. Distinct raters of
#: one panel reach .91 in the shared data. Starting at .8 or .95 ranks films as well (bench/bench_rating_choices.py).
ONE_VOICE = 0.9

#: What a rater says of level and spread counts half of its voice after this many films. 10 and 1,000 rank
#: films as well (bench/bench_rating_choices.py); it keeps a newcomer from moving the common scale.
HALF_HEARD = 100

#: Rounds in which raters that agree with nobody lose their say in who agrees.
SETTLED = 10

#: Of all that one more rater would say, at most this share can be foretold.
FORETOLD = 0.98


class Questions(msgspec.Struct, frozen=True):
    """What is asked of the raters' joint distribution, in standard units.

    `covariance` is questions x raters with the raters' true values, `variance` is each answer's own; `mean` and
    `spread` carry an answer into points on the common scale.
    """

    names: tuple[str, ...]
    covariance: Floats
    variance: Floats
    mean: float
    spread: float


class RaterWeights(msgspec.Struct, frozen=True):
    """How the raters stand to each other: `distinct` (raters x raters) is 1 for two voices, 0 for one said twice.

    `usual` (panels x raters) is what the shipped prior expects of a rater's correlation with one more of each panel;
    `agreement` is how much of that a rater keeps with the others, 0 (a constant, mere noise) to 1.
    """

    distinct: Floats
    usual: Floats
    agreement: Floats


def rater_weights(model: RatingModel) -> RaterWeights:
    """Work out which raters share a voice and which agree with nobody."""
    prior = facts().prior
    alike = np.array(model.correlation)
    distinct = 1 - np.clip((alike - ONE_VOICE) / (1 - ONE_VOICE), 0, 1)
    panel = np.array([rater.panel for rater in model.raters])
    expected = np.where(panel[:, None] == panel[None, :], prior.within, prior.between)
    agreement = np.ones(len(panel))
    for _ in range(SETTLED):
        weight = distinct * (agreement**2 / (1 - distinct).sum(axis=1))[None, :]
        found = (weight * alike).sum(axis=1) + prior.within
        agreement = np.clip(found / ((weight * expected).sum(axis=1) + prior.within), 0, 1)
    usual = np.stack([np.where(panel == side, prior.within, prior.between) for side in PANELS])
    return RaterWeights(distinct, usual, agreement)


def voices(model: RatingModel) -> Floats:
    """Return each rater's voice in setting the common scale and what is typical: 0 (none) to 1.

    Less for a copy (raters alike share one), for a rater that agrees with nobody, for one with few films.
    """
    stand = rater_weights(model)
    films = model.column("films")
    heard = (films + 1) / (films + 1 + HALF_HEARD)
    return np.asarray(heard * stand.agreement**2 / (1 - stand.distinct).sum(axis=1))


def one_more(model: RatingModel) -> Floats:
    """Return the correlation of one more rater of each panel with every rater: panels x raters.

    It is the mean of the panel's other raters, by their voices, and of one rater as the shipped prior has it.
    """
    alike = np.array(model.correlation)
    stand = rater_weights(model)
    voice = voices(model)
    rows = []
    for panel, usual in zip(PANELS, stand.usual, strict=True):
        inside = np.array([rater.panel == panel for rater in model.raters])
        weight = stand.distinct * np.where(inside, voice, 0.0)
        rows.append(((weight * alike).sum(axis=1) + stand.agreement * usual) / (weight.sum(axis=1) + 1))
    return np.stack(rows)


def questions(model: RatingModel) -> Questions:
    """Ask for the C-rating, the critics' and the audience's score, in that order."""
    alike = np.array(model.correlation)
    panels = one_more(model)
    foretold = (panels * np.linalg.solve(alike, panels.T).T).sum(axis=1)
    panels = panels * np.sqrt(np.minimum(1.0, FORETOLD / foretold))[:, None]
    share = np.array([CRITICS_SHARE, 1 - CRITICS_SHARE])
    between = max(facts().prior.between, float(panels[0] @ np.linalg.solve(alike, panels[1])))
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
    """Ask what one rater of the model would say of every film with endless votes, on its own straightened scale."""
    return Questions(
        names=(model.names[rater],),
        covariance=np.array(model.correlation)[[rater]],
        variance=np.ones(1),
        mean=model.raters[rater].mean,
        spread=model.raters[rater].spread,
    )
