"""What `/omdb/` and `/3/` have in common: keys in the URL's query, errors in their own format, names of countries and
languages.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from litestar import Request

from moviec.web.errors import Problem
from moviec.web.server_state import server_of

if TYPE_CHECKING:
    from babel import Locale

#: The parameter with the key, by how a path begins.
_PARAMETERS = {"/omdb": "apikey", "/3": "api_key"}

#: TMDB's error code and message by our status.
_TMDB: Mapping[int, tuple[int, str]] = {
    400: (22, "Invalid page: Pages start at 1 and max at 500. They are expected to be an integer."),
    401: (7, "Invalid API key: You must be granted a valid key."),
    403: (3, "Authentication failed: You do not have permissions to access the service."),
    404: (34, "The resource you requested could not be found."),
    405: (5, "Invalid parameters: Your request parameters are incorrect."),
    422: (5, "Invalid parameters: Your request parameters are incorrect."),
    429: (25, "Your request count is over the allowed limit."),
    503: (9, "Service offline: This service is temporarily offline, try again later."),
}


class _ForeignProblem(Problem):
    """A problem in another service's format."""

    def __init__(self, problem: Problem, status: int, content: Mapping[str, Any]) -> None:
        super().__init__(status, problem.message, problem.code, problem.details, problem.headers)
        self._content = content

    def body(self) -> bytes:
        """Return the JSON."""
        return msgspec.json.encode(self._content)


def imitated(path: str) -> str:
    """Return the prefix of a path that imitates another service; "" for other paths."""
    first = "/" + path[1:].partition("/")[0]
    return first if first in _PARAMETERS else ""


def key_in_query(path: str, query: bytes) -> str:
    """Return the key in a URL's query, if the service takes it there; else ""."""
    if not query or not (name := _PARAMETERS.get(imitated(path), "")):
        return ""
    pairs = parse_qsl(query.decode("latin-1"), errors="replace")
    return next((value.strip() for key, value in pairs if key == name), "")


def as_imitated(path: str, problem: Problem) -> Problem:
    """Return a problem in the format of the imitated service; unchanged on other paths."""
    first = imitated(path)
    if first == "/omdb":
        # OMDb treats a used-up key as a wrong one, and returns 200 for films that do not exist.
        status = {404: 200, 429: 401}.get(problem.status, problem.status)
        sentence = {401: "Invalid API key!", 429: "Request limit reached!", 404: "Movie not found!"}
        content = {"Response": "False", "Error": sentence.get(problem.status, problem.message)}
        return _ForeignProblem(problem, status, content)
    if first == "/3":
        code, said = _TMDB.get(problem.status, (11, "Internal error: Something went wrong, contact TMDb."))
        return _ForeignProblem(
            problem, problem.status, {"success": False, "status_code": code, "status_message": said}
        )
    return problem


def is_imitated(problem: Problem) -> bool:
    """Return whether a problem is in another service's format, so that no page is shown for it."""
    return isinstance(problem, _ForeignProblem)


@cache
def _english() -> Locale:
    return _locale("en")


def _locale(code: str) -> Locale:
    from babel import Locale  # imported on first use: it takes memory

    return Locale.parse(code)


def country(code: str) -> str:
    """Return a country's English name; its code where there is none."""
    return str(_english().territories.get(code.upper(), code))


def language(code: str) -> str:
    """Return a language's English name; its code where there is none."""
    return str(_english().languages.get(code.lower(), code))


def native(code: str) -> str:
    """Return a language's own name; "" if unknown."""
    try:
        return str(_locale(code).get_display_name(code) or "").capitalize()
    except (ValueError, LookupError):
        return ""


def poster_address(poster: Mapping[str, str] | None, origin: str) -> str | None:
    """Return the address of a stored poster on this server."""
    return f"{origin}{poster['w342']}" if poster else None


def poster_path(poster: Mapping[str, str] | None) -> str | None:
    """Return a poster in TMDB's form: the path after the base address of pictures and a size."""
    return f"/{poster['w342'].split('/')[-2]}.webp" if poster else None


def origin_of(request: Request[Any, Any, Any]) -> str:
    """Return this server's base address as the caller used it."""
    return f"{request.url.scheme}://{request.url.netloc}{server_of(request).prefix}"
