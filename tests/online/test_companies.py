"""What TMDB says of companies: country, owner and other names asked for after a round, in the catalogue, the API and on the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from moviec.loopback.server import status
from moviec.pipeline import asking
from moviec.transient import Patience
from tests.online.desk import Desk, desk, served


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(asking, "PATIENCE", Patience(timeout=5, pauses=()))
    with desk(tmp_path, count=6) as found:
        found.settings("anonymous = true")
        found.tmdb.countries = dict.fromkeys(found.tmdb.companies, "US")
        yield found


def _get(at: Desk, *paths: str) -> list[httpx.Response]:
    return served(at.home, *((path, {}) for path in paths))


def _company(at: Desk, name: str) -> dict[str, Any]:
    [answer] = _get(at, f"/v1/production_companies?query={name}")
    [found] = answer.json()["items"]
    return cast(dict[str, Any], found)


def test_a_company_has_its_country_its_owner_and_its_other_names(at: Desk) -> None:
    numbers = sorted(at.tmdb.companies)
    one, owner = numbers[0], numbers[1]
    at.tmdb.owned[one] = owner
    at.tmdb.countries[one] = "FR"
    at.tmdb.known_as[one] = ["Ateliers Zorro", "ゾロ"]
    done = at.ingest("tmdb")
    assert f"{6 + 2 * len(numbers)} requests" in done.stdout
    assert at.served.times("tmdb", "/3/company/") == 2 * len(numbers)

    found = _company(at, "ateliers")
    assert (found["name"], found["country"], found["told_by"]) == (at.tmdb.companies[one], "FR", "tmdb")
    assert found["parent"]["name"] == at.tmdb.companies[owner]
    assert {"Ateliers Zorro", "ゾロ"} <= set(found["aliases"])
    assert _company(at, "ゾロ")["id"] == found["id"]
    parent, page, listed, films = _get(
        at,
        f"/v1/production_companies/{found['parent']['id']}",
        f"/companies/{found['id']}",
        "/companies?query=ateliers",
        "/v1/movies?company=ateliers%20zorro",
    )
    assert (parent.json()["name"], parent.json()["country"]) == (at.tmdb.companies[owner], "US")
    assert "parent" not in parent.json()
    for text in ("France", f"/companies/{found['parent']['id']}", "Ateliers Zorro", "TMDB"):
        assert text in page.text
    assert at.tmdb.companies[one] in listed.text
    assert films.json()["total"] >= 1

    assert "tmdb: 6 records" in at.moviec("status").stdout, "answers about companies say nothing of films"
    at.ingest("tmdb")
    assert at.served.times("tmdb", "/3/company/") == 2 * len(numbers), "asked again only after 90 days"
    assert at.moviec("rebuild", "--from-raw").exit_code == 0
    assert _company(at, "ateliers") == found, "the answers are payloads as all others"


def test_an_asking_that_broke_off_goes_on_and_a_company_that_is_no_more_has_nothing(at: Desk) -> None:
    numbers = sorted(at.tmdb.companies)
    at.ingest("tmdb")
    assert _company(at, at.tmdb.companies[numbers[0]].lower())["country"] == "US"

    again = Desk(at.home.parent / "other", at.served, at.films, at.providers)
    again.settings("anonymous = true")
    del at.tmdb.companies[numbers[0]]
    films = len(at.films)
    at.served.asked.clear()
    at.served.faults.add(*[_fine] * (1 + films + 4), status(503))
    assert "503" in again.fails("ingest", "tmdb")
    before = at.served.times("tmdb", "/3/company/")
    again.ingest("tmdb")
    times = [n for (_, path), n in at.served.asked.items() if path.startswith("/3/company/")]
    assert before >= 5
    assert sum(times) <= 2 * len(numbers) + 8 * asking.AHEAD, "only what was under way is asked for again"
    named = {
        each["name"]: each for each in _get(again, "/v1/production_companies?limit=100")[0].json()["items"]
    }
    missing = [name for name, one in named.items() if "country" not in one]
    assert len(missing) == 1
    assert len(named) == len(numbers)


def _fine(*_: object) -> bool:
    return False


def test_what_may_not_be_passed_on_is_said_of_no_company(at: Desk) -> None:
    one = min(at.tmdb.companies)
    at.tmdb.known_as[one] = ["Ateliers Zorro"]
    at.ingest("tmdb")
    at.ingest("wikidata")
    assert _company(at, "ateliers")
    at.settings("anonymous = true\npublic = true")
    at.moviec("rebuild")
    assert _get(at, "/v1/production_companies?query=ateliers")[0].json()["items"] == []
    shown = _get(at, "/v1/production_companies?limit=100")[0].json()["items"]
    assert shown
    assert not any("country" in each for each in shown)


def test_a_persons_ids_are_shown_with_the_source_that_gives_them(at: Desk) -> None:
    at.ingest("tmdb")
    director = at.films[0].directors[0]
    answer, page = _get(at, f"/v1/people/tmdb:{director.id}", f"/people/tmdb:{director.id}")
    [given] = answer.json()["given_ids"]
    assert (given["space"], given["id"], given["source"]) == ("tmdb", str(director.id), "tmdb")
    assert given["name"] == director.name
    assert given["films"] >= 1
    assert "Given by" in page.text
    assert json.loads(answer.text)["ids"] == {"tmdb": [str(director.id)]}
