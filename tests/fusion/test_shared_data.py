"""On the shared ratings, fitted on one half of the films and scored on the other: better than the plain mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import new_engine

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.exists(), reason=f"needs the shared data in {DATA}")


def test_the_panel_score_foretells_a_hidden_rater_better_than_the_plain_mean() -> None:
    import bench_rating
    import rating_data

    with new_engine() as engine:
        rating_data.load(engine)
        data = rating_data.films(engine)
    gains = []
    for name, panel in (("imdb", "audience"), ("rottentomatoes", "critics"), ("tmdb", "audience")):
        at = data.raters.index(name)
        rest = data.only([other for other in data.raters if other != name])
        scored = bench_rating.worth_scoring(data, rest, at)
        answers = bench_rating.answers_of(rest, scored, panel)
        truth = data.wide.points[scored, at]
        found = {method: bench_rating.spearman(values, truth) for method, values in answers.items()}
        gains.append(found["panel score"] - found["plain mean"])
        assert found["panel score"] >= max(
            found[peer] for peer in ("z-score mean", "IMDb weighted", "MDBList style")
        )
    assert min(gains) > 0.015 and sum(gains) / len(gains) > 0.03
