"""The C-rating as its reader knows it: what it adds up to, what moves it, and what must not."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.engine import DuckEngine, Limits
from moviec.errors import UsageError
from moviec.rating.table import Change, fit, rated
from tests.engines import new_engine
from tests.examples import some
from tests.fusion.made_up import Rating, by_movie, prepared, ratings, run, table

RATINGS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "d"]),
        st.sampled_from(["imdb", "metacritic", "someone", "press review"]),
        st.floats(0, 100).map(lambda value: round(value, 1)),
        st.one_of(st.none(), st.integers(1, 10**6)),
        st.none(),
    ),
    min_size=1,
    max_size=16,
)


@settings(max_examples=some(25), deadline=None)
@given(RATINGS)
def test_contributions_add_up_to_the_rating_in_hundredths(rows: list[Rating]) -> None:
    scores = run(table(rows))
    for film in scores.to_pylist():
        parts = [film["base"], *(part["points"] for part in film["contributions"])]
        assert sum(round(100 * part) for part in parts) == round(100 * film["c_rating"])
        assert 0 <= film["low"] <= film["c_rating"] <= film["high"] <= 100
        assert film["sources"] == len(film["contributions"]) >= 1
    assert set(by_movie(scores)) == {row[0] for row in rows}


def test_the_same_ratings_in_another_order_on_other_threads_give_the_same_bytes() -> None:
    data = ratings(600)
    shuffled = data.take(np.random.default_rng(3).permutation(data.num_rows))
    results = []
    for rows, threads in ((data, 1), (shuffled, 2)):
        with DuckEngine(Limits(threads=threads)) as engine:
            raters = prepared(engine, rows)
            model = fit(engine, raters)
            results.append((model.to_json(), pa.concat_tables(rated(engine, raters, model)).combine_chunks()))
    assert results[0][0] == results[1][0]
    assert results[0][1].equals(results[1][1])


@pytest.mark.parametrize("repeated", ["imdb", "press"])
def test_a_source_that_repeats_another_changes_nothing(repeated: str) -> None:
    data = ratings(800)
    copied = data.filter(pa.array([name == repeated for name in data.column("source").to_pylist()]))
    copied = copied.set_column(1, "source", pa.array(["carrier"] * copied.num_rows))
    again = by_movie(run(pa.concat_tables([data, copied])))
    before = by_movie(run(data))
    assert max(abs(again[movie] - before[movie]) for movie in before) <= 0.01


def test_a_copy_speaks_where_its_original_is_silent() -> None:
    data = ratings(800).to_pylist()
    carried = [row | {"source": "carrier"} for row in data if row["source"] == "press"]
    without = [row for row in data if row["source"] != "press" or row["movie"] > "m00400"]
    full = by_movie(run(pa.Table.from_pylist(data)))
    rescued = by_movie(run(pa.Table.from_pylist([*without, *carried], schema=ratings(2).schema)))
    assert np.mean([abs(full[movie] - rescued[movie]) for movie in full]) < 0.2


def test_few_votes_pull_less_than_many() -> None:
    extra: list[Rating] = [
        ("few", "imdb", 95.0, 3, "audience"),
        ("some", "imdb", 95.0, 100, "audience"),
        ("many", "imdb", 95.0, 10**6, "audience"),
    ]
    scores = run(pa.concat_tables([ratings(800), table(extra)]))
    value, low, high = (by_movie(scores, column) for column in ("c_rating", "low", "high"))
    assert value["few"] < value["some"] < value["many"]
    assert high["few"] - low["few"] > high["some"] - low["some"] > high["many"] - low["many"]


def test_a_missing_panel_is_expected_from_the_other_not_left_out() -> None:
    extra: list[Rating] = [
        ("both", "imdb", 85.0, 10**5, "audience"),
        ("both", "press", 20.0, None, "critics"),
    ]
    extra += [("one", "imdb", 85.0, 10**5, "audience")]
    scores = run(pa.concat_tables([ratings(800), table(extra)]))
    critics = by_movie(scores, "critics")
    assert critics["one"] > critics["both"] + 10
    base = by_movie(scores, "base")["one"]
    audience = by_movie(scores, "audience")["one"]
    assert base + 2 < critics["one"] < audience  # likely good, but less surely than what was seen


def test_a_rater_that_always_says_the_same_says_nothing() -> None:
    data = ratings(800)
    movies = sorted({str(movie) for movie in data.column("movie").to_pylist()})
    constant = table([(movie, "always fifty", 50.0, None, "audience") for movie in movies])
    before, after = by_movie(run(data)), by_movie(run(pa.concat_tables([data, constant])))
    assert max(abs(before[movie] - after[movie]) for movie in before) <= 0.01
    assert len(set(by_movie(run(constant)).values())) == 1


def test_a_rater_of_mere_noise_is_hardly_heard() -> None:
    data = ratings(800)
    random = np.random.default_rng(8)
    movies = sorted({str(movie) for movie in data.column("movie").to_pylist()})
    noise = table([(movie, "dice", float(random.integers(0, 101)), None, "audience") for movie in movies])
    before, after = by_movie(run(data)), by_movie(run(pa.concat_tables([data, noise])))
    assert np.mean([abs(before[movie] - after[movie]) for movie in before]) < 1.5


def test_one_rater_alone_keeps_its_order() -> None:
    rows: list[Rating] = [(f"m{value:03}", "someone", float(value), None, None) for value in range(0, 101, 4)]
    scores = by_movie(run(table(rows)))
    values = [scores[movie] for movie in sorted(scores)]
    assert values == sorted(values) and values[-1] - values[0] > 30


def test_leaving_a_rater_out_is_as_though_it_had_not_spoken() -> None:
    data = ratings(600)
    with new_engine() as engine:
        raters = prepared(engine, data)
        model = fit(engine, raters)
        left_out = pa.concat_tables(rated(engine, raters, model, Change(without=("press",))))
    silent = data.filter(pa.array([name != "press" for name in data.column("source").to_pylist()]))
    scores = by_movie(left_out)
    assert {movie: value for movie, value in scores.items() if value is not None} == by_movie(
        run(silent, model=model)
    )
    unrated = [row for row in left_out.to_pylist() if row["c_rating"] is None]
    assert unrated and all(row["sources"] == 0 and row["contributions"] == [] for row in unrated)


def test_weights_scale_the_difference_a_rater_makes() -> None:
    data = ratings(600)
    plain, same = by_movie(run(data)), by_movie(run(data, Change(weights={"press": 1.0})))
    double, gone = (
        by_movie(run(data, Change(weights={"press": 2.0}))),
        by_movie(run(data, Change(("press",)))),
    )
    assert same == plain
    shared = [m for m in gone if all(0 < (run_of[m] or 0) < 100 for run_of in (plain, double, gone))]
    assert all(abs((double[m] - plain[m]) - (plain[m] - gone[m])) <= 0.03 for m in shared)
    assert sum(double[m] != plain[m] for m in shared) > 100


def test_a_change_of_an_unknown_rater_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no rater 'imbd'; there are imdb, press, review, viewers"):
        run(ratings(50), Change(without=("imbd",)))
    with pytest.raises(UsageError, match="weight -1"):
        run(ratings(50), Change(weights={"imdb": -1.0}))


def test_aspects_are_rated_beside_the_film() -> None:
    rows = ratings(300).to_pylist()
    rows += [
        {
            "movie": "m00001",
            "source": "imdb",
            "value": value,
            "lowest": 0.0,
            "highest": 100.0,
            "aspect": aspect,
        }
        for aspect, value in (("Acting", 90.0), ("story", 30.0))
    ]
    data = pa.Table.from_pylist(rows, schema=ratings(2).schema.append(pa.field("aspect", pa.string())))
    scores = {(row["movie"], row["aspect"]): row["c_rating"] for row in run(data).to_pylist()}
    assert scores["m00001", "acting"] > 65 > 50 > scores["m00001", "story"]
    assert by_movie(run(data)) == by_movie(run(ratings(300)))


def test_a_source_with_two_panels_is_two_raters() -> None:
    data = ratings(300)
    sources = ["site" if name in ("press", "viewers") else name for name in data.column("source").to_pylist()]
    with new_engine() as engine:
        raters = prepared(engine, data.set_column(1, "source", pa.array(sources)))
    assert raters.names == ("imdb", "review", "site/audience", "site/critics")
    assert [prior.panel for prior in raters.priors] == ["audience", "critics", "audience", "critics"]


def test_rows_without_a_panel_are_the_audience_of_a_source_that_has_critics() -> None:
    rows: list[Rating] = []
    for film in range(20):
        rows += [
            (f"m{film}", "site", 50.0 + film, 10, None),
            (f"m{film}", "site", 40.0 + film, 10, "critics"),
        ]
    with new_engine() as engine:
        assert prepared(engine, table(rows)).names == ("site/audience", "site/critics")


def test_many_raters_of_mere_noise_do_not_drown_the_two_that_agree() -> None:
    random = np.random.default_rng(5)
    truth = random.normal(size=400)
    rows: list[Rating] = []
    for rater in range(7):
        own = truth + 0.3 * random.normal(size=400) if rater < 2 else random.normal(size=400)
        rows += [
            (f"m{film:03}", f"r{rater}", round(float(50 + 12 * own[film]), 1), None, "audience")
            for film in range(400)
        ]
    rows = [
        (movie, source, min(max(value, 0.0), 100.0), votes, panel)
        for movie, source, value, votes, panel in rows
    ]
    scores = by_movie(run(table(rows)))
    rated = np.array([scores[f"m{film:03}"] for film in range(400)])
    assert np.corrcoef(rated, truth)[0, 1] > 0.95


def test_constants_alone_are_no_ground_for_certainty() -> None:
    rows: list[Rating] = [(f"m{film}", "imdb", 70.0, None, None) for film in range(200)]
    (low,), (high,) = (set(by_movie(run(table(rows)), column).values()) for column in ("low", "high"))
    assert high - low > 15


def test_more_sources_than_can_be_told_apart_are_refused() -> None:
    rows: list[Rating] = [("m1", f"viewer {number}", 50.0, None, None) for number in range(101)]
    with pytest.raises(UsageError, match="101 sources, at most 100 are possible"):
        run(table(rows))
