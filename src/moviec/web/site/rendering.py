"""Renders pages: templates, the frame around every page, and error pages."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

import jinja2
from litestar import Request
from litestar.response.base import ASGIResponse

from moviec import __version__
from moviec.units import plural, short_number
from moviec.web.callers import csrf_of
from moviec.web.errors import NO_ADDRESS, Problem
from moviec.web.projection import preferred
from moviec.web.responses import from_bytes, respond
from moviec.web.server_state import ServerState, caller_of, server_of
from moviec.web.site import drawings, words

HTML = "text/html"

#: Values of the frame: the active menu entry, and who is signed in ("", "read" or "admin").
Frame = Mapping[str, Any]


def page(
    request: Request[Any, Any, Any], template: str, headers: Mapping[str, str] | None = None, **values: Any
) -> ASGIResponse:
    """Respond with a page from a template."""
    body = written(server_of(request), template, {**frame_of(request), **values})
    return respond(request, from_bytes(body, HTML, dict(headers or {})))


def refused(request: Request[Any, Any, Any], template: str, **values: Any) -> ASGIResponse:
    """Respond to a rejected form with a page that says why."""
    body = written(server_of(request), template, {**frame_of(request), **values})
    return ASGIResponse(body=body, status_code=403, media_type=HTML)


#: The parts of a page: its template, its values, and extra headers.
Made = tuple[str, Mapping[str, Any], Mapping[str, str]]


async def kept_page(
    request: Request[Any, Any, Any], movie: int, name: str, make: Callable[[], tuple[str, dict[str, Any]]]
) -> ASGIResponse:
    """Respond with a page that is cached until the movie changes (`movie` 0: until anything does); `make` returns its
    template and values, and runs in a thread.
    """

    async def made() -> Made:
        return (*await asyncio.to_thread(make), {})

    return await held_page(request, movie, name, made)


async def held_page(
    request: Request[Any, Any, Any], movie: int, name: str, make: Callable[[], Awaitable[Made]]
) -> ASGIResponse:
    """Respond with a page that is cached until the movie changes (`movie` 0: until anything does), or the index moves
    on.
    """
    server, frame = server_of(request), frame_of(request)
    languages = ",".join(preferred(request.headers.get("accept-language", "")))
    full = f"page:{name}:{server.finder.position}:{languages}:{frame['signed_in']}"
    held = server.cache.get(movie, full)
    server.metrics.cache.labels("hit" if held else "miss").inc()
    if held is None:
        ticket = server.cache.begin()
        template, values, headers = await make()
        held = from_bytes(written(server, template, {**frame, **values}), HTML, dict(headers))
        server.cache.keep(ticket, movie, full, held)
    return respond(request, held)


def frame_of(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """Return the caller's values in a page's frame."""
    key = caller_of(request).key if "moviec.caller" in request.scope else None
    return {"signed_in": key.scope if key else "", "path": request.scope["path"]}


def form_token(request: Request[Any, Any, Any]) -> str:
    """Return the CSRF token for forms of this session; empty without a session."""
    session = caller_of(request).session
    return csrf_of(session) if session else ""


def written(server: ServerState, template: str, values: Mapping[str, Any]) -> bytes:
    """Render a template with values, and those of every page."""
    given = {
        "prefix": server.prefix,
        "version": __version__,
        "this_year": dt.datetime.now(dt.UTC).year,
        "notice": server.home.settings.notice,
        "signed_in": "",
        "path": "",
        **values,
    }
    return templates().get_template(template).render(given).encode()


@cache
def templates() -> jinja2.Environment:
    """Return the templates, with everything escaped."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("moviec.web"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.ChainableUndefined,
    )
    made.filters |= {
        "short": short_number,
        "plain": words.plain,
        "day": words.day,
        "minute": words.minute,
        "money": words.money,
        "language": words.language,
        "country": words.country,
        "duration": words.duration,
        "share": words.share,
        "look": drawings.look,
        "said": words.said,
    }
    made.globals |= {
        "plural": plural,
        "with_query": with_query,
        "elsewhere": words.elsewhere,
        "words": words,
        "draw": drawings,
    }
    return made


