"""Every error has one format: `{"error": {"code", "message", "details"}}`, with the status that fits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, SerializationException, ValidationException
from litestar.types import ExceptionHandlersMap

from moviec.errors import MovieCError, UsageError


class ErrorBody(msgspec.Struct, frozen=True):
    """What went wrong: a code for programs, a sentence for people, and particulars where there are any."""

    code: str
    message: str
    details: Any = None


class ErrorShape(msgspec.Struct, frozen=True):
    """The one shape of every error."""

    error: ErrorBody


class Problem(Exception):  # noqa: N818  a problem is a response, whoever is at fault
    """An error response: its status, code, message and headers."""

    def __init__(self, status: int, message: str, code: str = "", details: Any = None, headers: Mapping[str, str] | None = None) -> None:  # fmt: skip
        """Set its parts; without a code the status determines it."""
        super().__init__(message)
        self.status, self.message, self.details = status, message, details
        self.code = code or _code(status)
        self.headers = dict(headers or {})

    def body(self) -> bytes:
        """Return the JSON."""
        return msgspec.json.encode(ErrorShape(ErrorBody(self.code, self.message, self.details)))


#: Where no route leads.
NO_ADDRESS = "there is nothing at this address; /docs lists what there is"


def not_found(what: str) -> Problem:
    """Return a problem: not found."""
    return Problem(404, what)


def wrong_parameter(name: str, reason: str, message: str = "") -> Problem:
    """Return a problem with a parameter of a URL's query: 400, with the parameter and the reason in the details."""
    details = [{"name": name, "reason": reason, "in": "query"}]
    return Problem(400, message or f"{name}: {reason}", "invalid_parameter", details)


#: Renders a problem as a page; None for callers that did not request a page.
Page = Callable[[Request[Any, Any, Any], Problem], bytes | None]


#: Converts a problem to the format of the imitated service, on its paths.
Retold = Callable[[str, Problem], Problem]


def handlers(log: Any, page: Page, retold: Retold) -> ExceptionHandlersMap:
    """Return the handlers that turn every exception into a Problem's answer; unexpected exceptions are logged."""

    def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        path = request.scope["path"]
        problem = as_problem(error)
        log_fault(log, path, error, problem)
        if problem.status == 405:
            problem.headers["allow"] = methods_at(request.app, path)
        problem = retold(path, problem)
        written = page(request, problem)
        body, kind = (problem.body(), "application/json") if written is None else (written, "text/html")
        return Response(body, status_code=problem.status, headers=problem.headers, media_type=kind)

    return {Exception: answer, HTTPException: answer}


def log_fault(log: Any, path: str, error: Exception, problem: Problem) -> None:
    """Log an unexpected exception."""
    if problem.status >= 500 and problem is not error:
        log.error("failed", path=path, error=f"{type(error).__name__}: {error}", exc_info=error)


def as_problem(error: Exception) -> Problem:
    """Convert any exception to a Problem."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, ValidationException):
        return _invalid(error)
    if isinstance(error, HTTPException):
        message = (
            error.detail if error.status_code not in (405, 500) else HTTPStatus(error.status_code).phrase
        )
        if error.status_code == 404:
            message = NO_ADDRESS
        elif isinstance(error.__cause__, SerializationException):
            message = f"the body is no JSON: {error.detail}"
        headers = dict(error.headers or {})
        return Problem(error.status_code, message, headers=headers)
    if isinstance(error, UsageError | RecursionError | UnicodeDecodeError):
        return Problem(400, _sent_wrong(error))
    if isinstance(error, MovieCError | sa.exc.OperationalError | sa.exc.InterfaceError | sa.exc.TimeoutError):
        shown = (
            str(error) if isinstance(error, MovieCError) else "the catalogue cannot be reached at the moment"
        )
        return Problem(503, shown, headers={"retry-after": "5"})
    return Problem(500, "internal error; the server's log has more under this request's id")


def _sent_wrong(error: UsageError | RecursionError | UnicodeDecodeError) -> str:
    """Return what is wrong with a caller's data; our own is neither deeply nested nor anything but UTF-8."""
    if isinstance(error, RecursionError):
        return "the request is nested too deeply"
    return "the request is not in UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)


def _invalid(error: ValidationException) -> Problem:
    """Return a problem with each wrong parameter; a JSON body of the wrong form gets 422."""
    wrong = error.extra if isinstance(error.extra, list) else []
    details = [_detail(each) for each in wrong if isinstance(each, dict)]
    if [detail["reason"] for detail in details] == ["'data'"]:  # Litestar's message for a missing body
        return Problem(422, "this takes a JSON body; /docs shows it")
    body = bool(details) and all(detail["in"] == "body" for detail in details)
    message = "; ".join(
        f"{detail['name']}: {detail['reason']}" if detail["name"] else detail["reason"] for detail in details
    )
    return Problem(422 if body else 400, message or error.detail, details=details or None)


#: msgspec's message for a missing or unknown field of a body; for nested ones its path follows.
_FIELD = re.compile(r"^Object (missing required|contains unknown) field `([^`]*)`(?: - at `\$\.?(.*)`)?$")


def _detail(wrong: Mapping[str, Any]) -> dict[str, str]:
    """Return the wrong parameter, or field of the body, with the reason."""
    name, reason = str(wrong.get("key", "")), str(wrong.get("message", ""))
    if found := _FIELD.match(reason):
        place = name if name != "data" else (found[3] or "")
        name = f"{place}.{found[2]}".removeprefix(".")
        reason = "this field is required" if found[1] == "missing required" else "there is no such field"
    elif reason.startswith("Invalid enum value"):
        reason = f"{reason}; /docs lists those there are"
    elif "matching regex" in reason and name == "url":
        reason = "write an address that begins with http:// or https://, such as https://example.org/hook"
    elif "matching regex" in reason:
        reason = "not valid; see /docs for the format"
    name = "body" if name == "data" else name  # Litestar uses our functions' parameter name
    return {"name": name, "reason": reason, "in": getattr(wrong.get("source"), "value", "") or "body"}


def methods_at(app: Litestar, path: str) -> str:
    """List the methods that a path accepts, empty for an unknown path. A route with that very path comes first."""
    parts = [part for part in path.split("/") if part]
    fitting = [route for route in app.routes if _fits(getattr(route, "path_components", ()), parts)]
    if not fitting:
        return ""
    nearest = max(fitting, key=lambda route: route.path == "/" + "/".join(parts))
    methods = set(getattr(nearest, "methods", ()))
    return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _fits(pattern: Any, parts: list[str]) -> bool:
    return len(pattern) == len(parts) and all(
        not isinstance(wanted, str) or wanted == part for wanted, part in zip(pattern, parts, strict=True)
    )


#: Codes whose names differ between Python versions: callers rely on them.
_KEPT = {413: "request_entity_too_large", 416: "requested_range_not_satisfiable", 422: "unprocessable_entity"}


def _code(status: int) -> str:
    return _KEPT.get(status) or HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_")
