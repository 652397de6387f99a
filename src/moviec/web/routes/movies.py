"""Movies by id: the document as it is stored, as it was, its claims, ratings and history; many at once."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.queries import Stored, documents_of
from moviec.search.summaries import Film
from moviec.web import schemas as shapes
from moviec.web.errors import Problem, not_found
from moviec.web.lookups import Moved, gone, instant, movie_of
from moviec.web.params import MovieQuery, query_of
from moviec.web.projection import Parts, beside, choose, parts_of, preferred, project, with_points
from moviec.web.responses import Answer, answer, from_bytes, respond
from moviec.web.routes.docs import MovieId, gives
from moviec.web.server_state import ServerState, server_of

_film = msgspec.json.Decoder(Film)


@get(
    "/v1/movies/{movie_id:str}",
    responses=gives(shapes.Movie, 308, 404, 409),
    opt={"query": MovieQuery},
    summary="One movie",
    tags=["movies"],
)
async def movie(request: Request[Any, Any, Any], movie_id: MovieId) -> ASGIResponse:
    """The movie's document, byte for byte as it was published; `display_title` is added by Accept-Language."""
    server, params = server_of(request), query_of(request, MovieQuery)
    parts, as_of = parts_of(params.fields, params.include), params.as_of
    number = await movie_of(server, movie_id)
    try:
        if as_of:
            found = await _as_of(server, number, instant(as_of), parts)
        else:
            found = await _document(server, number, request.headers.get("accept-language", ""))
            if not parts.whole:
                claims = await asyncio.to_thread(server.movies.claims, number) if parts.wants_claims else None
                found = answer(project(found.body, claims[0] if claims else None, parts))
        return respond(request, found)
    except Moved as moved:
        return redirect(server, moved, "", as_of)


@get(
    "/v1/movies/{movie_id:str}/claims",
    responses=gives(shapes.Claims, 308, 404, 409),
    summary="Its claims",
    tags=["movies"],
)
async def claims(request: Request[Any, Any, Any], movie_id: MovieId) -> ASGIResponse:
    """Every field's claims, which won, and why."""
    server = server_of(request)
    number = await movie_of(server, movie_id)
    found = await asyncio.to_thread(server.movies.claims, number)
    if found is None:
        return _elsewhere(server, await gone(server, number), "/claims")
    return respond(request, from_bytes(found[0]))


@get(
    "/v1/movies/{movie_id:str}/ratings",
    responses=gives(shapes.Ratings, 308, 404, 409),
    summary="Its ratings",
    tags=["movies"],
)
async def ratings(request: Request[Any, Any, Any], movie_id: MovieId) -> ASGIResponse:
    """The C-rating with its contributions, and each rater's rating on its own scale and on 0 to 100."""
    server = server_of(request)
    number = await movie_of(server, movie_id)
    stored = await asyncio.to_thread(server.movies.document, number)
    if stored is None:
        return _elsewhere(server, await gone(server, number), "/ratings")
    return respond(request, answer(_ratings(stored)))


@get(
    "/v1/movies/{movie_id:str}/history",
    responses=gives(shapes.History, 404, 409),
    summary="Its history",
    tags=["movies"],
)
async def history(request: Request[Any, Any, Any], movie_id: MovieId) -> ASGIResponse:
    """What changed when, oldest first; also of a movie that was merged or withdrawn."""
    server = server_of(request)
    number = await movie_of(server, movie_id)
    entries = await asyncio.to_thread(server.movies.history, number)
    if not entries:
        raise not_found(f"there is no history of mc{number}")
    return respond(request, answer({"id": f"mc{number}", "changes": entries}))


@post(
    "/v1/movies/lookup",
    responses=gives(shapes.Found, 422),
    status_code=200,
    summary="Many movies at once",
    tags=["movies"],
)
async def lookup(request: Request[Any, Any, Any], data: JSONBody[shapes.Lookup]) -> ASGIResponse:
    """Up to 500 ids at once: the movies found, and the ids that name none (or several)."""
    server = server_of(request)
    numbers: dict[str, int] = {}
    for written in dict.fromkeys(data.ids):
        try:
            numbers[written] = await movie_of(server, written)
        except Problem:
            continue
    found = dict(
        await server.read(lambda connection: documents_of(connection, sorted(set(numbers.values()))))
    )
    for written, number in list(numbers.items()):
        if number not in found:
            reason = await gone(server, number)
            if isinstance(reason, Moved):
                numbers[written] = reason.movie
    missing = sorted(set(numbers.values()) - set(found))
    found.update(await server.read(lambda connection: documents_of(connection, missing)))
    items = {
        written: msgspec.Raw(found[number].encode()) for written, number in numbers.items() if number in found
    }
    unknown = [written for written in dict.fromkeys(data.ids) if written not in items]
    return respond(request, answer({"movies": items, "unknown": unknown}))


async def _document(server: ServerState, number: int, header: str) -> Answer:
    languages = preferred(header) if header else ()
    name = "document:" + ",".join(languages)
    found = server.cache.get(number, name)
    if found is not None:
        server.metrics.cache.labels("hit").inc()
        return found
    server.metrics.cache.labels("miss").inc()
    ticket = server.cache.begin()
    stored = await asyncio.to_thread(server.movies.document, number)
    if stored is None:
        raise await gone(server, number)
    made = _shown(stored, languages)
    server.cache.keep(ticket, number, name, made)
    return made


def _shown(stored: Stored, languages: tuple[str, ...]) -> Answer:
    if languages:
        film = _film.decode(stored.document)
        title = choose(film.title, film.by_language(), languages)
        if title is not None:
            return from_bytes(beside(stored.document, title))
    return Answer(stored.document, stored.hash)


async def _as_of(server: ServerState, number: int, at: str, parts: Parts) -> Answer:
    found = await asyncio.to_thread(server.movies.document_as_of, number, at)
    if found is not None:
        if parts.whole:
            return from_bytes(found)
        claims = (
            await asyncio.to_thread(server.movies.claims_as_of, number, at) if parts.wants_claims else None
        )
        return answer(project(found, claims, parts))
    if await asyncio.to_thread(server.movies.document, number) is None:
        raise await gone(server, number)
    raise not_found(f"mc{number} was not in the catalogue at {at}")


def _ratings(stored: Stored) -> dict[str, Any]:
    """Return a movie's ratings, each with its value on a scale of 0 to 100."""
    document = msgspec.json.decode(stored.document)
    each = with_points(document.get("ratings", []))
    return {"id": document["id"], "rating": document.get("rating"), "ratings": each}


def _elsewhere(server: ServerState, reason: Exception, part: str) -> ASGIResponse:
    if isinstance(reason, Moved):
        return redirect(server, reason, part, "")
    raise reason


def redirect(server: ServerState, moved: Moved, part: str, as_of: str) -> ASGIResponse:
    """Redirect from a merged movie to the same part of its successor."""
    query = "?" + urlencode({"as_of": as_of}) if as_of else ""
    where = f"{server.prefix}/v1/movies/mc{moved.movie}{part}{query}"
    body = msgspec.json.encode({"id": f"mc{moved.movie}", "location": where})
    return ASGIResponse(
        body=body, status_code=308, headers={"location": where, "cache-control": "private, max-age=0"}
    )


ROUTES: list[ControllerRouterHandler] = [movie, claims, ratings, history, lookup]
