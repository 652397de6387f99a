"""Ways to films besides search: suggestions as one types, films like a film, those that lead."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Request, get
from litestar.response.base import ASGIResponse

from moviec.search.summaries import FILM
from moviec.web import schemas as shapes
from moviec.web.ids import Moved, gone, movie_of
from moviec.web.languages import preferred
from moviec.web.params import FilterQuery, ListQuery, SimilarQuery, SuggestQuery, TopQuery, query_of
from moviec.web.responses import CHANGE, Answer, answer, respond
from moviec.web.route_docs import MovieId, gives
from moviec.web.routes.lists import find, respond_list, shown
from moviec.web.routes.movies import redirect
from moviec.web.schemas.films import Poster
from moviec.web.server_state import ServerState, server_of


@get(
    "/v1/movies/suggest",
    responses=gives(shapes.Suggestions),
    opt={"query": SuggestQuery},
    summary="Suggest",
    tags=["movies"],
)
async def suggest(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Films for what has been typed so far: the first of a search, without counts. Nothing typed, nothing suggested."""
    server, asked = server_of(request), query_of(request, SuggestQuery)
    languages = preferred(request.headers.get("accept-language", ""))
    name = f"suggest:{server.finder.position}:{languages}:{msgspec.json.encode(asked).decode()}"
    held = server.cache.get(0, name)
    if held is None:
        ticket = server.cache.begin()
        held = await _suggestions(server, asked, languages)
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


async def _suggestions(server: ServerState, asked: SuggestQuery, languages: tuple[str, ...]) -> Answer:
    if not asked.query.strip():
        return answer(shapes.Suggestions(items=[]))
    listed = ListQuery(limit=asked.limit, adult=asked.adult, facets=False)
    found = await find(server, listed, asked.query, counted=False)
    items = [
        shapes.Suggestion(
            id=film.id,
            title=film.title,
            display_title=film.display_title,
            year=film.year,
            kind=film.kind,
            c_rating=film.c_rating,
            poster=Poster(**film.poster) if film.poster else None,
        )
        for film in (shown(item, languages) for item in found.page.items)
    ]
    return answer(shapes.Suggestions(items=items), found.headers)


@get(
    "/v1/movies/top",
    responses=gives(shapes.Results, 404),
    opt={"query": TopQuery},
    summary="Top films",
    tags=["movies"],
)
async def top(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Those that lead: by what one can be sure of their C-rating, or by popularity, votes or revenue."""
    asked = query_of(request, TopQuery)
    same = {name: getattr(asked, name) for name in FilterQuery.__struct_fields__}
    return await respond_list(request, ListQuery(sort=asked.by, **same), "")


@get(
    "/v1/movies/{movie_id:str}/similar",
    responses=gives(shapes.Similar, 308, 404, 409),
    opt={"query": SimilarQuery},
    summary="Similar films",
    tags=["movies"],
)
async def similar(request: Request[Any, Any, Any], movie_id: MovieId) -> ASGIResponse:
    """Films that share what few films share with it: a collection, keywords, who made it and who plays, genres."""
    server, asked = server_of(request), query_of(request, SimilarQuery)
    number = await movie_of(server, movie_id)
    languages = preferred(request.headers.get("accept-language", ""))
    name = f"similar:{number}:{server.finder.position}:{languages}:{asked.limit}"
    held = server.cache.get(0, name)
    if held is None:
        ticket = server.cache.begin()
        stored = await asyncio.to_thread(server.movies.document, number)
        if stored is None:
            reason = await gone(server, number)
            if isinstance(reason, Moved):
                return redirect(server, reason, "/similar", "")
            raise reason
        headers = {CHANGE: str(server.finder.position)}
        found = await asyncio.to_thread(server.finder.similar, FILM.decode(stored.document), asked.limit)
        items = [shown(film, languages) for film in found]
        held = answer(shapes.Similar(id=f"mc{number}", items=items), headers)
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


ROUTES = [suggest, top, similar]
