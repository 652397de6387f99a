"""Lists without ids: matched by our endpoint, and by OpenRefine's protocol, which a client of it speaks here."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

from tests.web.catalogue import FILMS
from tests.web.conftest import Api


def matched(api: Api, *films: dict[str, Any]) -> list[dict[str, Any]]:
    answer = api.client.post("/v1/movies/match", json={"films": films})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_films_are_known_by_what_is_told_of_them(either: Api) -> None:
    found = matched(
        either,
        {"title": "Heat", "year": 1995, "key": "row 1"},
        {"title": "Heat", "year": 1986},
        {"title": "godfather, the", "year": 1972, "directors": ["Francis F. Coppola"]},
        {"title": "Die fabelhafte Welt der Amélie", "year": 2001},
        {"title": "The Matrix Relaoded", "year": 2003, "directors": ["Lana Wachowski"], "runtime": 138},
        {"title": "Something that nobody made", "year": 2003},
        {"title": "Heat", "year": 1995, "key": "again"},
        {"title": "Any words at all", "imdb_id": "tt0000007"},
    )
    assert [each["match"] for each in found] == ["mc11", "mc12", "mc3", "mc5", "mc2", None, "mc11", "mc7"]
    assert (found[0]["key"], found[6]["key"]) == ("row 1", "again")
    assert found[7]["probability"] == 1.0
    best = found[0]["candidates"][0]
    assert best["probability"] > 0.95
    assert {part["feature"] for part in best["evidence"]} >= {"title", "year"}
    assert "key" not in found[1]


def test_a_film_is_judged_alike_whatever_is_asked_beside_it(api: Api) -> None:
    alone = matched(api, {"title": "Aliens", "year": 1986})
    beside = matched(api, *({"title": film.title, "year": film.year} for film in FILMS[:18]))
    assert alone[0]["match"] == beside[7]["match"] == "mc8"
    assert abs(alone[0]["probability"] - beside[7]["probability"]) < 0.02
    assert [each["match"] for each in beside] == [f"mc{film.number}" for film in FILMS[:18]]


@pytest.mark.parametrize(
    "body",
    [{}, {"films": []}, {"films": [{"year": 1995}]}, {"films": [{"title": ""}]}, {"films": [{"title": "x", "year": 0}]},
     {"films": [{"title": "x", "released": "1995-02-30"}]}, {"films": [{"title": "x"}] * 501}, {"films": [{"title": "x", "odd": 1}]}],
)  # fmt: skip
def test_a_list_that_is_none_is_422(api: Api, body: Any) -> None:
    assert api.client.post("/v1/movies/match", json=body).status_code == 422


@pytest.mark.parametrize("title", [" ", "?", "\u200b", "'\"", "x" * 1000, "七人の侍", "a|b,c"])
def test_odd_titles_are_answered(api: Api, title: str) -> None:
    assert len(matched(api, {"title": title})) == 1


class _Type(msgspec.Struct, forbid_unknown_fields=True):
    id: str
    name: str


class _Result(msgspec.Struct, forbid_unknown_fields=True):
    """A candidate as version 0.2 of the protocol has it."""

    id: str
    name: str
    score: float
    match: bool
    type: list[_Type]
    description: str = ""


class _Results(msgspec.Struct, forbid_unknown_fields=True):
    result: list[_Result]


class _Service(msgspec.Struct):
    service_url: str
    service_path: str


class _Manifest(msgspec.Struct):
    versions: list[str]
    name: str
    identifierSpace: str  # noqa: N815  the protocol's own names
    schemaSpace: str  # noqa: N815
    view: dict[str, str]
    defaultTypes: list[_Type]  # noqa: N815
    suggest: dict[str, _Service]
    extend: dict[str, Any]
    preview: dict[str, Any]


def reconciled(api: Api, queries: dict[str, Any]) -> dict[str, _Results]:
    """Ask as OpenRefine does: a form with a batch of queries."""
    answer = api.client.post("/reconcile", data={"queries": json.dumps(queries)})
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=dict[str, _Results])


def test_the_manifest_says_what_the_service_can(read_api: Api) -> None:
    manifest = msgspec.json.decode(read_api.get("/reconcile").content, type=_Manifest)
    assert "0.2" in manifest.versions
    assert manifest.view["url"].endswith("/movies/{{id}}")
    for service in (
        *manifest.suggest.values(),
        msgspec.convert(manifest.extend["propose_properties"], _Service),
    ):
        assert read_api.get(service.service_path + "?prefix=a&type=movie").status_code == 200
    page = read_api.get(
        manifest.preview["url"].replace("http://testserver.local", "").replace("{{id}}", "mc3")
    )
    assert "The Godfather" in page.text


def test_a_batch_of_queries_is_answered_by_name(either: Api) -> None:
    found = reconciled(
        either,
        {
            "q0": {"query": "Heat", "type": "movie", "limit": 3, "properties": [{"pid": "year", "v": "1995"}]},
            "q1": {"query": "Heat"},
            "q2": {"query": "tt0000007"},
            "q3": {"query": "The Godfather", "properties": [{"pid": "director", "v": {"id": "x", "name": "Francis Ford Coppola"}}, {"pid": "year", "v": [1972]}]},
            "q4": {"query": "The Godfather", "type": "person"},
            "q5": {"query": ""},
        },
    )  # fmt: skip
    first = found["q0"].result[0]
    assert (first.id, first.name, first.match, first.type) == ("mc11", "Heat", True, [_Type("movie", "Film")])
    assert not any(each.match for each in found["q0"].result[1:])
    assert {each.id for each in found["q1"].result[:2]} == {"mc11", "mc12"}
    assert not any(each.match for each in found["q1"].result)
    assert [(each.id, each.match) for each in found["q2"].result] == [("mc7", True)]
    assert found["q3"].result[0].id == "mc3"
    assert found["q4"].result == found["q5"].result == []
    got = either.get(f"/reconcile?queries={quote(json.dumps({'q': {'query': 'Amélie', 'limit': 1}}))}").json()
    assert [each["id"] for each in got["q"]["result"]] == ["mc5"]


def test_a_table_is_extended(either: Api) -> None:
    wanted = {"ids": ["mc3", "mc50", "mc99999"], "properties": [{"id": name} for name in ("year", "director", "imdb", "genre", "nothing")]}  # fmt: skip
    answer = either.client.post("/reconcile", data={"extend": json.dumps(wanted)}).json()
    assert [each["id"] for each in answer["meta"]] == ["year", "director", "imdb", "genre"]
    assert answer["rows"]["mc3"] == {
        "year": [{"int": 1972}],
        "director": [{"str": "Francis Ford Coppola"}],
        "imdb": [{"str": "tt0000003"}],
        "genre": [{"str": "Crime"}, {"str": "Drama"}],
    }
    assert answer["rows"]["mc99999"] == {"year": [], "director": [], "imdb": [], "genre": []}


def test_suggestions_of_the_protocol(read_api: Api) -> None:
    assert [each["id"] for each in read_api.json("/reconcile/suggest/entity?prefix=godf")["result"]] == [
        "mc3",
        "mc4",
    ]
    assert [each["id"] for each in read_api.json("/reconcile/suggest/property?prefix=ye")["result"]] == [
        "year"
    ]
    assert [each["id"] for each in read_api.json("/reconcile/suggest/type?prefix=fi")["result"]] == ["movie"]
    assert read_api.json("/reconcile/properties?type=movie&limit=2")["properties"][0]["id"] == "year"


@pytest.mark.parametrize("form", [{}, {"queries": "{"}, {"queries": "[]"}, {"queries": '{"q":{"query":1}}'}, {"extend": '{"ids":"x"}'}, {"extend": "null"}])  # fmt: skip
def test_what_the_protocol_does_not_have_is_400(api: Api, form: dict[str, str]) -> None:
    assert api.client.post("/reconcile", data=form).status_code == 400


def test_a_page_elsewhere_may_reconcile(api: Api) -> None:
    answer = api.client.post(
        "/reconcile", data={"queries": "{}"}, headers={"origin": "https://films.example"}
    )
    assert answer.headers["access-control-allow-origin"] == "*"
