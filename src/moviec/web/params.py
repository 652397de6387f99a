"""Parameters of URL queries: one struct per endpoint, validated; unknown parameters are rejected."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from msgspec import Meta

from moviec.search.request import TOP_RATED, Sort
from moviec.units import LEAST_FILMS
from moviec.web.errors import Problem, wrong_parameter
from moviec.web.schemas import Movie

T = TypeVar("T", bound=msgspec.Struct)

#: Age ratings offered on pages, and accepted whether or not a film has them.
CERTIFICATES = ("G", "PG", "PG-13", "R", "NC-17", "U", "12A", "15", "18")

#: Sites whose ids are accepted, whether or not a film has one there.
SITES = (
    "imdb",
    "tmdb",
    "wikidata",
    "movielens",
    "rottentomatoes",
    "metacritic",
    "wikipedia",
    "letterboxd",
    "trakt",
    "tvdb",
)

_PLAIN = "^[^\\x00-\\x1f]*$"
Words = Annotated[str, Meta(max_length=200, pattern=_PLAIN, examples=["matrix 1999"])]
#: Characters accepted in a search: a pasted line may have tabs and line breaks, which separate words.
SearchWords = Annotated[
    str, Meta(max_length=1000, pattern="^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]*$", examples=["matrix 1999"])
]
_SEVERAL = "Several: with `,` a film has all of them, with `|` one of them."
GenreText = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=_PLAIN,
        description=f"Id, name, alias, or an id elsewhere: `tmdb:16`. {_SEVERAL}",
        examples=["drama", "tmdb:16,tmdb:35"],
    ),
]
CompanyText = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=_PLAIN,
        description=f"Id, name, or an id elsewhere: `tmdb:3`. {_SEVERAL}",
        examples=["tmdb:3", "pixar"],
    ),
]
PersonText = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=_PLAIN,
        description=f"Of the cast or crew: id, name, or an id elsewhere: `imdb:nm0000158`. {_SEVERAL}",
        examples=["imdb:nm0000158", "tom hanks"],
    ),
]
KeywordText = Annotated[
    str, Meta(max_length=200, pattern=_PLAIN, description=f"A keyword. {_SEVERAL}", examples=["time travel"])
]
CountryText = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z]{2}([,|][A-Za-z]{2}){0,19}$|^$",
        description=f"Country of production, ISO 3166-1. {_SEVERAL}",
        examples=["FR", "fr|be"],
    ),
]
LanguageText = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z]{2,3}([,|][A-Za-z]{2,3}){0,19}$|^$",
        description=f"Original or spoken language, ISO 639-1. {_SEVERAL}",
        examples=["fr", "ja|ko"],
    ),
]
OriginalText = Annotated[
    str,
    Meta(
        pattern="^[A-Za-z]{2,3}([|][A-Za-z]{2,3}){0,19}$|^$",
        description="Original language, ISO 639-1; with `|` one of several.",
        examples=["ja"],
    ),
]
CertificateText = Annotated[
    str,
    Meta(
        max_length=100,
        pattern=_PLAIN,
        description="Age rating; with `|` one of several.",
        examples=["PG-13", "G|PG"],
    ),
]
CollectionText = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=_PLAIN,
        description="Id or name of a collection.",
        examples=["toy-story-collection"],
    ),
]
KindText = Annotated[
    str,
    Meta(
        pattern="^(feature|short|tv_movie|video)([|](feature|short|tv_movie|video)){0,3}$|^$",
        description="feature, short, tv_movie or video; with `|` one of several.",
    ),
]
WithoutText = Annotated[
    str, Meta(max_length=200, pattern=_PLAIN, description="Genres that a film does not have, parted by `,`.")
]
SpaceText = Annotated[
    str,
    Meta(
        pattern="^([a-z][a-z0-9_-]{0,29}(,[a-z][a-z0-9_-]{0,29}){0,9})?$",
        description="Films that have an id there: `imdb`, `tmdb,wikidata`.",
        examples=["tmdb"],
    ),
]
Day = Annotated[
    dt.date,
    Meta(
        description="Day of release, both ends included; a film of which only the year is known has its first day."
    ),
]
Decade = Annotated[
    int, Meta(ge=1870, le=2090, multiple_of=10, description="The first year of a decade: 1990.")
]
Minutes = Annotated[int, Meta(ge=1, le=100_000, description="Minutes, both ends included.")]
Sorted = Annotated[
    Sort,
    Meta(
        description="Highest or newest first; with `-` before it lowest or oldest first, unknown ones left out."
    ),
]
Year = Annotated[int, Meta(ge=1, le=9999)]
Points = Annotated[float, Meta(ge=0, le=100, description="C-rating from here on.")]
LeastVotes = Annotated[
    int,
    Meta(
        ge=0,
        le=2_147_483_647,
        description=f"Votes at one rater from here on; {TOP_RATED[0].votes:,} by default in a list by rating without a query.",
    ),
]
LeastRaters = Annotated[
    int,
    Meta(
        ge=0,
        le=100,
        description=f"Raters behind the C-rating from here on; {TOP_RATED[0].raters} by default in a list by rating without a query.",
    ),
]
Limit = Annotated[int, Meta(ge=1, le=100, description="How many at most.")]
CursorText = Annotated[str, Meta(max_length=200, description="`next` of the previous page, unchanged.")]
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
    """A query with only optional parameters."""


class NoQuery(Query, frozen=True):
    """No parameters."""


_ANY_FIELD = "|".join((*Movie.__struct_fields__, "claims"))
FieldsText = Annotated[
    str,
    Meta(
        max_length=1000,
        extra_json_schema={"pattern": f"^(({_ANY_FIELD})(,({_ANY_FIELD})){{0,39}})?$"},
        description="Only these fields, parted by commas; `id` and `title` are always there.",
        examples=["title,year,runtime"],
    ),
]
IncludeText = Annotated[
    str,
    Meta(
        max_length=100,
        extra_json_schema={"pattern": "^((claims|ratings|people)(,(claims|ratings|people)){0,2})?$"},
        description="Adds claims, ratings (with their points on 0 to 100), people; parted by commas.",
        examples=["claims,ratings"],
    ),
]


class FilterQuery(Query, frozen=True):
    """Filters of films, and which page of them."""

    genre: GenreText = ""
    company: CompanyText = ""
    person: PersonText = ""
    keyword: KeywordText = ""
    country: CountryText = ""
    language: LanguageText = ""
    original_language: OriginalText = ""
    certificate: CertificateText = ""
    collection: CollectionText = ""
    kind: KindText = ""
    without_genre: WithoutText = ""
    has_id: SpaceText = ""
    released_from: Day | None = None
    released_to: Day | None = None
    year: Year | None = None
    year_from: Year | None = None
    year_to: Year | None = None
    decade: Decade | None = None
    runtime_from: Minutes | None = None
    runtime_to: Minutes | None = None
    min_rating: Points | None = None
    min_votes: LeastVotes | None = None
    min_raters: LeastRaters | None = None
    adult: bool = False
    limit: Limit = 20
    cursor: CursorText = ""
    facets: bool = True
    fields: FieldsText = ""
    include: IncludeText = ""


class ListQuery(FilterQuery, frozen=True):
    """Filters and order of a listing."""

    sort: Sorted = "relevance"


class TopQuery(FilterQuery, frozen=True):
    """Filters of a list of those that lead."""

    by: Annotated[Literal["rating", "popularity", "votes", "revenue"], Meta(description="The measure.")] = (
        "rating"
    )


class FeedQuery(FilterQuery, frozen=True):
    """Which new films a feed has; of changes it has all."""


class SuggestQuery(Query, frozen=True):
    """What has been typed so far."""

    query: SearchWords = ""
    limit: Annotated[int, Meta(ge=1, le=20, description="How many at most.")] = 8
    adult: bool = False


class SimilarQuery(Query, frozen=True):
    """How many films like a film."""

    limit: Limit = 12


class PeopleQuery(Query, frozen=True):
    """Persons by words of their names; the last may be only begun. Without words all, by id."""

    query: Words = ""
    limit: Limit = 20
    cursor: Number = 0


class PersonQuery(Query, frozen=True):
    """A person, with or without credits in adults' films."""

    adult: bool = False


