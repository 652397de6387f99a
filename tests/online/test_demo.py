"""`moviec demo --online`: the sample through servers on the loopback that speak as TMDB, Wikidata and OMDb do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import moviec


@pytest.mark.nightly
def test_the_sample_comes_through_servers_that_speak_as_the_providers_do(tmp_path: Path) -> None:
    home = tmp_path / "demo"
    done = moviec("demo", "--online", "--no-serve", "--json", "--home", str(home))
    assert done.returncode == 0, done.stderr
    asked = json.loads(done.stdout)["asked"]
    assert asked["tmdb"] > 250 and asked["omdb"] > 250 and asked["posters"] > 250
    assert asked["imdb"] == 6
    film = json.loads(moviec("show", "tt0114709", "--json", "--home", str(home)).stdout)["document"]
    assert {"tmdb", "wikidata", "omdb", "kaggle", "imdb"} <= set(film["sources"])
    assert film["poster"]["source"] == "tmdb"
    assert {"metacritic", "rottentomatoes", "tmdb", "imdb"} <= {rating["rater"] for rating in film["ratings"]}
    raters = [rating["rater"] for rating in film["ratings"]]
    assert len(raters) == len(set(raters)), "a rater counts once, by whichever source"
