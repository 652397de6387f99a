"""What programs and pages elsewhere need: other origins, fewer bytes, only the fields they show."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import brotli
import pytest
import zstandard

from tests.web.conftest import Api, made_home, serving

PAGE = {"origin": "https://films.example"}
ASKS = {**PAGE, "access-control-request-method": "GET", "access-control-request-headers": "x-api-key"}


def test_a_page_elsewhere_may_read(api: Api) -> None:
    for path in (
        "/v1/movies/mc1",
        "/v1/movies/mc99999",
        "/movies/search?query=heat",
        "/v1/changes",
        "/openapi.json",
    ):
        answer = api.get(path, headers=PAGE)
        assert answer.headers["access-control-allow-origin"] == "*", path
        assert "ETag" in answer.headers["access-control-expose-headers"]
    asked = api.client.options("/v1/movies/mc1", headers=ASKS)
    assert asked.status_code == 204
    assert "X-API-Key" in asked.headers["access-control-allow-headers"]
    assert asked.headers["access-control-allow-methods"] == "GET, HEAD"
    post = {**ASKS, "access-control-request-method": "POST"}
    assert (
        api.client.options("/v1/movies/lookup", headers=post).headers["access-control-allow-methods"]
        == "GET, HEAD, POST"
    )


@pytest.mark.parametrize(("path", "method"), [("/v1/webhooks", "POST"), ("/v1/admin/keys", "GET"), ("/v1/movies/mc1", "DELETE"), ("/", "GET")])  # fmt: skip
def test_a_page_elsewhere_may_change_nothing_and_see_no_keys(api: Api, path: str, method: str) -> None:
    asked = api.client.options(path, headers={**ASKS, "access-control-request-method": method})
    assert "access-control-allow-origin" not in asked.headers
    answer = api.client.request(method, path, headers=PAGE)
    assert "access-control-allow-origin" not in answer.headers


def test_a_preflight_needs_no_key_and_an_answer_does(template: Path, tmp_path: Path) -> None:
    with serving(made_home(template, tmp_path, anonymous=False)) as api:
        assert api.client.options("/v1/movies/mc1", headers=ASKS).status_code == 204
        refused = api.get("/v1/movies/mc1", headers=PAGE)
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "*")


def test_only_the_origins_of_the_setting_may_read(template: Path, tmp_path: Path) -> None:
    with serving(made_home(template, tmp_path, cors="https://films.example https://other.example")) as api:
        mine = api.get("/v1/movies/mc1", headers=PAGE)
        assert mine.headers["access-control-allow-origin"] == "https://films.example"
        assert "Origin" in mine.headers["vary"]
        strange = api.get("/v1/movies/mc1", headers={"origin": "https://evil.example"})
        assert "access-control-allow-origin" not in strange.headers
        assert "Origin" in strange.headers["vary"]


def test_nobody_may_where_the_setting_is_empty(template: Path, tmp_path: Path) -> None:
    with serving(made_home(template, tmp_path, cors="")) as api:
        assert "access-control-allow-origin" not in api.get("/v1/movies/mc1", headers=PAGE).headers


def raw(api: Api, path: str, accept: str, **headers: str) -> Any:
    """Ask, and give the body as it was sent."""
    with api.client.stream("GET", path, headers={"accept-encoding": accept, **headers}) as answer:
        return answer, b"".join(answer.iter_raw())


def test_a_caller_gets_the_coding_it_accepts(api: Api) -> None:
    path = "/v1/movies?limit=50"
    plain = api.get(path, headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    undone = {"gzip": gzip.decompress, "br": brotli.decompress, "zstd": zstandard.decompress}
    etags = {plain.headers["etag"]}
    for accept, coding in (("gzip", "gzip"), ("gzip, deflate, br", "br"), ("gzip, deflate, br, zstd", "zstd"), ("zstd;q=0.1, gzip", "gzip"), ("*", "zstd")):  # fmt: skip
        answer, body = raw(api, path, accept)
        assert answer.headers["content-encoding"] == coding
        assert int(answer.headers["content-length"]) == len(body) < len(plain.content) / 2
        assert undone[coding](body) == plain.content
        assert "Accept-Encoding" in answer.headers["vary"]
        etags.add(answer.headers["etag"])
    assert len(etags) == 4  # a strong ETag is of one representation
    for accept in ("", "deflate", "gzip;q=0", "br;q=x", "identity"):
        assert "content-encoding" not in raw(api, path, accept)[0].headers
    for etag in etags:
        assert api.get(path, headers={"if-none-match": etag, "accept-encoding": "br"}).status_code == 304


def test_small_answers_go_as_they_are(api: Api) -> None:
    assert "content-encoding" not in raw(api, "/v1/movies/suggest?query=heat", "gzip")[0].headers


def test_only_the_fields_that_are_wanted(read_either: Api) -> None:
    film = read_either.json("/v1/movies/mc1?fields=title,year,runtime")
    assert film == {"id": "mc1", "title": "The Matrix", "year": 1999, "runtime": 136}
    (first,) = read_either.json("/v1/movies?sort=popularity&limit=1&fields=year")["items"]
    assert first == {"id": "mc3", "title": "The Godfather", "year": 1972}
    (first,) = read_either.json("/v1/movies?sort=popularity&limit=1&fields=runtime,people,certificate")[
        "items"
    ]
    assert (first["runtime"], first["certificate"], first["people"][1]["name"]) == (175, "R", "Al Pacino")
    assert "year" not in first
    lines = read_either.get("/v1/movies?limit=2&fields=year", headers={"accept": "application/x-ndjson"})
    assert [set(msgspec_line) for msgspec_line in map(json_of, lines.text.splitlines())] == [
        {"id", "title", "year"}
    ] * 2


def json_of(text: str) -> Any:
    import json

    return json.loads(text)


def test_what_is_included_stands_beside(read_either: Api) -> None:
    film = read_either.json("/v1/movies/mc1?fields=year&include=claims,ratings")
    assert set(film) == {"id", "title", "year", "claims", "ratings"}
    assert film["claims"]["year"]["value"] == 1999
    assert film["ratings"][0]["points"] == 77.78
    (first,) = read_either.json("/v1/movies/search?query=the matrix&limit=1&include=people,claims")["items"]
    assert (first["year"], first["people"][0]["role"], first["claims"]["year"]["rule"]) == (
        1999,
        "director",
        "weighted_vote",
    )
    whole = read_either.json("/v1/movies/mc1")
    assert read_either.json("/v1/movies/mc1?include=people") == whole
    german = read_either.json("/v1/movies/mc3?fields=year", headers={"accept-language": "de"})
    assert german == {"id": "mc3", "title": "The Godfather", "year": 1972, "display_title": "Der Pate"}
    old = read_either.json("/v1/movies/mc1?fields=year&as_of=2026-11-30")
    assert old == {"id": "mc1", "title": "The Matrix", "year": 1999}
    old = read_either.json("/v1/movies/mc1?fields=year&include=claims&as_of=2026-11-01T12:00:00Z")
    assert old["claims"]["year"]["value"] == 1999


@pytest.mark.parametrize("query", ["fields=nothing", "include=documents", "fields=title;year"])
def test_what_no_film_has_is_400(read_api: Api, query: str) -> None:
    assert read_api.get(f"/v1/movies/mc1?{query}").status_code == 400
