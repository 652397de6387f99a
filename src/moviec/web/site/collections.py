"""Collections: series of films, each with its parts from the oldest on."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.search.folding import fold
from moviec.search.location import slug
from moviec.web.errors import not_found
from moviec.web.languages import preferred
from moviec.web.routes.lists import shown
from moviec.web.routes.people import all_collections, films_of
from moviec.web.server_state import server_of
from moviec.web.site.rendering import page

#: Collections of a list.
LISTED = 200


@get("/collections", include_in_schema=False)
async def collections(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Collections with the most films, or those whose names have some words."""
    server, query = server_of(request), request.query_params.get("query", "")[:200]
    words = fold(query).split()
    every = await all_collections(server)
    found = [each for each in every if all(word in each.id for word in words)]
    listed = sorted(found, key=lambda each: (-each.films, each.name))[:LISTED]
    return page(request, "collections.html", items=listed, total=len(found), query=query)


@get("/collections/{collection_id:str}", include_in_schema=False)
async def collection(request: Request[Any, Any, Any], collection_id: FromPath[str]) -> ASGIResponse:
    """One collection."""
    server = server_of(request)
    key = slug(fold(collection_id))
    found = next((each for each in await all_collections(server) if each.id == key), None)
    if found is None:
        raise not_found(f"there is no collection '{collection_id[:50]}'")
    languages = preferred(request.headers.get("accept-language", ""))
    films = [shown(film, languages) for film in await asyncio.to_thread(films_of, server, found.id)]
    rated = [film.c_rating for film in films if film.c_rating is not None]
    best = max(
        (film for film in films if film.c_rating is not None),
        key=lambda film: film.c_rating or 0,
        default=None,
    )
    years = [film.year for film in films if film.year]
    return page(request, "collection.html", found=found, films=films, rated=rated, best=best, years=years)


ROUTES: list[ControllerRouterHandler] = [collections, collection]
