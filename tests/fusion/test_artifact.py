"""The learned model as an artifact: the same from the same records, safe on disk, readable by people, comparable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from moviec.engine import DuckEngine, Limits
from moviec.errors import StoreError
from moviec.fusion.model import FuseModel, from_json, shipped_model
from moviec.fusion.model_reports import compare_models, outline, scorecard
from moviec.fusion.training import fit_fuse
from tests.engines import new_engine
from tests.fusion.films import FACTS, MEMBERS, fused, rating, record, rows_of


def world(films: int = 300) -> list[dict[str, Any]]:
    """Records tied by ids, where imdb is often wrong about the year and omdb hardly ever, and a film without an id."""
    random = np.random.default_rng(3)
    wrong = {"imdb": 0.3, "kaggle": 0.15, "omdb": 0.02}
    rows = []
    for film in range(films):
        year, good = int(random.integers(1950, 2020)), random.normal(60, 12)
        for source, share in wrong.items():
            seen = year + int(random.random() < share)
            value = round(float(np.clip(good + random.normal(0, 4), 0, 100)), 1)
            ratings = [rating({"imdb": "imdb", "kaggle": "tmdb", "omdb": "metacritic"}[source], value, 100)]
            ids = [("imdb", f"tt{film}")]
            rows.append(
                record(film, source, str(film), title=f"Film {film}", year=seen, ids=ids, ratings=ratings)
            )
        rows.append(record(film, "ours", str(film), title=f"Film {film}", year=year, genres=["Drama"]))
    return rows


def fitted(rows: Sequence[dict[str, Any]], threads: int = 0) -> FuseModel:
    with DuckEngine(Limits(threads=threads)) as engine:
        engine.register("members", pa.Table.from_pylist(list(rows), MEMBERS))
        return fit_fuse(engine, FACTS)


@pytest.fixture(scope="module")
def model() -> FuseModel:
    return fitted(world(), threads=2)


def test_the_same_records_in_another_order_on_other_threads_give_the_same_model(model: FuseModel) -> None:
    assert fitted(world()[::-1], threads=1).to_json() == model.to_json()


def test_the_source_that_is_right_more_often_is_found_against_the_order_of_trust(model: FuseModel) -> None:
    years = {each.source: each for each in model.reliability if each.field == "year"}
    assert years["omdb"].reliability > years["kaggle"].reliability > years["imdb"].reliability
    assert years["imdb"].judged == 300


def test_a_record_that_was_matched_by_its_title_is_no_witness_of_titles(model: FuseModel) -> None:
    judged = {(each.source, each.field) for each in model.reliability if each.judged}
    assert ("ours", "title") not in judged and ("omdb", "title") in judged


def test_a_model_survives_being_written_and_one_that_was_altered_is_refused(model: FuseModel) -> None:
    text = model.to_json()
    assert from_json(text) == model and from_json(text).version == model.version
    with pytest.raises(StoreError, match="its content is f1-"):
        from_json(text.replace(b'"judged": 300', b'"judged": 301'))
    with pytest.raises(StoreError, match="not a model for fusing"):
        from_json(b"{}")


def test_scorecards_say_what_was_learned(model: FuseModel) -> None:
    cards = {source.name: scorecard(model, source) for source in FACTS.sources}
    year = next(each for each in cards["omdb"].reliability if each.field == "year")
    assert year.judged == 300 and year.reliability > 0.9 and year.place == 4
    raters = {each.rater: each for each in cards["omdb"].calibration}
    assert set(raters) == {"imdb", "metacritic", "rottentomatoes"}
    assert raters["metacritic"].films == 300 and raters["rottentomatoes"].films == 0
    assert raters["metacritic"].panel == "critics" and "imdb" in raters["metacritic"].correlation
    assert {each.genre for each in cards["kaggle"].genres} <= {"Drama", "Science Fiction"}
    assert msgspec.json.decode(msgspec.json.encode(cards["omdb"]))["version"] == model.version


def test_what_another_model_would_change_is_counted_and_named(model: FuseModel) -> None:
    rows = [row for row in world(40) if row["source"] in ("imdb", "omdb")]
    before, after = fused(rows, shipped_model())[0], fused(rows, model)[0]
    with new_engine() as engine:
        engine.register("members", pa.Table.from_pylist(rows, MEMBERS))
        one, other = (outline(engine, each, FACTS) for each in (shipped_model(), model))
        found, none = compare_models(engine, one, other), compare_models(engine, one, one)
    years = [
        pair
        for pair in zip(rows_of(before.movies, "year"), rows_of(after.movies, "year"), strict=True)
        if pair[0] != pair[1]
    ]
    assert found.fields["year"] == len(years) > 0
    named = {
        (int(row["before"]), int(row["after"]))
        for row in found.examples.to_pylist()
        if row["field"] == "year"
    }
    assert named and named <= set(years)
    moved = found.ratings
    ratings = zip(rows_of(before.movies, "c_rating"), rows_of(after.movies, "c_rating"), strict=True)
    assert moved.films == 40 and moved.moved == sum(one != other for one, other in ratings) > 30
    assert found.gained == moved.lost == 0
    assert moved.most_points >= moved.mean_points > 0 and moved.mean_ranks > 0
    assert none.fields == {} and none.ratings.moved == 0 and none.ratings.mean_ranks == 0


def test_the_shipped_model_knows_the_raters_it_has_not_seen() -> None:
    shipped = shipped_model()
    assert "metacritic" in shipped.rating.names and shipped.rating.films > 10_000
    row = record(1, "omdb", "a", ratings=[rating("metacritic", 90, 100)])
    assert fused([row])[0].movies.column("c_rating")[0].as_py() > 65


@pytest.mark.parametrize("end", ["c_rating", "c_low", "c_high"])
def test_a_film_that_only_its_friends_rated_does_not_lead(end: str) -> None:
    rows = [
        record(1, "imdb", "a", ratings=[rating("imdb", 9.6, 10, votes=70)]),
        record(2, "imdb", "b", ratings=[rating("imdb", 8.7, 10, votes=20_000)]),
    ]
    movies = fused(rows)[0].movies
    few, many = rows_of(movies, end)
    assert few < many
