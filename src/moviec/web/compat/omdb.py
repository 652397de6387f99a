"""`/omdb/`: films by IMDb id (`i`), title (`t`, `y`) or search (`s`, `page`) in OMDb's format."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.queries import documents_of
from moviec.web.compat.shared import country, language, origin_of, poster_address
from moviec.web.errors import Problem
from moviec.web.lookups import movie_of
from moviec.web.params import ListQuery, given
from moviec.web.responses import answer, respond
from moviec.web.routes.lists import find
from moviec.web.server_state import ServerState, server_of

#: Films on a page of a search, and the last page, as OMDb has it.
PAGE, LAST_PAGE = 10, 100

#: The least confidence of genres shown; the number of actors, as at OMDb.
SURE, ACTORS = 0.5, 4

#: The greatest length of a short plot: a longer one is cut at a sentence.
SHORT_PLOT = 240

NONE = "N/A"
_GENRES = {"Science Fiction": "Sci-Fi"}
_IMDB = re.compile("tt[0-9]{5,12}", re.IGNORECASE)


@get(["/omdb", "/omdb/"], include_in_schema=False)
async def omdb(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Respond as OMDb does."""
    server, params = server_of(request), given(request)
    if params.get("s"):
        return respond(request, answer(await _search(server, params, origin_of(request))))
    if not params.get("i") and not params.get("t"):
        return respond(request, answer({"Response": "False", "Error": "Incorrect IMDb ID."}))
    number = await _by_id(server, params["i"]) if params.get("i") else await _by_title(server, params)
    if number is None:
        wrong = "Error getting data." if params.get("i") else "Movie not found!"
        return respond(request, answer({"Response": "False", "Error": wrong}))
    stored = await asyncio.to_thread(server.movies.document, number)
    if stored is None:
        raise Problem(404, "Movie not found!")
    document = msgspec.json.decode(stored.document)
    return respond(request, answer(film(document, params.get("plot", "short") == "full", origin_of(request))))


async def _by_id(server: ServerState, text: str) -> int | None:
    if not _IMDB.fullmatch(text.strip()):
        return None
    number = await movie_of(server, text.strip())
    identity = await asyncio.to_thread(server.movies.identity, number)
    return identity[1] if identity and identity[1] else number


async def _by_title(server: ServerState, params: Mapping[str, str]) -> int | None:
    found = await _find(server, params, params["t"], 1)
    return int(found.page.items[0].id[2:]) if found and found.page.items else None


async def _search(server: ServerState, params: Mapping[str, str], origin: str) -> dict[str, Any]:
    page = params.get("page", "1")
    if not page.isdecimal() or not 1 <= int(page) <= LAST_PAGE:
        return {"Response": "False", "Error": "The offset specified in a OFFSET clause may not be negative."}
    found = await _find(server, params, params["s"], int(page) * PAGE)
    items = found.page.items[(int(page) - 1) * PAGE : int(page) * PAGE] if found else []
    if not found or not items:
        return {"Response": "False", "Error": "Movie not found!"}
    numbers = [int(item.id[2:]) for item in items]
    documents = dict(await server.read(lambda connection: documents_of(connection, numbers)))
    films = [msgspec.json.decode(documents[number]) for number in numbers if number in documents]
    listed = [
        {
            "Title": each["title"],
            "Year": _text(each.get("year")),
            "imdbID": each["ids"]["imdb"],
            "Type": "movie",
            "Poster": poster_address(each.get("poster"), origin) or NONE,
        }
        for each in films
        if "imdb" in each.get("ids", {})
    ]
    return {"Search": listed, "totalResults": str(found.page.total), "Response": "True"}


async def _find(server: ServerState, params: Mapping[str, str], words: str, limit: int) -> Any:
    """Search among films that have an IMDb id; None if another kind of title is requested."""
    year = params.get("y", "")
    if params.get("type", "movie") != "movie" or (year and not year.isdecimal()):
        return None
    listed = ListQuery(limit=limit, facets=False, has_id="imdb", year=int(year[:4]) if year else None)
    return await find(server, listed, words[:1000])