def with_query(values: Mapping[str, Any], **changes: Any) -> str:
    """Return a query string with some values changed; empty ones are left out. Lists are joined with commas."""
    merged = {**values, **changes}
    return urlencode(
        {name: _flat(value) for name, value in merged.items() if value not in (None, "", (), [])}
    )


def _flat(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


async def form_of(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """Read a submitted form, as lists of values by name. Raises Problem 403 without this session's CSRF token."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    server = request.headers.get("sec-fetch-site", "same-origin")
    token = form_token(request)
    if server not in ("same-origin", "none") or (token and fields.get("csrf") != [token]):
        raise Problem(403, "this form has expired; go back, reload the page and submit it again")
    return fields


def redirect(
    request: Request[Any, Any, Any], path: str, headers: Mapping[str, str] | None = None
) -> ASGIResponse:
    """Redirect a browser to a page of the site."""
    where = f"{server_of(request).prefix}{path}"
    return ASGIResponse(
        status_code=303, headers={"location": where, "cache-control": "no-store", **(headers or {})}
    )


_HEADINGS = {
    400: "That address is not quite right",
    401: "Sign in",
    403: "Not allowed",
    404: "Nothing here",
    405: "This page cannot do that",
    409: "More than one film has this id",
    429: "A little slower, please",
    500: "Something went wrong",
    503: "Not ready yet",
}

_PAGE_LOST = "This page of the list is no longer there: go back to the search, and start at its first page"

#: Paths for programs only: their errors are JSON whatever a browser accepts.
_PROGRAMS = ("/v1", "/omdb", "/3/", "/reconcile", "/movies/search")


#: Messages on pages instead of those for programs, by a part of the latter.
_SAID = (
    (NO_ADDRESS, "There is no page at this address"),
    ("; /v1/genres lists them", "; Genres in the menu lists those there are"),
    ("; /v1/production_companies?query= finds names", "; Companies in the menu finds them by name"),
    ("; /docs lists the parameters", "; remove it from the address"),
    ("cursor: this cursor belongs to another search; leave it out, or ask as before", _PAGE_LOST),
    ("cursor: this is not a cursor; use `next` of the previous page unchanged", _PAGE_LOST),
    (
        "not valid; see /docs for the format",
        "not valid; change it, or remove it from the address",
    ),
    ("; separate several values of one filter by `,` or `|`", "; remove one of them from the address"),
    ("Expected int, got str", "use a whole number"),
    ("Expected float, got str", "use a number"),
    ("Expected bool, got str", "use true or false"),
    ("Invalid RFC3339 encoded date", "use a date such as 1999-03-31"),
    ("Expected int", "use a whole number"),
    ("Expected float", "use a number"),
)


def plain_message(problem: Problem) -> str:
    """Return a problem's message for a page: what is wrong, and what to do."""
    text = problem.message
    for name in [each["name"] for each in problem.details or () if isinstance(each, dict) and "name" in each]:
        text = re.sub(rf"^{re.escape(name)}:", f"{words.field(name)}:", text)
    for said, instead in _SAID:
        text = text.replace(said, instead)
    return text.replace("`", "").rstrip(".")


def problem_page(request: Request[Any, Any, Any], problem: Problem) -> bytes | None:
    """Render an error page for a browser that requested a page of the site; None for a program."""
    scope: Any = request.scope
    caller = scope.get("moviec.caller")
    key = caller.key if caller else None
    accept = request.headers.get("accept", "")
    return refusal_page(server_of(request), scope["path"], accept, problem, key.scope if key else "")


def refusal_page(
    server: ServerState, path: str, accept: str, problem: Problem, signed_in: str = ""
) -> bytes | None:
    """Render an error page if a browser requested a page of the site; None for a program."""
    if path.startswith(_PROGRAMS) or "text/html" not in accept:
        return None
    shown = {
        "heading": _HEADINGS.get(problem.status, "Something went wrong"),
        "problem": problem,
        "message": plain_message(problem),
        "next": path,
        "signed_in": signed_in,
        "path": path,
        "anonymous": server.home.settings.anonymous,
    }
    return written(server, "problem.html", shown)
