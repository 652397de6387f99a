"""Lists of films: search, filters, suggestions, similar films and top lists, from the index; by title alone while there is no index."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.queries import documents_from, documents_of, movies_titled
from moviec.catalog.references import Genre, all_genres
from moviec.errors import UsageError
from moviec.search import Ask, Page
from moviec.search.readings import GenreWords, asks_for_best, fold_title
from moviec.search.request import TOP_RATED, Least
from moviec.search.summaries import FILM, Summary, summarise
from moviec.web import schemas as shapes
from moviec.web.errors import Problem
from moviec.web.filters import day_number, wanted, without
from moviec.web.lookups import Moved, gone, movie_of
from moviec.web.params import (
    FilterQuery,
    ListQuery,
    SearchQuery,
    SimilarQuery,
    SuggestQuery,
    TopQuery,
    query_of,
)
from moviec.web.projection import Parts, choose, needs_documents, parts_of, preferred, project_list
from moviec.web.responses import CHANGE, Answer, answer, from_bytes, respond
from moviec.web.routes.docs import MovieId, gives
from moviec.web.routes.movies import redirect
from moviec.web.schemas.films import Poster
from moviec.web.server_state import ServerState, server_of

NDJSON = "application/x-ndjson"
_TITLES_ONLY = "the search index is being built: until it is ready films are found by title only, unranked"

#: The two paths of the search.
SEARCH = ["/v1/movies/search", "/movies/search"]


@get(
    SEARCH,
    responses=gives(shapes.Results, 404),
    opt={"query": SearchQuery},
    summary="Search",
    tags=["movies"],
)
async def search(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Ranked, forgiving typing errors; the last word may be only begun. Exact titles come first."""
    params = query_of(request, SearchQuery)
    return await respond_list(request, params, params.query)


