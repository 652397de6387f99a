"""One film: its facts, its rating and contributions, its people, and the sources behind every field."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.finding import OWNER
from moviec.catalog.queries import Stored
from moviec.search.summaries import FILM, Summary
from moviec.web.errors import not_found
from moviec.web.lookups import Moved, gone, movie_of
from moviec.web.projection import choose, preferred
from moviec.web.responses import answer
from moviec.web.server_state import ServerState, server_of
from moviec.web.site import words
from moviec.web.site.provenance import Fact, facts_of
from moviec.web.site.rendering import Made, held_page, page

#: Number of cast members shown before the rest is opened, and of similar films.
CAST, SIMILAR = 18, 12

#: Roles in the order in which a page has them, before the cast.
CREW = ("director", "writer", "producer", "composer", "cinematographer", "editor", "creator")


class RaterRow(msgspec.Struct, frozen=True):
    """A rater's value on its own scale and on 0 to 100, and the points that it adds to the C-rating."""

    rater: str
    name: str
    panel: str
    aspect: str
    value: str
    points: float
    votes: int | None
    adds: float | None
    source: str


class Shown(msgspec.Struct, frozen=True):
    """Everything that a film's page shows, from its document, its claims, and the records that it is made of."""

    film: dict[str, Any]
    title: str
    rating: dict[str, Any]
    raters: list[RaterRow]
    expected: list[str]
    facts: list[Fact]
    crew: list[tuple[str, list[dict[str, Any]]]]
    cast: list[dict[str, Any]]
    links: list[tuple[str, str, str]]
    attributions: list[tuple[str, str, str]]
    since: str


@get("/movies/{movie_id:str}", include_in_schema=False)
async def movie(request: Request[Any, Any, Any], movie_id: FromPath[str]) -> ASGIResponse:
    """A film's page, cached until the film changes; a merged id redirects to its successor."""
    server = server_of(request)
    number = await movie_of(server, movie_id)
    languages = preferred(request.headers.get("accept-language", ""))

    async def make() -> Made:
        stored = await asyncio.to_thread(server.movies.document, number)
        if stored is None:
            raise await gone(server, number)
        shown = await _shown(server, stored, languages)
        similar = await _similar(server, stored)
        values = {**msgspec.structs.asdict(shown), "similar": similar, "path": f"/movies/mc{number}"}
        return "movie.html", values, {}

    try:
        return await held_page(request, number, "movie", make)
    except Moved as moved:
        location = f"{server.prefix}/movies/mc{moved.movie}"
        return ASGIResponse(
            status_code=308, headers={"location": location, "cache-control": "private, max-age=0"}
        )


@get("/movies/{movie_id:str}/history", include_in_schema=False)
async def history(request: Request[Any, Any, Any], movie_id: FromPath[str]) -> ASGIResponse:
    """What changed in a film, when, and by which delivery or decision; how its rating moved."""
    server = server_of(request)
    number = await movie_of(server, movie_id)
    entries = await asyncio.to_thread(server.movies.history, number)
    if not entries:
        raise not_found(f"there is no history of mc{number}")
    stored = await asyncio.to_thread(server.movies.document, number)
    film = msgspec.json.decode(stored.document) if stored else {"id": f"mc{number}", "title": f"mc{number}"}
    entries = [
        {**entry, "fields": changes_of(msgspec.json.decode(entry["fields"]))} for entry in reversed(entries)
    ]
    moves = [
        {"at": entry["at"], **move}
        for entry in entries
        for move in entry["fields"]
        if move["field"] == "rating"
    ]
    return page(request, "history.html", film=film, entries=entries, moves=moves)


@get("/records/{source:str}/{key:path}", include_in_schema=False)
async def record(request: Request[Any, Any, Any], source: FromPath[str], key: FromPath[str]) -> ASGIResponse:
    """One source's record of a film: its fields as they were read, and the row in the file that it delivered."""
    server, key = server_of(request), key.removeprefix("/")
    found = await asyncio.to_thread(server.workbench.record, source, key)
    if found is None:
        raise not_found(f"{words.name_of(source)[:50]} lists no record '{key[:80]}'")
    number = await server.read(lambda connection: movie_of_record(connection, source, key))
    facts = await source_facts(server)
    return page(
        request, "record.html", record=found, number=number, source=facts.get(source, {"title": source})
    )