class CollectionsQuery(Query, frozen=True):
    """Collections by words of their names; the last may be only begun."""

    query: Words = ""
    limit: Limit = 20
    cursor: Number = 0


class SearchQuery(ListQuery, frozen=True):
    """A search: words, and filters as of a listing."""

    query: SearchWords = ""


class MovieQuery(Query, frozen=True):
    """A movie now, or in the past."""

    as_of: Annotated[
        str,
        Meta(
            description="The document as of then: a date (its last moment, UTC), or an instant.",
            extra_json_schema={"anyOf": [{"format": "date"}, {"format": "date-time"}]},
            examples=["2026-11-30", "2026-11-30T12:00:00Z"],
        ),
    ] = ""
    fields: FieldsText = ""
    include: IncludeText = ""


class CompanyListQuery(Query, frozen=True):
    """Companies by the beginning of their names."""

    query: Words = ""
    limit: Limit = 100
    cursor: Number = 0


class AdminQuery(Query, frozen=True):
    """How many at most."""

    limit: Limit = 20


class QuarantineQuery(Query, frozen=True):
    """Rejected rows, of one source or of all, by number."""

    source: Annotated[str, Meta(pattern="^([a-z][a-z0-9_-]{0,29})?$")] = ""
    limit: Limit = 20
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
    """The number after which to start; earlier changes are not sent."""

    after: Number | None = None


