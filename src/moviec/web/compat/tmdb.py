"""`/3/…`: films in the format of TMDB's API, version 3, by TMDB's ids. Films without a TMDB id are left out, and
counted.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.people import ids_of_people, party_at, person_of
from moviec.catalog.queries import documents_of
from moviec.catalog.references import companies_of
from moviec.search.summaries import FILM
from moviec.web.compat import tmdb_films as films
from moviec.web.compat.shared import origin_of, poster_path
from moviec.web.errors import Problem
from moviec.web.lookups import Moved, gone, movie_of
from moviec.web.params import ListQuery, given
from moviec.web.projection import preferred
from moviec.web.responses import answer, respond
from moviec.web.routes.lists import Found, find, genres_of
from moviec.web.server_state import ServerState, server_of

#: Films on a page, and the last page, as TMDB has it.
PAGE, LAST_PAGE = 20, 500

#: Films like a film.
ALIKE = 20

#: The header with how many films matched and have no TMDB id.
LEFT_OUT = "MovieC-Left-Out"

_SORTS = {
    "popularity": "popularity", "vote_average": "rating", "vote_count": "votes", "revenue": "revenue",
    "primary_release_date": "released", "release_date": "released", "runtime": "runtime",
}  # fmt: skip
_SOURCES = {"imdb_id": "imdb", "wikidata_id": "wikidata"}
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@get("/3/configuration", include_in_schema=False)
async def configuration(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Where pictures are kept."""
    images = {
        "base_url": f"{origin_of(request)}/posters/", "secure_base_url": f"{origin_of(request)}/posters/",
        "poster_sizes": ["w185", "w342", "w780"],
        "backdrop_sizes": ["w300", "w780", "w1280", "original"], "logo_sizes": ["w45", "original"],
        "profile_sizes": ["w45", "w185", "h632", "original"], "still_sizes": ["w92", "original"],
    }  # fmt: skip
    return respond(request, answer({"images": images, "change_keys": []}))


@get("/3/genre/movie/list", include_in_schema=False)
async def genre_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The genres that TMDB has."""
    genres = await genres_of(server_of(request))
    ids = films.genre_ids(genres)
    known = [{"id": ids[genre.id], "name": genre.name} for genre in genres if genre.id in ids]
    return respond(request, answer({"genres": known}))


@get("/3/find/{external_id:str}", include_in_schema=False)
async def find_by_id(request: Request[Any, Any, Any], external_id: FromPath[str]) -> ASGIResponse:
    """The film or person with an external id; like TMDB, empty lists where there is none."""
    server, params = server_of(request), given(request)
    space = _SOURCES.get(params.get("external_source", "imdb_id"), "")
    empty: dict[str, list[Any]] = {
        f"{kind}_results": [] for kind in ("movie", "person", "tv", "tv_episode", "tv_season")
    }
    if space == "imdb" and external_id.startswith("nm"):
        person = await server.read(lambda connection: _person_at(connection, external_id))
        return respond(request, answer({**empty, "person_results": person}))
    try:
        number = await movie_of(server, f"{space}:{external_id}") if space else 0
        stored = await asyncio.to_thread(server.movies.document, number)
    except Problem:
        stored = None
    found = []
    if stored is not None:
        document = msgspec.json.decode(stored.document)
        if films.tmdb_id(document.get("ids", {})) is None:
            server.metrics.left_out.labels("tmdb").inc()
        else:
            names = await _names(server, [document])
            found = [{**films.listed(document, names, _languages(params)), "media_type": "movie"}]
    return respond(request, answer({**empty, "movie_results": found}))


@get("/3/movie/{movie_id:str}", include_in_schema=False)
async def one_film(request: Request[Any, Any, Any], movie_id: FromPath[str]) -> ASGIResponse:
    """One film, by TMDB id or IMDb id; its parts with `append_to_response`. TMDB's lists have paths of that form, too."""
    server, params = server_of(request), given(request)
    if movie_id in ("popular", "top_rated", "now_playing", "upcoming"):
        return await _listed(request, server, _usual_list(movie_id), params)
    document = await _document(server, movie_id)
    names = await _names(server, [document], whole=True)
    found = films.whole(document, names, _languages(params))
    for part in params.get("append_to_response", "").split(",")[:20]:
        added = await _part(server, document, part.strip(), params)
        if added is not None:
            found[part.strip()] = added
    return respond(request, answer(found))


