"""Which pages of other sites may ask: reading from the origins that the setting `cors` names, writing from none."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Paths that pages elsewhere may read. Nothing here does anything but answer.
READABLE = re.compile(
    r"/v1/(?!admin/|webhooks|usage)|/movies/search$|/omdb(/|$)|/3/|/reconcile(/|$)|/openapi\.json$|/feeds/"
)

#: Paths that are asked by POST because the question is long; they change nothing.
ASKED_BY_POST = re.compile(r"/v1/movies/(lookup|match)$|/reconcile(/|$)")

_EXPOSED = b"ETag, Link, Location, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, MovieC-Change, X-Request-ID"
_ASKED_WITH = b"Authorization, X-API-Key, Accept, Accept-Language, Content-Type, If-None-Match, Last-Event-ID, X-Request-ID"

Headers = list[tuple[bytes, bytes]]


class Cors:
    """The origins that may read: `*` is any, several are separated by spaces, none is off."""

    def __init__(self, origins: str) -> None:
        """Read the setting."""
        some = {origin.rstrip("/").encode() for origin in origins.split()}
        self._any, self._some = b"*" in some, frozenset(some)
        #: What every answer that may be read elsewhere has, whoever asks.
        self._always: Headers = [
            (b"access-control-allow-origin", b"*"),
            (b"access-control-expose-headers", _EXPOSED),
        ]

    def of(self, path: str, method: str, origin: bytes) -> Headers:
        """Return the headers that let a page of an origin read an answer; none where it may not."""
        if not self._some or not _is_reading(path, method):
            return []
        if self._any:
            return self._always
        if origin not in self._some:
            return [(b"vary", b"Origin")]
        return [(b"access-control-allow-origin", origin), *self._always[1:], (b"vary", b"Origin")]

    def preflight(self, path: str, origin: bytes, method: str) -> Headers | None:
        """Return what a browser is told that asks whether it may ask; None where it may not."""
        if not origin or not (allowed := self.of(path, method, origin)) or len(allowed) == 1:
            return None
        methods = b"GET, HEAD, POST" if ASKED_BY_POST.match(path) else b"GET, HEAD"
        told: Sequence[tuple[bytes, bytes]] = (
            (b"access-control-allow-methods", methods),
            (b"access-control-allow-headers", _ASKED_WITH),
            (b"access-control-max-age", b"86400"),
        )
        return [*allowed, *told]


def _is_reading(path: str, method: str) -> bool:
    if method in ("GET", "HEAD"):
        return READABLE.match(path) is not None
    return method == "POST" and ASKED_BY_POST.match(path) is not None
