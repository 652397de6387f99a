"""Production companies and genres: lists of the leading ones, and one with its films, years, money, ratings and
names.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.rankings import Ends, YearOf, leaders, years_of
from moviec.catalog.references import Company, Genre, companies_named, companies_of
from moviec.measures import Question
from moviec.search.readings import fold
from moviec.web.errors import not_found
from moviec.web.params import ListQuery
from moviec.web.routes.lists import find, genres_of
from moviec.web.server_state import ServerState, server_of
from moviec.web.site.drawings import yearly
from moviec.web.site.people import links_of, number_of
from moviec.web.site.rendering import Made, held_page, kept_page, page

#: Companies of a list, and films of each section of a page.
LISTED, FILMS = 60, 12


class Totals(msgspec.Struct, frozen=True):
    """All years of a genre or company: films, dollars, those with a known gross, and the years from and to."""

    films: int
    revenue: int
    revenue_known: int
    budget: int
    first: int
    last: int


@get("/companies", include_in_schema=False)
async def companies(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Companies of a name, or those with the most films or the highest gross."""
    server, query = server_of(request), request.query_params.get("query", "")[:200]
    measure = "revenue" if request.query_params.get("by") == "revenue" else "movies"
    if query.strip():
        named = await server.read(lambda connection: companies_named(connection, fold(query), 0, LISTED))
        return page(request, "companies.html", named=named, query=query, measure=measure)

    def make() -> tuple[str, dict[str, Any]]:
        question = Question(kind="production_companies", measure=measure)
        with server.catalogue.connect() as connection:
            found, total = leaders(connection, question, Ends(LISTED))
            names = companies_of(connection, [each.entry for each in found])
        rows = [(names[each.entry], each) for each in found if each.entry in names]
        return "companies.html", {"rows": rows, "total": total, "measure": measure}

    return await kept_page(request, 0, f"companies:{measure}", make)


@get("/companies/{company_id:str}", include_in_schema=False)
async def company(request: Request[Any, Any, Any], company_id: FromPath[str]) -> ASGIResponse:
    """One company."""
    server = server_of(request)

    def read(connection: Any) -> tuple[Company, list[YearOf]] | None:
        number = number_of(connection, "companies", company_id)
        known = companies_of(connection, [number]) if number else {}
        if not number or number not in known:
            return None
        return known[number], years_of(connection, "production_companies", [number])

    found = await server.read(read)
    if found is None:
        raise not_found(f"there is no production company '{company_id[:50]}'")
    shown, years = found

    async def make() -> Made:
        values = await _films(server, ListQuery(company=str(shown.id), limit=FILMS, sort="popularity"))
        common = _entry_values("companies", shown, years)
        return "entry.html", {**common, "links": links_of(shown.ids, "companies"), **values}, {}

    # A company's details can change without a change of a film, which would not outdate cached pages.
    version = zlib.crc32(msgspec.json.encode(shown))
    return await held_page(request, 0, f"company:{shown.id}:{version}", make)


@get("/genres", include_in_schema=False)
async def genres(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Every genre, by kind, with its films."""
    server = server_of(request)

    async def make() -> Made:
        found = await find(server, ListQuery(limit=1, sort="popularity"), "")
        counts = dict(found.page.genres)
        facets: dict[str, list[tuple[Any, int]]] = {}
        for genre in sorted(found.genres, key=lambda each: (-counts.get(each.id, 0), each.name)):
            if counts.get(genre.id):
                facets.setdefault(genre.facet, []).append((genre, counts[genre.id]))
        ordered = [
            (facet, facets[facet]) for facet in ("genre", "form", "audience", "format") if facet in facets
        ]
        return "genres.html", {"facets": ordered}, found.headers

    return await held_page(request, 0, "genres", make)


@get("/genres/{genre_id:int}", include_in_schema=False)
async def genre(request: Request[Any, Any, Any], genre_id: FromPath[int]) -> ASGIResponse:
    """One genre."""
    server = server_of(request)
    shown = next((each for each in await genres_of(server) if each.id == genre_id), None)
    if shown is None:
        raise not_found(f"there is no genre {genre_id}")

    async def make() -> Made:
        years = await server.read(lambda connection: years_of(connection, "genres", [genre_id]))
        values = await _films(server, ListQuery(genre=str(genre_id), limit=FILMS, sort="popularity"))
        return "entry.html", {**_entry_values("genres", shown, years), "links": [], **values}, {}

    return await held_page(request, 0, f"genre:{genre_id}", make)


def _entry_values(kind: str, entry: Company | Genre, years: Sequence[YearOf]) -> dict[str, Any]:
    drawn = yearly(
        [(each.year, each.films, each.revenue_known) for each in years], f"Films of {entry.name} by year"
    )
    newest_first = list(reversed(years))
    return {"kind": kind, "entry": entry, "years": newest_first, "totals": totals(years), "drawn": drawn}


async def _films(server: ServerState, listed: ListQuery) -> dict[str, Any]:
    """Return the most popular and the top rated films of a list."""
    popular = await find(server, listed, "")
    best = await find(server, msgspec.structs.replace(listed, sort="rating"), "")
    return {"popular": popular.page.items, "best": best.page.items, "total": popular.page.total}


def totals(years: Sequence[YearOf]) -> Totals | None:
    """Sum the years; None for none."""
    if not years:
        return None
    return Totals(
        films=sum(year.films for year in years),
        revenue=sum(each.revenue or 0 for each in years),
        revenue_known=sum(each.revenue_known for each in years),
        budget=sum(each.budget or 0 for each in years),
        first=years[0].year,
        last=years[-1].year,
    )


ROUTES: list[ControllerRouterHandler] = [companies, company, genres, genre]
