"""The search for what fails: alone, only together, and never the many in place of the one."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviec.pipeline.aggregator import Found, Trial, find_culprits


def alone(bad: set[int]) -> Trial:
    return lambda kept: f"{min(bad & set(kept))} fails" if bad & set(kept) else None


def over(amounts: Sequence[int], most: int) -> Trial:
    return lambda kept: "too much" if sum(amounts[one] for one in kept) > most else None


def culprits(count: int, trial: Trial, most: int = 1_000) -> Found:
    why = trial(range(count))
    assert why is not None
    return find_culprits(count, trial, why, most)


@given(st.sets(st.integers(0, 99), min_size=1, max_size=9))
def test_those_that_fail_alone_are_found_each_with_its_own_cause(bad: set[int]) -> None:
    found = culprits(100, alone(bad))
    assert set(found.culprits) == bad
    assert found.culprits == {one: f"{one} fails" for one in bad}


def test_of_two_that_fail_only_together_one_is_blamed_and_no_other() -> None:
    found = culprits(400, lambda kept: "both" if {17, 301} <= set(kept) else None)
    assert len(found.culprits) == 1 and set(found.culprits) <= {17, 301}
    assert found.trials < 40


@pytest.mark.parametrize("place", [0, 57, 199])
def test_one_absurd_amount_is_blamed_wherever_it_stands_and_not_the_films_after_it(place: int) -> None:
    amounts = [1] * 200
    amounts[place] = 1_000
    assert set(culprits(200, over(amounts, 1_010)).culprits) == {place}


def test_several_absurd_amounts_are_blamed_and_nothing_else() -> None:
    amounts = [1] * 400
    for place in (3, 150, 390):
        amounts[place] = 10_000
    assert set(culprits(400, over(amounts, 500)).culprits) == {3, 150, 390}


@given(st.lists(st.integers(1, 50), min_size=2, max_size=40), st.integers(0, 200))
def test_what_is_left_in_never_fails(amounts: list[int], most: int) -> None:
    trial = over(amounts, most)
    if trial(range(len(amounts))) is None:
        return
    found = culprits(len(amounts), trial)
    kept = [one for one in range(len(amounts)) if one not in found.culprits]
    assert found.untried == [] and trial(kept) is None


def test_the_search_is_bounded_and_says_what_it_did_not_try() -> None:
    found = culprits(400, alone(set(range(0, 400, 2))), most=50)
    assert found.trials == 50
    assert found.untried and set(found.culprits) <= set(range(0, 400, 2))
    kept = set(range(400)) - set(found.culprits) - set(found.untried)
    assert alone(set(range(0, 400, 2)))(sorted(kept)) is None