@get(
    "/v1/movies",
    responses=gives(shapes.Results, 404),
    opt={"query": ListQuery},
    summary="List",
    tags=["movies"],
)
async def listing(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Films without a query, by rating, year or popularity; with `Accept: application/x-ndjson` one to a line."""
    return await respond_list(request, query_of(request, ListQuery), "")


class Found(msgspec.Struct, frozen=True):
    """A page and its genres; `headers` names the change that the index had reached, if the index was used.

    `least`: the minimums that a list by rating required.
    """

    page: Page
    genres: list[Genre]
    headers: dict[str, str] = {}
    least: Least | None = None


async def find(server: ServerState, params: ListQuery, query: str, *, counted: bool = True) -> Found:
    """Search: in the index, else by title in the database."""
    genres, words = _read_words(await _held_genres(server))
    best = params.sort == "relevance" and asks_for_best(query, words)
    if best:
        params = msgspec.structs.replace(params, sort="rating")
    decade = params.decade
    ask = Ask(
        query=query,
        wanted=await wanted(server, params, genres, words),
        without=without(params, genres, words),
        released_from=day_number(params.released_from),
        released_to=day_number(params.released_to),
        year_from=_both(max, params.year, params.year_from, decade),
        year_to=_both(min, params.year, params.year_to, decade + 9 if decade else None),
        runtime_from=params.runtime_from,
        runtime_to=params.runtime_to,
        min_rating=params.min_rating,
        min_votes=params.min_votes or 0,
        min_raters=params.min_raters or 0,
        adult=params.adult,
        sort=params.sort,
        limit=params.limit,
        cursor=params.cursor,
        facets=params.facets,
        counted=counted,
    )
    position = (
        server.finder.position
    )  # read before the search, so that the result may be newer, but never older
    if position is None:
        plain = Ask(query=query, limit=params.limit, facets=params.facets, counted=counted)
        if ask != plain:
            raise Problem(503, _TITLES_ONLY, "not_ready", headers={"retry-after": "5"})
        return Found(await server.read(lambda connection: _by_title(connection, ask)), genres)
    found, refused = None, None
    for least in leasts(params, "" if best else query):
        ask = msgspec.structs.replace(ask, min_votes=least.votes, min_raters=least.raters)
        try:
            page = await asyncio.to_thread(server.finder.find, ask, words)
        except UsageError as error:  # the cursor may belong to the next list, which recognises its own
            refused = error
            continue
        found = Found(page, genres, {CHANGE: str(position)}, least if _is_by_rating(params) else None)
        if page.total:
            break
    if found is None:
        raise Problem(404, str(refused), "unknown_cursor") from refused
    return found


def leasts(params: ListQuery, query: str) -> list[Least]:
    """Return the minimums to try in turn until some films meet them: the caller's, and for lists TOP_RATED."""
    usual = TOP_RATED if _is_by_rating(params) and not query.strip() else TOP_RATED[-1:]
    votes, raters = params.min_votes, params.min_raters
    found = [
        Least(least.votes if votes is None else votes, least.raters if raters is None else raters)
        for least in usual
    ]
    return list(dict.fromkeys(found))


def _is_by_rating(params: ListQuery) -> bool:
    return params.sort.removeprefix("-") == "rating"


def _both(narrower: Callable[[list[int]], int], *bounds: int | None) -> int | None:
    """Return the narrower of the given bounds."""
    given = [bound for bound in bounds if bound is not None]
    return narrower(given) if given else None


async def genres_of(server: ServerState) -> list[Genre]:
    """Return the genres, cached until the log changes."""
    return _read_words(await _held_genres(server))[0]


async def genre_words(server: ServerState) -> GenreWords:
    """Return the names of genres as they may occur in a query."""
    return _read_words(await _held_genres(server))[1]


async def _held_genres(server: ServerState) -> bytes:
    found = await server.ready(0, "genres", lambda: _read_genres(server), answer)
    return found.body


@lru_cache(maxsize=2)
def _read_words(genres: bytes) -> tuple[list[Genre], GenreWords]:
    """Read genres, and their names as they may occur in a query: folding them takes as long as a search."""
    found = msgspec.json.decode(genres, type=list[Genre])
    return found, GenreWords.of(found)


async def respond_list(request: Request[Any, Any, Any], params: ListQuery, query: str) -> ASGIResponse:
    """Send a page of films, cached by the index's position in the log."""
    server = server_of(request)
    lines = NDJSON in request.headers.get("accept", "")
    languages = preferred(request.headers.get("accept-language", ""))
    # The link to the next page uses the requested path: search has two.
    name = f"list:{request.scope['path']}:{server.finder.position}:{lines}:{languages}:{query}:{msgspec.json.encode(params).decode()}"
    held = server.cache.get(0, name)
    if held is None:
        ticket = server.cache.begin()
        parts = parts_of(params.fields, params.include)
        found = await find(server, params, query)
        items = await _items(server, [shown(item, languages) for item in found.page.items], parts)
        held = _written(found, items, lines, request)
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


async def _items(
    server: ServerState, summaries: list[Summary], parts: Parts
) -> list[Summary] | list[dict[str, Any]]:
    """Return the films of a page in the parts that are wanted."""
    if parts.whole:
        return summaries
    if needs_documents(parts):
        return await server.read(lambda connection: project_list(connection, summaries, parts))
    return project_list(None, summaries, parts)


def _written(
    found: Found, items: list[Summary] | list[dict[str, Any]], lines: bool, request: Request[Any, Any, Any]
) -> Answer:
    page = found.page
    headers = dict(found.headers)
    if page.cursor is not None:
        following = request.url.with_replacements(query=_with_cursor(request, page.cursor))
        headers["link"] = f'<{server_of(request).prefix}{following.path}?{following.query}>; rel="next"'
    if lines:
        return from_bytes(b"".join(msgspec.json.encode(item) + b"\n" for item in items), NDJSON, headers)
    names = {genre.id: genre.name for genre in found.genres}
    facets = shapes.Facets(
        genres=[shapes.Facet(id=id, name=names[id], count=count) for id, count in page.genres if id in names],
        decades=[shapes.Decade(decade=decade, count=count) for decade, count in page.decades],
    )
    floor = found.least
    least = shapes.Least(votes=floor.votes, raters=floor.raters) if floor else None
    return answer(
        {
            "items": items,
            "total": page.total,
            "next": page.cursor,
            "facets": facets,
            **({"least": least} if least else {}),
        },
        headers,
    )


def shown(item: Summary, languages: tuple[str, ...]) -> Summary:
    """Return a summary for the response, with the reader's preferred title added."""
    return msgspec.structs.replace(
        item, display_title=choose(item.title, item.titles, languages), titles={}, collection=None
    )


def _by_title(connection: sa.Connection, ask: Ask) -> Page:
    """Respond without an index: whole titles and beginnings of titles, or the first films; no adult films."""
    if ask.query.strip():
        found = movies_titled(connection, fold_title(ask.query), ask.limit)
        documents = dict(documents_of(connection, found))
        rows = [documents[movie] for movie in found if movie in documents]
    else:
        rows = [document for _, document in documents_from(connection, 0, ask.limit)]
    items = [summarise(film) for film in map(FILM.decode, rows) if not film.adult]
    return Page(items, len(items), [], [], None)


def _with_cursor(request: Request[Any, Any, Any], cursor: str) -> str:
    from urllib.parse import urlencode

    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return urlencode([*kept, ("cursor", cursor)])


def _read_genres(server: ServerState) -> list[Genre]:
    with server.catalogue.connect() as connection:
        return all_genres(connection)


@get(
    "/v1/movies/suggest",
    responses=gives(shapes.Suggestions),
    opt={"query": SuggestQuery},
    summary="Suggest",
    tags=["movies"],
)
async def suggest(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Films for what has been typed so far: the first of a search, without counts. Nothing typed, nothing suggested."""
    server, params = server_of(request), query_of(request, SuggestQuery)
    languages = preferred(request.headers.get("accept-language", ""))
    name = f"suggest:{server.finder.position}:{languages}:{msgspec.json.encode(params).decode()}"
    held = server.cache.get(0, name)
    if held is None:
        ticket = server.cache.begin()
        held = await _suggestions(server, params, languages)
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


async def _suggestions(server: ServerState, params: SuggestQuery, languages: tuple[str, ...]) -> Answer:
    if not params.query.strip():
        return answer(shapes.Suggestions(items=[]))
    listed = ListQuery(limit=params.limit, adult=params.adult, facets=False)
    found = await find(server, listed, params.query, counted=False)
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
    params = query_of(request, TopQuery)
    same = {name: getattr(params, name) for name in FilterQuery.__struct_fields__}
    return await respond_list(request, ListQuery(sort=params.by, **same), "")


@get(
    "/v1/movies/{movie_id:str}/similar",
    responses=gives(shapes.Similar, 308, 404, 409),
    opt={"query": SimilarQuery},
    summary="Similar films",
    tags=["movies"],
)
async def similar(request: Request[Any, Any, Any], movie_id: MovieId) -> ASGIResponse:
    """Films that share what few films share with it: a collection, keywords, who made it and who plays, genres."""
    server, params = server_of(request), query_of(request, SimilarQuery)
    number = await movie_of(server, movie_id)
    languages = preferred(request.headers.get("accept-language", ""))
    name = f"similar:{number}:{server.finder.position}:{languages}:{params.limit}"
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
        found = await asyncio.to_thread(server.finder.similar, FILM.decode(stored.document), params.limit)
        items = [shown(film, languages) for film in found]
        held = answer(shapes.Similar(id=f"mc{number}", items=items), headers)
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


ROUTES: list[ControllerRouterHandler] = [search, listing, suggest, top, similar]
