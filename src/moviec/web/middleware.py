"""The middleware that every request passes: who calls, how often, how long it took; headers and the log line are added here.

The end of the change log is read for each accepted request, so that no response is older than that.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import Message, Receive, Scope, Send
from litestar.utils.path import normalize_path

from moviec.spelling import SPACE_PATTERN
from moviec.web.callers import (
    COOKIE,
    Caller,
    Window,
    address_of,
    counted_as,
    of_open_internet,
    shown_key,
    too_many,
    unauthorized,
)
from moviec.web.compat.shared import as_imitated, is_imitated, key_in_query
from moviec.web.errors import NO_ADDRESS, Problem, as_problem, log_fault, methods_at
from moviec.web.responses import CHANGE
from moviec.web.server_state import ServerState
from moviec.web.site.rendering import refusal_page

#: Open to everyone and not counted: probes, the API's description, the site's own files.
OPEN = {"/healthz", "/readyz", "/openapi.json", "/docs", "/favicon.ico"}
#: Open to everyone, and counted: signing in and out.
DOORS = {"/sign-in", "/sign-out"}

#: Paths for programs with a key in every request: a browser's session gives no access, so that no other site's form can
#: use them.
PROGRAMS = ("/v1", "/omdb", "/3", "/reconcile", "/movies/search")

#: Nothing is loaded from other sites, run inline, sent to or framed by other sites, whatever a source's text contains.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; font-src 'self';"
    b" form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

#: Methods measured by name; callers could invent any number of others.
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

FILES = (
    "/static/",
    "/posters/",
    "/videos/",
)  # a page of films has dozens, and a poster's address cannot be guessed
ADMIN, METRICS = "/v1/admin/", "/metrics"

#: The message for a program without a key.
KEY_WANTED = (
    "an API key is required: send it as `X-API-Key: KEY` or `Authorization: Bearer KEY`; whoever runs this server creates one"
    " with `moviec keys create NAME`"
)

ADMIN_WANTED = (
    "an admin key is required: send it as `X-API-Key: KEY` or `Authorization: Bearer KEY`;"
    " `moviec keys create NAME --scope admin` creates one"
)

#: Wrong keys that an address may send in a minute before it must wait.
WRONG_KEYS = 600

#: What may follow a movie's id in a path.
_PART = "(?:claims|ratings|history|similar)"
_SLASHED_ID = re.compile(
    rf"(/v1/movies/|/movies/)({SPACE_PATTERN}:[^/]*/(?!{_PART}$).+?)(/{_PART})?", re.DOTALL
)
_REQUEST_ID = re.compile("[A-Za-z0-9._-]{1,64}")
HTML = "text/html; charset=utf-8"
#: Headers of every response, so that a browser interprets it only as what it is.
SAFE = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", POLICY),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
)
_VARY = (b"vary", b"Authorization, X-API-Key, Accept, Accept-Encoding, Accept-Language, Cookie")
_NO_STORE = (b"cache-control", b"no-store")
_CHANGE = CHANGE.lower().encode()


class Received(msgspec.Struct):
    """A request, with what the middleware learns about it.

    `change`: the response is at least as new as the change of this number, unless it names an older one itself.
    """

    headers: dict[bytes, bytes]
    path: str
    method: str
    id: str
    began: float
    status: int = 0
    caller: Caller | None = None
    window: Window | None = None
    change: int | None = None


class Middleware:
    """The outermost ASGI application."""

    def __init__(self, app: Litestar, server: ServerState) -> None:
        """Wrap the application."""
        self._app, self._site = app, server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or respond here."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        received = _received(scope, self._site.prefix)
        with self._site.open.carried(scope.get("client")):
            await self._answer(received, scope, receive, self._sender(received, send), send)

    async def _answer(
        self, received: Received, scope: Scope, receive: Receive, sending: Send, send: Send
    ) -> None:
        leave = _nothing
        try:
            if allowed := self._preflight(received):
                received.status = 204
                await send({"type": "http.response.start", "status": 204, "headers": [*allowed, *SAFE]})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            _check_host(scope)
            await self._admit(received, scope)
            if received.caller is not None:
                leave = self._site.open.enter(received.caller.counted)
                received.change = await self._site.follower.confirm()
            state: dict[str, Any] = scope  # type: ignore[assignment]
            state.update({"moviec.caller": received.caller, "moviec.window": received.window})
            methods = methods_at(self._app, received.path) if received.method == "OPTIONS" else ""
            if methods:
                await _answer(204, {"allow": methods}, b"", sending)
            else:
                within = self._site.home.settings.serving.body
                await self._app(scope, whole_body(received.headers, receive, within), sending)
        except Exception as error:
            if received.status:
                raise
            problem = as_problem(error)
            log_fault(self._site.log, received.path, error, problem)
            problem = as_imitated(received.path, problem)
            accept = "" if is_imitated(problem) else received.headers.get(b"accept", b"").decode("latin-1")
            await _refuse(problem, refusal_page(self._site, received.path, accept, problem), sending)
        finally:
            leave()
            self._note(received, scope)

    def _preflight(self, received: Received) -> list[tuple[bytes, bytes]] | None:
        """Answer a browser's preflight request for a page of another origin; it carries no key."""
        wanted = received.headers.get(b"access-control-request-method")
        if received.method != "OPTIONS" or wanted is None:
            return None
        origin = received.headers.get(b"origin", b"")
        return self._site.cors.preflight(received.path, origin, wanted.decode("latin-1").upper())

    async def _admit(self, received: Received, scope: Scope) -> None:
        """Identify the caller and count the request. Raises Problem: 401, 403 or 429."""
        if received.path in OPEN or received.path.startswith(FILES):
            return
        peer = (scope.get("client") or ("",))[0]
        forwarded = received.headers.get(b"x-forwarded-for", b"").decode("latin-1")
        address = address_of(peer, forwarded, self._site.trusted)
        if received.path == METRICS and self._measured(peer, forwarded, address):
            return
        received.caller = Caller(address)
        text = shown_key(
            received.headers.get(b"authorization", b"").decode("latin-1"),
            received.headers.get(b"x-api-key", b"").decode("latin-1"),
        ) or key_in_query(received.path, scope["query_string"])
        if text:
            received.caller = Caller(address, await self._key(text, address))
        elif session := _session(received):
            key = await self._site.sessions.find(session)
            received.caller = Caller(address, key, session if key else "")
        self._check(received.path, received.caller)
        await self._count(received, received.caller)

    def _measured(self, peer: str, forwarded: str, address: str) -> bool:
        """Return whether an address may read the metrics without a key. Raises Problem (404) if no address may."""
        setting = self._site.home.settings.metrics
        if setting == "off":
            raise Problem(404, NO_ADDRESS)
        through_unknown = bool(forwarded) and not self._site.trusted(peer)  # the address is the proxy's then
        return setting == "open" or not (through_unknown or of_open_internet(address))

    async def _key(self, text: str, address: str) -> Any:
        found = await self._site.keys.find(text)
        if found is None:
            window = await self._site.limiter.hit(f"wrong:{counted_as(address)}", WRONG_KEYS)
            if window.left < 0:
                raise too_many(window)
            raise unauthorized("this key is unknown or revoked")
        return found

    def _check(self, path: str, caller: Caller) -> None:
        admin = path.startswith(ADMIN) or path == METRICS
        if caller.key is None and admin:
            raise unauthorized(ADMIN_WANTED)
        if caller.key is None and not self._site.home.settings.anonymous and path not in DOORS:
            raise unauthorized(KEY_WANTED)
        if caller.key is not None and admin and caller.key.scope != "admin":
            raise Problem(
                403,
                "an admin key is required, and this one may only read: `moviec keys create NAME --scope admin` creates one",
            )

    async def _count(self, received: Received, caller: Caller) -> None:
        settings = self._site.home.settings
        if caller.key is None:
            received.window = await self._site.limiter.hit(caller.counted, settings.anonymous_limit)
        else:
            received.window = await self._site.limiter.hit(caller.counted, caller.key.per_minute)
            self._site.usage.count(caller.key.number, received.window.left < 0)
        if received.window.left < 0:
            raise too_many(received.window)

    def _sender(self, received: Received, send: Send) -> Send:
        """Add the headers of every response; omit the body of a HEAD request."""
        head = received.method == "HEAD"
        cors = self._site.cors.of(received.path, received.method, received.headers.get(b"origin", b""))

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                received.status = message["status"]
                headers = [*message["headers"], (b"x-request-id", received.id.encode())]
                headers += (*SAFE, _VARY)
                headers += cors
                if received.status >= 400:
                    headers.append(_NO_STORE)
                if received.window is not None:
                    headers += _limit_headers(received.window)
                if received.change is not None and all(name != _CHANGE for name, _ in headers):
                    headers.append((_CHANGE, str(received.change).encode()))
                message["headers"] = headers
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        return sending

    def _note(self, received: Received, scope: Scope) -> None:
        """Measure and log a finished request."""
        seconds = time.perf_counter() - received.began
        route = str(scope.get("path_template") or "unmatched")
        metrics = self._site.metrics
        method = received.method if received.method in METHODS else "other"
        metrics.seconds.labels(method, route).observe(seconds)
        metrics.requests.labels(route, str(received.status)).inc()
        key = received.caller.key.number if received.caller and received.caller.key else None
        self._site.log.info(
            "request",
            id=received.id,
            method=received.method,
            path=received.path,
            status=received.status,
            ms=round(seconds * 1000, 2),
            key=key,
        )


