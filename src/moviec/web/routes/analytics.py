"""Analytics: figures of genres and production companies by year, month or span of years, and the reference lists."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import PathParameter
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.people import party_at
from moviec.catalog.rankings import Ends, RankedEntry, leaders, ranked_entries
from moviec.catalog.references import Company, Genre, companies_named, companies_of, genre_at
from moviec.errors import UsageError
from moviec.measures import Question, least_films, refuse_nonsense
from moviec.search.readings import fold
from moviec.web import schemas as shapes
from moviec.web.errors import Problem, not_found, wrong_parameter
from moviec.web.filters import genre_named
from moviec.web.lookups import LARGEST, absent
from moviec.web.params import CompanyListQuery, FigureQuery, query_of
from moviec.web.responses import answer, respond
from moviec.web.routes.docs import gives
from moviec.web.routes.lists import genre_words, genres_of
from moviec.web.server_state import ServerState, server_of

Year = Annotated[int, PathParameter(ge=1, le=9999)]
Month = Annotated[int, PathParameter(ge=1, le=12)]
Span = Annotated[
    str,
    PathParameter(
        description="From year to year: `1990-1999`.",
        schema_extra={"pattern": "^[0-9]{4}-[0-9]{4}$", "examples": ["1990-1999"]},
    ),
]
GenreId = Annotated[
    str,
    PathParameter(
        description="Id, name, alias, or an id elsewhere: `tmdb:16`.",
        schema_extra={"pattern": "^[^/]{1,200}$", "examples": ["1", "drama"]},
    ),
]
Number = Annotated[int, PathParameter(ge=1, le=LARGEST)]

#: Entries returned if neither `top` nor `bottom` is given.
USUAL_TOP = 100


@get(
    "/v1/genres",
    responses=gives(shapes.GenreList),
    summary="Genres",
    tags=["genres"],
)
async def genre_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """All genres, with their other names and their ids at the sources."""
    return respond(request, answer({"items": await genres_of(server_of(request))}))


@get("/v1/genres/{genre_id:str}", responses=gives(shapes.Genre, 404), summary="One genre", tags=["genres"])
async def one_genre(request: Request[Any, Any, Any], genre_id: GenreId) -> ASGIResponse:
    """A genre by its id, its name or an alias, or an id elsewhere, as the filter `genre` takes it."""
    server = server_of(request)
    genres = await genres_of(server)
    number = genre_named(genre_id, genres, await genre_words(server))
    return respond(request, answer(next(genre for genre in genres if genre.id == number)))


@get("/v1/production_companies", responses=gives(shapes.CompanyList), opt={"query": CompanyListQuery}, summary="Production companies", tags=["companies"])  # fmt: skip
async def company_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Production companies by id, or those whose name begins so."""
    params = query_of(request, CompanyListQuery)
    after, limit, folded = params.cursor, params.limit, fold(params.query)
    found = await server_of(request).read(
        lambda connection: companies_named(connection, folded, after, limit + 1)
    )
    following = str(found[limit - 1].id) if len(found) > limit else None
    return respond(request, answer({"items": found[:limit], "next": following}))


@get("/v1/production_companies/{company_id:int}", responses=gives(shapes.Company, 404), summary="One company", tags=["companies"])  # fmt: skip
async def one_company(request: Request[Any, Any, Any], company_id: Number) -> ASGIResponse:
    """A production company by its id."""
    server = server_of(request)
    if not absent(server, lambda known: str(company_id) not in known.companies):
        found = await server.read(lambda connection: companies_of(connection, [company_id]))
        if company_id in found:
            return respond(request, answer(found[company_id]))
    raise not_found(f"there is no production company {company_id}")


@get("/v1/genres/year/{year:int}", responses=gives(shapes.Figures, 404), opt={"query": FigureQuery}, summary="Genres of a year", tags=["genres"])  # fmt: skip
async def genres_year(request: Request[Any, Any, Any], year: Year) -> ASGIResponse:
    """Figures of every genre in a year."""
    return await _figures(request, "genres", (year, year))


@get("/v1/genres/year/{year:int}/month/{month:int}", responses=gives(shapes.Figures, 404), opt={"query": FigureQuery}, summary="Genres of a month", tags=["genres"])  # fmt: skip
async def genres_month(request: Request[Any, Any, Any], year: Year, month: Month) -> ASGIResponse:
    """Figures of every genre in a month."""
    return await _figures(request, "genres", (year, year), month)


@get("/v1/genres/years/{span:str}", responses=gives(shapes.Figures, 404), opt={"query": FigureQuery}, summary="Genres over years", tags=["genres"])  # fmt: skip
async def genres_years(request: Request[Any, Any, Any], span: Span) -> ASGIResponse:
    """Figures of every genre over a span of years."""
    return await _figures(request, "genres", _span(span))


@get("/v1/production_companies/year/{year:int}", responses=gives(shapes.Figures, 404), opt={"query": FigureQuery}, summary="Companies of a year", tags=["companies"])  # fmt: skip
async def companies_year(request: Request[Any, Any, Any], year: Year) -> ASGIResponse:
    """Figures of production companies in a year."""
    return await _figures(request, "production_companies", (year, year))


@get("/v1/production_companies/year/{year:int}/month/{month:int}", responses=gives(shapes.Figures, 404), opt={"query": FigureQuery}, summary="Companies of a month", tags=["companies"])  # fmt: skip
async def companies_month(request: Request[Any, Any, Any], year: Year, month: Month) -> ASGIResponse:
    """Figures of production companies in a month."""
    return await _figures(request, "production_companies", (year, year), month)


