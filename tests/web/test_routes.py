"""Every route answers every mistake in the one shape of errors, and says what it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import resources
from typing import Any

import msgspec
import pytest

from moviec.web import schemas as shapes
from moviec.web.errors import ErrorShape
from tests.web.conftest import Api

METHODS = {"GET", "POST", "DELETE", "PUT", "PATCH"}


@pytest.fixture
def described(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.json("/openapi.json")
    return found


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def filled(path: str, word: str = "1") -> str:
    """Put something into a path's parameters."""
    return re.sub(r"{\w+}", word, path.replace("{span}", "1990-1999"))


def check(answer: Any, *statuses: int) -> None:
    assert answer.status_code in statuses, (answer.request.url, answer.text)
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "details"}
    assert re.fullmatch("[a-z_]+", error["code"])
    assert error["message"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-request-id"]


def test_every_route_refuses_in_one_shape(api: Api, described: dict[str, Any]) -> None:
    walked = 0
    for method, path, operation in operations(described):
        if path in ("/healthz", "/readyz", "/metrics"):
            continue
        where, walked = filled(path), walked + 1
        # A poster or a video takes no key: a page of films has dozens, and its address cannot be guessed.
        refusal = 404 if path.startswith(("/posters/", "/videos/")) else 401
        check(api.client.request(method, where, headers={"X-API-Key": "mc_wrong"}), refusal)
        unknown = f"{where}?nonsense=1"
        check(api.client.request(method, unknown), 400, 401, 404, 415, 422)
        taken = {one.upper() for one in described["paths"][path]}
        for other in sorted(METHODS - taken)[:1]:
            answer = api.client.request(other, where, headers={"X-API-Key": api.key("admin")})
            check(answer, 405)
            assert taken <= set(answer.headers["allow"].split(", "))
        if "requestBody" in operation:
            for body in (b"", b"{", b"[]", b"null", b'{"nonsense":1}', b"\xff"):
                headers = {"X-API-Key": api.key("admin"), "Content-Type": "application/json"}
                check(api.client.request(method, where, content=body, headers=headers), 400, 422)
    assert walked > 35


@pytest.mark.parametrize(
    "path",
    ["/v1", "/v2/movies", "/v1/movies/", "/%00", "/v1/movies/mc1/nothing", "/static/../app.py", "/static/x", "/v1/genres/99",
     "/v1/production_companies/99", "/v1/sources/nobody", "/v1/genres/years/1990", "/v1/movies/%F0%9F%98%80", "/a" * 500],
)  # fmt: skip
def test_what_is_not_there_is_404(read_api: Api, path: str) -> None:
    if path == "/v1/movies/":
        assert read_api.get(path).status_code == 200
    else:
        check(read_api.get(path), 404)


@pytest.mark.parametrize(
    "path",
    ["/v1/movies?limit=0", "/v1/movies?limit=101", "/v1/movies?year=abc", "/v1/movies?sort=name", "/v1/movies?limit=1&limit=2",
     "/v1/movies?year=null", "/v1/movies?min_rating=nan", "/v1/movies/search?query=" + "x" * 1001, "/v1/genres/year/0", "/v1/genres/year/1999/month/13",
     "/v1/changes?after=-1", "/v1/genres/year/1999?ids=a%20b"],
)  # fmt: skip
def test_what_makes_no_sense_is_400(read_api: Api, path: str) -> None:
    check(read_api.get(path), 400)


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    check(api.client.post("/v1/movies/lookup", content=b" " * (2 << 20)), 413)


def test_head_and_options_tell_without_a_body(api: Api) -> None:
    as_it_is = {"accept-encoding": "identity"}
    plain = api.get("/v1/movies/mc1", headers=as_it_is)
    head = api.client.head("/v1/movies/mc1", headers=as_it_is)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", plain.headers["etag"])
    assert head.headers["content-length"] == str(len(plain.content))
    options = api.client.options("/v1/webhooks")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


def shapes_within(shape: Any) -> Iterator[dict[str, Any]]:
    """Give every schema within one."""
    if isinstance(shape, dict):
        yield shape
        for part in shape.values():
            yield from shapes_within(part)
    elif isinstance(shape, list):
        for part in shape:
            yield from shapes_within(part)


def test_nothing_is_described_as_just_an_object(described: dict[str, Any]) -> None:
    bare = [
        (name, shape)
        for name, schema in described["components"]["schemas"].items()
        for shape in shapes_within(schema)
        if (shape.get("type") == "object" and not {"properties", "additionalProperties"} & set(shape))
        or (shape.get("type") == "array" and not {"items", "prefixItems"} & set(shape))
    ]
    assert bare == []


def test_operations_are_called_as_a_program_would_call_them(described: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, _, operation in operations(described)]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", name) for name in names)
    assert {
        "search_movies",
        "get_movie",
        "get_movie_claims",
        "list_people",
        "create_webhook",
        "genres_of_year",
    } < set(names)


def test_conditions_lines_and_limits_are_described(described: dict[str, Any]) -> None:
    listing = described["paths"]["/v1/movies"]["get"]
    assert "application/x-ndjson" in listing["responses"]["200"]["content"]
    assert {"If-None-Match", "Accept-Language"} <= {each["name"] for each in listing["parameters"]}
    for _, _, operation in operations(described):
        assert ("413" in operation["responses"]) == ("requestBody" in operation)
    body = described["webhooks"]["changes"]["post"]["requestBody"]["content"]["application/json"]
    assert msgspec.convert(body["example"], shapes.WebhookBody)


def test_the_description_is_whole(described: dict[str, Any]) -> None:
    assert described["openapi"].startswith("3.1")
    for method, path, operation in operations(described):
        where = f"{method} {path}"
        assert operation["summary"], where
        assert operation["description"], where
        assert {"400", "401", "429", "500", "503"} <= set(operation["responses"]), where
        for status, response in operation["responses"].items():
            assert "X-Request-ID" in response["headers"], where
            if int(status) >= 400:
                assert response["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorShape")
            if status == "429":
                assert "Retry-After" in response["headers"]
            for media in response.get("content", {}).values():
                name = media["schema"].get("$ref", "").rpartition("/")[2]
                assert not name or media.get("example"), f"{where}: web/examples.json has no {name}"
        for media in operation.get("requestBody", {}).get("content", {}).values():
            assert media.get("example"), f"{where}: web/examples.json has none of what it takes"
        for parameter in operation.get("parameters", []):
            assert parameter["schema"], (where, parameter)


def test_examples_are_of_their_shapes() -> None:
    text = resources.files("moviec.web").joinpath("examples.json").read_bytes()
    for name, example in msgspec.json.decode(text).items():
        shape = ErrorShape if name == "ErrorShape" else getattr(shapes, name)
        made = msgspec.convert(example, shape)
        assert set(example) <= {field.name for field in msgspec.structs.fields(shape)}, name
        assert made


def test_the_metrics_tell_what_waits_and_who_is_behind(api: Api) -> None:
    told = api.get("/metrics").text.splitlines()
    assert 'moviec_queue_changes{of="catalogue"} 0' in told
    assert 'moviec_set_aside{of="catalogue"} 0' in told
    assert any(line.startswith("moviec_changes_behind{") for line in told), "beside what the server counts"