@get("/3/movie/{movie_id:str}/{part:str}", include_in_schema=False)
async def part_of_film(
    request: Request[Any, Any, Any], movie_id: FromPath[str], part: FromPath[str]
) -> ASGIResponse:
    """A part of a film: credits, keywords, external_ids, alternative_titles, release_dates, videos, similar, recommendations."""
    server = server_of(request)
    document = await _document(server, movie_id)
    found = await _part(server, document, part, given(request))
    if found is None:
        raise Problem(404, "no such part of a film")
    return respond(request, answer({"id": films.tmdb_id(document["ids"]), **found}))


async def _part(
    server: ServerState, document: films.Document, part: str, params: Mapping[str, str]
) -> dict[str, Any] | None:
    """Return a part of a film; None for anything else."""
    if part == "credits":
        return films.credits(document, await _names(server, [document], whole=True))
    if part in ("similar", "recommendations"):
        film = FILM.decode(msgspec.json.encode(document))
        alike = await asyncio.to_thread(server.finder.similar, film, ALIKE, "tmdb")
        return await _page(server, [int(each.id[2:]) for each in alike], params, (1, len(alike)))
    return films.PARTS[part](document) if part in films.PARTS else None


@get("/3/search/movie", include_in_schema=False)
async def search(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Films for words."""
    params = given(request)
    if not params.get("query"):
        return ASGIResponse(
            body=b'{"errors":["query must be provided"]}', status_code=422, media_type="application/json"
        )
    year = params.get("primary_release_year") or params.get("year") or ""
    query = ListQuery(
        year=int(year) if year.isdecimal() and 0 < int(year) < 10_000 else None,
        adult=params.get("include_adult") == "true",
    )
    return await _listed(request, server_of(request), query, params, params["query"][:1000])


@get("/3/discover/movie", include_in_schema=False)
async def discover(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Films by TMDB's filters; unknown ones are ignored."""
    params = given(request)
    return await _listed(request, server_of(request), _filters(params), params)


def _filters(params: Mapping[str, str]) -> ListQuery:
    """Read discover's filters as those of our own lists."""
    sort, _, direction = params.get("sort_by", "popularity.desc").partition(".")
    order = _SORTS.get(sort, "popularity")
    people = [params[name] for name in ("with_people", "with_cast", "with_crew") if params.get(name)]
    year = _number(params, "primary_release_year") or _number(params, "year")
    rating = _decimal(params, "vote_average.gte")
    return ListQuery(
        genre=_at_tmdb(params.get("with_genres", "")),
        without_genre=_at_tmdb(params.get("without_genres", "")).replace("|", ","),
        person=_at_tmdb(",".join(people)),
        company=_at_tmdb(params.get("with_companies", "")),
        original_language=params.get("with_original_language", ""),
        country=params.get("with_origin_country", ""),
        certificate=params.get("certification", ""),
        runtime_from=_number(params, "with_runtime.gte"),
        runtime_to=_number(params, "with_runtime.lte"),
        min_votes=_number(params, "vote_count.gte") or 0,
        min_raters=0,
        min_rating=None if rating is None else min(max(rating, 0.0), 10.0) * 10,
        released_from=_date(params, "primary_release_date.gte") or _date(params, "release_date.gte"),
        released_to=_date(params, "primary_release_date.lte") or _date(params, "release_date.lte"),
        year=year if year and year < 10_000 else None,
        adult=params.get("include_adult") == "true",
        sort=f"-{order}" if direction == "asc" else order,  # type: ignore[arg-type]
    )


def _usual_list(name: str) -> ListQuery:
    """Return the query behind one of TMDB's lists."""
    today = dt.datetime.now(dt.UTC).date()
    if name == "top_rated":
        return ListQuery(sort="rating")
    if name == "now_playing":
        return ListQuery(sort="popularity", released_from=today - dt.timedelta(45), released_to=today)
    if name == "upcoming":
        return ListQuery(sort="popularity", released_from=today + dt.timedelta(1))
    return ListQuery(sort="popularity")


async def _listed(
    request: Request[Any, Any, Any],
    server: ServerState,
    query: ListQuery,
    params: Mapping[str, str],
    words: str = "",
) -> ASGIResponse:
    """Answer with a page of films that have a TMDB id, and count those that have none."""
    text = params.get("page", "1")
    if not text.isdecimal() or not 1 <= int(text) <= LAST_PAGE:
        raise Problem(400, "no such page")
    page = int(text)
    query = msgspec.structs.replace(query, limit=page * PAGE, facets=False)
    ours = msgspec.structs.replace(query, has_id="tmdb")
    try:
        found = await find(server, ours, words)
        every = await find(server, msgspec.structs.replace(query, limit=1), words)
    except Problem as problem:
        if problem.status != 404:
            raise
        return respond(request, answer(_pages(page, [], 0)))  # a genre, person or company unknown here
    left_out = max(every.page.total - found.page.total, 0)
    server.metrics.left_out.labels("tmdb").inc(left_out)
    items = _numbers(found)[(page - 1) * PAGE :]
    body = await _page(server, items, params, (page, found.page.total))
    return respond(request, answer(body, {**found.headers, LEFT_OUT: str(left_out)}))


def _numbers(found: Found) -> list[int]:
    return [int(item.id[2:]) for item in found.page.items]


async def _page(
    server: ServerState, numbers: Sequence[int], params: Mapping[str, str], place: tuple[int, int]
) -> dict[str, Any]:
    """Return a page of films by number; `place` is the page and how many films there are in all."""
    stored = dict(await server.read(lambda connection: documents_of(connection, numbers)))
    documents = [msgspec.json.decode(stored[number]) for number in numbers if number in stored]
    names = await _names(server, documents)
    languages = _languages(params)
    page, total = place
    return _pages(page, [films.listed(document, names, languages) for document in documents], total)


def _pages(page: int, results: list[Any], total: int) -> dict[str, Any]:
    pages = min(-(-total // PAGE), LAST_PAGE)
    return {"page": page, "results": results, "total_pages": max(pages, 1), "total_results": total}


async def _document(server: ServerState, text: str) -> films.Document:
    """Return the document of a film by TMDB or IMDb id. Raises Problem 404, also if it has no TMDB id."""
    number = await movie_of(server, f"tmdb:{text.partition('-')[0]}" if text[:1].isdecimal() else text)
    stored = await asyncio.to_thread(server.movies.document, number)
    if stored is None:
        reason = await gone(server, number)
        if not isinstance(reason, Moved):
            raise reason
        stored = await asyncio.to_thread(server.movies.document, reason.movie)
    document: films.Document = msgspec.json.decode(stored.document) if stored else {}
    if films.tmdb_id(document.get("ids", {})) is None:
        server.metrics.left_out.labels("tmdb").inc()
        raise Problem(404, "this film has no TMDB id")
    return document


async def _names(
    server: ServerState, documents: Sequence[films.Document], whole: bool = False
) -> films.Names:
    """Look up TMDB's ids: of genres, and for `whole` films of persons and companies."""
    genres = films.genre_ids(await genres_of(server))
    if not whole:
        return films.Names(genres)
    people = [person["id"] for document in documents for person in document.get("people", [])]
    some = [company["id"] for document in documents for company in document.get("companies", [])]

    def read(connection: sa.Connection) -> films.Names:
        persons = ids_of_people(connection, people)
        companies = companies_of(connection, some)
        return films.Names(
            genres,
            {number: found for number, ids in persons.items() if (found := films.tmdb_id(ids)) is not None},
            {
                company.id: found
                for company in companies.values()
                if (found := films.tmdb_id(company.ids)) is not None
            },
        )

    return await server.read(read)


def _person_at(connection: sa.Connection, key: str) -> list[dict[str, Any]]:
    """Return the person of an IMDb id, if they have a TMDB id, too."""
    number = party_at(connection, "people", "imdb", key)
    person = person_of(connection, number) if number is not None else None
    if person is None or (identifier := films.tmdb_id(person.ids)) is None:
        return []
    return [
        {
            "id": identifier,
            "name": person.name,
            "media_type": "person",
            "profile_path": poster_path(None),
            "known_for": [],
        }
    ]


def _languages(params: Mapping[str, str]) -> tuple[str, ...]:
    return preferred(params.get("language", ""))


def _at_tmdb(text: str) -> str:
    """Turn TMDB's ids, separated by `,` or `|`, into external ids; other text is dropped."""
    groups = [[key.strip() for key in part.split("|") if key.strip().isdecimal()] for part in text.split(",")]
    return ",".join("|".join(f"tmdb:{key}" for key in group) for group in groups if group)


def _number(params: Mapping[str, str], name: str) -> int | None:
    text = params.get(name, "")
    return min(int(text), 2_147_483_647) if text.isascii() and text.isdecimal() and len(text) < 20 else None


def _decimal(params: Mapping[str, str], name: str) -> float | None:
    try:
        return (
            float(params[name]) if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", params.get(name, "")) else None
        )
    except ValueError:
        return None


def _date(params: Mapping[str, str], name: str) -> dt.date | None:
    try:
        found = _DAY.match(params.get(name, ""))
        return dt.date.fromisoformat(found[0]) if found else None
    except ValueError:
        return None


ROUTES: list[ControllerRouterHandler] = [
    configuration,
    genre_list,
    find_by_id,
    search,
    discover,
    one_film,
    part_of_film,
]