def _received(scope: Any, prefix: str) -> Received:
    """Read a request's head; take the proxy's prefix off its path, and treat HEAD as GET."""
    headers = dict(scope["headers"])
    path = scope["path"]
    if prefix and (path == prefix or path.startswith(prefix + "/")):
        path = path[len(prefix) :]
    # The router normalises paths in the same way: what is checked here must be what is routed there.
    scope["path"] = path = one_segment(normalize_path(path))
    method = scope["method"]
    if method == "HEAD":
        scope["method"] = "GET"
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    number = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
    return Received(headers, path, method, number, time.perf_counter())


def _check_host(scope: Scope) -> None:
    """Raise Problem (400) for a request of HTTP/1.1 that names no host, or several (RFC 9112, 3.2)."""
    hosts = sum(name == b"host" for name, _ in scope["headers"])
    if hosts != 1 and (hosts or scope["http_version"] == "1.1"):
        raise Problem(400, "a request must name exactly one host")


def whole_body(headers: Mapping[bytes, bytes], receive: Receive, seconds: float) -> Receive:
    """Limit the time for a request's body to arrive. Receiving it raises Problem: 408 where it does not arrive in time,
    400 where it breaks off.
    """
    if headers.get(b"content-length", b"0") == b"0" and b"transfer-encoding" not in headers:
        return receive
    end, complete = asyncio.get_running_loop().time() + seconds, False

    async def receiving() -> Any:
        nonlocal complete
        if complete:
            return await receive()
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError as error:
            late = f"the body did not arrive within {seconds:g} seconds"
            raise Problem(408, late, headers={"connection": "close"}) from error
        if message["type"] == "http.disconnect":
            raise Problem(400, "the body broke off, or is not written as its headers say")
        complete = not message.get("more_body")
        return message

    return receiving


