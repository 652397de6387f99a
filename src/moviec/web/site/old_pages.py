"""The site: pages made here on the server, for people; they show what the API gives."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from typing import Annotated, Any

import jinja2
import msgspec
from litestar import Request, get
from litestar.params import FromPath, PathParameter
from litestar.response.base import ASGIResponse
from markupsafe import Markup, escape

from moviec import __version__
from moviec.units import short_number
from moviec.web.errors import Problem, not_found
from moviec.web.ids import Moved, gone, movie_of
from moviec.web.params import FigureQuery, SearchQuery, query_of
from moviec.web.responses import from_bytes, respond
from moviec.web.routes.analytics import figures, question_of
from moviec.web.routes.lists import find
from moviec.web.server_state import Site, site_of

Year = Annotated[int, PathParameter(ge=1, le=9999)]

#: Nothing is loaded from elsewhere, whatever a source's text may hold.
POLICY = {"content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'"}

KINDS = {"genres": "Genres", "companies": "Production companies"}


@get("/", include_in_schema=False)
async def home(request: Request[Any, Any, Any]) -> ASGIResponse:
    """A search box, the films most looked for, and the best rated."""
    site = site_of(request)
    popular = await find(site, SearchQuery(limit=12, sort="popularity"), "")
    best = await find(site, SearchQuery(limit=12, sort="rating"), "")
    facets = {genre.id: genre.name for genre in popular.genres}
    genres = [(facets[id], count) for id, count in popular.page.genres if id in facets][:20]
    shown = {
        "popular": popular.page.items,
        "best": best.page.items,
        "total": popular.page.total,
        "genres": genres,
        "least": best.least,
    }
    return _page(request, "home.html", popular.headers, **shown)


@get("/search", include_in_schema=False)
async def results(request: Request[Any, Any, Any]) -> ASGIResponse:
    """A page of films that match."""
    site, asked = site_of(request), query_of(request, SearchQuery)
    found = await find(site, asked, asked.query)
    names = {genre.id: genre.name for genre in found.genres}
    genres = [(names[id], count) for id, count in found.page.genres if id in names]
    usual = SearchQuery()
    kept = {
        name: value
        for name, value in msgspec.to_builtins(asked).items()
        if value != getattr(usual, name) and name != "cursor"
    }
    shown = {
        "items": found.page.items,
        "total": found.page.total,
        "next": found.page.cursor,
        "genres": genres,
    }
    shown |= {"asked": asked, "kept": kept, "least": found.least, "decades": found.page.decades}
    return _page(request, "results.html", found.headers, **shown)


@get("/movies/{movie_id:str}", include_in_schema=False)
async def movie(request: Request[Any, Any, Any], movie_id: FromPath[str]) -> ASGIResponse:
    """One film: facts, its rating and what it is made of, each source's ratings, every claim."""
    site = site_of(request)
    number = await movie_of(site, movie_id)
    stored = await asyncio.to_thread(site.movies.document, number)
    if stored is None:
        reason = await gone(site, number)
        if isinstance(reason, Moved):
            return ASGIResponse(
                status_code=308, headers={"location": f"{site.prefix}/movies/mc{reason.movie}"}
            )
        raise reason
    film = msgspec.json.decode(stored.document)
    found = await asyncio.to_thread(site.movies.claims, number)
    claims = msgspec.json.decode(found[0])["fields"] if found else {}
    rating = film.get("rating") or {}
    drawn = {"interval": interval(rating), "contributions": contributions(rating)}
    return _page(
        request, "movie.html", {}, film=film, claims=claims, rating=rating, since=stored.since, **drawn
    )


@get("/{kind:str}/year/{year:int}", include_in_schema=False)
async def year_page(request: Request[Any, Any, Any], kind: FromPath[str], year: Year) -> ASGIResponse:
    """Genres or companies of a year, by revenue or another measure."""
    if kind not in KINDS:
        raise not_found(f"there is no page {kind[:50]}")
    site, asked = site_of(request), query_of(request, FigureQuery)
    asked = msgspec.structs.replace(asked, metadata=True, top=asked.top or 25)
    stored = "genres" if kind == "genres" else "production_companies"
    question = question_of(asked, stored, (year, year))
    found = await figures(site, asked, question)
    drawn = bars([(item.name or "?", item.value) for item in found.items])
    return _page(request, "year.html", {}, kind=kind, title=KINDS[kind], year=year, found=found, drawn=drawn)


def problem_page(request: Request[Any, Any, Any], problem: Problem) -> bytes | None:
    """Write what went wrong as a page, for a browser that asked for one of the site's."""
    return refusal_page(site_of(request), request.scope["path"], request.headers.get("accept", ""), problem)


