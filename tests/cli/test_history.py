"""How a change is written on a line: of long values what differs is there to be seen."""

from __future__ import annotations

from typing import Any

import pytest

from moviec.cli.show import WIDE, change

LONG = "A long story of a town, its people and the river that runs through all of it, "


def rated(rater: str, value: float) -> dict[str, Any]:
    return {"rater": rater, "panel": "audience", "aspect": "overall", "value": value, "highest": 10}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (1994, 1995, "1994 → 1995"),
        (None, "Heat", "null → Heat"),
        ("one\nline", "two", "one line → two"),
        (LONG + "in spring", LONG + "in autumn", "… all of it, in spring → … all of it, in autumn"),
        (LONG + "again", LONG, "…ugh all of it, again → …ugh all of it, "),
        ([LONG, "a", "b"], [LONG, "b"], "− a"),
        ([LONG, "a"], ["c", LONG, "d"], "− a, + c, + d"),
        ([LONG, "a"], ["a", LONG], "the same 2 entries in a different order or number"),
        ([rated("imdb", 7.5), rated("tmdb", 6), 2], [rated("imdb", 7.7), rated("tmdb", 7), 2],
         "imdb: value 7.5 → 7.7, tmdb: value 6 → 7"),
    ],
)  # fmt: skip
def test_a_change_shows_what_differs(before: Any, after: Any, told: str) -> None:
    assert change(before, after) == told


def test_both_sides_of_a_change_of_long_texts_are_short_and_differ() -> None:
    left, right = change(LONG * 2 + "x" + LONG, LONG * 2 + "y" + LONG).split(" → ")
    assert left != right and len(left) == len(right) == WIDE
