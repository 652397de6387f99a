"""Search and browsing: films that match, further filters, and the chosen filters, each of which can be removed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.people import person_of
from moviec.catalog.references import Genre, companies_of
from moviec.search.readings import fold, years_in
from moviec.search.summaries import Summary
from moviec.web.errors import Problem
from moviec.web.lookups import named_people
from moviec.web.params import CERTIFICATES, ListQuery, SearchQuery, query_of
from moviec.web.projection import preferred
from moviec.web.responses import from_bytes, respond
from moviec.web.routes.lists import Found, find, shown
from moviec.web.server_state import ServerState, server_of
from moviec.web.site import words
from moviec.web.site.rendering import HTML, Made, held_page, with_query, written

#: Films of one page, suggestions as one types, and persons among them.
PAGE, SUGGESTED, PERSONS = 36, 7, 3

#: Number of best known films whose credits are searched for people to suggest: 60, as in the API, would take twice as
#: long.
FILMS_LOOKED_AT = 15

#: Orders with their names; of the first of each pair the highest or newest comes first.
SORTS = (
    ("relevance", "Best match"), ("popularity", "Most popular"), ("rating", "Top rated"), ("-rating", "Lowest rated"),
    ("year", "Newest"), ("-year", "Oldest"), ("votes", "Most votes"), ("revenue", "Highest gross"), ("runtime", "Longest"),
    ("-runtime", "Shortest"),
)  # fmt: skip

#: Countries and languages offered: those of most films in the catalogues that are public; any other works in the address.
COUNTRIES = ("US", "GB", "FR", "DE", "IT", "ES", "IN", "JP", "CA", "KR", "CN", "HK", "SE", "DK", "AU", "BR", "MX", "RU", "SU", "PL", "IR", "AR", "BE", "NL")  # fmt: skip
LANGUAGES = (
    "en",
    "fr",
    "de",
    "es",
    "it",
    "ja",
    "hi",
    "zh",
    "ko",
    "ru",
    "pt",
    "sv",
    "da",
    "pl",
    "ta",
    "te",
    "fa",
    "tr",
    "ar",
    "nl",
)


class Chip(msgspec.Struct, frozen=True):
    """A chosen filter, in words, and the query without it."""

    label: str
    without: str


@get("/search", include_in_schema=False)
async def results(request: Request[Any, Any, Any]) -> ASGIResponse:
    """A page of films that match, with facets, orders, and people with such a name."""
    server, params = server_of(request), asked_of(request)
    languages = preferred(request.headers.get("accept-language", ""))

    async def make() -> Made:
        values, headers = await _values(server, params, languages)
        return "results.html", values, headers

    return await held_page(request, 0, f"search:{msgspec.json.encode(params).decode()}", make)


async def _values(
    server: ServerState, params: SearchQuery, languages: tuple[str, ...]
) -> tuple[dict[str, Any], Mapping[str, str]]:
    found = await find(server, params, params.query)
    people: Sequence[Any] = []
    if params.query.strip() and not params.cursor:
        people = await named_people(server, params.query, PERSONS, errors=0)
    kept = kept_of(params)
    values = {
        "query": params.query,
        "params": params,
        "items": [shown(item, languages) for item in found.page.items],
        "people": people,
        "total": found.page.total,
        "nearest": found.page.nearest,
        "next": found.page.cursor,
        "least": found.least,
        "kept": kept,
        "chips": await chips_of(server, params, kept, found.genres),
        "genres": genre_choices(params, found),
        "decades": found.page.decades,
        "sorts": [(name, label) for name, label in SORTS if name != "relevance" or params.query],
        "countries": choices(COUNTRIES, params.country.upper(), words.country),
        "languages": choices(LANGUAGES, params.original_language.lower(), words.language),
        "certificates": choices(CERTIFICATES, params.certificate, str),
        "meant": await did_you_mean(server, params, found.page.items) if len(found.page.items) < 3 else [],
    }
    return values, found.headers


@get("/suggest", include_in_schema=False)
async def suggest(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Suggested films and people for the text typed so far, as a fragment of a page."""
    server, query = server_of(request), request.query_params.get("query", "")[:200]
    languages = preferred(request.headers.get("accept-language", ""))
    name = f"suggest-page:{server.finder.position}:{languages}:{query}"
    held = server.cache.get(0, name)
    if held is None:
        ticket = server.cache.begin()
        films: list[Summary] = []
        people: Sequence[Any] = []
        if fold(query):
            listed = ListQuery(limit=SUGGESTED, facets=False)
            found, people = await asyncio.gather(
                find(server, listed, query, counted=False),
                named_people(server, query, PERSONS, FILMS_LOOKED_AT, errors=0),
            )
            films = [shown(item, languages) for item in found.page.items]
        values = {"films": films, "people": people, "query": query}
        held = from_bytes(written(server, "suggestions.html", values), HTML)
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


@get("/opensearch.xml", include_in_schema=False)
async def description(request: Request[Any, Any, Any]) -> ASGIResponse:
    """What a browser needs to offer the search box of the site as a search engine."""
    url = request.url
    shown = {"home": f"{url.scheme}://{url.netloc}{server_of(request).prefix}"}
    body = written(server_of(request), "opensearch.xml", shown)
    return respond(request, from_bytes(body, "application/opensearchdescription+xml"))


