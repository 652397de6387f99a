"""What is learned is what made the data; intervals hold what they say; a model survives being written down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from moviec.errors import StoreError
from moviec.rating.arrays import prepare, sample
from moviec.rating.calibration import KNOTS, Wide, selection, straightening
from moviec.rating.model import RatingModel, from_json, prior_of
from moviec.rating.ratings_file import open_ratings
from moviec.rating.table import NINETY, fit, rated, score
from moviec.rating.training import learn
from moviec.rating.voices import foretell, questions, rater_weights
from tests.engines import new_engine
from tests.fusion.made_up import BETWEEN, CROWD, DEVIATION, WORLD, prepared, ratings


@pytest.fixture(scope="module")
def model() -> RatingModel:
    with new_engine() as engine:
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
    with new_engine() as engine:
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
    with new_engine() as engine:
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
    with pytest.raises(StoreError, match="not a rating model"):
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


def test_a_rater_of_another_culture_does_not_speak_for_its_panel() -> None:
    """Hidden: an audience rater like `public`. Left: one audience rater that goes its own way, and two of the press."""
    random = np.random.default_rng(11)
    quality, press = random.normal(size=(2, 2000))
    own = {
        "hidden users": 0.9 * quality + 0.3 * random.normal(size=2000),
        "far users": 0.55 * quality + 0.8 * random.normal(size=2000),
        "one press": 0.9 * quality + 0.4 * press + 0.2 * random.normal(size=2000),
        "two press": 0.9 * quality + 0.4 * press + 0.2 * random.normal(size=2000),
    }
    points = np.clip(55 + 15 * np.stack([own[name] for name in sorted(own)], axis=1), 0, 100)
    wide = Wide(points, np.full_like(points, np.nan), np.full_like(points, np.nan))
    names = tuple(sorted(own))
    rest = [at for at, name in enumerate(names) if name != "hidden users"]
    seen = Wide(points[:, rest], wide.votes[:, rest], wide.deviation[:, rest])
    left = tuple(names[at] for at in rest)
    learned = learn(seen, left, tuple(prior_of(name) for name in left))
    audience = score(learned, seen, questions(learned)).value[:, 2]
    truth = points[:, names.index("hidden users")]
    alone = np.corrcoef(points[:, names.index("far users")], truth)[0, 1]
    assert np.corrcoef(audience, truth)[0, 1] > alone + 0.25
    fidelity = dict(zip(learned.names, rater_weights(learned).fidelity, strict=True))
    assert fidelity["far users"] < 0.8 < 0.95 < fidelity["one press"]


def test_a_bent_scale_is_straightened_by_what_the_others_say() -> None:
    random = np.random.default_rng(5)
    quality = random.normal(size=4000)
    others = 55 + 15 * (quality[:, None] + 0.3 * random.normal(size=(4000, 3)))
    bent = 100 / (1 + np.exp(-3 * (quality + 0.3 * random.normal(size=4000))))
    points = np.clip(np.column_stack([others, bent]), 0, 100)
    wide = Wide(points, np.full_like(points, np.nan), np.full_like(points, np.nan))
    names = ("a users", "b users", "c users", "d users")
    learned = learn(wide, names, tuple(prior_of(name) for name in names))
    curve = np.array(learned.raters[3].curve)
    assert (np.diff(curve) >= 0).all()
    mean = others.mean(axis=1)
    after = np.corrcoef(np.interp(bent, KNOTS, curve), mean)[0, 1]
    assert after > np.corrcoef(bent, mean)[0, 1] + 0.01


RATINGS = "movie,source,value,lowest,highest,votes\n"


def test_all_of_eight_reviews_is_no_masterpiece(tmp_path: Path) -> None:
    """A share of reviews in favour: 100% of 8 says less than 97% of 300, and where the count is unknown 100 is read as few."""
    shares = [(f"film {at}", 3 + 9 * (at % 11), 120) for at in range(60)]
    shares += [("eight", 100, 8), ("many", 97, 300), ("all of many", 100, 300)]
    (tmp_path / "r.csv").write_text(
        RATINGS
        + "".join(f"{movie},Rotten Tomatoes,{share},0,100,{votes}\n" for movie, share, votes in shares)
    )
    rated_films = scores(tmp_path / "r.csv")
    for column in ("c_rating", "low", "high"):
        assert rated_films["all of many"][column] > rated_films["many"][column]
    for column in ("c_rating", "low"):
        assert rated_films["many"][column] > rated_films["eight"][column]
    (tmp_path / "r.csv").write_text(
        RATINGS + "".join(f"{movie},Rotten Tomatoes,{share},0,100,\n" for movie, share, _ in shares)
    )
    rated_films = scores(tmp_path / "r.csv")
    assert (
        rated_films["many"]["c_rating"] > rated_films["eight"]["c_rating"] > rated_films["film 8"]["c_rating"]
    )


def test_a_mean_of_rotten_tomatoes_on_a_scale_of_ten_is_no_share() -> None:
    assert prior_of("Rotten Tomatoes").share
    assert not prior_of("Rotten Tomatoes", "critics", hundred=False).share
    assert not prior_of("IMDb").share


def test_few_voters_rank_below_many_whichever_end_one_sorts_by(tmp_path: Path) -> None:
    films = [(f"film {at}", 4 + at % 40 / 10, 2000) for at in range(120)]
    films += [("friends", 9.6, 70), ("crowd", 8.7, 20000)]
    (tmp_path / "r.csv").write_text(
        RATINGS + "".join(f"{movie},imdb,{value},1,10,{votes}\n" for movie, value, votes in films)
    )
    rated_films = scores(tmp_path / "r.csv")
    for column in ("c_rating", "low", "high"):
        assert rated_films["crowd"][column] > rated_films["friends"][column]


def scores(path: Path) -> dict[str, dict[str, float]]:
    with new_engine() as engine:
        raters = prepare(engine, open_ratings(engine, path).columns, "ratings")
        table = pa.concat_tables(rated(engine, raters, fit(engine, raters)))
    return {row["movie"]: row for row in table.to_pylist()}
