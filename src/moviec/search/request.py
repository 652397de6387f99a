"""Requests to the index and its results: searches, pages, the cursor between two pages."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Literal

import msgspec

from moviec.errors import UsageError
from moviec.search.query import LEVELS
from moviec.search.summaries import Summary

Sort = Literal[
    "relevance", "rating", "year", "popularity", "votes", "revenue", "released", "runtime",
    "-rating", "-year", "-popularity", "-votes", "-revenue", "-released", "-runtime",
]  # fmt: skip


class Least(msgspec.Struct, frozen=True):
    """The fewest votes at one rater, and the fewest raters, of the films in a list."""

    votes: int
    raters: int


#: The default minimums of a list of top rated films; if no film meets one, the next is
#: used. Of the first 100 over all shared data all have 2,000 votes at IMDb or TMDB or 100 at MovieLens; without
#: a minimum of raters, films popular in one country lead, with 1,000 votes it is 91 of 100.
TOP_RATED = (Least(2000, 2), Least(2000, 0), Least(0, 0))


class Wanted(msgspec.Struct, frozen=True):
    """A filter by a field of whole values or numbers: a film has one value of each group."""

    field: str
    groups: tuple[tuple[str | int, ...], ...]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A search. Ratings are 0 to 100, runtimes minutes, days of release YYYYMMDD.

    `sort` by rating goes by the lower end of the C-rating's interval: a cautious estimate. Highest first; with `-`
    before it lowest first, without films of which the value is unknown. `counted`: whether films beyond the page are
    counted; else `total` is a lower bound.
    """

    query: str = ""
    wanted: tuple[Wanted, ...] = ()
    without: tuple[Wanted, ...] = ()
    released_from: int | None = None
    released_to: int | None = None
    runtime_from: int | None = None
    runtime_to: int | None = None
    year_from: int | None = None
    year_to: int | None = None
    min_rating: float | None = None
    min_votes: int = 0
    min_raters: int = 0
    adult: bool = False
    sort: Sort = "relevance"
    limit: int = 20
    cursor: str = ""
    facets: bool = True
    counted: bool = True


class Counted(msgspec.Struct, frozen=True):
    """Films that match in all, and (value, films) by genre id, the most first, and by decade."""

    total: int
    genres: list[tuple[int, int]]
    decades: list[tuple[int, int]]


class Page(msgspec.Struct, frozen=True):
    """A page: summaries, films that match in all, (value, films) by genre id and decade, and the next page's cursor.

    `nearest`: no film has all words of the query, and those of the first page match only partly.
    """

    items: list[Summary]
    total: int
    genres: list[tuple[int, int]]
    decades: list[tuple[int, int]]
    cursor: str | None
    nearest: bool = False


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The end of a page: the last film's rank, the number of levels searched, and the search."""

    place: int
    levels: int
    of: int


_cursor = msgspec.msgpack.Decoder(Cursor)


def write_cursor(cursor: Cursor) -> str:
    """Return a cursor as text for a URL."""
    return urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """Read a cursor. Raises UsageError for any other text."""
    try:
        found = _cursor.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, msgspec.DecodeError) as error:
        raise UsageError(
            "this is not a cursor", "cursor", "use `next` of the previous page unchanged"
        ) from error
    if not (1 <= found.levels <= len(LEVELS) and abs(found.place) < 1 << 62):
        raise UsageError("this is not a cursor", "cursor", "use `next` of the previous page unchanged")
    return found