async def _shown(server: ServerState, stored: Stored, languages: Sequence[str]) -> Shown:
    claims = await asyncio.to_thread(server.movies.claims, stored.movie)
    records = await asyncio.to_thread(server.movies.records, stored.movie)
    film = msgspec.json.decode(stored.document)
    said = msgspec.json.decode(claims[0]) if claims else {"fields": {}}
    titles = FILM.decode(stored.document).by_language()
    rating = film.get("rating") or {}
    facts = await source_facts(server)
    by_source: dict[str, list[str]] = {}
    for source, key in records:
        by_source.setdefault(source, []).append(key)
    return Shown(
        film=film,
        title=choose(film["title"], titles, languages) or film["title"],
        rating=rating,
        raters=raters_of(film),
        expected=expected_of(rating, film.get("ratings", [])),
        facts=facts_of(film, said, by_source),
        crew=crew_of(film.get("people", [])),
        cast=[person for person in film.get("people", []) if person["role"] == "actor"],
        links=links_of(film.get("ids", {})),
        attributions=[
            (name, str(facts[name]["title"]), str(facts[name].get("attribution") or ""))
            for name in film.get("sources", [])
            if name in facts
        ],
        since=stored.since,
    )


async def _similar(server: ServerState, stored: Stored) -> list[Summary]:
    """Return films like a film; none while there is no index."""
    if server.finder.position is None:
        return []
    return await asyncio.to_thread(server.finder.similar, FILM.decode(stored.document), SIMILAR)


async def source_facts(server: ServerState) -> dict[str, dict[str, Any]]:
    """Return the sources' facts by name, cached until the catalogue changes: reading them takes as long as the rest of
    a page.
    """
    held = await server.ready(0, "source-facts", lambda: list(server.workbench.sources()), answer)
    return {str(fact["name"]): fact for fact in msgspec.json.decode(held.body)}


def movie_of_record(connection: sa.Connection, source: str, key: str) -> int | None:
    """Return the movie that a record is."""
    found: int | None = connection.scalar(OWNER, {"space": source, "id": key})
    return found


def raters_of(film: Mapping[str, Any]) -> list[RaterRow]:
    """Return a film's ratings, the greatest contribution first."""
    adds = {part["rater"]: part["points"] for part in (film.get("rating") or {}).get("contributions", [])}
    rows = [
        RaterRow(
            rater=rating["rater"],
            name=words.rater(rating["rater"]),
            panel=rating["panel"],
            aspect=rating["aspect"],
            value=f"{rating['value']:.3g} of {rating['highest']:g}",
            points=100 * (rating["value"] - rating["lowest"]) / (rating["highest"] - rating["lowest"]),
            votes=rating.get("votes"),
            adds=adds.get(rating["rater"]) if rating["aspect"] == "overall" else None,
            source=rating["source"],
        )
        for rating in film.get("ratings", [])
    ]
    return sorted(
        rows, key=lambda row: (row.panel != "critics", row.adds is None, -abs(row.adds or 0), row.rater)
    )


def expected_of(rating: Mapping[str, Any], ratings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return which panel has no rating, and its expected score."""
    given = {each["panel"] for each in ratings if each["aspect"] == "overall"}
    found = []
    for panel, name in (("critics", "critics’"), ("audience", "audience")):
        if rating.get(panel) is not None and panel not in given:
            found.append(f"No {name} rating yet; expected {rating[panel]:.0f}.")
    return found


def crew_of(people: Sequence[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Group the crew by role, each person once in each."""
    roles = [*CREW, *sorted({person["role"] for person in people} - {*CREW, "actor"})]
    found = []
    for role in roles:
        some = {person["id"]: person for person in people if person["role"] == role}
        if some:
            found.append((words.role(role), list(some.values())))
    return found


def links_of(ids: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """List a film's ids elsewhere: the site's name, the id, its page there."""
    return [(*words.elsewhere(space, str(key)), str(key)) for space, key in sorted(ids.items())]


def changes_of(fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return an entry of the change log: field, label, before and after in words; for lists the added and removed
    items.
    """
    found = []
    for name, pair in fields.items():
        before, after = pair if isinstance(pair, list) and len(pair) == 2 else (None, pair)
        row: dict[str, Any] = {
            "field": name,
            "label": words.field(name),
            "before": _brief(before, name),
            "after": _brief(after, name),
        }
        if name == "rating":
            row |= {"from": (before or {}).get("c_rating"), "to": (after or {}).get("c_rating")}
        found.append(row)
    return found


def _brief(value: Any, name: str) -> str:
    if name == "rating" and isinstance(value, dict):
        low, high = value.get("low"), value.get("high")
        return (
            f"{value.get('c_rating', 0):.0f} ({low:.0f}–{high:.0f})"
            if low is not None and high is not None
            else ""
        )
    if name == "ratings" and isinstance(value, list):
        text = ", ".join(f"{words.rater(each['rater'])} {each['value']:.3g}" for each in value)
    else:
        text = words.said(value, name)
    return text if len(text) <= 160 else text[:159] + "…"


ROUTES: list[ControllerRouterHandler] = [movie, history, record]
