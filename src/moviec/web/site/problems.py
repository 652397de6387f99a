"""What went wrong, as a page for a person; programs get JSON from elsewhere."""

from __future__ import annotations

import re
from typing import Any

from litestar import Request

from moviec.web.errors import Problem
from moviec.web.server_state import ServerState, server_of
from moviec.web.site import words
from moviec.web.site.rendering import written

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


#: What a page says instead of a sentence that is for programs: the beginning of a message, or what stands in it.
_SAID = (
    ("Not Found", "There is no page at this address"),
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
