"""Other ways to a score, tried to make ranks move less when a rater goes; and the least that any way can do.

Fitted on one half of the shared films, reported on the other: mean rank correlation with a hidden rater, and how far
ranks move, as a share of the plain mean's movement, over films with two raters or more, three and four.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import combinations
from typing import TypeAlias

import msgspec
import numpy as np

from bench_rating import fitted, ranks, spearman, worth_scoring
from moviec.engine import DuckEngine
from moviec.rating.calibration import ROUNDING, Wide, noise, straightened
from moviec.rating.model import CRITICS_SHARE, Floats, RatingModel
from moviec.rating.voices import one_more
from rating_data import DATA, Films, films, load
from rating_peers import plain_mean

Method: TypeAlias = Callable[[RatingModel, Wide], Floats]


class Way(msgspec.Struct, frozen=True):
    """One way: the critics' share; `pooling`, variance added to every value, in units of its rater's spread, so that
    raters are leant on more equally; `most`, the most of all weight that one rater may have; `even`, whether films that
    little is known of are spread as wide as the others; `factor`, whether the raters' first common factor is asked for.
    """

    share: float = CRITICS_SHARE
    pooling: float = 0.0
    most: float = 1.0
    even: bool = False
    factor: bool = False

    def __call__(self, model: RatingModel, wide: Wide) -> Floats:
        """Score films, in standard units."""
        spread = model.column("spread")
        values = (straightened(wide.points, model.raters) - model.column("mean")) / spread
        heard = ~np.isnan(values)
        sampling = noise(wide, model.sampling)
        precision = np.where(heard, 1 / ((ROUNDING + sampling) / spread**2 + self.pooling), 0.0)
        inverse = np.linalg.inv(np.array(model.correlation))
        asks = inverse @ self._asked(model)
        exact = inverse + precision[:, :, None] * np.eye(len(spread))
        pulls = np.linalg.solve(exact, np.broadcast_to(asks[:, None], (*values.shape, 1)))[:, :, 0]
        weights = capped(np.asarray(pulls * precision, dtype=np.float64), heard, self.most)
        answers = (weights * np.where(heard, values, 0.0)).sum(axis=1)
        known = float(asks @ self._asked(model)) - (pulls * asks).sum(axis=1)
        return np.asarray(answers / np.sqrt(np.maximum(known, 1e-6)) if self.even else answers)

    def _asked(self, model: RatingModel) -> Floats:
        """Give the covariance of what is asked with every rater."""
        if self.factor:
            size, direction = np.linalg.eigh(np.array(model.correlation))
            return np.asarray(np.abs(direction[:, -1]) * np.sqrt(size[-1]))
        return np.array([self.share, 1 - self.share]) @ one_more(model)


WAYS = {
    "as it is": Way(),
    "critics a fifth": Way(share=0.2),
    "critics nothing": Way(share=0.0),
    "stronger pooling .1": Way(pooling=0.1),
    "stronger pooling 1": Way(pooling=1.0),
    "no rater over half": Way(most=0.5),
    "spread evenly": Way(even=True),
    "common factor": Way(factor=True),
    "common factor, pooling .3": Way(factor=True, pooling=0.3),
}


def capped(weights: Floats, heard: Floats, most: float) -> Floats:
    """Cut weights above a share of all of a film's; the others get what was cut, in proportion."""
    limit = most * np.abs(weights).sum(axis=1, keepdims=True)
    cut = np.minimum(weights, limit)
    room = np.where(heard & (weights < limit), cut, 0.0)
    total = room.sum(axis=1, keepdims=True)
    more = (weights - cut).sum(axis=1, keepdims=True) * room / np.where(total > 0, total, 1.0)
    return np.asarray(np.where(total > 0, cut + more, weights))


def hidden(data: Films, models: dict[str, RatingModel], way: Method) -> float:
    """Return the mean rank correlation with each rater, hidden from fit and score."""
    found = []
    for at, name in enumerate(data.raters):
        rest = data.only([other for other in data.raters if other != name])
        scored = worth_scoring(data, rest, at)
        found.append(spearman(way(models[name], rest.pick(scored)), data.wide.points[scored, at]))
    return float(np.mean(found))


def moved(data: Films, model: RatingModel, way: Method, least: int) -> float:
    """Return how far the ranks of films with at least so many raters move when one goes."""
    heard = (~np.isnan(data.wide.points)).sum(axis=1)
    seen = data.pick(~data.fitting & (heard >= least))
    whole = ranks(way(model, seen))
    gone = [
        np.abs(whole - ranks(way(model, seen.without(at))))[~np.isnan(seen.points[:, at])]
        for at in range(len(data.raters))
    ]
    return float(np.concatenate(gone).mean())


def least_of_two(data: Films) -> None:
    """Print, for films of the same two raters, the least that any score can move, against the plain mean.

    One rater left, films can only be ranked by it; and however both together rank a film, by the triangle inequality its
    two moves add up to at least the distance of the two raters' ranks.
    """
    heard = ~np.isnan(data.wide.points)
    for one, other in combinations(range(len(data.raters)), 2):
        chosen = heard[:, one] & heard[:, other] & (heard.sum(axis=1) == 2) & ~data.fitting
        if chosen.sum() >= 100:
            pair = [ranks(data.wide.points[chosen, at]) for at in (one, other)]
            mean = ranks(data.wide.points[chosen][:, [one, other]].mean(axis=1))
            least = np.abs(pair[0] - pair[1]).mean()
            plain = sum(np.abs(mean - each).mean() for each in pair)
            print(f"  {data.raters[one]} and {data.raters[other]}, {chosen.sum()} films: {least / plain:.2f}")


def main() -> None:
    """Print every way."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    with DuckEngine() as engine:
        load(engine)
        data = films(engine)
    without = {
        name: fitted(data.only([each for each in data.raters if each != name])) for name in data.raters
    }
    model = fitted(data)

    def plain(_: RatingModel, wide: Wide) -> Floats:
        return plain_mean(wide, wide)

    floor = {least: moved(data, model, plain, least) for least in (2, 3, 4)}
    print("hidden rater; ranks moved against the plain mean, films with 2, 3, 4 raters or more")
    for name, way in WAYS.items():
        parts = [f"{moved(data, model, way, least) / floor[least]:.2f}" for least in floor]
        print(f"  {name:26} {hidden(data, without, way):.3f}; {', '.join(parts)}")
    print("films of two raters: the least that any way can move, against the plain mean")
    least_of_two(data)


if __name__ == "__main__":
    main()