def film(document: Mapping[str, Any], full: bool = True, origin: str = "") -> dict[str, Any]:
    """Return a document in OMDb's format: all values as text, unknown ones as "N/A"."""
    ratings = {
        rating["rater"]: rating for rating in document.get("ratings", []) if rating["aspect"] == "overall"
    }
    imdb, metacritic = ratings.get("imdb"), ratings.get("metacritic")
    people = document.get("people", [])
    domestic = document.get("revenue") if document.get("revenue_scope") == "domestic" else None
    genres = [genre for genre in document.get("genres", []) if genre.get("confidence", 1.0) >= SURE]
    votes = imdb.get("votes") if imdb else None
    return {
        "Title": document["title"],
        "Year": _text(document.get("year")),
        "Rated": _text(document.get("certificate")),
        "Released": _day(document.get("released")),
        "Runtime": f"{document['runtime']} min" if document.get("runtime") else NONE,
        "Genre": _listed(_GENRES.get(genre["name"], genre["name"]) for genre in genres),
        "Director": _listed(_named(people, "director")),
        "Writer": _listed(_named(people, "writer")),
        "Actors": _listed(_named(people, "actor")[:ACTORS]),
        "Plot": _plot(document.get("overview"), full),
        "Language": _listed(map(language, document.get("languages") or _original(document))),
        "Country": _listed(map(country, document.get("countries", []))),
        "Awards": NONE,
        "Poster": poster_address(document.get("poster"), origin) or NONE,
        "Ratings": _ratings(ratings),
        "Metascore": f"{metacritic['value']:.0f}" if metacritic else NONE,
        "imdbRating": f"{imdb['value']:.1f}" if imdb else NONE,
        "imdbVotes": f"{votes:,}" if votes else NONE,
        "imdbID": document.get("ids", {}).get("imdb", NONE),
        "Type": "movie",
        "DVD": NONE,
        "BoxOffice": f"${domestic:,}" if domestic else NONE,
        "Production": _listed(company["name"] for company in document.get("companies", [])),
        "Website": _text(document.get("homepage")),
        "Response": "True",
    }


def _ratings(ratings: Mapping[str, Mapping[str, Any]]) -> list[dict[str, str]]:
    """List the ratings of the sources that OMDb has, each in its source's notation."""
    written = {
        "imdb": ("Internet Movie Database", "{:.1f}/10"),
        "rottentomatoes": ("Rotten Tomatoes", "{:.0f}%"),
        "metacritic": ("Metacritic", "{:.0f}/100"),
    }
    return [
        {"Source": name, "Value": form.format(ratings[rater]["value"])}
        for rater, (name, form) in written.items()
        if rater in ratings
    ]


def _named(people: Sequence[Mapping[str, Any]], role: str) -> list[str]:
    return list(dict.fromkeys(person["name"] for person in people if person["role"] == role))


def _original(document: Mapping[str, Any]) -> list[str]:
    return [document["original_language"]] if document.get("original_language") else []


def _plot(overview: str | None, full: bool) -> str:
    """Return a plot, the short one cut at the end of a sentence, or of a word."""
    if not overview or full or len(overview) <= SHORT_PLOT:
        return overview or NONE
    kept = overview[:SHORT_PLOT]
    end = max(kept.rfind(sign) for sign in (". ", "! ", "? "))
    return kept[: end + 1] if end > SHORT_PLOT // 3 else f"{kept.rpartition(' ')[0]}…"


def _day(released: str | None) -> str:
    return dt.date.fromisoformat(released).strftime("%d %b %Y") if released else NONE


def _listed(names: Any) -> str:
    return ", ".join(dict.fromkeys(names)) or NONE


def _text(value: Any) -> str:
    return NONE if value is None or value == "" else str(value)


ROUTES: list[ControllerRouterHandler] = [omdb]
