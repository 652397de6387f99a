"""Persons with their films, and collections with theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import PathParameter
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.people import (
    Credit,
    Person,
    credits_of,
    given_ids,
    party_at,
    people_from,
    person_of,
)
from moviec.search.location import slug
from moviec.search.readings import GenreWords, fold
from moviec.search.request import Ask, Wanted
from moviec.search.summaries import Summary
from moviec.web import schemas as shapes
from moviec.web.errors import not_found
from moviec.web.lookups import LARGEST, has_words, named_people
from moviec.web.params import CollectionsQuery, PeopleQuery, PersonQuery, query_of
from moviec.web.projection import preferred
from moviec.web.responses import CHANGE, answer, from_bytes, respond
from moviec.web.routes.docs import gives
from moviec.web.routes.lists import shown
from moviec.web.server_state import ServerState, server_of

#: The most films of one collection: the largest known one has about 500.
MOST_PARTS = 1_000

PersonId = Annotated[
    str,
    PathParameter(
        description="A number, or an id elsewhere: `imdb:nm0000158`, `tmdb:31`.",
        schema_extra={
            "pattern": "^([1-9][0-9]{0,9}|[A-Za-z]{1,20}:[^/]{1,60})$",
            "examples": ["1", "imdb:nm0000158"],
        },
    ),
]
CollectionId = Annotated[
    str,
    PathParameter(
        description="The collection's name in small letters, hyphens for blanks.",
        schema_extra={"pattern": "^[^/]{1,200}$", "examples": ["toy-story-collection"]},
    ),
]


@get(
    "/v1/people",
    responses=gives(shapes.PersonList),
    opt={"query": PeopleQuery},
    summary="Persons",
    tags=["people"],
)
async def person_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Persons whose names have these words, those of the best known films first; without words all, by id."""
    server, params = server_of(request), query_of(request, PeopleQuery)
    if not params.query.strip():
        found = await server.read(lambda connection: people_from(connection, params.cursor, params.limit + 1))
        following = str(found[params.limit - 1].id) if len(found) > params.limit else None
        items = [shapes.PersonShown(id=each.id, name=each.name) for each in found[: params.limit]]
        return respond(request, answer(shapes.PersonList(items=items, next=following)))
    name = f"people:{server.finder.position}:{params.limit}:{params.query}"
    held = server.cache.get(0, name)
    if held is None:
        ticket, headers = server.cache.begin(), {CHANGE: str(server.finder.position)}
        items = await named_people(server, params.query, params.limit)
        held = answer(shapes.PersonList(items=items, next=None), headers)
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


@get(
    "/v1/people/{person_id:str}",
    responses=gives(shapes.Person, 404),
    opt={"query": PersonQuery},
    summary="One person",
    tags=["people"],
)
async def one_person(request: Request[Any, Any, Any], person_id: PersonId) -> ASGIResponse:
    """A person with every film, the newest first, and what they did in it."""
    server, params = server_of(request), query_of(request, PersonQuery)
    found = await server.read(lambda connection: _person(connection, person_id))
    if found is None:
        raise not_found(f"there is no person {person_id[:50]}")
    person, done, given = found
    credits = [_credit(credit) for credit in done if params.adult or not credit.adult]
    films = len({credit.id for credit in credits})
    shape = shapes.Person(
        id=person.id, name=person.name, ids=person.ids, given_ids=given, films=films, credits=credits
    )
    return respond(request, answer(shape))


def _person(connection: sa.Connection, text: str) -> tuple[Person, list[Credit], list[shapes.GivenId]] | None:
    space, colon, key = text.partition(":")
    number: int | None
    if colon:
        number = party_at(connection, "people", space.lower(), key) if "\x00" not in key else None
    else:
        number = int(text) if text.isascii() and text.isdecimal() and int(text) <= LARGEST else None
    person = person_of(connection, number) if number is not None else None
    if person is None:
        return None
    given = [shapes.GivenId(**msgspec.structs.asdict(each)) for each in given_ids(connection, person)]
    return person, credits_of(connection, person.id), given


def _credit(credit: Credit) -> shapes.PersonCredit:
    return shapes.PersonCredit(
        id=f"mc{credit.movie}",
        title=credit.title,
        year=credit.year,
        kind=credit.kind,
        c_rating=credit.c_rating,
        votes=credit.votes,
        role=credit.role,
        character=credit.character,
    )


@get(
    "/v1/collections",
    responses=gives(shapes.CollectionList),
    opt={"query": CollectionsQuery},
    summary="Collections",
    tags=["collections"],
)
async def collection_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Collections by name, with how many films each has; those whose names have these words."""
    server, params = server_of(request), query_of(request, CollectionsQuery)
    found = await all_collections(server)
    words, begun = fold(params.query).split(), not params.query[-1:].isspace()
    if params.query.strip():
        found = [each for each in found if words and has_words(each.id.split("-"), words, begun)]
    items = found[params.cursor : params.cursor + params.limit]
    end = params.cursor + params.limit
    following = str(end) if end < len(found) else None
    headers = {CHANGE: str(server.finder.position)}
    shape = shapes.CollectionList(items=items, total=len(found), next=following)
    return respond(request, answer(shape, headers))


async def all_collections(server: ServerState) -> list[shapes.CollectionShown]:
    """List the collections by id, cached until the index changes. Raises StoreError where there is no index."""
    name = f"collections:{server.finder.position}"
    held = await server.ready(0, name, lambda: _collections(server.finder.collections()), from_bytes)
    return _read_collections(held.body)


def _collections(named: Sequence[tuple[str, int]]) -> bytes:
    """Merge spellings of one name: the commonest is shown."""
    found: dict[str, list[tuple[int, str]]] = {}
    for name, films in named:
        found.setdefault(slug(fold(name)), []).append((films, name))
    return msgspec.json.encode(
        [
            shapes.CollectionShown(id=key, name=max(some)[1], films=sum(films for films, _ in some))
            for key, some in sorted(found.items())
            if key
        ]
    )


@lru_cache(maxsize=2)
def _read_collections(body: bytes) -> list[shapes.CollectionShown]:
    return msgspec.json.decode(body, type=list[shapes.CollectionShown])


@get(
    "/v1/collections/{collection_id:str}",
    responses=gives(shapes.Collection, 404),
    summary="One collection",
    tags=["collections"],
)
async def one_collection(request: Request[Any, Any, Any], collection_id: CollectionId) -> ASGIResponse:
    """A collection with its films, the oldest first, those of unknown years last."""
    server = server_of(request)
    headers = {CHANGE: str(server.finder.position)}
    known = {each.id: each for each in await all_collections(server)}
    found = known.get(slug(fold(collection_id)))
    if found is None:
        raise not_found(f"there is no collection '{collection_id[:50]}'")
    languages = preferred(request.headers.get("accept-language", ""))
    films = await asyncio.to_thread(films_of, server, found.id)
    items = [shown(film, languages) for film in films]
    shape = shapes.Collection(id=found.id, name=found.name, films=len(items), items=items)
    return respond(request, answer(shape, headers))


def films_of(server: ServerState, collection: str) -> list[Summary]:
    """List a collection's films, the oldest first."""
    wanted = (Wanted("collection", ((collection,),)),)
    ask = Ask(wanted=wanted, sort="released", limit=MOST_PARTS, facets=False, counted=False)
    films = server.finder.find(ask, GenreWords({})).items
    known = [film for film in films if film.year is not None]
    return [*reversed(known), *(film for film in films if film.year is None)]


ROUTES: list[ControllerRouterHandler] = [person_list, one_person, collection_list, one_collection]
