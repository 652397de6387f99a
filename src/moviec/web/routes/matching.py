"""Lists without ids matched to the catalogue: our own endpoint, and the reconciliation protocol of OpenRefine.

The protocol is the Reconciliation Service API of the W3C community group, version 0.2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, JSONBody
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler
from markupsafe import escape
from msgspec import Meta

from moviec.catalog.queries import documents_of
from moviec.web import schemas as shapes
from moviec.web.errors import Problem, not_found
from moviec.web.lookups import movie_of
from moviec.web.params import ListQuery, given
from moviec.web.responses import answer, from_bytes, respond
from moviec.web.routes.docs import gives
from moviec.web.routes.lists import find
from moviec.web.routes.match_candidates import Judged, judge
from moviec.web.schemas import FilmAsked
from moviec.web.server_state import ServerState, server_of

#: Candidates shown for each film; the most films in a request of the protocol.
SHOWN, MOST_QUERIES = 5, 100

_TYPE = {"id": "movie", "name": "Film"}

#: Properties that identify a film, and with which a table can be extended.
_PROPERTIES = {
    "year": "Year", "director": "Director", "person": "Cast or crew", "runtime": "Runtime (minutes)",
    "original_title": "Original title", "imdb": "IMDb id", "tmdb": "TMDB id", "genre": "Genre", "c_rating": "C-rating",
    "country": "Country", "language": "Original language", "released": "Release date", "overview": "Overview",
    "wikidata": "Wikidata id", "revenue": "Revenue (US dollars)", "votes": "Votes",
}  # fmt: skip


@post(
    "/v1/movies/match",
    responses=gives(shapes.Matched, 422),
    status_code=200,
    summary="Match a list",
    tags=["movies"],
)
async def match(request: Request[Any, Any, Any], data: JSONBody[shapes.MatchWanted]) -> ASGIResponse:
    """Up to 500 films by title, year, people, runtime: the film of the catalogue that each is, by the matcher that joins sources.

    `match` is there where it is as sure as what is joined without a person; `review` where a person should look.
    """
    server = server_of(request)
    judged = await judge(server, data.films)
    items = [_matched(film, some) for film, some in zip(data.films, judged, strict=True)]
    return respond(request, answer(shapes.Matched(items=items)))


def _matched(film: FilmAsked, judged: Sequence[Judged]) -> shapes.MatchedFilm:
    best = judged[0] if judged else None
    return shapes.MatchedFilm(
        key=film.key,
        match=best.film.id if best and best.band == "accept" else None,
        probability=best.probability if best else 0.0,
        review=bool(best and best.band == "review"),
        candidates=[
            shapes.Candidate(
                id=each.film.id,
                title=each.film.title,
                year=each.film.year,
                probability=each.probability,
                contradiction=each.contradiction,
                evidence=[shapes.Evidence(*part[:2]) for part in each.evidence],
            )
            for each in judged[:SHOWN]
        ],
    )


@get("/reconcile", include_in_schema=False)
async def reconcile(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The service's manifest; with `queries` or `extend` in the URL their answers."""
    params = given(request)
    if "queries" in params or "extend" in params:
        return await _answered(request, params)
    return respond(request, answer(_manifest(_base(request))))


