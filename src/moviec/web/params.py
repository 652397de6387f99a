"""What callers ask in a URL's query: one struct per endpoint, checked whole; what nobody knows is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from msgspec import Meta

from moviec.search.results import TOP_RATED, Sort
from moviec.units import LEAST_FILMS
from moviec.web.errors import Problem

T = TypeVar("T", bound=msgspec.Struct)

_PLAIN = "^[^\\x00-\\x1f]*$"
Words = Annotated[str, Meta(max_length=200, pattern=_PLAIN, examples=["matrix 1999"])]
#: What a search takes: a line copied from elsewhere may have tabs and line breaks, which part words.
SearchWords = Annotated[
    str, Meta(max_length=1000, pattern="^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]*$", examples=["matrix 1999"])
]
GenreText = Annotated[
    str, Meta(max_length=60, pattern=_PLAIN, description="Id, name, alias, or an id elsewhere: `tmdb:16`.")
]
CompanyText = Annotated[
    str,
    Meta(
        pattern="^([1-9][0-9]{0,8}|[a-z]{1,20}:[A-Za-z0-9]{1,20})?$",
        description="Id, or an id elsewhere: `tmdb:3`.",
    ),
]
Year = Annotated[int, Meta(ge=1, le=9999)]
Points = Annotated[float, Meta(ge=0, le=100, description="C-rating from here on.")]
LeastVotes = Annotated[
    int,
    Meta(
        ge=0,
        le=2_147_483_647,
        description=f"Votes at one rater from here on; {TOP_RATED[0].votes:,} unless told in a list by rating without a query.",
    ),
]
LeastRaters = Annotated[
    int,
    Meta(
        ge=0,
        le=100,
        description=f"Raters behind the C-rating from here on; {TOP_RATED[0].raters} unless told in a list by rating without a query.",
    ),
]
Limit = Annotated[int, Meta(ge=1, le=100, description="How many at most.")]
CursorText = Annotated[str, Meta(max_length=200, description="`next` of the page before, as it stands.")]
Count = Annotated[int, Meta(ge=1, le=10_000)]
Number = Annotated[int, Meta(ge=0, le=2_147_483_647)]
Ids = Annotated[
    str,
    Meta(
        pattern="^([0-9]{1,20}|[a-z]{1,20}:[A-Za-z0-9]{1,20})(,([0-9]{1,20}|[a-z]{1,20}:[A-Za-z0-9]{1,20})){0,99}$",
        description="Ids, or ids elsewhere: `1,2,tmdb:16`.",
    ),
]
Films = Annotated[
    int,
    Meta(
        ge=1, le=1_000_000, description=f"Films behind a value at least: {LEAST_FILMS} for c_rating, else 1."
    ),
]
Measure = Literal["revenue", "budget", "profit", "movies", "popularity", "votes", "c_rating"]
By = Literal["sum", "mean", "median", "max"]
Split = Literal["full", "even"]


class Query(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A query with parameters that may all be left out."""


class NoQuery(Query, frozen=True):
    """No parameters."""


class ListQuery(Query, frozen=True):
    """Filters and order of a listing."""

    genre: GenreText = ""
    company: CompanyText = ""
    year: Year | None = None
    year_from: Year | None = None
    year_to: Year | None = None
    min_rating: Points | None = None
    min_votes: LeastVotes | None = None
    min_raters: LeastRaters | None = None
    adult: bool = False
    sort: Sort = "relevance"
    limit: Limit = 20
    cursor: CursorText = ""
    facets: bool = True


class SearchQuery(ListQuery, frozen=True):
    """A search: words, and filters as of a listing."""

    query: SearchWords = ""


class MovieQuery(Query, frozen=True):
    """A movie now, or as it stood."""

    as_of: Annotated[
        str,
        Meta(
            description="The document as it stood then: a date (its last moment, UTC), or an instant.",
            extra_json_schema={"format": "date"},
        ),
    ] = ""


class CompanyListQuery(Query, frozen=True):
    """Companies by the beginning of their names."""

    query: Words = ""
    limit: Limit = 100
    cursor: Number = 0


class FigureQuery(Query, frozen=True):
    """Which figures of genres or companies, in which order."""

    top: Count | None = None
    bottom: Count | None = None
    ids: Ids | None = None
    metadata: bool = False
    measure: Measure = "revenue"
    by: By | None = None
    split: Split = "full"
    min_movies: Films | None = None


class ChangesQuery(Query, frozen=True):
    """From where on, and how many."""

    after: Number = 0
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100


class StreamQuery(Query, frozen=True):
    """From where on; what came before is not sent."""

    after: Number | None = None


def query_of(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Read a URL's query. Raises Problem 400, naming what is wrong."""
    text = request.scope["query_string"]
    if not text:
        return kind()
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="replace")
    values = dict(pairs)
    if len(values) < len(pairs):
        raise Problem(400, "a parameter is given twice")
    try:
        found = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Problem(400, _said(str(error)) + _choices(kind, str(error)), "invalid_parameter") from error
    for name in values:
        if getattr(found, name) is None:  # the word "null", which no parameter takes
            raise Problem(400, f"{name} has no value; leave it out", "invalid_parameter")
    return found


def _choices(kind: type[msgspec.Struct], error: str) -> str:
    """List the values that a parameter may have, where it has a few."""
    name = error.rpartition("$.")[2].rstrip("`")
    hint = get_type_hints(kind).get(name)
    named = [
        choice for part in (hint, *get_args(hint)) if get_origin(part) is Literal for choice in get_args(part)
    ]
    return f"; one of {', '.join(map(str, named))}" if named else ""


def _said(error: str) -> str:
    """Return what msgspec found wrong as `name: reason`."""
    reason, _, place = error.replace("`", "").replace(" | null", "").partition(" - at $.")
    if "matching regex" in reason:
        reason = "not written as it should be; /docs shows how"
    return f"{place}: {reason}" if place else f"{reason}; /docs lists the parameters"