@get("/v1/production_companies/years/{span:str}", responses=gives(shapes.Figures, 404), opt={"query": FigureQuery}, summary="Companies over years", tags=["companies"])  # fmt: skip
async def companies_years(request: Request[Any, Any, Any], span: Span) -> ASGIResponse:
    """Figures of production companies over a span of years."""
    return await _figures(request, "production_companies", _span(span))


async def _figures(
    request: Request[Any, Any, Any], kind: str, years: tuple[int, int], month: int = 0
) -> ASGIResponse:
    server, params = server_of(request), query_of(request, FigureQuery)
    name = f"{kind}:{years}:{month}:{msgspec.json.encode(params).decode()}"
    held = server.cache.get(0, name)
    if held is None:
        ticket = server.cache.begin()
        held = answer(await figures(server, params, question_of(params, kind, years, month)))
        server.cache.keep(ticket, 0, name, held)
    return respond(request, held)


async def figures(server: ServerState, params: FigureQuery, question: Question) -> shapes.Figures:
    """Respond to a question about genres or companies."""
    if params.ids:
        ids = await _entries(server, question.kind, params.ids.split(","))
        question = msgspec.structs.replace(question, entries=ids)
    try:
        refuse_nonsense(question)
        chosen, entries = await _chosen(server, params, question)
    except UsageError as error:
        raise wrong_parameter(error.where or "query", error.what, str(error)) from error
    names: Mapping[int, Genre | Company] = {}
    if params.metadata:
        names = await _names(server, question.kind, [each.entry for each in chosen])
    return shapes.Figures(
        kind=question.kind,
        first_year=question.first_year,
        last_year=question.last_year,
        month=question.month or None,
        measure=question.measure,
        by=question.added_up,
        split=question.split,
        min_movies=question.least,
        estimate=question.last_year >= dt.datetime.now(dt.UTC).year,
        entries=entries,
        items=[_figure(each, names) for each in chosen],
    )


def question_of(params: FigureQuery, kind: str, years: tuple[int, int], month: int = 0) -> Question:
    """Read a question about genres or companies from a request."""
    return Question(
        kind=kind,
        first_year=years[0],
        last_year=years[1],
        month=month,
        measure=params.measure,
        by=params.by,
        split=params.split,
        movie_ids=params.metadata,
        least=params.min_movies or least_films(params.measure),
    )


def _empty(server: ServerState, question: Question) -> bool:
    """Return whether certainly no film of the span counts, without querying the database."""
    if question.last_year - question.first_year > 20:
        return False
    years = range(question.first_year, question.last_year + 1)
    wanted = {(question.kind, year, question.month) for year in years}
    return absent(server, lambda known: known.months.isdisjoint(wanted))


async def _chosen(
    server: ServerState, params: FigureQuery, question: Question
) -> tuple[list[RankedEntry], int]:
    """Return the top and bottom entries with a value; without either, the first hundred, or the given ones."""
    if _empty(server, question):
        return [], 0
    if params.top is not None or params.bottom is not None:
        ends = Ends(params.top or 0, params.bottom or 0)
        return await server.read(lambda connection: leaders(connection, question, ends))
    if not params.ids:
        return await server.read(
            lambda connection: leaders(connection, question, Ends(USUAL_TOP, valued=False))
        )
    found = await server.read(lambda connection: ranked_entries(connection, question))
    return found, len(found)


def _figure(each: RankedEntry, names: Mapping[int, Genre | Company]) -> shapes.Figure:
    named = names.get(each.entry)
    return shapes.Figure(
        id=each.entry,
        value=each.value,
        known=each.known,
        films=each.films,
        movies=each.movies,
        budget=each.budget,
        revenue=each.revenue,
        profit=each.profit,
        popularity=each.popularity,
        votes=each.votes,
        name=named.name if named else None,
        aliases=named.aliases if named else None,
        movie_ids=[f"mc{movie}" for movie in each.movie_ids] if named else None,
    )


async def _entries(server: ServerState, kind: str, written: Sequence[str]) -> tuple[int, ...]:
    """Read ids from a request; unknown ones are left out."""
    genres = await genres_of(server)

    def read(connection: sa.Connection) -> tuple[int, ...]:
        found = []
        for written_id in written:
            space, colon, key = written_id.partition(":")
            if not colon:
                found.append(
                    int(written_id) if written_id.isdecimal() and int(written_id) <= LARGEST else None
                )
            elif kind == "genres":
                found.append(genre_at(genres, space, key))
            else:
                found.append(party_at(connection, "companies", space, key))
        return tuple(entry for entry in found if entry is not None)

    return await server.read(read)


async def _names(server: ServerState, kind: str, ids: Sequence[int]) -> Mapping[int, Genre | Company]:
    if kind == "genres":
        return {genre.id: genre for genre in await genres_of(server)}
    return await server.read(lambda connection: companies_of(connection, ids))


def _span(text: str) -> tuple[int, int]:
    found = re.fullmatch("([0-9]{4})-([0-9]{4})", text)
    if not found:
        raise Problem(404, f"'{text[:20]}' is not a span of years: write it like 1990-1999")
    first, last = sorted(map(int, found.groups()))
    return first, last


ROUTES: list[ControllerRouterHandler] = [
    genre_list, one_genre, genres_year, genres_month, genres_years,
    company_list, one_company, companies_year, companies_month, companies_years,
]  # fmt: skip
