"""Folding: spellings that people use for one title become equal, different titles stay different."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviec import text
from moviec.text import no_formula
from tests.engines import new_engine


def strings(*values: str | None) -> text.Column:
    return pa.array(values, pa.string())


SAME = [
    ("Les Misérables", "Misérables, Les"),
    ("The Godfather: Part II", "Godfather, The: Part Two".replace(", The:", ":")),
    ("Rocky II", "Rocky 2"),
    ("Fast & Furious", "Fast and Furious"),
    ("Fast &amp; Furious", "Fast & Furious"),
    ("Alien³", "Alien 3"),
    ("Schindler’s List", "Schindler's List"),
    ("L'avventura", "Avventura, L'"),
    ("Œdipe roi", "Oedipe Roi"),
    ("Żołnierz", "Zolnierz"),
    ("Dr. Strangelove", "Doctor Strangelove"),
    ("Ca$h", "Cash"),
    ("Star Wars: Episode IV", "Star Wars - Episode 4"),
    ("Star Wars: Episode V - The Empire Strikes Back", "Star Wars Episode 5: The Empire Strikes Back"),
    ("Das Boot", "Boot, Das"),
    ("Ёлки", "Елки"),
    ("Twelve Angry Men", "12 Angry Men"),
    ("The Thirty-Nine Steps", "The 39 Steps"),
    ("One Hundred and One Dalmatians", "101 Dalmatians"),
    ("Ten Things I Hate About You", "10 Things I Hate About You"),
    ("Ocean's Eleven", "Ocean's 11"),
    ("Two Thousand Maniacs!", "2000 Maniacs!"),
    ("The Hundred and Four Days", "104 Days"),
    ("Nine Hundred Nights", "900 Nights"),
    ("Kill Bill: Vol. 1", "Kill Bill: Volume One"),
    ("L.A. Story", "LA Story"),
    ("Batman v Superman: Dawn of Justice", "Batman vs. Superman - Dawn of Justice"),
    ("Star Trek V: The Final Frontier", "Star Trek 5: The Final Frontier"),
    ("Malcolm X", "Malcolm 10"),
    ("8½", "8.5"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_one_title_fold_alike(one: str, other: str) -> None:
    folded = text.fold_title(strings(one, other)).to_pylist()
    assert folded[0] == folded[1] != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Rocky II", "Rocky III"),
        ("ポケット", "ホケット"),
        ("Die Hard", "Hard"),
        ("I, Robot", "Robot"),
        ("V", "5"),
        ("Nine", "9"),
        ("LA Story", "Story"),
        ("Ford v Ferrari", "Ford 5 Ferrari"),
        ("The Chosen One", "Chosen 1"),
        ("Seven and Nine", "16"),
    ],
)
def test_different_titles_stay_different(one: str, other: str) -> None:
    folded = text.fold_title(strings(one, other)).to_pylist()
    assert folded[0] != folded[1]


def test_a_title_that_is_an_article_stays() -> None:
    assert text.fold_title(strings("The", "A", "劇場版", None)).to_pylist() == ["the", "a", "劇場版", None]


def test_years_in_brackets_are_read_and_taken_off() -> None:
    titles = strings(
        "Heat (1995)", "Batman (1989 film)", "Emma (1996/II) (TV)", "2012", "(500) Days", "Foo (1821)"
    )
    assert text.title_year(titles).to_pylist() == [1995, 1989, 1996, None, None, None]
    assert text.bare_title(titles).to_pylist() == [
        "Heat",
        "Batman",
        "Emma",
        "2012",
        "(500) Days",
        "Foo (1821)",
    ]


def test_what_libraries_add_is_no_part_of_a_title() -> None:
    titles = strings(
        "M [videorecording]", "The terminator [DVD]", "Heat (1995) [Blu-ray]", "Delicatessen [Enregistrement vidéo]", "Das Boot [Bildtonträger]", "Heat [VHS] (1995)", "[Rec]", "Funny Games [U.S.]"
    )  # fmt: skip
    bare = ["M", "The terminator", "Heat", "Delicatessen", "Das Boot", "Heat", "[Rec]", "Funny Games [U.S.]"]
    assert text.bare_title(titles).to_pylist() == bare
    assert text.title_year(titles).to_pylist() == [None, None, 1995, None, None, 1995, None, None]


def test_every_space_is_one() -> None:
    titles = strings("Heat\u00a0(1995)", "Godfather,&nbsp;The", "A\u2009B\u3000C", "plain one", None)
    assert text.plain(titles).to_pylist() == ["Heat (1995)", "Godfather, The", "A B C", "plain one", None]


def test_brackets_at_the_end_hold_other_titles() -> None:
    titles = strings(
        "Seven (a.k.a. Se7en)", "City (Cité, La) (Stadt)", "(500) Days", "A (b) c", "Night aka Nacht"
    )
    assert text.alternatives(titles).to_pylist() == [
        ["Seven", "Se7en"],
        ["City", "Cité, La", "Stadt"],
        ["(500) Days"],
        ["A (b) c"],
        ["Night", "Nacht"],
    ]


def test_subtitles_follow_a_colon_or_a_dash_with_room() -> None:
    head, tail = text.split_subtitle(
        strings("Borat: Learnings", "Alien - Director's Cut", "Spider-Man", "12:01")
    )
    assert head.to_pylist() == ["Borat", "Alien", "Spider-Man", "12:01"]
    assert tail.to_pylist() == ["Learnings", "Director's Cut", None, None]


def test_numbers_of_a_title() -> None:
    assert text.numbers(strings("ocean 12 part 2", "se7en", "")).to_pylist() == ["12 2", "", ""]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lynch, David", "David Lynch"),
        ("Robert Downey, Jr.", "Robert Downey Jr"),
        ("Pedro Almodóvar (I)", "pedro almodovar"),
    ],
)
def test_spellings_of_one_name_fold_alike(one: str, other: str) -> None:
    folded = text.fold_name(strings(one, other)).to_pylist()
    assert folded[0] == folded[1]


@given(st.lists(st.one_of(st.none(), st.text(max_size=30)), max_size=8))
def test_folding_keeps_length_and_nulls_and_is_the_same_one_by_one(values: list[str | None]) -> None:
    folded = text.fold(strings(*values)).to_pylist()
    assert [value is None for value in folded] == [value is None for value in values]
    assert folded == [None if value is None else text.fold_one(value) for value in values]


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing_more(value: str) -> None:
    once = text.fold_one(value)
    assert text.fold_one(once) == once


@pytest.mark.parametrize(
    ("cell", "written"),
    [("=cmd|calc", "'=cmd|calc"), ("@SUM(A1)", "'@SUM(A1)"), ("+x", "'+x"), ("-5 Degrees", "-5 Degrees"), ("\tx", "'\tx"), ("Heat", "Heat"), (-3, -3), ("-0.5", "-0.5")],
)  # fmt: skip
def test_no_cell_is_run_as_a_formula(tmp_path: Path, cell: object, written: object) -> None:
    assert no_formula(cell) == written
    if isinstance(cell, str):
        with new_engine() as engine:
            engine.register("cells", pa.table({"title": [cell], "year": [1999]}))
            engine.write_csv("SELECT * FROM cells", tmp_path / "cells.csv")
        with (tmp_path / "cells.csv").open(newline="") as file:
            assert list(csv.reader(file))[1] == [written, "1999"]