def asked_of(request: Request[Any, Any, Any]) -> SearchQuery:
    """Read the request of an address: empty form fields count as missing, repeated ones as one list.

    Raises Problem 400, naming what is wrong.
    """
    text = request.query_params
    usual = {"limit": str(PAGE), "sort": "relevance" if text.get("query", "").strip() else "popularity"}
    return query_of(without_blanks(request, usual), SearchQuery)


def without_blanks(
    request: Request[Any, Any, Any], usual: Mapping[str, str] | None = None
) -> Request[Any, Any, Any]:
    """Return a request without empty form fields, with repeated ones as one list, and with the `usual` values of
    others.
    """
    values: dict[str, str] = {}
    for name, value in parse_qsl(request.scope["query_string"].decode("latin-1"), errors="replace"):
        values[name] = f"{values[name]},{value}" if name in values else value
    scope: Any = {**request.scope, "query_string": urlencode({**(usual or {}), **values}).encode()}
    return Request(scope)


def kept_of(params: SearchQuery) -> dict[str, Any]:
    """Return the query string for the same request, without the page."""
    usual = SearchQuery()
    values = msgspec.to_builtins(params)
    apart = ("cursor", "limit", "facets")
    kept = {
        name: value for name, value in values.items() if name not in apart and value != getattr(usual, name)
    }
    if kept.get("sort") == "popularity" and not params.query.strip():
        del kept["sort"]
    return kept


async def chips_of(
    server: ServerState, params: SearchQuery, kept: Mapping[str, Any], genres: Sequence[Genre]
) -> list[Chip]:
    """Return each filter in words, with the address without it."""
    names = await server.read(lambda connection: _names(connection, params))
    known = {str(genre.id): genre.name for genre in genres}
    chips = []
    for name, value in kept.items():
        if name in ("query", "sort", "adult"):
            continue
        parts = str(value).split(",") if name in _SEVERAL else [str(value)]
        for part in parts:
            rest = [other for other in parts if other != part]
            label = (
                known.get(part, part)
                if name == "genre"
                else names.get((name, part)) or _filter_text(name, part)
            )
            chips.append(Chip(label, with_query(kept, **{name: ",".join(rest)})))
    return chips


_SEVERAL = ("genre", "company", "person", "keyword", "country", "language")


def _names(connection: sa.Connection, params: SearchQuery) -> dict[tuple[str, str], str]:
    """Return the names of the persons and companies given by number."""
    found: dict[tuple[str, str], str] = {}
    for part in params.person.split(","):
        if (
            part.isascii()
            and part.isdecimal()
            and (person := person_of(connection, min(int(part), 2**31 - 1)))
        ):
            found["person", part] = person.name
    numbers = [part for part in params.company.split(",") if part.isascii() and part.isdecimal()]
    known = companies_of(connection, [min(int(part), 2**31 - 1) for part in numbers])
    return found | {("company", part): known[int(part)].name for part in numbers if int(part) in known}


def _filter_text(name: str, value: str) -> str:
    said = {
        "country": lambda: words.country(value.upper()),
        "language": lambda: f"In {words.language(value.lower())}",
        "original_language": lambda: words.language(value.lower()),
        "year": lambda: value,
        "decade": lambda: f"{value}s",
        "year_from": lambda: f"From {value}",
        "year_to": lambda: f"Until {value}",
        "runtime_from": lambda: f"{value} min or longer",
        "runtime_to": lambda: f"{value} min or shorter",
        "min_rating": lambda: f"C-rating {float(value):g} or more",
        "min_votes": lambda: f"{int(value):,} votes or more",
        "min_raters": lambda: f"{value} raters or more",
        "kind": lambda: value.replace("_", " "),
    }
    return said[name]() if name in said else value


def genre_choices(params: SearchQuery, found: Found) -> list[tuple[Genre, int, bool]]:
    """List genres with how many of the films that match have them, those chosen first."""
    counts = dict(found.page.genres)
    chosen = {part.strip().lower() for part in params.genre.split(",")}

    def is_chosen(genre: Genre) -> bool:
        return bool({str(genre.id), genre.name.lower()} & chosen)

    listed = [(genre, counts.get(genre.id, 0), is_chosen(genre)) for genre in found.genres]
    return sorted(
        (row for row in listed if row[1] or row[2]), key=lambda row: (not row[2], -row[1], row[0].name)
    )


def choices(codes: Sequence[str], chosen: str, name: Any) -> list[tuple[str, str, bool]]:
    """List the values of a field by name, what is chosen among them."""
    every = dict.fromkeys([*codes, *([chosen] if chosen else [])])
    return sorted(((code, name(code), code == chosen) for code in every), key=lambda row: row[1])


async def did_you_mean(server: ServerState, params: SearchQuery, items: Sequence[Summary]) -> list[Summary]:
    """Return the best known films that the words alone would find, where filters or a typing error leave hardly any."""
    if not params.query.strip():
        return []
    alone = await find(server, ListQuery(limit=6, facets=False), params.query, counted=False)
    shown_already = {item.id for item in items}
    found = [item for item in alone.page.items if item.id not in shown_already]
    years, words = years_in(params.query)
    if not found and not items and len(params.query.split()) > 1 and words:
        longest = max(words, key=len)
        first, last = years or (None, None)
        listed = ListQuery(limit=6, facets=False, year_from=first, year_to=last)
        try:
            alone = await find(server, listed, longest, counted=False)
        except Problem:
            return []
        found = list(alone.page.items)
    return found


ROUTES: list[ControllerRouterHandler] = [results, suggest, description]