@post("/reconcile", include_in_schema=False, status_code=200)
async def reconcile_form(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The answers to `queries` or `extend` of a form."""
    body = (await request.body()).decode("utf-8", "replace")
    return await _answered(request, dict(parse_qsl(body, errors="replace")))


async def _answered(request: Request[Any, Any, Any], params: Mapping[str, str]) -> ASGIResponse:
    server = server_of(request)
    try:
        if "queries" in params:
            queries = msgspec.json.decode(params["queries"], type=dict[str, _Query])
            return respond(request, answer(await _reconciled(server, queries)))
        if "extend" in params:
            wanted = msgspec.json.decode(params["extend"], type=_Extend)
            return respond(request, answer(await _extended(server, wanted)))
    except msgspec.DecodeError as error:  # also for JSON of another form
        raise Problem(400, f"not in the protocol's format: {error}") from error
    raise Problem(400, "`queries` or `extend` is required")


class _Value(msgspec.Struct):
    """A property that identifies a film; a value may be a list, or an object with an id or a name."""

    pid: str
    v: Any = None


class _Query(msgspec.Struct):
    query: Annotated[str, Meta(max_length=1000)] = ""
    limit: Annotated[int, Meta(ge=0)] = SHOWN
    type: Any = None
    properties: list[_Value] = []


class _Named(msgspec.Struct):
    id: str


class _Extend(msgspec.Struct):
    ids: Annotated[list[str], Meta(max_length=500)]
    properties: list[_Named]


async def _reconciled(server: ServerState, queries: Mapping[str, _Query]) -> dict[str, Any]:
    if len(queries) > MOST_QUERIES:
        raise Problem(413, f"more than {MOST_QUERIES} queries at once")
    judged = await judge(server, [_asked(query) for query in queries.values()])
    found = {}
    for (name, query), some in zip(queries.items(), judged, strict=True):
        shown = some[: min(query.limit, 100)] if _is_of_films(query.type) else []
        found[name] = {"result": [_candidate(each, sure=each is some[0]) for each in shown]}
    return found


def _is_of_films(wanted: Any) -> bool:
    """Return whether films are wanted, the only type."""
    some = wanted if isinstance(wanted, list) else [wanted]
    return any(each in (None, "", "movie") or each == _TYPE for each in some)


def _asked(query: _Query) -> FilmAsked:
    properties: dict[str, list[str]] = {}
    for each in query.properties:
        properties.setdefault(each.pid, []).extend(_texts(each.v))
    words = query.query.strip()
    year, runtime = (_whole((properties.get(name) or [""])[0]) for name in ("year", "runtime"))
    imdb = (properties.get("imdb") or [words if words.startswith("tt") and words[2:].isdecimal() else ""])[0]
    return FilmAsked(
        title=words,
        original_title=_first(properties.get("original_title")),
        year=year if year and 1 <= year <= 9999 else None,
        runtime=runtime if runtime and 1 <= runtime <= 100_000 else None,
        directors=properties.get("director", []),
        people=properties.get("person", []),
        imdb_id=imdb or None,
        tmdb_id=_first(properties.get("tmdb")),
    )


def _first(values: Sequence[str] | None) -> str | None:
    return values[0] if values else None


def _texts(value: Any) -> list[str]:
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    if isinstance(value, dict):
        return _texts(value.get("name") or value.get("id"))
    return [str(value)[:200]] if value not in (None, "") else []


def _whole(text: str) -> int | None:
    """Read a year or a number of minutes, also from a date: the first four digits, or all."""
    digits = text[:4] if text[4:5] == "-" else text.partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 7 else None


def _candidate(judged: Judged, sure: bool) -> dict[str, Any]:
    film = judged.film
    return {
        "id": film.id,
        "name": film.title,
        "description": ", ".join(str(part) for part in (film.year, *film.genres[:3]) if part),
        "type": [_TYPE],
        "score": round(100 * judged.probability, 2),
        "match": sure and judged.band == "accept",
    }


async def _extended(server: ServerState, wanted: _Extend) -> dict[str, Any]:
    named = [each.id for each in wanted.properties if each.id in _PROPERTIES]
    numbers: dict[str, int] = {}
    for text in wanted.ids:
        try:
            numbers[text] = await movie_of(server, text)
        except Problem:
            continue
    stored = dict(
        await server.read(lambda connection: documents_of(connection, sorted(set(numbers.values()))))
    )
    rows = {}
    for text in wanted.ids:
        document = msgspec.json.decode(stored[numbers[text]]) if numbers.get(text) in stored else {}
        rows[text] = {name: _cells(document, name) for name in named}
    return {"meta": [{"id": name, "name": _PROPERTIES[name]} for name in named], "rows": rows}


def _cells(document: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the values of a property of a film, as cells of the protocol: text, numbers, dates."""
    values = [value for value in _values(document, name) if value is not None]
    kind = "date" if name == "released" else "str"
    return [
        {"int" if isinstance(value, int) else "float" if isinstance(value, float) else kind: value}
        for value in dict.fromkeys(values)
    ]


def _values(document: Mapping[str, Any], name: str) -> list[Any]:
    people = document.get("people", [])
    found: dict[str, Callable[[], list[Any]]] = {
        "director": lambda: [person["name"] for person in people if person["role"] == "director"],
        "person": lambda: [each["name"] for each in people],
        "genre": lambda: [genre["name"] for genre in document.get("genres", [])],
        "country": lambda: list(document.get("countries", [])),
        "language": lambda: [document.get("original_language")],
        "c_rating": lambda: [(document.get("rating") or {}).get("c_rating")],
    }
    for space in ("imdb", "tmdb", "wikidata"):
        found[space] = lambda space=space: [document.get("ids", {}).get(space)]  # type: ignore[misc]
    return found[name]() if name in found else [document.get(name)]


def _base(request: Request[Any, Any, Any]) -> str:
    """Return the service's address as the caller used it."""
    return f"{request.url.scheme}://{request.url.netloc}{server_of(request).prefix}"


def _manifest(base: str) -> dict[str, Any]:
    suggest = {
        kind: {"service_url": base, "service_path": f"/reconcile/suggest/{kind}"}
        for kind in ("entity", "property", "type")
    }
    return {
        "versions": ["0.1", "0.2"],
        "name": "MovieC",
        "identifierSpace": f"{base}/movies/",
        "schemaSpace": f"{base}/reconcile/properties",
        "defaultTypes": [_TYPE],
        "view": {"url": f"{base}/movies/{{{{id}}}}"},
        "preview": {"url": f"{base}/reconcile/preview?id={{{{id}}}}", "width": 400, "height": 200},
        "suggest": suggest,
        "extend": {
            "propose_properties": {"service_url": base, "service_path": "/reconcile/properties"},
            "property_settings": [],
        },
        "batchSize": 50,
    }


@get("/reconcile/suggest/{kind:str}", include_in_schema=False)
async def suggest(request: Request[Any, Any, Any], kind: FromPath[str]) -> ASGIResponse:
    """Films, properties or types for what was typed so far (`prefix`)."""
    prefix = given(request).get("prefix", "")[:1000]
    if kind == "entity":
        return respond(request, answer({"result": await _films(server_of(request), prefix)}))
    if kind not in ("property", "type"):
        raise not_found("entities, properties and types are suggested")
    known = {_TYPE["id"]: _TYPE["name"]} if kind == "type" else _PROPERTIES
    some = [
        {"id": key, "name": name, "description": name}
        for key, name in known.items()
        if prefix.lower() in f"{key} {name}".lower()
    ]
    return respond(request, answer({"result": some}))


async def _films(server: ServerState, prefix: str) -> list[dict[str, Any]]:
    if not prefix.strip():
        return []
    found = await find(server, ListQuery(limit=10, facets=False), prefix, counted=False)
    return [
        {"id": film.id, "name": film.title, "description": str(film.year or ""), "notable": [_TYPE]}
        for film in found.page.items
    ]


@get("/reconcile/properties", include_in_schema=False)
async def properties(request: Request[Any, Any, Any]) -> ASGIResponse:
    """What a table may be extended with."""
    params = given(request)
    limit = int(params["limit"]) if params.get("limit", "").isdecimal() else len(_PROPERTIES)
    some = [{"id": key, "name": name} for key, name in _PROPERTIES.items()][:limit]
    return respond(request, answer({"type": params.get("type", "movie"), "limit": limit, "properties": some}))


@get("/reconcile/preview", include_in_schema=False)
async def preview(request: Request[Any, Any, Any]) -> ASGIResponse:
    """A film in a few lines of HTML, to be shown in a frame next to a table."""
    server = server_of(request)
    number = await movie_of(server, given(request).get("id", ""))
    stored = dict(await server.read(lambda connection: documents_of(connection, [number])))
    if number not in stored:
        raise not_found(f"there is no movie mc{number}")
    film = msgspec.json.decode(stored[number])
    people = [person["name"] for person in film.get("people", []) if person["role"] == "director"]
    lines = [
        f"<b>{escape(film['title'])}</b> ({film.get('year', 'year unknown')})",
        escape(", ".join(people)),
        escape(", ".join(genre["name"] for genre in film.get("genres", []))),
        escape((film.get("overview") or "")[:200]),
    ]
    body = "<!doctype html><meta charset=utf-8><body style='font:14px sans-serif'>" + "<br>".join(lines)
    return respond(request, from_bytes(body.encode(), "text/html"))


ROUTES: list[ControllerRouterHandler] = [match, reconcile, reconcile_form, suggest, properties, preview]
