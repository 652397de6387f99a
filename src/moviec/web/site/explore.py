"""Exploring genres and production companies: a question, a chart, the table beneath it, and the films behind each figure."""

from __future__ import annotations

import asyncio
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler
from msgspec import Meta

from moviec.catalog.queries import documents_of
from moviec.catalog.rankings import Ends, RankedEntry, leaders, ranked_entries, span_of_years
from moviec.catalog.references import companies_of
from moviec.errors import UsageError
from moviec.measures import USUAL, Question, least_films, refuse_nonsense
from moviec.units import LEAST_FILMS, plural
from moviec.web.errors import not_found, wrong_parameter
from moviec.web.params import By, Measure, Query, Split, query_of
from moviec.web.responses import from_bytes, respond
from moviec.web.routes.lists import genres_of
from moviec.web.server_state import ServerState, server_of
from moviec.web.site import words
from moviec.web.site.browse import without_blanks
from moviec.web.site.rendering import Made, held_page, page, with_query

#: The most years that lines are drawn over, and films listed for a figure.
MOST_YEARS, MOST_FILMS = 160, 500

#: The most lines of one chart: each has its own colour (charts.LINES).
MOST_LINES = 12

KINDS = {"genres": "Genres", "companies": "Production companies"}
_STORED = {"genres": "genres", "companies": "production_companies"}


class ExploreQuery(Query, frozen=True):
    """A question about genres or companies from a page's form."""

    kind: Literal["genres", "companies"] = "genres"
    first: Annotated[int, Meta(ge=1, le=9999)] | None = None
    last: Annotated[int, Meta(ge=1, le=9999)] | None = None
    month: Annotated[int, Meta(ge=0, le=12)] = 0
    measure: Measure = "revenue"
    by: By | None = None
    split: Split = "full"
    top: Annotated[int, Meta(ge=1, le=100)] = 12
    end: Literal["top", "bottom"] = "top"
    view: Literal["bars", "lines"] = "bars"
    min_movies: Annotated[int, Meta(ge=1, le=1_000_000)] | None = None
    ids: Annotated[str, Meta(pattern="^([0-9]{1,10}(,[0-9]{1,10}){0,19})?$")] = ""
    theme: Literal["light", "dark"] = "light"


class Answered(msgspec.Struct, frozen=True):
    """An answer: the question, its rows (id, name, value, known, films, and year where lines are drawn), and texts for
    both.
    """

    question: Question
    rows: list[dict[str, Any]]
    title: str
    subtitle: str
    entries: int
    estimate: bool