def _nothing() -> None:
    """Do nothing at the end of a request that was not accepted."""


def _session(received: Received) -> str:
    """Return the session that a browser sends for one of the site's pages, or ""."""
    if received.path.startswith(PROGRAMS):
        return ""
    for cookie in received.headers.get(b"cookie", b"").decode("latin-1").split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == COOKIE:
            return value
    return ""


def one_segment(path: str) -> str:
    """Write the slashes inside a movie's id as `%2F`: "rottentomatoes:m/heat" is one part of a path for the router.

    The path has been decoded, so an id sent with `%2F` has a slash here, too.
    """
    found = _SLASHED_ID.fullmatch(path)
    return f"{found[1]}{found[2].replace('/', '%2F')}{found[3] or ''}" if found else path


def _limit_headers(window: Window) -> list[tuple[bytes, bytes]]:
    return [
        (b"ratelimit-limit", str(window.limit).encode()),
        (b"ratelimit-remaining", str(max(window.left, 0)).encode()),
        (b"ratelimit-reset", str(window.reset).encode()),
    ]


async def _refuse(problem: Problem, page: bytes | None, send: Send) -> None:
    body = problem.body() if page is None else page
    kind = {"content-type": "application/json"} if page is None else {"content-type": HTML}
    headers = {**problem.headers, **kind, "content-length": str(len(body))}
    await _answer(problem.status, headers, body, send)


async def _answer(status: int, headers: Mapping[str, str], body: bytes, send: Send) -> None:
    written = [(name.encode(), value.encode("latin-1", "replace")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": written})
    await send({"type": "http.response.body", "body": body, "more_body": False})
