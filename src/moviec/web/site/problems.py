"""What went wrong, as a page for a person; programs get JSON from elsewhere."""

from __future__ import annotations

from typing import Any

from litestar import Request

from moviec.web.errors import Problem
from moviec.web.server_state import ServerState, server_of
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

#: Paths that only programs ask: their errors are JSON whatever a browser would take.
_PROGRAMS = ("/v1", "/omdb", "/3/", "/reconcile", "/movies/search")


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
        "next": path,
        "signed_in": signed_in,
        "path": path,
        "anonymous": server.home.settings.anonymous,
    }
    return written(server, "problem.html", shown)
