"""The front page: what this is, a search box, the most popular and top rated films, recent changes, and the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.change_log import Lately, changed_lately
from moviec.catalog.freshness import freshness
from moviec.catalog.queries import count_documents, documents_of, newest_change
from moviec.catalog.rankings import YearOf, years_of
from moviec.search.summaries import Summary, summary_of
from moviec.web.params import ListQuery
from moviec.web.projection import preferred
from moviec.web.routes.lists import find, genres_of, shown
from moviec.web.server_state import ServerState, server_of
from moviec.web.site.drawings import spark
from moviec.web.site.movie import source_facts
from moviec.web.site.rendering import Made, held_page

#: Genres whose share of each decade is drawn, and from which year on: before it too few films are listed to speak of shares.
DRAWN, SINCE = 12, 1920

#: Films of each list, and genres beneath the search box.
FILMS, TAGS = 12, 18


class Share(msgspec.Struct, frozen=True):
    """A genre's share of the films of a decade, in percent, drawn over the decades."""

    id: int
    name: str
    first: float
    last: float
    drawn: str


@get("/", include_in_schema=False)
async def home(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The front page."""
    server = server_of(request)
    languages = preferred(request.headers.get("accept-language", ""))

    async def make() -> Made:
        values, headers = await _values(server, languages)
        return "home.html", values, headers

    return await held_page(request, 0, "home", make)


async def _values(server: ServerState, languages: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, str]]:
    popular = await find(server, ListQuery(limit=FILMS, sort="popularity"), "")
    best = await find(server, ListQuery(limit=FILMS, sort="rating", facets=False), "")
    genres = await genres_of(server)
    behind = await server.read(_behind)
    facts = await source_facts(server)
    sources = [
        {**facts.get(name, {"title": name}), "name": name, **fresh}
        for name, fresh in sorted(behind["fresh"].items())
    ]
    facets = {genre.id: genre for genre in genres}
    values = {
        "popular": [shown(film, languages) for film in popular.page.items],
        "best": [shown(film, languages) for film in best.page.items],
        "least": best.least,
        "genres": [(facets[id], count) for id, count in popular.page.genres if id in facets][:TAGS],
        "sources": sources,
        "shares": shares(
            behind["years"], {genre.id: genre.name for genre in genres if genre.facet == "genre"}
        ),
        **behind,
    }
    return values, popular.headers


def _behind(connection: sa.Connection) -> dict[str, Any]:
    head, at = newest_change(connection)
    lately = changed_lately(connection, head, 6)
    documents = documents_of(connection, [each.movie for each in lately])
    return {
        "total": count_documents(connection),
        "updated": at,
        "fresh": freshness(connection),
        "lately": _with_films(lately, {movie: summary_of(document) for movie, document in documents}),
        "years": years_of(connection, "genres"),
    }


def _with_films(lately: Sequence[Lately], films: Mapping[int, Summary]) -> list[tuple[Summary, Lately]]:
    return [(films[each.movie], each) for each in lately if each.movie in films]


def shares(years: Sequence[YearOf], names: Mapping[int, str]) -> list[Share]:
    """Return the largest genres with their share of all genres named in each decade."""
    films: dict[int, dict[int, int]] = {}
    for year in years:
        if year.entry in names and year.year >= SINCE:
            decade = films.setdefault(year.entry, {})
            decade[year.year // 10 * 10] = decade.get(year.year // 10 * 10, 0) + year.films
    decades = sorted({decade for by_decade in films.values() for decade in by_decade})
    totals = {decade: sum(found.get(decade, 0) for found in films.values()) for decade in decades}
    decades = [decade for decade in decades if totals[decade] >= 100] or decades
    largest = sorted(films, key=lambda entry: (-sum(films[entry].values()), entry))[:DRAWN]
    found = []
    for entry in largest:
        line = [(decade, 100 * films[entry].get(decade, 0) / totals[decade]) for decade in decades]
        if len(line) > 1:
            label = f"{names[entry]}: {line[0][1]:.0f}% of genre mentions in the {line[0][0]}s, {line[-1][1]:.0f}% in the {line[-1][0]}s"
            found.append(Share(entry, names[entry], line[0][1], line[-1][1], spark(line, label)))
    return found


ROUTES: list[ControllerRouterHandler] = [home]
