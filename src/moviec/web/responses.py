"""Responses as bytes with a strong ETag, compressed as the caller accepts, cached until the change log outdates
them.
"""

from __future__ import annotations

import gzip
import hashlib
from collections import OrderedDict
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import brotli
import msgspec
import zstandard
from litestar import Request
from litestar.response.base import ASGIResponse

#: The supported codings, the fastest first: among equally preferred ones the first is used.
CODINGS = ("zstd", "br", "gzip")

#: A smaller body is not compressed: it fits into one packet anyway.
SMALLEST = 1_000

#: A larger body is compressed fast rather than well, since the server waits for it.
LARGE = 200_000

#: Media types that get smaller.
SMALLER = ("application/json", "application/x-ndjson", "text/", "application/xml", "application/atom+xml", "application/rss+xml", "image/svg+xml")  # fmt: skip


@lru_cache(maxsize=512)
def accepted(header: str) -> str:
    """Return the coding for an Accept-Encoding header; "" for the body as it is."""
    wanted: dict[str, float] = {}
    for part in header.lower().split(","):
        name, _, rest = part.partition(";")
        wanted[name.strip()] = quality_of(rest)
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


def quality_of(text: str) -> float:
    """Return the preference for a language or a coding: the `q=` of a header's entry, 0 if it is not a number."""
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


JSON = "application/json"

#: The header with the number of a change that a response is at least as new as. The middleware adds the end of the log;
#: results of the search index name the change that the index has reached.
CHANGE = "MovieC-Change"


class Answer(msgspec.Struct, frozen=True):
    """A body, its ETag (without quotes) and its media type."""

    body: bytes
    etag: str
    media: str = JSON
    headers: dict[str, str] = {}
    encoded: dict[str, bytes] = {}

    def as_coded(self, coding: str) -> bytes:
        """Return the body in a coding, made once and cached with it."""
        found = self.encoded.get(coding)
        if found is None:
            found = self.encoded[coding] = encoded(self.body, coding)
        return found


def answer(value: Any, headers: dict[str, str] | None = None) -> Answer:
    """Write a value as JSON, with an ETag over the bytes."""
    return from_bytes(msgspec.json.encode(value), headers=headers)


def from_bytes(body: bytes, media: str = JSON, headers: dict[str, str] | None = None) -> Answer:
    """Return bytes with an ETag over them."""
    return Answer(body, hashlib.blake2b(body, digest_size=16).hexdigest(), media, headers or {})


def respond(request: Request[Any, Any, Any], found: Answer, status: int = 200) -> ASGIResponse:
    """Send a response, or 304 if the caller has it already."""
    coding = ""
    if len(found.body) >= SMALLEST and found.media.startswith(SMALLER):
        coding = accepted(request.headers.get("accept-encoding", ""))
    etag = f'"{found.etag}-{coding}"' if coding else f'"{found.etag}"'
    headers = {"etag": etag, "cache-control": "private, max-age=0, must-revalidate", **found.headers}
    condition = request.headers.get("if-none-match")
    if condition is not None and status == 200 and _matches(condition, found.etag):
        return ASGIResponse(status_code=304, headers=headers)
    body = found.body
    if coding:
        headers["content-encoding"], body = coding, found.as_coded(coding)
    return ASGIResponse(body=body, status_code=status, headers=headers, media_type=found.media)


def _matches(condition: str, etag: str) -> bool:
    """Return whether the caller has the response, in any coding: each coding has its own ETag."""
    if condition.strip() == "*":
        return True
    tags = (tag.strip().removeprefix("W/").strip('"') for tag in condition.split(","))
    return any(tag == etag or tag.rpartition("-")[0] == etag for tag in tags)


class Cache:
    """Cached responses: those about one movie are dropped when it changes, all others when anything does.

    A response begun before a change is not cached: `begin` returns the ticket that `keep` takes.
    """

    def __init__(self, most_bytes: int) -> None:
        """Set the most bytes to cache; the least recently used responses are dropped first."""
        self._most = most_bytes
        self._held = 0
        self._answers: OrderedDict[tuple[int, str], Answer] = OrderedDict()
        self._of_movie: dict[int, set[str]] = {}
        self._version = 0

    def begin(self) -> int:
        """Return a ticket, to be taken before reading what will be cached."""
        return self._version

    def get(self, movie: int, name: str) -> Answer | None:
        """Return a movie's cached response (0: not about a movie) by name."""
        found = self._answers.get((movie, name))
        if found is not None:
            self._answers.move_to_end((movie, name))
        return found

    def keep(self, ticket: int, movie: int, name: str, found: Answer) -> None:
        """Cache a response, unless something has changed since the ticket was taken."""
        if ticket != self._version or (movie, name) in self._answers:
            return
        self._answers[movie, name] = found
        self._of_movie.setdefault(movie, set()).add(name)
        self._held += _size(found)
        while self._held > self._most:
            (oldest, variant), dropped = self._answers.popitem(last=False)
            self._of_movie[oldest].discard(variant)
            if not self._of_movie[oldest]:
                del self._of_movie[oldest]
            self._held -= _size(dropped)

    def drop(self, movies: Iterable[int]) -> None:
        """Drop the responses about these movies, and all that are not about a single one."""
        self._version += 1
        for movie in (*movies, 0):
            for name in self._of_movie.pop(movie, ()):
                self._held -= _size(self._answers.pop((movie, name)))

    def clear(self) -> None:
        """Drop everything: the log was replaced."""
        self.drop(list(self._of_movie))


def _size(found: Answer) -> int:
    """Return the size of a response in bytes, with one coding of it: a third of the body."""
    return len(found.body) * 4 // 3 + 500
