"""What sources say of companies, beside the companies: the later delivery holds, owners are found by id, nothing is said of others."""

from __future__ import annotations

import json

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.company_details import (
    DETAILS,
    apply_details,
    companies_to_ask,
    put_details,
    replace_details,
)
from moviec.catalog.connect import connect, writing
from moviec.catalog.references import Owner, companies_called, companies_named, companies_of
from moviec.catalog.schema.identity import parties
from moviec.catalog.schema.movies import companies, movie_companies, movies

SPACES = {"tmdb": "tmdb"}


def _filled(database: str) -> sa.Engine:
    """Three companies: 1 with two ids at TMDB, 2, and 3 which only another source names; 2 has two films, the others one."""
    catalogue = connect(database)
    with writing(catalogue) as connection:
        for number, name in ((1, "Zorro"), (2, "Mother Corp"), (3, "Other")):
            connection.execute(
                sa.insert(companies).values(id=number, name=name, folded=name.lower(), aliases="[]", ids="{}")
            )
        for space, key, company in (
            ("tmdb", "10", 1),
            ("tmdb", "9", 1),
            ("tmdb", "20", 2),
            ("wikidata", "Q3", 3),
            ("", "", 3),
        ):
            row = {"kind": "companies", "space": space, "key": key, "folded": f"x{company}", "party": company}
            connection.execute(sa.insert(parties).values(row))
        for movie, company in ((1, 2), (2, 2), (3, 1), (4, 3)):
            film = {"movie": movie, "title": "x", "folded": "x", "raters": 0, "adult": False}
            connection.execute(sa.insert(movies).values(film))
            given = {"movie": movie, "position": 0, "company": company, "name": "x", "keys": "{}"}
            connection.execute(sa.insert(movie_companies).values(given))
    return catalogue


def _told(*rows: tuple[str, str | None, str | None, str | None, str | None, list[str]]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(DETAILS.names, (*row[:5], json.dumps(row[5])), strict=True)) for row in rows],
        schema=DETAILS,
    )


def test_what_is_told_stands_beside_the_companies(database: str) -> None:
    catalogue = _filled(database)
    with writing(catalogue) as connection:
        first = _told(
            ("9", "Zorro", "FR", "20", "Mother", ["Studio Z"]),
            ("10", "Zorro Films", "DE", None, None, ["ゾロ"]),
            ("20", "Mother Corp", None, "77", "Holding", []),
            ("999", "Nobody", "XX", None, None, ["Zilch"]),
        )
        put_details(connection, "tmdb", {"d1": first})
        assert apply_details(connection, SPACES) == 2 + 3
        assert apply_details(connection, SPACES) == 0, "what is so already is not touched"
        found = companies_of(connection, [1, 2, 3])
        assert (found[1].country, found[1].parent, found[1].told_by) == ("FR", Owner("Mother", 2), "tmdb")
        assert found[1].aliases == ["Studio Z", "Zorro Films", "ゾロ"]
        assert (found[2].country, found[2].parent) == (None, Owner("Holding"))
        assert (found[3].country, found[3].parent, found[3].told_by) == (None, None, None)
        assert [each.id for each in companies_named(connection, "studio", 0, 10)] == [1]
        assert companies_called(connection, "zorro films") == [1]
        assert companies_named(connection, "zilch", 0, 10) == []

        put_details(connection, "tmdb", {"d0": _told(("9", "Older", "IT", None, None, []))})
        apply_details(connection, SPACES)
        assert companies_of(connection, [1])[1].country == "FR", "an older delivery changes nothing"
        put_details(connection, "tmdb", {"d2": _told(("9", None, None, None, None, []))})
        apply_details(connection, SPACES)
        assert companies_of(connection, [1])[1].country == "DE", (
            "of a company that is no more nothing is said"
        )
        assert apply_details(connection, {}) == 2 + 2, "nor by a source that may not be shown"
        assert companies_of(connection, [1])[1].aliases == []
        replace_details(connection, "tmdb", {"d1": first})
        apply_details(connection, SPACES)
        assert companies_of(connection, [1, 2, 3]) == found, "reading again comes to the same"
        connection.execute(sa.update(parties).where(parties.c.key == "20").values(party=3))
        assert apply_details(connection, SPACES, pa.array([2, 3], pa.int64())) > 0
        some = companies_of(connection, [1, 2, 3])
        assert some[1].parent == Owner("Mother", 3), "what a company owns is looked at with it"
        assert apply_details(connection, SPACES) == 0, "some of them, or all: it comes to the same"
        connection.execute(sa.update(parties).where(parties.c.key == "20").values(party=2))
        apply_details(connection, SPACES, pa.array([2, 3], pa.int64()))
        assert companies_of(connection, [1, 2, 3]) == found
        assert companies_to_ask(connection, "tmdb companies", "tmdb", "2026", 10) == ["20", "10", "9"]
        assert companies_to_ask(connection, "tmdb companies", "tmdb", "2026", 1) == ["20"]
    catalogue.dispose()
