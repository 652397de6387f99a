"""Which films are the same: cases whose truth is known, and invariants of the whole way."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.matching.model import shipped_model
from moviec.matching.two_lists import Matching, Settings, match
from tests.examples import some
from tests.matching.films import film, films

MODEL = shipped_model()


def matched(left: pa.Table, right: pa.Table) -> Matching:
    return match(left, right, MODEL)


def band(matching: Matching, name: str) -> set[tuple[str, str]]:
    return {(row["left_key"], row["right_key"]) for row in matching.pairs.to_pylist() if row["band"] == name}


def accepted(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return bool(band(matched(films("a", one), films("b", other)), "accept"))


SAME = [
    (film("Les Misérables", year=1995), film("Misérables, Les (1995)")),
    (film("Amélie", "Le Fabuleux Destin d'Amélie Poulain", year=2001), film("Le fabuleux destin d'Amelie Poulain", year=2001)),
    (film("Eternal Sunshine of the Spotless Mind"), film("Eternal Sunshine of the Spotless Mind", year=2004)),
    (film("Spirited Away", "千と千尋の神隠し", year=2001), film("千と千尋の神隠し", year=2001)),
    (film("Kagemusha", year=1980), film("Kagemusha", year=1981, directors=["Akira Kurosawa"])),
    (film("Solaris", year=1972, directors=["Andrei Tarkovsky"], runtime=167),
     film("Solaris", year=1972, directors=["Tarkovskiy, Andrey"], runtime=166)),
]  # fmt: skip

DIFFERENT = [
    (film("Rocky II", year=1979), film("Rocky III", year=1982)),
    (film("Rocky II", year=1979), film("Rocky", year=1979)),
    (film("Star Wars: A New Hope", year=1977), film("Star Wars: Return of the Jedi", year=1977)),
    (film("Hamlet", year=1990), film("Hamlet", year=1996)),
    (film("Venom", year=2005, directors=["Jim Gillespie"], runtime=87),
     film("Venom", year=2005, directors=["Jon Hess"], runtime=120)),
    (film("The Kid", year=1921), film("The Kid", year=2000)),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_film_is_recognised(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert accepted(one, other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_films_are_not_taken_for_one(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not accepted(one, other)


def test_a_rare_title_says_more_than_a_common_one() -> None:
    def probability(title: str) -> int:
        pairs = matched(films("a", film(title)), films("b", film(title))).pairs
        return int(pairs["probability"][0].as_py())

    assert probability("Eternal Sunshine of the Spotless Mind") > probability("Love")


def test_two_films_that_fit_equally_well_go_to_review() -> None:
    left = films("a", film("War of the Worlds", year=2005))
    right = films("b", film("War of the Worlds", year=2005), film("War of the Worlds", year=2005))
    result = matched(left, right)
    assert not band(result, "accept")
    assert band(result, "review") == {("1", "1"), ("1", "2")}


def test_a_list_that_may_hold_a_film_twice_has_both_rows_matched() -> None:
    kagemusha = film(
        "Kagemusha",
        year=1980,
        runtime=162,
        directors=["Akira Kurosawa"],
        cast=["Tatsuya Nakadai", "Tsutomu Yamazaki"],
    )
    left, right = films("a", kagemusha), films("b", kagemusha, kagemusha)
    assert not band(matched(left, right), "accept"), "two that fit equally well"
    repeating = Settings(repeating=frozenset({"right"}))
    found = match(left, right, MODEL, repeating).pairs.to_pylist()
    between = {(row["left_key"], row["right_key"]) for row in found if row["left_source"] == "left"}
    assert between == {("1", "1"), ("1", "2")} and {row["band"] for row in found} == {"accept"}


def test_a_shared_id_against_everything_else_goes_to_review() -> None:
    left = films("a", film("Heat", year=1995, ids={"imdb": "tt1"}, directors=["Michael Mann"]))
    right = films("b", film("Jumanji", year=1969, ids={"imdb": "tt1"}, directors=["Joe Johnston"]))
    result = matched(left, right)
    assert not band(result, "accept")
    assert band(result, "review") == {("1", "1")}


def test_contradicting_ids_keep_namesakes_apart() -> None:
    left = films("a", film("Emma", year=1996, ids={"imdb": "tt0116191"}))
    assert not band(matched(left, films("b", film("Emma", year=1996, ids={"imdb": "tt0118308"}))), "accept")
    assert band(matched(left, films("b", film("Emma", year=1996, ids={"imdb": "tt0116191"}))), "accept")


def test_evidence_names_feature_level_and_bits() -> None:
    pairs = matched(films("a", film("Heat", year=1995)), films("b", film("Heat", year=1996))).pairs
    evidence = {name: (level, bits) for name, level, bits in json.loads(pairs["evidence"][0].as_py())}
    assert evidence["year"][0] == "1 apart"
    assert evidence["title"][0].startswith("same") and evidence["title"][1] > 0
    assert "runtime" not in evidence


WORDS = ["Love", "Night", "Kurosawa", "Zeppelin", "II", "III", "Return", "of", "Monster", "Étoile"]


@st.composite
def lists(draw: st.DrawFn) -> tuple[pa.Table, pa.Table]:
    def one(source: str) -> pa.Table:
        rows = draw(
            st.lists(
                st.tuples(
                    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
                    st.one_of(st.none(), st.integers(1990, 1996)),
                    st.one_of(st.none(), st.sampled_from(["Ann Lee", "Bo Ek"])),
                ),
                min_size=5,
                max_size=16,
            )
        )
        return films(
            source,
            *(
                film(" ".join(title), year=year, directors=[who] if who else None)
                for title, year, who in rows
            ),
        )

    return one("a"), one("b")


@settings(max_examples=some(6), deadline=None)
@given(lists())
def test_matches_are_one_to_one_whatever_the_order_of_rows_and_lists(both: tuple[pa.Table, pa.Table]) -> None:
    left, right = both
    taken = band(matched(left, right), "accept")
    assert len({one for one, _ in taken}) == len({other for _, other in taken}) == len(taken)
    backwards = matched(left.take(np.arange(len(left))[::-1]), right)
    assert band(backwards, "accept") == taken
    assert band(matched(right, left), "accept") == {(other, one) for one, other in taken}


def test_the_same_input_gives_the_same_output() -> None:
    left = films("a", *(film(f"Film number {n} of {n * 7}", year=1980 + n % 20) for n in range(200)))
    right = films("b", *(film(f"Film number {n} of {n * 7}", year=1980 + n % 20) for n in range(100, 300)))
    assert matched(left, right).pairs.equals(matched(left, right).pairs)
    assert len(band(matched(left, right), "accept")) == 100


TEAM = {
    "directors": ["Dennis Dugan"],
    "cast": ["Adam Sandler", "John Turturro", "Emmanuelle Chriqui", "Nick Swardson"],
}


def test_the_same_people_at_the_same_time_made_the_same_film_whatever_it_is_called() -> None:
    zohan = film("You Don't Mess With the Zohan", year=2008, runtime=113, **TEAM)
    assert accepted(zohan, film("Rien que pour vos cheveux", year=2008, runtime=113, **TEAM))
    late = film("Rien que pour vos cheveux", year=2012, runtime=112, **TEAM)
    assert accepted(zohan, late), "a cinema release years later"
    one_name = {**TEAM, "cast": ["Adam Sandler", "Kevin James"]}
    assert not accepted(zohan, film("Copains pour toujours", year=2012, runtime=113, **one_name))
    assert not accepted(zohan, film("Rien que pour vos cheveux", year=2008, runtime=150, **TEAM))


def test_of_two_films_of_one_team_the_one_of_the_same_year_and_length_is_meant() -> None:
    left = films(
        "a",
        film("You Don't Mess With the Zohan", year=2008, runtime=113, **TEAM),
        film("Just Go With It", year=2009, runtime=117, **TEAM),
    )
    right = films(
        "b",
        film("Le mytho", year=2009, runtime=117, **TEAM),
        film("Rien que pour vos cheveux", year=2008, runtime=113, **TEAM),
    )
    assert band(matched(left, right), "accept") == {("1", "2"), ("2", "1")}


def test_a_subtitle_in_another_language_is_no_other_subtitle_and_another_number_is_another_film() -> None:
    team = {"directors": ["Oliver Stone"], "cast": ["Michael Douglas", "Shia LaBeouf", "Josh Brolin"]}
    stone = film("Wall Street: Money Never Sleeps", year=2010, runtime=131, **team)
    assert accepted(stone, film("Wall Street : l'argent ne dort jamais", year=2010, runtime=133, **team))
    first = film("The Long Night: Part 1", year=2010, runtime=131, **team)
    assert not accepted(first, film("The Long Night: Part 2", year=2010, runtime=131, **team))


def test_years_three_apart_need_a_shared_person() -> None:
    """A namesake of another decade is another film; a film with its director and two actors is not."""
    assert not accepted(film("Brightwater Rising", year=1985), film("Brightwater Rising", year=2021))
    assert not accepted(film("Brightwater Rising", year=2017), film("Brightwater Rising", year=2021))
    team = {"directors": ["Ann Lee"], "cast": ["Bo Ek", "Cy Roe"], "runtime": 101}
    assert accepted(
        film("Brightwater Rising", year=2017, **team), film("Brightwater Rising", year=2021, **team)
    )


def test_of_a_feature_and_a_short_that_fit_alike_the_feature_is_meant() -> None:
    left = films("a", film("Moonlight", year=2016))
    right = films(
        "b", film("Moonlight", year=2016, kind="short"), film("Moonlight", year=2016, kind="feature")
    )
    assert band(matched(left, right), "accept") == {("1", "2")}
    alone = films("b", film("The Perfect Human", year=1967, kind="short"))
    assert band(matched(films("a", film("The Perfect Human", year=1967)), alone), "accept") == {("1", "1")}


def test_a_number_that_one_title_alone_has_contradicts_nothing() -> None:
    whole = film("Star Wars: Episode V - The Empire Strikes Back", year=1980)
    assert accepted(film("The Empire Strikes Back", year=1980), whole)
    assert not accepted(film("Zeppelin Rising", year=1976), film("Zeppelin Rising II", year=1979))
    assert not accepted(film("Zeppelin Rising 2", year=1979), film("Zeppelin Rising 3", year=1979))


def test_digits_that_stand_for_letters_are_letters() -> None:
    """The dated Se7en is Seven, not the announced film of that name."""
    left = films("a", film("Seven", year=1995))
    right = films("b", film("Seven"), film("Se7en", year=1995))
    assert band(matched(left, right), "accept") == {("1", "2")}


def test_titles_of_other_scripts_meet_in_latin_letters() -> None:
    assert accepted(film("霸王別姬", year=1993), film("霸王别姬", year=1993)), (
        "traditional and simplified Chinese"
    )
    assert accepted(film("Брат", year=1997), film("Brat", year=1997))
    assert accepted(film("千と千尋の神隠し", year=2001), film("Sen to Chihiro no kamikakushi", year=2001))
    assert not accepted(film("Брат", year=1997), film("Сестра", year=1997))


def test_directors_in_another_script_or_spelling_contradict_nothing() -> None:
    """A director's name in Cyrillic is read in Latin letters; where it is then another, nobody's name is romanised in one way."""
    names = (
        ("Андрей Тарковский", "Andrei Tarkovsky"),
        ("Сергей Эйзенштейн", "Sergei Eisenstein"),
        ("Kirk De Micco", "Kirk DeMicco"),
        ("Roberts Gannaway", "Bobs Gannaway"),
    )
    for one, other in names:
        assert accepted(
            film("Zerkalo", year=1975, directors=[one]), film("Zerkalo", year=1975, directors=[other])
        ), one
    assert not accepted(
        film("Zerkalo", year=1975, directors=["Ann Lee"]), film("Zerkalo", year=1975, directors=["Bo Ek"])
    )


def test_a_film_that_was_only_announced_is_no_film_of_a_year() -> None:
    """Where films without a year have no running time either, they are not made: a film of 1995 is none of them."""
    made = [film(f"Tale of Amber {number}", year=1900 + number, runtime=100) for number in range(30)]

    def weight(runtime: int | None) -> int:
        undated = [film(title, runtime=runtime) for title in ("Heat", "Blue", "Gold")]
        found = match(
            films("a", film("Heat", year=1995), *made[:9]),
            films("b", *made, *undated),
            MODEL,
            Settings(floor=-99_000_000),
        )
        return next(int(row["weight"]) for row in found.pairs.to_pylist() if row["right_key"] == "31")

    assert weight(None) < weight(110) - 1_000_000
