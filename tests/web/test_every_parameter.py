"""A walk over every parameter of every route, with good, odd and wrong values: never a fault of ours, and one shape of errors."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.examples import BOTH_AT_NIGHT, FULL
from tests.web.conftest import Api

#: Good for some parameters, odd or wrong for others: each is tried with each.
VALUES = [
    "", " ", "0", "1", "-1", "2", "20", "1999", "99999999999999999999", "1.5", "nan", "inf", "true", "null", "None", "[]", "{}", "%00",
    "%", "%ff", "a", "é", "七人の侍", "🎬", "x" * 5_000, "drama", "drama,crime", "drama|crime", ",", "|", ",|,|", "tmdb:18", "imdb:nm1",
    ":", "a:", ":a", "US", "us|fr", "2020-02-30", "2020-02-29", "2026-11-30T12:00:00Z", "relevance", "-year", "-", "title,year", "claims",
    "../..", "' OR 1=1 --", "<script>", "\\", "\"", "*", "~", "(", "[a-z]", "\u202e", "\ud83c", "1-2", "1990-1999", "9999-0001",
]  # fmt: skip

#: In a path, what may stand for each of its parts.
PARTS = [
    "1",
    "mc1",
    "imdb:tt0000001",
    "0",
    "-1",
    "a",
    "é",
    "%00",
    "99999999999999999999",
    "1990-1999",
    "x" * 300,
    "a:b:c",
    "~",
    "%2F",
]

#: Paths that answer as other services do, with the parameters that they know.
IMITATED = {
    "/omdb/": ["i", "t", "s", "y", "page", "plot", "type", "r"],
    "/3/search/movie": ["query", "page", "year", "primary_release_year", "include_adult", "language"],
    "/3/discover/movie": [
        "page", "sort_by", "with_genres", "without_genres", "with_people", "with_cast", "with_companies", "with_origin_country",
        "with_original_language", "with_runtime.gte", "vote_count.gte", "vote_average.gte", "primary_release_date.gte",
        "primary_release_year", "certification", "language", "include_adult",
    ],
    "/3/find/tt0000001": ["external_source", "language"],
    "/3/movie/1": ["append_to_response", "language", "page"],
    "/reconcile": ["queries", "extend"],
    "/reconcile/suggest/entity": ["prefix"],
    "/reconcile/properties": ["type", "limit"],
    "/reconcile/preview": ["id"],
    "/feeds/top.atom": ["genre", "year", "limit", "released_from", "person"],
    "/search": ["query", "genre", "person", "sort", "cursor", "year"],
}  # fmt: skip


def routes(api: Api) -> Iterator[tuple[str, str, list[str]]]:
    """Give method, path and the parameters in the query of every route that is described, but the endless stream."""
    for path, methods in api.json("/openapi.json")["paths"].items():
        for method, operation in methods.items():
            names = [each["name"] for each in operation.get("parameters", []) if each["in"] == "query"]
            if path != "/v1/changes/stream":
                yield method.upper(), path, names


def filled(path: str) -> str:
    """Put a good value into each part of a path."""
    good = {
        "{movie_id}": "mc1",
        "{span}": "1990-1999",
        "{collection_id}": "the-matrix-collection",
        "{name}": "imdb",
    }
    for part, value in good.items():
        path = path.replace(part, value)
    return re.sub(r"{\w+}", "1", path)


@pytest.mark.slow
@pytest.mark.parametrize("either", BOTH_AT_NIGHT, indirect=True)
def test_no_value_of_any_parameter_is_a_fault_of_ours(either: Api) -> None:
    key = {"X-API-Key": either.key("admin", per_minute=10_000_000)}
    counted: Counter[int] = Counter()

    def ask(method: str, path: str, params: dict[str, str] | None = None) -> None:
        answer = either.client.request(
            method, path, params={name: text.encode("utf-8", "replace").decode() for name, text in (params or {}).items()},
            headers=key, follow_redirects=False,
        )  # fmt: skip
        counted[answer.status_code] += 1
        assert answer.status_code < 500, (method, str(answer.request.url), answer.text)
        if answer.status_code >= 400 and path.startswith("/v1"):
            assert set(answer.json()["error"]) == {"code", "message", "details"}, str(answer.request.url)

    turns = itertools.count()

    def some() -> list[str]:
        """Give every value, or in `make check` every third, beginning with another one for each parameter."""
        return VALUES if FULL else VALUES[next(turns) % 3 :: 3]

    described = list(routes(either))
    for method, path, names in described:
        if method != "GET":
            continue
        for name in names:
            for value in some():
                ask(method, filled(path), {name: value})
        for part in re.findall(r"{\w+}", path):
            for value in PARTS:
                ask(method, filled(path.replace(part, value)))
    for path, names in IMITATED.items():
        for name in names:
            for value in some():
                ask("GET", path, {name: value})
    assert counted[200] > 1_000
    assert counted[400] > 1_000
    print(sum(counted.values()), "requests:", dict(sorted(counted.items())))


BODIES = [
    b"", b"{", b"[]", b"null", b'""', b"1", b"\xff", b'{"films":1}', b'{"ids":{}}', b"{" * 10_000, b'{"a":1}' * 2,
]  # fmt: skip


def test_no_body_is_a_fault_of_ours(api: Api) -> None:
    key = {"X-API-Key": api.key("admin", per_minute=10_000_000), "Content-Type": "application/json"}
    posts = [filled(path) for method, path, _ in routes(api) if method == "POST"]
    for path, body in itertools.product(posts, BODIES):
        answer = api.client.request("POST", path, content=body, headers=key)
        assert answer.status_code < 500, (path, body, answer.text)