def query_of(request: Request[Any, Any, Any], kind: type[T]) -> T:
    """Parse a URL's query. Raises Problem 400, naming what is wrong."""
    text = request.scope["query_string"]
    if not text:
        return kind()
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="replace")
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in values if names.count(name) > 1)[:40]
        reason = "given twice; separate several values of one filter by `,` or `|`"
        raise wrong_parameter(twice, reason, f"the parameter '{twice}' is {reason}")
    try:
        found = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(kind, str(error)) from error
    for name in values:
        if getattr(found, name) is None:  # the word "null", which no parameter accepts
            raise wrong_parameter(name, "has no value; leave it out", f"{name} has no value; leave it out")
    return found


def given(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Return a URL's query as it is, the last of each name; for the paths that imitate other services and ignore
    unknown parameters.
    """
    pairs = parse_qsl(request.scope["query_string"].decode("latin-1"), errors="replace")
    return {name: value.replace("\x00", "").strip() for name, value in pairs}


def _choices(kind: type[msgspec.Struct], error: str) -> str:
    """List the values of a parameter, if there are only a few."""
    name = error.rpartition("$.")[2].rstrip("`")
    hint = get_type_hints(kind).get(name)
    named = [
        choice for part in (hint, *get_args(hint)) if get_origin(part) is Literal for choice in get_args(part)
    ]
    return f"; one of {', '.join(map(str, named))}" if named else ""


#: msgspec's message for an unknown parameter.
_UNKNOWN = re.compile(r"^Object contains unknown field (.*)$")


def _refused(kind: type[msgspec.Struct], error: str) -> Problem:
    """Return what msgspec found wrong with a query."""
    reason, _, place = error.replace("`", "").replace(" | null", "").partition(" - at $.")
    if "matching regex" in reason:
        reason = "not valid; see /docs for the format"
    if unknown := _UNKNOWN.match(reason):
        reason = f"there is no parameter '{unknown[1][:40]}' here; /docs lists the parameters"
        return wrong_parameter(unknown[1][:40], reason, reason)
    return wrong_parameter(place, reason + _choices(kind, error))
