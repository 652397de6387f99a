"""Signing in with a key and out again."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.web.callers import too_many
from moviec.web.server_state import caller_of, server_of
from moviec.web.sessions import COOKIE, LASTS
from moviec.web.site.rendering import form_of, form_token, page, redirect, refused

#: Wrong keys that one address may try in a minute.
WRONG = 20


@get("/sign-in", include_in_schema=False)
async def door(request: Request[Any, Any, Any]) -> ASGIResponse:
    """A form for a key; who is signed in, and how to leave."""
    server, caller = server_of(request), caller_of(request)
    shown = {
        "key": caller.key,
        "csrf": form_token(request),
        "next": _inside(request.query_params.get("next", "/")),
    }
    headers = {"cache-control": "no-store"}
    return page(request, "sign_in.html", headers, anonymous=server.home.settings.anonymous, **shown)


@post("/sign-in", include_in_schema=False, status_code=303)
async def sign_in(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Open a session for whoever shows a key."""
    server, fields = server_of(request), await form_of(request)
    begun = await server.sessions.begin(fields.get("key", [""])[0].strip()[:200])
    if begun is None:
        window = await server.limiter.hit(f"wrong:{caller_of(request).address}", WRONG)
        if window.left < 0:
            raise too_many(window)
        shown = {"key": None, "csrf": "", "next": _inside(fields.get("next", ["/"])[0]), "wrong": True}
        return refused(request, "sign_in.html", anonymous=server.home.settings.anonymous, **shown)
    where = _inside(fields.get("next", ["/"])[0])
    if where == "/" and begun[0].scope == "admin":
        where = "/operations"
    return redirect(request, where, {"set-cookie": _cookie(request, begun[1], LASTS)})


@post("/sign-out", include_in_schema=False, status_code=303)
async def sign_out(request: Request[Any, Any, Any]) -> ASGIResponse:
    """End this browser's session."""
    await form_of(request)
    return redirect(request, "/sign-in", {"set-cookie": _cookie(request, "", 0)})


def _cookie(request: Request[Any, Any, Any], value: str, lasts: int) -> str:
    secure = (
        "; Secure" if "https" in (request.url.scheme, request.headers.get("x-forwarded-proto", "")) else ""
    )
    path = server_of(request).prefix or "/"
    return f"{COOKIE}={value}; Path={path}; Max-Age={lasts}; HttpOnly; SameSite=Lax{secure}"


def _inside(path: str) -> str:
    """Return a path of this site; the front page for anything that might lead elsewhere."""
    plain = path.isascii() and path.isprintable() and "\\" not in path
    return path if plain and path.startswith("/") and not path.startswith("//") else "/"


ROUTES: list[ControllerRouterHandler] = [door, sign_in, sign_out]
