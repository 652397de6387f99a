"""Python literals read by SQL: the same values as Python's own parser gives, or nothing."""

from __future__ import annotations

import ast
import csv
import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moviec.engine import DuckEngine
from tests.conftest import real
from tests.examples import some

NASTY = st.text(alphabet="a'\"\\\n\t\x00\x1f\x7f é…😀\U000e0001{}[]:, NoneTrueFalse", max_size=12)
#: Texts without anything to escape, of words that mean something outside of them.
WORDS = st.lists(
    st.sampled_from(["None", "True", "False", "a", " ", ": None", "'", '"', "[", "}, {"]), max_size=4
).map("".join)
TEXTS = NASTY | WORDS
LITERALS = st.recursive(
    TEXTS
    | st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


def as_json(engine: DuckEngine, cells: list[str]) -> list[str]:
    engine.register("cells", pa.table({"cell": cells}))
    return [row["json"] for row in engine.query("SELECT py_json(cell) AS json FROM cells").to_pylist()]


@settings(max_examples=some(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(LITERALS, min_size=20, max_size=60))
def test_any_literal_reads_as_python_reads_it(engine: DuckEngine, values: list[Any]) -> None:
    cells = [repr(value) for value in values]
    assert [json.loads(text) for text in as_json(engine, cells)] == values


@pytest.mark.parametrize("file", ["movies_metadata.csv", "credits.csv", "keywords.csv", "broken.csv"])
def test_every_nested_cell_of_the_real_files_reads_as_python_reads_it(engine: DuckEngine, file: str) -> None:
    with real(f"kaggle/{file}").open(encoding="utf-8", newline="") as text:
        cells = [cell for row in csv.reader(text) for cell in row if cell[:1] in ("[", "{")]
    assert cells
    assert [json.loads(text) for text in as_json(engine, cells)] == [ast.literal_eval(cell) for cell in cells]


@pytest.mark.parametrize("cell", ["[{'id': 1", "['a' 'b'", "{'name'}", "nonsense", "[{'name': }]", "'"])
def test_what_is_no_literal_reads_as_nothing(engine: DuckEngine, cell: str) -> None:
    engine.register("cells", pa.table({"cell": [cell]}))
    sql = """SELECT py_list(cell, '[{"name": "VARCHAR"}]') AS read FROM cells"""
    assert engine.query(sql).to_pylist() == [{"read": None}]


NAMES = [
    "Andi", "Prince", "Cher", "O", "X", "50 Cent", "will.i.am", "india.arie", "k.d. lang", "bell hooks", "The Who", "The Edge",
    "of Montreal", "And One", "Le", "Das", "Nan", "Null", "Narges", "James With", "Chapman To", "johnnie to", "di Zhang", "A.C. Milan",
    "Voices of Hope", "Various Positions", "Paul Muller (Berlin)", "Dave (Tex) O'Brien", "BooG!e", "N!xau", "宮崎 駿", "Ōshima", "Jr Walker",
    "Smith & Co", "leo films", "Metro-Goldwyn-Mayer (MGM)", "Python (Monty) Pictures", "The Body", "20th Century Fox", "Directors Kut",
]  # fmt: skip
NO_NAMES = [
    "and", "And", "THE", "with", "Voices of", "voices of", "Narrated by", "Music By", "nominee)", "(narrator)", "[a]", "(", ")", "-", "...",
    "N/A", "n/a", "None", "null", "NaN", "Unknown", "UNKNOWN", "Various", "various artists", "et al.", "and others", "Cast:", "Sr.", "etc",
    "et", "und", "von", "conflict between", "history of", "the life of film producer", "the 1999", "and his Orchestra", "uncredited",
]  # fmt: skip


def test_names_are_told_from_what_is_none(engine: DuckEngine) -> None:
    engine.register("given", pa.table({"name": [*NAMES, *NO_NAMES]}))
    rows = engine.query(
        "SELECT name, no_name(name_mended(name)) AS refused, name_mended(name) AS mended FROM given"
    )
    told = {row["name"]: row for row in rows.to_pylist()}
    assert [name for name in NAMES if told[name]["refused"] or told[name]["mended"] != name] == []
    assert [name for name in NO_NAMES if not told[name]["refused"]] == []


PHRASES = [
    "life in", "living with a", "proposed strike at", "in post-", "Race identity within", "profile of 4 unusual occupations",
    "town's fight for water rights", "A year in the life of Susan Tom and her 11 children", "The life of Jonathan Caouette", "many cameos",
]  # fmt: skip
MENDED = {
    "Paul Muller (actor)": "Paul Muller", "Max Booth III (screenwriter)": "Max Booth III", "Dave (Tex) O'Brien (actor)": "Dave (Tex) O'Brien",
    "John Wood (English actor)": "John Wood", "Joe King (Narrator)": "Joe King", ". Caroline Martin": "Caroline Martin",
    "Tom Hanks ": "Tom Hanks", " Cuba  Gooding Jr.": "Cuba Gooding Jr.", "David\u00a0Robb": "David Robb",
}  # fmt: skip
APART = {
    "Joel and Ethan Coen": ["Joel Coen", "Ethan Coen"], "Becky & Jessie O'Donohue": ["Becky O'Donohue", "Jessie O'Donohue"],
    "Margaret Leslie and Howard E. Nicholas": ["Margaret Leslie", "Howard E. Nicholas"],
} | {
    name: [name] for name in (
        "Penn and Teller", "Tom and Jerry", "The Mamas & the Papas", "Gladys Knight & the Pips", "Florence and The Machine",
        "Bill Haley & His Comets", "Sly and the Family Stone", "Roy Acuff and his Boys", "Anderson", "Brandon Lee",
    )
}  # fmt: skip


def test_pieces_of_a_sentence_are_no_people(engine: DuckEngine) -> None:
    engine.register("given", pa.table({"name": [*NAMES, *PHRASES]}))
    rows = engine.query("SELECT name FROM given WHERE no_name(name) OR no_person(name)").to_pylist()
    assert [row["name"] for row in rows] == PHRASES


#: Pieces that a name is mended or refused for, and others that look like them.
PIECES = st.sampled_from(
    [
        "and",
        "of",
        "by",
        "with",
        "the",
        "The",
        "A",
        "a",
        "various",
        "artists",
        "voices",
        "narrated",
        "history",
        "Ann",
        "Lee",
        "O'Hara",
        "Ä",
        "ö",
        "Öl",
        "Студия",
        "студия",
        "東宝",
        "あ",
        "ⅷ",
        "ǅ",
        "²",
        "50",
        "(",
        ")",
        "[",
        "]]",
        ".",
        ",",
        ":",
        "*",
        "-",
        "–",
        "(actor)",
        "(é",
        "actor)",
        "(director)",
        "Dir.:",
        "Réal.:",
        "Archive",
        "ſtarring",
        "K",
        "\x00",
        "\t",
        "\x1f",
        "\xa0",
    ]
)
ODD_NAMES = st.none() | st.tuples(
    st.lists(PIECES, max_size=5),
    st.sampled_from([" ", "", "  ", "-"]),
    st.sampled_from(["", " ", ":", " of", "("]),
).map(lambda name: name[1].join(name[0]) + name[2])


@given(lists=st.lists(st.lists(ODD_NAMES, max_size=3), min_size=50, max_size=100))
@settings(max_examples=some(60), deadline=None, suppress_health_check=list(HealthCheck))
def test_lists_without_an_odd_name_are_not_changed_by_looking_at_each(
    engine: DuckEngine, lists: list[list[str | None]]
) -> None:
    engine.register("given", pa.table({"names": pa.array(lists, pa.list_(pa.string()))}))
    engine.view("listed", "SELECT list_transform(names, lambda n: {'name': n}) AS items FROM given")
    for odd, kept in (
        ("odd_companies", "NOT no_name(n.name)"),
        ("odd_people", "has_letter(n.name) AND NOT no_name(n.name) AND NOT no_person(n.name)"),
    ):
        each = (
            f"list_filter(list_transform(items, lambda n: {{'name': name_mended(n.name)}}), lambda n: {kept})"
        )
        changed = engine.query(
            f"SELECT items FROM listed WHERE NOT {odd}(items) AND {each} IS DISTINCT FROM items"
        )
        assert changed.to_pylist() == []


@given(names=st.lists(ODD_NAMES, min_size=100, max_size=200))
@settings(max_examples=some(60), deadline=None, suppress_health_check=list(HealthCheck))
def test_patterns_of_a_few_ranges_find_whatever_those_of_all_letters_find(
    engine: DuckEngine, names: list[str | None]
) -> None:
    engine.register("given", pa.table({"name": pa.array(names, pa.string())}))
    missed = engine.query(r"""
        SELECT name FROM given WHERE
          (regexp_matches(name, nameless('\pL\pN', '\p{Lu}', '^', '$')) AND NOT no_name(name))
          OR regexp_matches(name, clause('\p{Lu}', '\p{Ll}', '^', '$')) <> no_person(name)
          OR regexp_matches(name, '\pL') <> has_letter(name)
          OR (regexp_matches(name, name_beset('\pL', '^', '$')) AND NOT regexp_matches(name, name_beset(wide_letters(), '^', '$')))
    """)
    assert missed.to_pylist() == []


def test_names_lose_the_notes_and_blanks_around_them(engine: DuckEngine) -> None:
    engine.register("given", pa.table({"name": list(MENDED)}))
    assert engine.query("SELECT name_mended(name) AS m FROM given")["m"].to_pylist() == list(MENDED.values())


def test_joined_names_are_parted_and_a_note_tells_the_trade(engine: DuckEngine) -> None:
    engine.register("given", pa.table({"name": list(APART)}))
    parted = engine.query("SELECT names_parted(name) AS p FROM given")["p"].to_pylist()
    assert dict(zip(APART, parted, strict=True)) == APART
    people = engine.query(
        "SELECT people_as('actor', ['Joel and Ethan Coen', 'Ann Lee (screenwriter)', 'Bo (actor)']) AS p"
    )
    assert [(one["name"], one["role"], one["position"]) for one in people["p"][0].as_py()] == [
        ("Joel Coen", "actor", 0),
        ("Ethan Coen", "actor", 1),
        ("Ann Lee (screenwriter)", "writer", 2),
        ("Bo (actor)", "actor", 3),
    ]