@get("/explore", include_in_schema=False)
async def explore(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The question as a form, the chart, the table."""
    server, params = server_of(request), asked_of(request)

    async def make() -> Made:
        return "explore.html", await _values(server, params), {}

    return await held_page(request, 0, f"explore:{msgspec.json.encode(params).decode()}", make)


async def _values(server: ServerState, params: ExploreQuery) -> dict[str, Any]:
    span = await server.read(
        lambda connection: span_of_years(connection, _STORED[params.kind], params.measure)
    )
    wrong, answered = "", None
    try:
        answered = await answer_of(server, params, span)
    except UsageError as error:
        wrong = str(error)
    kept, rows = kept_of(params), answered.rows if answered else []
    has_lines = params.view == "lines"
    table = [] if has_lines else rows
    return {
        "params": params,
        "kept": kept,
        "span": span,
        "answered": answered,
        "message": wrong,
        "table": table,
        "pivot": pivot(rows) if answered and has_lines else None,
        "kinds": KINDS,
        "usual": USUAL,
        "least_films": LEAST_FILMS,
        "most": max((row["value"] or 0 for row in table), default=0),
        "question": with_query(kept),
    }


@get("/explore/{name:str}", include_in_schema=False)
async def download(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """The figures as CSV, JSON or Parquet, the chart as SVG, PNG or a Vega-Lite specification; the charts' library."""
    server = server_of(request)
    if name == "vega.js":
        from moviec.web.site import charts  # needs Arrow, which a server starts without

        headers = {"cache-control": "private, max-age=86400"}
        return respond(
            request, from_bytes(await asyncio.to_thread(charts.library), "text/javascript", headers)
        )
    if name not in _MEDIA:
        raise not_found(f"there is no file {name[:50]}")
    params = asked_of(request)
    held = f"explore:{name}:{msgspec.json.encode(params).decode()}"
    found = server.cache.get(0, held)
    if found is None:
        ticket = server.cache.begin()
        span = await server.read(
            lambda connection: span_of_years(connection, _STORED[params.kind], params.measure)
        )
        try:
            answered = await answer_of(server, params, span)
        except UsageError as error:
            raise wrong_parameter(error.where or "query", error.what, str(error)) from error
        body = await asyncio.to_thread(_file, name, answered, params)
        headers = {"content-disposition": f'inline; filename="{_named(answered)}.{name.rpartition(".")[2]}"'}
        found = from_bytes(body, _MEDIA[name], headers)
        server.cache.keep(ticket, 0, held, found)
    return respond(request, found)


@get("/explore/films", include_in_schema=False)
async def films(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The films behind one figure, those with the largest amount first."""
    server, params = server_of(request), asked_of(request)
    span = await server.read(
        lambda connection: span_of_years(connection, _STORED[params.kind], params.measure)
    )
    if not params.ids or "," in params.ids:
        raise not_found("these are the films behind one genre or company: add its id")
    question = msgspec.structs.replace(
        question_of(params, span), movie_ids=True, entries=(int(params.ids),), least=1
    )
    names = await _names(server, params.kind, question.entries or ())

    def read(connection: sa.Connection) -> tuple[RankedEntry | None, list[dict[str, Any]]]:
        try:
            found = ranked_entries(connection, question)
        except UsageError as error:
            raise wrong_parameter(error.where or "query", error.what, str(error)) from error
        ids = found[0].movie_ids if found else []
        rows = [msgspec.json.decode(document) for _, document in documents_of(connection, ids[:20_000])]
        return (found[0] if found else None), rows

    entry, documents = await server.read(read)
    rows = sorted((film_row(film, question.measure) for film in documents), key=_by_amount)
    shown: dict[str, Any] = {
        "entry": entry,
        "name": names.get(int(params.ids), "?"),
        "rows": rows[:MOST_FILMS],
        "total": len(rows),
        "params": params,
        "when": when(question),
        "back": with_query(kept_of(params), ids=None),
        "known": sum(row["amount"] is not None for row in rows),
        "unit": question.measure,
    }
    return page(request, "explore_films.html", **shown)


def asked_of(request: Request[Any, Any, Any]) -> ExploreQuery:
    """Read the question of an address; empty form fields count as missing."""
    return query_of(without_blanks(request), ExploreQuery)


def kept_of(params: ExploreQuery) -> dict[str, Any]:
    """Return the query string for the same question."""
    usual = ExploreQuery()
    values = msgspec.to_builtins(params)
    return {
        name: value for name, value in values.items() if value != getattr(usual, name) and name != "theme"
    }


def question_of(params: ExploreQuery, span: tuple[int, int] | None) -> Question:
    """Read a question; without years it is about the latest ten with figures."""
    latest = min(span[1], dt.datetime.now(dt.UTC).year) if span else dt.datetime.now(dt.UTC).year
    last = params.last or (max(params.first, latest) if params.first else latest)
    first, last = sorted((params.first or last - 9, last))
    return Question(
        kind=_STORED[params.kind],
        first_year=first,
        last_year=last,
        month=params.month if params.view == "bars" else 0,
        measure=params.measure,
        by=params.by,
        split=params.split,
        entries=tuple(map(int, params.ids.split(","))) if params.ids else None,
        least=params.min_movies or least_films(params.measure),
    )


async def answer_of(server: ServerState, params: ExploreQuery, span: tuple[int, int] | None) -> Answered:
    """Answer a question. Raises UsageError where it makes no sense."""
    question = question_of(params, span)
    refuse_nonsense(question)
    most = min(params.top, MOST_LINES) if params.view == "lines" else params.top
    ends = Ends(most) if params.end == "top" else Ends(0, most)

    def read(connection: sa.Connection) -> tuple[list[RankedEntry], int, list[tuple[int, RankedEntry]]]:
        chosen, total = leaders(connection, question, ends)
        if params.view == "lines":
            return chosen, total, list(_each_year(connection, question, [each.entry for each in chosen]))
        return chosen, total, []

    chosen, total, yearly = await server.read(read)
    names = await _names(server, params.kind, [each.entry for each in chosen])
    rows = [_row(each, names) for each in chosen]
    if params.view == "lines":
        places = {each.entry: place for place, each in enumerate(chosen)}
        ordered = sorted(yearly, key=lambda pair: (places[pair[1].entry], pair[0]))
        rows = [{**_row(each, names), "year": year} for year, each in ordered if each.value is not None]
    known, films = sum(each.known for each in chosen), sum(each.films for each in chosen)
    coverage = f"Known of {known:,} of {plural(films, 'film', 'films')} counted here"
    estimate = question.last_year >= dt.datetime.now(dt.UTC).year
    note = "; the running year is not over" if estimate else ""
    if most < params.top:
        note += f"; only {most} lines are drawn"
    return Answered(question, rows, title_of(question, params), f"{coverage}{note}", total, estimate)


def _each_year(
    connection: sa.Connection, question: Question, entries: Sequence[int]
) -> list[tuple[int, RankedEntry]]:
    """Answer a question for each of its years, for some genres or companies."""
    if question.last_year - question.first_year >= MOST_YEARS:
        raise UsageError(f"lines are limited to {MOST_YEARS} years", "first", "choose a shorter span")
    found = []
    for year in range(question.first_year, question.last_year + 1):
        one = msgspec.structs.replace(
            question, first_year=year, last_year=year, entries=tuple(entries), least=1
        )
        found += [(year, entry) for entry in ranked_entries(connection, one)] if entries else []
    return found


def _row(each: RankedEntry, names: Mapping[int, str]) -> dict[str, Any]:
    return {
        "id": each.entry,
        "name": names.get(each.entry, "?"),
        "value": each.value,
        "known": each.known,
        "films": each.films,
    }


def pivot(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the rows of lines as a table: a column for each name, a row for each year, the newest first."""
    names = {row["id"]: row["name"] for row in rows}
    cells = {(row["year"], row["id"]): row for row in rows}
    years = sorted({row["year"] for row in rows}, reverse=True)
    return {
        "names": names,
        "years": [(year, [cells.get((year, entry)) for entry in names]) for year in years],
    }


async def _names(server: ServerState, kind: str, ids: Sequence[int]) -> dict[int, str]:
    if kind == "genres":
        return {genre.id: genre.name for genre in await genres_of(server)}
    found = await server.read(lambda connection: companies_of(connection, ids))
    return {number: company.name for number, company in found.items()}


def when(question: Question) -> str:
    """Return a question's time span in words."""
    span = f"{question.first_year}" if question.one_year else f"{question.first_year}–{question.last_year}"
    return f"{words.MONTHS[question.month - 1]} {span}" if question.month else span


def title_of(question: Question, params: ExploreQuery) -> str:
    """Return a question in one line: "Genres by worldwide gross, sum, 1990–1999"."""
    by = "" if question.measure == "movies" else f", {question.added_up}"
    end = "" if params.end == "top" else ", the last"
    return f"{KINDS[params.kind]} by {words.MEASURES[question.measure].lower()}{by}, {when(question)}{end}"


def film_row(film: Mapping[str, Any], measure: str) -> dict[str, Any]:
    """Return a film behind a figure, with the amount it adds, None if unknown."""
    worldwide = film.get("revenue_scope") in (None, "worldwide")
    revenue = film.get("revenue") if worldwide else None
    budget = film.get("budget")
    amounts = {
        "revenue": revenue,
        "budget": budget,
        "profit": revenue - budget if revenue is not None and budget is not None else None,
        "movies": 1,
        "popularity": film.get("popularity"),
        "votes": film.get("votes"),
        "c_rating": (film.get("rating") or {}).get("c_rating"),
    }
    return {
        "id": film["id"],
        "title": film["title"],
        "year": film.get("year"),
        "released": film.get("released"),
        "amount": amounts[measure],
        **{name: amounts[name] for name in ("revenue", "budget", "votes", "c_rating")},
    }


def _by_amount(row: Mapping[str, Any]) -> tuple[bool, float, float, str]:
    return row["amount"] is None, -(row["amount"] or 0), -(row["votes"] or 0), row["id"]


_MEDIA = {
    "data.csv": "text/csv",
    "data.json": "application/json",
    "data.parquet": "application/vnd.apache.parquet",
    "chart.svg": "image/svg+xml",
    "chart.png": "image/png",
    "chart.json": "application/json",
}


def _named(answered: Answered) -> str:
    return f"{answered.question.kind}-{answered.question.measure}-{answered.question.first_year}-{answered.question.last_year}"


def _file(name: str, answered: Answered, params: ExploreQuery) -> bytes:
    """Return an answer as a file. Arrow and the chart library are imported on first use."""
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet

    from moviec.web.site import charts

    if name == "data.json":
        content = {"title": answered.title, "coverage": answered.subtitle, "items": answered.rows}
        return msgspec.json.encode(content)
    if name.startswith("data"):
        table = (
            pa.Table.from_pylist(answered.rows)
            if answered.rows
            else pa.table({"id": pa.array([], pa.int64())})
        )
        out = io.BytesIO()
        if name == "data.csv":
            pyarrow.csv.write_csv(table, out)
        else:
            pyarrow.parquet.write_table(table, out)
        return out.getvalue()
    spec = charts.specification(
        answered.rows, answered.question, answered.title, answered.subtitle, params.theme
    )
    if name == "chart.json":
        return msgspec.json.encode(spec)
    return charts.svg(spec) if name == "chart.svg" else charts.png(spec)


ROUTES: list[ControllerRouterHandler] = [explore, films, download]