def refusal_page(site: Site, path: str, accept: str, problem: Problem) -> bytes | None:
    """Write what went wrong as a page, where a browser asked for one of the site's; None where a program asked."""
    if path.startswith("/v1") or "text/html" not in accept:
        return None
    heading = "This site is locked" if problem.status == 401 else HTTPStatus(problem.status).phrase
    return _written(site, "problem.html", heading=heading, problem=problem)


def _page(
    request: Request[Any, Any, Any], template: str, headers: Mapping[str, str], **values: Any
) -> ASGIResponse:
    body = _written(site_of(request), template, **values)
    return respond(request, from_bytes(body, "text/html", {**POLICY, **headers}))


def _written(site: Site, template: str, **values: Any) -> bytes:
    this_year = dt.datetime.now(dt.UTC).year
    given = {"prefix": site.prefix, "version": __version__, "this_year": this_year, **values}
    given["notice"] = site.home.settings.notice
    return _templates().get_template(template).render(given).encode()


@cache
def _templates() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("moviec.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.ChainableUndefined,
    )
    made.filters["short"] = short_number
    made.filters["plain"] = _plain
    return made


def _plain(value: Any) -> str:
    """Write a field's value as words: lists with commas, of what has a name its name."""
    if isinstance(value, list):
        return ", ".join(map(_plain, value))
    if isinstance(value, dict):
        return _plain(value.get("name") or value.get("title") or list(value.values()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


ROUTES = [home, results, movie, year_page]


_WIDTH, _ROW, _LABEL = 640, 26, 210


def interval(rating: Mapping[str, Any]) -> Markup:
    """Draw a C-rating on 0 to 100 with its interval; empty where there is none."""
    value, low, high = (rating.get(name) for name in ("c_rating", "low", "high"))
    if value is None or low is None or high is None:
        return Markup("")
    scale = _WIDTH / 100
    parts = [
        f'<line class="axis" x1="0" y1="20" x2="{_WIDTH}" y2="20" stroke-width="2"/>',
        f'<rect class="bar" opacity="0.35" x="{low * scale:.1f}" y="13" width="{(high - low) * scale:.1f}" height="14" rx="4"/>',
        f'<circle class="bar" cx="{value * scale:.1f}" cy="20" r="7"/>',
        '<text class="quiet" x="0" y="44">0</text>',
        f'<text class="quiet" x="{_WIDTH}" y="44" text-anchor="end">100</text>',
    ]
    return _svg(50, f"C-rating {value}, between {low} and {high}", parts)


def contributions(rating: Mapping[str, Any]) -> Markup:
    """Draw what each rater adds to or takes from the base."""
    some = rating.get("contributions") or []
    most = max((abs(part["points"]) for part in some), default=0) or 1
    middle, half = _LABEL + (_WIDTH - _LABEL) / 2, (_WIDTH - _LABEL) / 2 - 60
    parts = []
    for row, part in enumerate(some):
        points = part["points"]
        length = abs(points) / most * half
        x = middle if points >= 0 else middle - length
        sign, end = ("plus", x + length + 6) if points >= 0 else ("minus", x - 6)
        anchor = "start" if points >= 0 else "end"
        y = row * _ROW
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 17}" text-anchor="end">{escape(part["rater"])}</text>',
            f'<rect class="{sign}" x="{x:.1f}" y="{y + 4}" width="{length:.1f}" height="16" rx="3"/>',
            f'<text class="quiet" x="{end:.1f}" y="{y + 17}" text-anchor="{anchor}">{points:+.1f}</text>',
        ]
    return _svg(len(some) * _ROW, "What each rater adds to the base", parts) if some else Markup("")


def bars(rows: Sequence[tuple[str, float | None]]) -> Markup:
    """Draw bars with their names, as long as their values; unknown and negative ones have none."""
    most = max((value for _, value in rows if value is not None), default=0) or 1
    parts = []
    for row, (name, value) in enumerate(rows):
        y, length = row * _ROW, max(0.0, (value or 0) / most) * (_WIDTH - _LABEL)
        shown = name if len(name) < 28 else name[:27] + "…"
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 17}" text-anchor="end">{escape(shown)}</text>',
            f'<rect class="bar" x="{_LABEL}" y="{y + 4}" width="{length:.1f}" height="16" rx="3"/>',
        ]
    return _svg(len(rows) * _ROW, "Bars", parts) if rows else Markup("")


def _svg(height: int, title: str, parts: Sequence[str]) -> Markup:
    inner = "".join(parts)
    return Markup(  # noqa: S704  every text in it is escaped above
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="100%" style="max-width:{_WIDTH}px" role="img"'
        f' aria-label="{escape(title)}">{inner}</svg>'
    )
