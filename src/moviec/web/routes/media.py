"""Posters and videos from the lake: addressed by content, so that a browser may cache them forever."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response, Stream
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.web.errors import Problem
from moviec.web.responses import from_bytes, respond
from moviec.web.routes.docs import gives
from moviec.web.server_state import server_of

#: Content here never changes: one year, the longest that RFC 9111 caches are asked to keep.
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


MEDIA = {"mp4": "video/mp4", "webm": "video/webm"}

_VIDEO = re.compile(r"([0-9a-f]{64})\.(mp4|webm)")

#: Bytes of a video that one answer to a request for a part has at most (RFC 9110 lets a server send less than was asked for), and
#: that are read from the disk at a time.
PART, CHUNK = 4 << 20, 1 << 18

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@get(
    "/videos/{name:str}",
    media_type="video/mp4",
    responses=gives(bytes, 404, media="video/mp4"),
    summary="A video",
    tags=["movies"],
)
async def video(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[Any]:
    """A video of one's own, whole or in part (`Range`), as a film's document names it."""
    known = _VIDEO.fullmatch(name)
    workbench = server_of(request).workbench
    path = await asyncio.to_thread(workbench.video, known[1], known[2]) if known else None
    if path is None or known is None:
        raise Problem(404, "there is no such video")
    size, etag = path.stat().st_size, f'"{known[1]}"'
    headers = {**FOREVER, "etag": etag, "accept-ranges": "bytes"}
    if etag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=headers)
    media, wanted = MEDIA[known[2]], request.headers.get("range", "")
    if request.headers.get("if-range", etag) != etag or not _RANGE.fullmatch(wanted):
        headers["content-length"] = str(size)
        return Stream(_parts(path, 0, size), media_type=media, headers=headers)
    span = part_of(wanted, size)
    if span is None:
        return Response(b"", status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    first, last = span
    headers["content-range"] = f"bytes {first}-{last}/{size}"
    body = await asyncio.to_thread(_read, path, first, last - first + 1)
    return Response(body, status_code=206, headers=headers, media_type=media)


def part_of(wanted: str, size: int) -> tuple[int, int] | None:
    """Return the first and the last byte to send for a `Range` of one part, at most PART bytes; None if out of
    range.
    """
    found = _RANGE.fullmatch(wanted)
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:  # a number of bytes from the end
        first, last = max(size - int(found[2]), 0), size - 1
    else:
        first, last = int(found[1]), min(int(found[2] or size - 1), size - 1)
    return (first, min(last, first + PART - 1)) if first <= last else None


def _read(path: Path, at: int, length: int) -> bytes:
    with path.open("rb") as file:
        file.seek(at)
        return file.read(length)


async def _parts(path: Path, at: int, size: int) -> AsyncIterator[bytes]:
    while at < size:
        yield await asyncio.to_thread(_read, path, at, CHUNK)
        at += CHUNK


ROUTES: list[ControllerRouterHandler] = [poster, video]
