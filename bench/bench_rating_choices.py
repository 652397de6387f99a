"""What set the C-rating's constants: each tried at other values, on the fitting half alone (split in two again).

Prints per value: mean rank correlation with a hidden rater by panel score and by C-rating, and how far ranks move
when a rater goes, against the plain mean, over films with three raters or more.
"""

from __future__ import annotations

import sys
from unittest.mock import patch

import numpy as np
from msgspec.structs import replace

from bench_rating import answers_of, fitted, ranks, spearman, worth_scoring
from moviec.engine import DuckEngine
from moviec.rating import calibration as calibrate
from moviec.rating import model as raters
from moviec.rating import table as score
from moviec.rating import training as learn
from moviec.rating import voices
from moviec.rating.model import Floats
from rating_data import DATA, Films, films, load
from rating_peers import plain_mean

#: The modules that use a constant, its name, and values to try; the first is the one that stands.
CHOICES = (
    ((voices,), "CRITICS_SHARE", (1 / 3, 0.2, 0.5)),
    ((calibrate,), "MOST_CURVED", (0.5, 0.0, 1.0)),
    ((learn, score), "ROUNDING", (1.0, 0.1, 9.0)),
    ((learn,), "ROUNDS", (60, 30, 120)),
    ((voices,), "ONE_VOICE", (0.9, 0.8, 0.95)),
    ((voices,), "HALF_HEARD", (100, 10, 1000)),
    ((voices,), "USUAL", (0.1, 0.03, 1.0)),
    ((calibrate,), "STIFF", (1000.0, 300.0, 3000.0)),
    ((calibrate,), "UNANIMOUS", (7.0, 4.0, 30.0)),
    ((voices,), "REPEATS", (0.985, 0.97, 0.999)),
)
PRIORS = (
    ("films", (30.0, 10.0, 300.0)),
    ("critics", (0.9, 0.85, 0.95)),
    ("audience", (0.85, 0.8, 0.9)),
    ("between", (0.7, 0.6, 0.8)),
)


def measure(data: Films) -> str:
    """Return the three numbers as text."""
    found: list[tuple[float, float]] = []
    for at, name in enumerate(data.raters):
        rest = data.only([other for other in data.raters if other != name])
        scored = worth_scoring(data, rest, at)
        answers = answers_of(rest, scored, data.priors[at].panel)
        truth = data.wide.points[scored, at]
        found.append((spearman(answers["panel score"], truth), spearman(answers["C-rating"], truth)))
    panel, rating = np.mean(found, axis=0)
    return f"panel score {panel:.4f}, C-rating {rating:.4f}, ranks moved {_moved(data):.2f}"


def _moved(data: Films) -> float:
    model = fitted(data)
    asked = voices.questions(model)
    heard = ~np.isnan(data.wide.points)
    chosen = ~data.fitting & (heard.sum(axis=1) >= 3)
    seen = data.pick(chosen)
    ours: list[Floats] = []
    plain: list[Floats] = []
    for at in range(len(data.raters)):
        gone, had = seen.without(at), heard[chosen][:, at]
        both = [ranks(score.score(model, wide, asked).value[:, 0]) for wide in (seen, gone)]
        means = [ranks(plain_mean(wide, wide)) for wide in (seen, gone)]
        ours.append(np.abs(both[0] - both[1])[had])
        plain.append(np.abs(means[0] - means[1])[had])
    return float(np.concatenate(ours).mean() / np.concatenate(plain).mean())


def bent(data: Films, name: str) -> Films:
    """Return the films with one rater's scale bent, so that only its order is left of it."""
    points = data.wide.points.copy()
    at = data.raters.index(name)
    points[:, at] = 100 * (points[:, at] / 100) ** 5
    return Films(
        data.movies, data.raters, type(data.wide)(points, data.wide.votes, data.wide.deviation), data.fitting
    )


def main() -> None:
    """Try every constant at every value."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    with DuckEngine() as engine:
        load(engine)
        every = films(engine)
    rows = np.flatnonzero(every.fitting)
    fitting = np.arange(len(rows)) % 2 == 0
    data = Films([every.movies[row] for row in rows], every.raters, every.pick(every.fitting), fitting)
    for modules, name, values in CHOICES:
        for value in values:
            patches = [patch.object(module, name, value) for module in modules]
            for each in patches:
                each.start()
            print(f"{name} {value:.3g}: {measure(data)}")
            if name == "MOST_CURVED":
                print(f"{name} {value:.3g}, IMDb's scale bent: {measure(bent(data, 'imdb'))}")
            for each in patches:
                each.stop()
    shipped = raters.facts()
    for name, levels in PRIORS:
        for value in levels:
            general = _with(shipped.prior, name, value)
            changed = raters.Facts(general, shipped.raters, shipped.aliases, shipped.hints)
            print(f"prior {name} {value:g}: {_under(changed, data)}")


def _under(changed: raters.Facts, data: Films) -> str:
    def shipped() -> raters.Facts:
        return changed

    with patch.object(voices, "facts", shipped), patch.object(learn, "facts", shipped):
        return measure(data)


def _with(general: raters.General, name: str, value: float) -> raters.General:
    if name in raters.PANELS:
        return replace(general, within=replace(general.within, **{name: value}))
    return replace(general, **{name: value})


if __name__ == "__main__":
    main()
