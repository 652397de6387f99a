"""The API's description and the page that shows it, without anything from elsewhere."""

from __future__ import annotations

from importlib import resources
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from moviec.web.errors import not_found
from moviec.web.openapi import describe
from moviec.web.responses import Answer, from_bytes, respond
from moviec.web.server_state import site_of

_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html"}


@get("/openapi.json", include_in_schema=False)
async def description(request: Request[Any, Any, Any]) -> ASGIResponse:
    """OpenAPI 3.1."""
    from moviec.web.app import ROUTES

    site = site_of(request)
    made = await site.ready(0, "openapi", lambda: describe(ROUTES, site.prefix), from_bytes)
    return respond(request, made)


@get("/docs", include_in_schema=False)
async def page(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The description for people, with a form to try each endpoint."""
    text = _file("docs.html").body.replace(b"{prefix}", site_of(request).prefix.encode())
    return respond(request, from_bytes(text, "text/html"))


@get("/static/{name:str}", include_in_schema=False)
async def static(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """The site's own files."""
    return respond(request, _file(name))


def _file(name: str) -> Answer:
    folder = resources.files("moviec.web").joinpath("static")
    if name not in {file.name for file in folder.iterdir()}:
        raise not_found(f"there is no file {name[:50]}")
    media = _KINDS["." + name.rpartition(".")[2]]
    return from_bytes(folder.joinpath(name).read_bytes(), media)


ROUTES = [description, page, static]
