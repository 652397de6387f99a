"""Pages of persons and of collections, each with its films."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.people import (
    Credit,
    credits_of,
    given_ids,
    leading_people,
    partners_of,
    party_at,
    person_of,
)
from moviec.search.location import slug
from moviec.search.readings import fold
from moviec.units import plural
from moviec.web.errors import not_found
from moviec.web.lookups import LARGEST, named_people
from moviec.web.params import ListQuery
from moviec.web.projection import preferred
from moviec.web.routes.lists import find, shown
from moviec.web.routes.people import all_collections, films_of
from moviec.web.server_state import server_of
from moviec.web.site import words
from moviec.web.site.drawings import yearly
from moviec.web.site.rendering import kept_page, page

#: Persons of each list, partners, and posters of a person's best known films.
LISTED, PARTNERS, KNOWN_FOR = 60, 12, 6

ROLES = ("director", "actor", "writer", "composer")


class Filmed(msgspec.Struct, frozen=True):
    """A film of a person, with all their roles in it."""

    id: str
    title: str
    year: int | None
    c_rating: float | None
    votes: int | None
    done: str


@get("/people", include_in_schema=False)
async def people(request: Request[Any, Any, Any]) -> ASGIResponse:
    """People with a name, or those with the most votes for their films."""
    server, query = server_of(request), request.query_params.get("query", "")[:200]
    role = request.query_params.get("role", "director")
    role = role if role in ROLES else "director"
    if query.strip():
        found = await named_people(server, query, LISTED)
        return page(request, "people.html", named=found, query=query, role=role, roles=ROLES)

    def make() -> tuple[str, dict[str, Any]]:
        with server.catalogue.connect() as connection:
            return "people.html", {
                "leading": leading_people(connection, role, LISTED),
                "role": role,
                "roles": ROLES,
            }

    return await kept_page(request, 0, f"people:{role}", make)


@get("/people/{person_id:str}", include_in_schema=False)
async def person(request: Request[Any, Any, Any], person_id: FromPath[str]) -> ASGIResponse:
    """One person."""
    server = server_of(request)
    number = await server.read(lambda connection: number_of(connection, "people", person_id))
    if number is None:
        raise not_found(f"there is no person '{person_id[:50]}'")

    best = await find(
        server, ListQuery(person=str(number), sort="popularity", limit=KNOWN_FOR, facets=False), ""
    )

    def make() -> tuple[str, dict[str, Any]]:
        with server.catalogue.connect() as connection:
            return "person.html", {**_person(connection, number), "best": best.page.items}

    return await kept_page(request, 0, f"person:{number}", make)


def number_of(connection: sa.Connection, kind: str, text: str) -> int | None:
    """Return the number of a person or company by number or by an external id; None for anything else."""
    space, colon, key = text.partition(":")
    if colon:
        return party_at(connection, kind, space.lower(), key) if "\x00" not in key else None
    return int(text) if text.isascii() and text.isdecimal() and 0 < int(text) <= LARGEST else None


def _person(connection: sa.Connection, number: int) -> dict[str, Any]:
    found = person_of(connection, number)
    if found is None:
        raise not_found(f"there is no person {number}")
    credits = [credit for credit in credits_of(connection, number) if not credit.adult]
    films = filmed(credits)
    years: dict[int, int] = {}
    for film in films:
        if film.year:
            years[film.year] = years.get(film.year, 0) + 1
    rated = [film.c_rating for film in films if film.c_rating is not None]
    drawn = yearly(
        [(year, count, None) for year, count in sorted(years.items())], f"Films of {found.name} by year"
    )
    by_role: dict[str, list[Filmed]] = {}
    for role in dict.fromkeys(credit.role for credit in credits):
        by_role[words.role(role)] = filmed([credit for credit in credits if credit.role == role])
    return {
        "person": found,
        "films": films,
        "roles": sorted(by_role.items(), key=lambda pair: -len(pair[1])),
        "years": (min(years), max(years)) if years else None,
        "drawn": drawn if len(years) > 2 else "",
        "median": sorted(rated)[len(rated) // 2] if rated else None,
        "partners": partners_of(connection, number, PARTNERS),
        "links": links_of(found.ids, "people"),
        "given": [
            (*words.elsewhere(each.space, each.id, "people"), each) for each in given_ids(connection, found)
        ],
        "counted": plural(len(films), "film", "films"),
    }


def filmed(credits: Sequence[Credit]) -> list[Filmed]:
    """Combine a person's roles in a film in one line, in the order of the credits' films."""
    by_film: dict[int, list[Credit]] = {}
    for credit in credits:
        by_film.setdefault(credit.movie, []).append(credit)
    return [
        Filmed(
            id=f"mc{movie}",
            title=some[0].title,
            year=some[0].year,
            c_rating=some[0].c_rating,
            votes=some[0].votes,
            done=", ".join(
                dict.fromkeys(credit.character or words.role(credit.role).lower() for credit in some)
            ),
        )
        for movie, some in by_film.items()
    ]


def links_of(ids: dict[str, Any], kind: str) -> list[tuple[str, str, str]]:
    """List ids elsewhere: the site's name, with the id where it has several, its page there, the id."""
    found = []
    for space, given in sorted(ids.items()):
        keys = [str(key) for key in given] if isinstance(given, list) else [str(given)]
        for key in keys:
            name, where = words.elsewhere(space, key, kind)
            found.append((f"{name} {key}" if where and len(keys) > 1 else name, where, key))
    return found


#: Collections of a list.
LISTED_COLLECTIONS = 200


@get("/collections", include_in_schema=False)
async def collections(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Collections with the most films, or those whose names have some words."""
    server, query = server_of(request), request.query_params.get("query", "")[:200]
    words = fold(query).split()
    every = await all_collections(server)
    found = [each for each in every if all(word in each.id for word in words)]
    listed = sorted(found, key=lambda each: (-each.films, each.name))[:LISTED_COLLECTIONS]
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


ROUTES: list[ControllerRouterHandler] = [people, person, collections, collection]
