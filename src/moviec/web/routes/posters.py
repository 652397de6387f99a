"""Posters from the lake: their address names their content, so that a browser may keep them for good."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from moviec.web.errors import Problem
from moviec.web.responses import from_bytes, respond
from moviec.web.route_docs import gives
from moviec.web.server_state import server_of

#: What is here never changes: one year, the longest that RFC 9111 caches are asked to keep.
FOREVER = {"cache-control": "public, max-age=31536000, immutable"}

_WIDTH = re.compile(r"w(185|342|780)")
_NAME = re.compile(r"w(185|342|780)\.webp")


@get(
    "/posters/{sha256:str}/{name:str}",
    media_type="image/webp",
    responses=gives(bytes, 404, media="image/webp"),
    summary="A poster",
    tags=["movies"],
)
async def poster(request: Request[Any, Any, Any], sha256: FromPath[str], name: FromPath[str]) -> ASGIResponse:
    """A poster in one width, as a film's document names it (`w185.webp`, `w342.webp`, `w780.webp`), or by width and content.

    The second form, `/posters/w342/SHA256.webp`, is how programs written for TMDB put an address together.
    """
    if _WIDTH.fullmatch(sha256):
        sha256, name = name.removesuffix(".webp"), f"{sha256}.webp"
    width = _NAME.fullmatch(name)
    known = re.fullmatch("[0-9a-f]{64}", sha256)
    workbench = server_of(request).workbench
    found = await asyncio.to_thread(workbench.poster, sha256, int(width[1])) if width and known else None
    if found is None:
        raise Problem(404, "there is no such poster")
    return respond(request, from_bytes(found, "image/webp", FOREVER))


ROUTES = [poster]
