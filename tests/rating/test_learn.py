"""What is learned is what made the data; intervals hold what they say; a model survives being written down."""

from __future__ import annotations

import numpy as np
import pytest

from moviec.engine import DuckEngine
from moviec.errors import StoreError
from moviec.rating.arrays import sample
from moviec.rating.calibration import KNOTS, selection, straightening
from moviec.rating.model import RatingModel, from_json
from moviec.rating.panels import foretell
from moviec.rating.priors import prior_of
from moviec.rating.scoring import NINETY, score
from moviec.rating.table import fit
from tests.fusion.made_up import BETWEEN, CROWD, DEVIATION, WORLD, prepared, ratings


@pytest.fixture(scope="module")
def model() -> RatingModel:
    with DuckEngine() as engine:
        return fit(engine, prepared(engine, ratings(3000)))


def test_levels_spreads_and_noise_are_those_that_made_the_ratings(model: RatingModel) -> None:
    raters = {rater.name: rater for rater in model.raters}
    for name, panel, _, mean, spread, votes_given in WORLD:
        assert raters[name].panel == panel
        assert raters[name].mean == pytest.approx(mean, abs=1.5)
        assert raters[name].spread == pytest.approx(spread, rel=0.1)
        if votes_given:
            assert raters[name].deviation == pytest.approx(DEVIATION, rel=0.15)


@pytest.mark.parametrize("friends", [0.0, 15.0])
def test_what_the_choice_of_the_first_voters_adds_is_learned(friends: float) -> None:
    with DuckEngine() as engine:
        learned = fit(engine, prepared(engine, ratings(3000, friends=friends)))
    for rater in learned.raters:
        if rater.votes and friends:
            assert rater.friends == pytest.approx(friends, abs=3)
            assert CROWD / 2 <= rater.crowd <= 2 * CROWD
        elif rater.votes:  # what is left of the belief reaches a handful of votes only
            assert selection(np.array([50.0]), rater.friends, rater.crowd)[0] < 4


def test_correlations_are_those_of_the_true_values(model: RatingModel) -> None:
    made = {name: (panel, alike) for name, panel, alike, *_ in WORLD}
    for left, row in zip(model.names, model.correlation, strict=True):
        for right, found in zip(model.names, row, strict=True):
            between = BETWEEN if made[left][0] != made[right][0] else 1.0
            truth = 1.0 if left == right else between * made[left][1] * made[right][1]
            assert found == pytest.approx(truth, abs=0.03)


def test_a_hidden_value_is_in_its_interval_nine_times_in_ten(model: RatingModel) -> None:
    with DuckEngine() as engine:
        raters = prepared(engine, ratings(3000, seed=2, present=0.8))
        films = sample(engine, len(raters.names))
    at = model.names.index("press")
    told = score(model, films.without(at), foretell(model, at))
    known = ~np.isnan(films.points[:, at]) & (films.points[:, at] > 0) & (films.points[:, at] < 100)
    inside = np.abs(films.points[:, at] - told.value[:, 0]) <= NINETY * np.hypot(told.error[:, 0], 1)
    assert 0.87 <= inside[known].mean() <= 0.93


def test_curves_never_fall_and_leave_a_normal_rater_alone() -> None:
    random = np.random.default_rng(4)
    bent = np.array(straightening(100 * random.random(5000) ** 3))
    assert (np.diff(bent) > 0).all()
    plain = np.array(straightening(np.clip(random.normal(55, 15, 5000), 0, 100)))
    middle = (KNOTS >= 20) & (KNOTS <= 90)
    assert np.abs(plain - KNOTS)[middle].max() < 2


def test_a_model_reads_back_and_a_changed_one_does_not(model: RatingModel) -> None:
    text = model.to_json()
    assert from_json(text) == model and from_json(text).version == model.version
    with pytest.raises(StoreError, match="fit it again"):
        from_json(text.replace(b'"panel": "critics"', b'"panel": "audience"'))
    with pytest.raises(StoreError, match="no rating model"):
        from_json(b"{}")


@pytest.mark.parametrize(
    ("name", "panel", "known"),
    [
        ("IMDb", "audience", True),
        ("RT critics", "critics", True),
        ("Rotten Tomatoes", "critics", True),
        ("rt_audience", "audience", True),
        ("Metascore", "critics", True),
        ("Metacritic users", "audience", False),
        ("Le Monde press", "critics", False),
        ("kinopoisk", "audience", False),
    ],
)
def test_raters_are_known_by_their_usual_names(name: str, panel: str, known: bool) -> None:
    prior = prior_of(name)
    assert (prior.panel, prior.known) == (panel, known)
    assert prior_of(name, "critics").panel == "critics"
