"""From values to a page: templates, the frame around every page, and the page of an error."""

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

#: What the frame shows: which entry of the menu is lit, and who is signed in ("", "read" or "admin").
Frame = Mapping[str, Any]


def page(
    request: Request[Any, Any, Any], template: str, headers: Mapping[str, str] | None = None, **values: Any
) -> ASGIResponse:
    """Answer with a page made of a template."""
    body = written(server_of(request), template, {**frame_of(request), **values})
    return respond(request, from_bytes(body, HTML, dict(headers or {})))


def refused(request: Request[Any, Any, Any], template: str, **values: Any) -> ASGIResponse:
    """Answer a form that was not accepted with a page that says why."""
    body = written(server_of(request), template, {**frame_of(request), **values})
    return ASGIResponse(body=body, status_code=403, media_type=HTML)


#: What a page is made of: its template, its values, and headers of its own.
Made = tuple[str, Mapping[str, Any], Mapping[str, str]]


async def kept_page(
    request: Request[Any, Any, Any], movie: int, name: str, make: Callable[[], tuple[str, dict[str, Any]]]
) -> ASGIResponse:
    """Answer with a page that is held until the movie changes (`movie` 0: until anything does); `make` gives its template and
    values, and runs beside the event loop.
    """

    async def made() -> Made:
        return (*await asyncio.to_thread(make), {})

    return await held_page(request, movie, name, made)


async def held_page(
    request: Request[Any, Any, Any], movie: int, name: str, make: Callable[[], Awaitable[Made]]
) -> ASGIResponse:
    """Answer with a page that is held until the movie changes (`movie` 0: until anything does), or the index moves on."""
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
    """Return what a page's frame shows of the caller."""
    key = caller_of(request).key if "moviec.caller" in request.scope else None
    return {"signed_in": key.scope if key else "", "path": request.scope["path"]}


def form_token(request: Request[Any, Any, Any]) -> str:
    """Return what forms of this session carry; empty where nobody is signed in by a session."""
    session = caller_of(request).session
    return csrf_of(session) if session else ""


def written(server: ServerState, template: str, values: Mapping[str, Any]) -> bytes:
    """Write a template with values, and what every page has."""
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
    """Write a query with some values changed; those that come to nothing are left out. Lists stand with commas."""
    merged = {**values, **changes}
    return urlencode(
        {name: _flat(value) for name, value in merged.items() if value not in (None, "", (), [])}
    )


def _flat(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


async def form_of(request: Request[Any, Any, Any]) -> dict[str, list[str]]:
    """Read a form that a page has sent, as lists of values by name. Raises Problem 403 where it is not one of this session's."""
    fields: dict[str, list[str]] = {}
    for name, value in parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True):
        fields.setdefault(name, []).append(value)
    server = request.headers.get("sec-fetch-site", "same-origin")
    token = form_token(request)
    if server not in ("same-origin", "none") or (token and fields.get("csrf") != [token]):
        raise Problem(
            403, "this form is not one of this page; go back, load the page again and send it once more"
        )
    return fields


def redirect(
    request: Request[Any, Any, Any], path: str, headers: Mapping[str, str] | None = None
) -> ASGIResponse:
    """Send a browser on to a page of the site, after what it has done."""
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

_PAGE_LOST = "This page of the list is no longer there: go back to the search, and begin at its first page"

#: Paths that only programs ask: their errors are JSON whatever a browser would take.
_PROGRAMS = ("/v1", "/omdb", "/3/", "/reconcile", "/movies/search")


#: What a page says instead of a sentence that is for programs, by the message's beginning or a part of it.
_SAID = (
    (NO_ADDRESS, "There is no page at this address"),
    ("; /v1/genres lists them", "; Genres in the menu lists those there are"),
    ("; /v1/production_companies?query= finds names", "; Companies in the menu finds them by name"),
    ("; /docs lists the parameters", "; take it out of the address"),
    ("cursor: this cursor belongs to another search; leave it out, or ask as before", _PAGE_LOST),
    ("cursor: this is no cursor; give `next` of the page before as it stands", _PAGE_LOST),
    (
        "not written as it should be; /docs shows how",
        "not written as it should be; change it, or take it out of the address",
    ),
    ("; several values of one filter are parted by `,` or `|`", "; take one of them out of the address"),
    ("Expected int, got str", "write a whole number"),
    ("Expected float, got str", "write a number"),
    ("Expected bool, got str", "write true or false"),
    ("Invalid RFC3339 encoded date", "write a day such as 1999-03-31"),
    ("Expected int", "write a whole number"),
    ("Expected float", "write a number"),
)


def plain_message(problem: Problem) -> str:
    """Return a problem's message in the words of a page: what is wrong, and what to do."""
    text = problem.message
    for name in [each["name"] for each in problem.details or () if isinstance(each, dict) and "name" in each]:
        text = re.sub(rf"^{re.escape(name)}:", f"{words.field(name)}:", text)
    for said, instead in _SAID:
        text = text.replace(said, instead)
    return text.replace("`", "").rstrip(".")


def problem_page(request: Request[Any, Any, Any], problem: Problem) -> bytes | None:
    """Write what went wrong as a page, for a browser that asked for one of the site's; None for a program."""
    scope: Any = request.scope
    caller = scope.get("moviec.caller")
    key = caller.key if caller else None
    accept = request.headers.get("accept", "")
    return refusal_page(server_of(request), scope["path"], accept, problem, key.scope if key else "")


def refusal_page(
    server: ServerState, path: str, accept: str, problem: Problem, signed_in: str = ""
) -> bytes | None:
    """Write what went wrong as a page, where a browser asked for one of the site's; None where a program asked."""
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
