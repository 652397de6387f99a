"""Wikipedia's film lists read as they mean, under keys that do not change from one reading to the next."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from moviec.sources.registry import find_source
from tests.conftest import real
from tests.sources.reading import read, reconciled


def film(title: str, year: Any = 1920, href: str | None = None, **values: Any) -> str:
    return json.dumps({"title": title, "year": year, "cast": [], "genres": [], "href": href, **values})


LIST = "\n".join(
    [
        film(
            "The Kite",
            href="The_Kite_(1920_film)",
            cast=["Ada Bree", ")", "Cy Dole"],
            genres=["Drama", "Short"],
        ),
        film("Twins", href="Twins_(serial)"),
        film("Twins", 1921, href="Twins_(serial)"),
        film("Twins", 1921, href="Twins_(serial)", cast=["Eve Fay"]),
        film("No Article"),
        film("No Article"),
        film("No Article", 1925),
        film("Tower (1920 film)", href="Tower_(film)"),
        film("Torn .mw-parser-output .frac{x:0}.mw-parser-output .num{y:1}5+1⁄2", href="Torn"),
        film("(Untitled)", "long ago", href="(Untitled)"),
        film(" "),
        "{broken",
    ]
)


def test_the_key_is_the_article_where_it_is_the_films_own_else_title_and_year() -> None:
    found = read("wikipedia", {"films": LIST})
    assert list(found.films) == [
        "The_Kite_(1920_film)",
        "Twins (1920)",
        "Twins (1921)",
        "No Article (1920)",
        "No Article (1920) #2",
        "No Article (1925)",
        "Tower_(film)",
        "Torn",
        "(Untitled)",
    ]
    count = found.reading.files["films"].count
    assert (count.read, count.kept, count.merged, count.rejected) == (12, 9, 1, 2)
    assert [(r["line"], r["reason"]) for r in found.reading.files["films"].rejected.to_pylist()] == [
        (11, "title is empty, which is not a valid key"),
        (12, "not valid JSON"),
    ]
    assert found.films["Twins (1921)"]["people"][0]["name"] == "Eve Fay", "of two rows alike the later counts"


def test_a_film_reads_field_by_field() -> None:
    films = read("wikipedia", {"films": LIST}).films
    kite = films["The_Kite_(1920_film)"]
    assert (kite["title"], kite["year"], kite["kind"], kite["genres"]) == (
        "The Kite",
        1920,
        "short",
        ["Drama", "Short"],
    )
    assert [(p["name"], p["role"], p["position"]) for p in kite["people"]] == [
        ("Ada Bree", "actor", 0),
        ("Cy Dole", "actor", 2),
    ]
    assert kite["list_problems"] == ["people_name_impossible"]
    assert dict(kite["ids"]) == {"wikipedia": "The_Kite_(1920_film)"}
    assert (films["Tower_(film)"]["title"], films["Tower_(film)"]["other_titles"][0]["title"]) == (
        "Tower",
        "Tower (1920 film)",
    )
    assert films["Torn"]["title"] == "Torn 5+1⁄2"
    assert (films["(Untitled)"]["title"], films["(Untitled)"]["problems"]) == (
        "(Untitled)",
        ["year_unreadable"],
    )


def test_rows_of_two_years_that_link_to_one_article_have_its_id_where_they_mean_one_film() -> None:
    """RoboCop 3 stands in the lists of 1992 and 1993; two films of one title may link to one article by mistake."""
    rows = [
        film("RoboCop 3", 1992, href="RoboCop_3", cast=["Robert John Burke", "John Castle"]),
        film("RoboCop 3", 1993, href="RoboCop_3", cast=["Robert John Burke", "Nancy Allen"]),
        film("Full Frontal", 2001, href="Full_Frontal_(film)", cast=["Kyle Schickner"]),
        film("Full Frontal", 2002, href="Full_Frontal_(film)", cast=["Julia Roberts"]),
        film("Robin Hood", 1922, href="Robin_Hood", cast=["Enid Bennett"]),
        film("Robin Hood", 1932, href="Robin_Hood", cast=["Enid Bennett"]),
    ]
    found = read("wikipedia", {"films": "\n".join(rows)}).films
    ids = {key: dict(one.get("ids") or {}).get("wikipedia") for key, one in found.items()}
    assert ids.pop("RoboCop 3 (1992)") == ids.pop("RoboCop 3 (1993)") == "RoboCop_3"
    assert set(ids.values()) == {None} and len(ids) == 4


def test_a_cast_that_was_cut_at_links_and_commas_is_put_together_again() -> None:
    cast = [
        ("House Peters|Sr.|Myrtle Stedman", ["House Peters Sr.", "Myrtle Stedman"]),
        ("Walter Huston|(|Best Actor|nominee)|Mary Astor|(|Best Actress|nominee)", ["Walter Huston", "Mary Astor"]),
        ("Voices of|Joan Cusack|and|John Cusack|(narrator)", ["Joan Cusack", "John Cusack"]),
        ("Voices of Ada Bree|and Cy Dole|Katherine MacDonald]]|Dir.: Eve Fay (|X|)", ["Ada Bree", "Cy Dole", "Katherine MacDonald", "Eve Fay", "X"]),
        ("screenwriter)|Dave (Tex) O'Brien|Paul Muller (actor)", ["Dave (Tex) O'Brien", "Paul Muller"]),
        ("the|history of|and his Orchestra|Paul Whiteman", ["Paul Whiteman"]),
        ("and|Various", []),
    ]  # fmt: skip
    rows = [film(f"Film {number}", cast=given.split("|")) for number, (given, _) in enumerate(cast)]
    found = read("wikipedia", {"films": "\n".join(rows)}).films
    assert [[p["name"] for p in one.get("people", [])] for one in found.values()] == [
        names for _, names in cast
    ]
    counted = [bool(one.get("list_problems")) for one in found.values()]
    assert counted == [False, False, True, True, True, True, True]


def test_the_real_list_reconciles_and_agrees_with_plain_python() -> None:
    path = real("wikipedia/movies.jsonl")
    found = read("wikipedia", {"films": path})
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    last = {(r["title"], r["year"], r["href"] or n): n for n, r in enumerate(rows)}
    count = found.reading.files["films"].count
    assert (count.read, count.kept, count.rejected) == (len(rows), len(last), 0)
    assert reconciled(found.reading)
    films = {film["line"] - 1: film for film in found.films.values()}
    assert films.keys() == set(last.values())
    few = refused = 0
    shared = Counter(rows[n]["href"] for n in last.values())
    for number, film in films.items():
        row = rows[number]
        assert film["year"] == row["year"]
        assert film.get("genres", []) == row["genres"]
        given, names = set(map(str.strip, row["cast"])), [p["name"] for p in film.get("people", [])]
        mended = [name for name in names if name not in given]
        assert all(word in " ".join(row["cast"]) for name in mended for word in name.split())
        few += len(mended)
        refused += len(film.get("list_problems", []))
        own = row["href"] and shared[row["href"]] == 1
        assert (film["key"] == row["href"]) == bool(own)
        if "(" not in row["title"] and ".mw" not in row["title"]:
            assert film["title"] == row["title"].strip()
    assert (few, refused) == (99, 190)
    labels = {label for film in found.films.values() for label in film.get("genres", [])}
    assert labels <= set(find_source("wikipedia").spec.genres)


def test_a_cast_that_is_a_sentence_cut_at_its_links_names_nobody_but_full_names() -> None:
    casts = {
        "Legacy": ["life in", "Chicago", "ghettos"],
        "Comedian": ["the", "stand-up comedy", "of", "Jerry Seinfeld"],
        "Night": ["the", "Truth and Reconciliation Commission", "in post-", "Apartheid", "South Africa"],
        "Scratch": ["Hip", "and", "disc jockeys"],
        "Yale": ["Our Gang", "kids"],
        "Rio": ["Anne Hathaway", "will.i.am", "Sting", "bell hooks"],
        "Hooks": ["bell hooks"],
        "Cher": ["voices of", "Cher", "and", "Prince"],
    }
    found = read("wikipedia", {"films": "\n".join(film(title, cast=cast) for title, cast in casts.items())})
    named = {row["title"]: [one["name"] for one in row.get("people", ())] for row in found.films.values()}
    assert named == {
        "Legacy": [],
        "Comedian": ["Jerry Seinfeld"],
        "Night": ["South Africa"],
        "Scratch": [],
        "Yale": ["Our Gang"],
        "Rio": ["Anne Hathaway", "will.i.am", "Sting", "bell hooks"],
        "Hooks": ["bell hooks"],
        "Cher": ["Cher", "Prince"],
    }
    refused = [row["title"] for row in found.films.values() if row.get("list_problems")]
    assert refused == ["Legacy", "Comedian", "Night", "Scratch", "Yale", "Cher"]


def test_a_note_behind_a_name_tells_the_trade() -> None:
    cast = ["Max Booth III (screenwriter)", "Harry Carter (actor)", "Cole and Dylan Sprouse"]
    [row] = read("wikipedia", {"films": film("We", cast=cast)}).films.values()
    assert [(one["name"], one["role"]) for one in row["people"]] == [
        ("Max Booth III", "writer"),
        ("Harry Carter", "actor"),
        ("Cole Sprouse", "actor"),
        ("Dylan Sprouse", "actor"),
    ]
