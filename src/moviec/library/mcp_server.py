"""The catalogue for language-model clients by the Model Context Protocol: read-only tools with the API's results.

Needs the official SDK: pip install 'moviec[mcp]'.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Annotated, Any, Literal, ParamSpec, TypeVar

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import Field

from moviec import __version__
from moviec.errors import MovieCError
from moviec.library.catalogue import Catalogue

_ABOUT = """Film data from many providers, resolved to one film each, with every provider's claims, and one rating (C-rating, 0 to 100)
with its interval. Money is whole US dollars, runtimes are minutes. Ids: `mc12`, or another site's, `imdb:tt0133093`, `tmdb:603`."""

_READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)

MovieId = Annotated[str, Field(description="mc12, imdb:tt0133093, tmdb:603, …")]
Sorted = Literal["relevance", "rating", "popularity", "year", "votes", "revenue", "-year", "-rating"]


P = ParamSpec("P")
R = TypeVar("R")


def _reporting(tool: Callable[P, R]) -> Callable[P, R]:
    """Make a tool report errors in a request to its client."""

    @functools.wraps(tool)
    def telling(*given: P.args, **named: P.kwargs) -> R:
        try:
            return tool(*given, **named)
        except MovieCError as error:
            raise ToolError(str(error)) from error

    return telling


def make_server(films: Catalogue) -> MCPServer:
    """Return the server over an open catalogue."""
    server = MCPServer(
        "moviec", title="MovieC", instructions=_ABOUT, version=__version__, log_level="WARNING"
    )

    @server.tool(annotations=_READS)
    @_reporting
    def search_movies(
        query: Annotated[str, Field(description="Title words, people, years, genres; may be empty.")] = "",
        genre: Annotated[str, Field(description="Genre names: `,` all of them, `|` one of them.")] = "",
        person: Annotated[str, Field(description="Name or id of somebody of the cast or crew.")] = "",
        year_from: int | None = None,
        year_to: int | None = None,
        min_rating: Annotated[float | None, Field(description="C-rating from here on, 0 to 100.")] = None,
        sort: Sorted = "relevance",
        limit: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> dict[str, Any]:
        """Find films by words and filters, the best first. `total` is how many there are."""
        asked = {
            "genre": genre, "person": person, "year_from": year_from, "year_to": year_to, "min_rating": min_rating,
            "sort": sort, "limit": limit, "facets": False,
        }  # fmt: skip
        found: dict[str, Any] = films.ask("/v1/movies/search", query=query, **asked)
        return found

    @server.tool(annotations=_READS)
    @_reporting
    def get_movie(
        movie: MovieId,
        claims: Annotated[
            bool, Field(description="Also what each provider says of each field, and why one won.")
        ] = False,
    ) -> dict[str, Any]:
        """One film with all that is known: titles, people, money, ratings of each rater, the C-rating and what it is made of."""
        return films.movie(movie, include="claims,ratings" if claims else "ratings")

    @server.tool(annotations=_READS)
    @_reporting
    def similar_movies(movie: MovieId, limit: Annotated[int, Field(ge=1, le=50)] = 10) -> dict[str, Any]:
        """Films that share what few films share with a film."""
        return {"items": list(films.similar(movie, limit))}

    @server.tool(annotations=_READS)
    @_reporting
    def find_person(
        name: Annotated[str, Field(description="A name, or an id: imdb:nm0000158.")],
    ) -> dict[str, Any]:
        """A person with every film and role; of several persons of that name the one of the best known films, and the others."""
        if ":" in name or name.isdecimal():
            return films.person(name)
        found = list(films.people(name, 5))
        return {**films.person(found[0]["id"]), "others": found[1:]} if found else {"items": []}

    @server.tool(annotations=_READS)
    @_reporting
    def figures(
        kind: Literal["genres", "production_companies"],
        first_year: int,
        last_year: int | None = None,
        measure: Literal[
            "revenue", "budget", "profit", "movies", "popularity", "votes", "c_rating"
        ] = "revenue",
        top: Annotated[int, Field(ge=1, le=100)] = 10,
    ) -> dict[str, Any]:
        """Sums (medians for popularity and c_rating) by genre or production company over years; `known` films stand behind a value."""
        last = last_year or first_year
        path = f"/v1/{kind}/years/{first_year:04}-{last:04}"
        found: dict[str, Any] = films.ask(path, measure=measure, top=top, metadata=True)
        for item in found["items"]:
            item.pop("movie_ids", None)
        return found

    @server.tool(annotations=_READS)
    @_reporting
    def match_movies(
        movies: Annotated[
            list[dict[str, Any]],
            Field(
                description="Films: title, and what else is known: year, directors, people, runtime, original_title.",
                max_length=100,
            ),
        ],
    ) -> dict[str, Any]:
        """Which film of the catalogue each film of a list is, with how sure that is."""
        return {"items": list(films.match(movies))}

    return server
