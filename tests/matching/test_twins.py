"""Rows of one source that say the same are one film; those that only share title and year are not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.matching.catalogue import clusters_of, record, settled

CHRISTMAS = dt.date(1970, 12, 24)


def scores(critics: float, audience: float) -> list[dict[str, Any]]:
    """Make two ratings as Rotten Tomatoes lists them."""
    return [
        {"rater": "rottentomatoes", "panel": "critics", "aspect": "overall", "value": critics},
        {"rater": "rottentomatoes_audience", "panel": "audience", "aspect": "overall", "value": audience},
    ]


def cats(source: str, key: str, **fields: Any) -> dict[str, Any]:
    """Make a record of The Aristocats; the key is its own id, as where a source has keys of its own."""
    return record(source, key, "The Aristocats", **{"year": 1970, "ids": {source: key}, **fields})


@pytest.mark.parametrize(
    "says",
    [
        {"released": CHRISTMAS, "ratings": scores(64, 70)},
        {"ratings": scores(64, 70)},
        {"year": None, "ratings": scores(64, 70)},
        {"directors": ["Wolfgang Reitherman"]},
        {"runtime": 79, "released": CHRISTMAS},
    ],
)
def test_two_rows_of_a_source_that_say_the_same_are_one_film_and_take_their_match_together(
    says: dict[str, Any],
) -> None:
    twins = [cats("rt", "m/aristocats", **says), cats("rt", "m/the_aristocats", **says)]
    [film] = clusters_of(settled(*twins, cats("b", "1", year=1970)))
    assert film == {("rt", "m/aristocats"), ("rt", "m/the_aristocats"), ("b", "1")}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        ({"directors": ["Ann Lee"]}, {"directors": ["Bo Ek"]}),
        ({"directors": ["Ann Lee"], "runtime": 90}, {"directors": ["Ann Lee"], "runtime": 140}),
        ({"directors": ["Ann Lee"], "kind": "short"}, {"directors": ["Ann Lee"], "kind": "feature"}),
        ({"directors": ["Ann Lee"], "released": CHRISTMAS}, {"directors": ["Ann Lee"], "released": dt.date(1970, 3, 1)}),
        ({"directors": ["Ann Lee"], "ids": {"imdb": "tt1"}}, {"directors": ["Ann Lee"], "ids": {"imdb": "tt2"}}),
        ({"ratings": scores(64, 70)}, {"ratings": scores(64, 12)}),
    ],
)  # fmt: skip
def test_two_rows_that_share_title_and_year_alone_or_contradict_each_other_are_two(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    result = settled(cats("a", "1", **one), cats("a", "2", **other))
    assert len(clusters_of(result)) == 2


def test_an_id_of_one_twin_elsewhere_leads_to_both() -> None:
    twins = [cats("tmdb", key, directors=["Wolfgang Reitherman"]) for key in ("10112", "99999")]
    other = record("b", "1", "Les Aristochats", year=1970, ids={"tmdb": "99999"})
    [film] = clusters_of(settled(*twins, other))
    assert len(film) == 3


@pytest.mark.parametrize(("year", "films"), [(1970, 1), (1990, 2)])
def test_two_rows_with_one_id_alike_and_another_not_are_one_film_where_title_and_year_are_the_same(
    year: int, films: int
) -> None:
    one = cats("ml", "1", ids={"ml": "1", "imdb": "tt1", "tmdb": "7"})
    two = cats("ml", "2", year=year, ids={"ml": "2", "imdb": "tt2", "tmdb": "7"})
    found = clusters_of(settled(one, two))
    assert len(found) == films
    if films == 1:
        by_either = record("b", "1", "Les Aristochats", year=1970, ids={"imdb": "tt2"})
        [film] = clusters_of(settled(one, two, by_either))
        assert len(film) == 3


def test_two_rows_that_link_to_one_article_are_one_film_though_a_year_apart() -> None:
    """Wikipedia's lists of 1992 and 1993 both have RoboCop 3."""
    ids = {"wikipedia": "RoboCop_3"}
    rows = [
        record(
            "wikipedia",
            f"RoboCop 3 ({year})",
            "RoboCop 3",
            year=year,
            cast=["Robert John Burke", other],
            ids=ids,
        )
        for year, other in ((1992, "John Castle"), (1993, "Nancy Allen"))
    ]
    other_film = record("kaggle", "5550", "RoboCop 3", year=1993)
    assert len(clusters_of(settled(*rows, other_film, repeating=frozenset({"wikipedia"})))) == 1
