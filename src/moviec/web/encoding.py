"""Bodies in fewer bytes: what a caller accepts of zstd, br and gzip, and how each is made."""

from __future__ import annotations

import gzip
from functools import lru_cache

import brotli
import zstandard

#: The codings there are, the quickest to make first: of those a caller likes as well the first is taken.
CODINGS = ("zstd", "br", "gzip")

#: A smaller body goes as it is: it fits into one packet anyway.
SMALLEST = 1_000

#: A larger body is made quickly rather than small, since the server waits for it.
LARGE = 200_000

#: Media types that get smaller.
SMALLER = ("application/json", "application/x-ndjson", "text/", "application/xml", "application/atom+xml", "application/rss+xml", "image/svg+xml")  # fmt: skip


@lru_cache(maxsize=512)
def accepted(header: str) -> str:
    """Return the coding for an Accept-Encoding header; "" for the body as it is."""
    wanted: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, rest = part.partition(";")
        wanted[name.strip()] = _quality(rest)
    liked = [(wanted.get(coding, wanted.get("*", 0.0)), coding) for coding in CODINGS]
    best = max(liked, key=lambda pair: pair[0])
    return best[1] if best[0] > 0 else ""


def encoded(body: bytes, coding: str) -> bytes:
    """Return a body in a coding."""
    quickly = len(body) > LARGE
    if coding == "zstd":
        return zstandard.compress(body, 1 if quickly else 3)
    if coding == "br":
        return bytes(brotli.compress(body, quality=1 if quickly else 5))
    return gzip.compress(body, 1 if quickly else 6, mtime=0)


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
