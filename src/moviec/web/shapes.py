"""The shapes of answers and request bodies, for the API's description; stored documents themselves are not rewritten."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from moviec.catalog.accounts import Scope
from moviec.search.films import Summary as Summary

Name = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$", description="Letters, digits, . _ @ -")]
PerMinute = Annotated[int, Meta(ge=1, le=1_000_000)]
RecordKey = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,29}:[^\\x00]{1,100}$", examples=["imdb:tt0114709"])]


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request brings: fields nobody knows are refused."""


class Title(Shape):
    """A title in some language and region."""

    title: str
    language: str | None = None
    region: str | None = None


class MovieGenre(Shape):
    """A genre of a movie, and how surely (0 to 1)."""

    id: int
    name: str
    facet: str = "genre"
    confidence: float | None = None


class Credit(Shape):
    """Who did what."""

    id: int
    name: str
    role: str
    character: str | None = None
    position: int | None = None


class Named(Shape):
    """Something with an id and a name."""

    id: int
    name: str


class Rating(Shape):
    """A rater's rating on its own scale."""

    rater: str
    panel: str
    aspect: str
    value: float
    lowest: float
    highest: float
    votes: int | None = None
    source: str | None = None


class PointedRating(Rating, kw_only=True):
    """A rating with its value on 0 to 100 beside it."""

    points: float


class Contribution(Shape):
    """What a rater added to or took from the C-rating, in points."""

    rater: str
    points: float


class CRating(Shape):
    """The movie's one rating, 0 to 100, with its 90% interval."""

    c_rating: float | None = None
    low: float | None = None
    high: float | None = None
    critics: float | None = None
    audience: float | None = None
    sources: int | None = None
    base: float | None = None
    contributions: list[Contribution] = []
    aspects: dict[str, float] = {}
    method: str | None = None


class Movie(Shape):
    """A movie's document. What is unknown is left out; money is whole US dollars, runtime minutes."""

    id: str
    title: str
    display_title: str | None = None
    kind: str | None = None
    original_title: str | None = None
    other_titles: list[Title] = []
    year: int | None = None
    released: str | None = None
    runtime: int | None = None
    status: str | None = None
    certificate: str | None = None
    collection: str | None = None
    genres: list[MovieGenre] = []
    keywords: list[str] = []
    original_language: str | None = None
    languages: list[str] = []
    countries: list[str] = []
    people: list[Credit] = []
    companies: list[Named] = []
    budget: int | None = None
    revenue: int | None = None
    revenue_scope: str | None = None
    popularity: float | None = None
    votes: int | None = None
    ids: dict[str, Any] = {}
    rating: CRating | None = None
    ratings: list[Rating] = []
    overview: str | None = None
    tagline: str | None = None
    poster: str | None = None
    trailer: str | None = None
    homepage: str | None = None
    adult: bool = False
    confidence: dict[str, float] = {}
    sources: list[str] = []


class Redirect(Shape):
    """Where a merged movie is now."""

    id: str
    location: str


class Claims(Shape):
    """Each field's value, why it won, and every claim."""

    id: str
    fields: dict[str, Any]


class Ratings(Shape):
    """The C-rating and what it is made of."""

    id: str
    rating: CRating | None
    ratings: list[PointedRating]


class Entry(Shape):
    """An entry of a movie's history."""

    number: int
    at: str
    kind: str
    fields: dict[str, Any]
    source: str | None
    delivery: str | None


class History(Shape):
    """What changed when, oldest first."""

    id: str
    changes: list[Entry]


class Lookup(Body):
    """Ids to look up."""

    ids: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(min_length=1, max_length=500, examples=[["mc1", "imdb:tt0114709"]])]


class Found(Shape):
    """The documents found, by the id that was asked for, and the ids that name no movie or several."""

    movies: dict[str, Movie]
    unknown: list[str]


class Facet(Shape):
    """How many of the films that match are of a genre."""

    id: int
    name: str
    count: int


class Decade(Shape):
    """How many of the films that match are of a decade."""

    decade: int
    count: int


class Facets(Shape):
    """Counts over all films that match."""

    genres: list[Facet]
    decades: list[Decade]


class Results(Shape):
    """A page of films."""

    items: list[Summary]
    total: int
    next: str | None
    facets: Facets | None = None


class Genre(Shape):
    """A genre: its facet, other names, and ids at the sources."""

    id: int
    name: str
    facet: str
    aliases: list[str]
    ids: dict[str, Any]


class Company(Shape):
    """A production company: other names, and ids at the sources."""

    id: int
    name: str
    aliases: list[str]
    ids: dict[str, Any]


class GenreList(Shape):
    """All genres."""

    items: list[Genre]


class CompanyList(Shape):
    """A page of production companies."""

    items: list[Company]
    next: str | None


class Figure(Shape):
    """Figures of one genre or company. `value` is the measure as asked, `known` the films it rests on."""

    id: int
    value: float | int | None
    known: int
    films: int
    movies: float
    budget: int | None
    revenue: int | None
    profit: int | None
    popularity: float | None
    votes: int
    name: str | None = None
    aliases: list[str] | None = None
    movie_ids: list[str] | None = None


class Figures(Shape):
    """Figures over a span, the largest value first. `estimate`: the span holds the running year, so more will come."""

    kind: str
    first_year: int
    last_year: int
    month: int | None
    measure: str
    by: str
    split: str
    estimate: bool
    entries: int
    items: list[Figure]


class Change(Shape):
    """An entry of the change log."""

    number: int
    at: str
    id: str
    kind: str
    fields: dict[str, Any]
    source: str | None
    delivery: str | None


class Changes(Shape):
    """Entries in order. Ask on with `after` set to `last`; `head` is the log's newest number."""

    items: list[Change]
    last: int
    head: int


class NewWebhook(Body):
    """Where changes are to be sent."""

    url: Annotated[str, Meta(pattern="^https?://[A-Za-z0-9._~:\\[\\]-]{1,200}(/[!-~]*)?$", max_length=2000, examples=["https://example.org/hook"])]


class Webhook(Shape):
    """A webhook; its secret is shown once, when it is made."""

    id: int
    url: str
    state: str
    position: int
    failed: int
    created_at: str
    secret: str | None = None


class Webhooks(Shape):
    """The account's webhooks."""

    items: list[Webhook]


class Sources(Shape):
    """The sources, with what was last heard of them."""

    items: list[dict[str, Any]]


class Scorecard(Shape):
    """How a source does: freshness, coverage, reliability, calibration."""

    name: str
    freshness: dict[str, Any]
    coverage: dict[str, Any]
    reliability: Any = None
    calibration: Any = None


class Day(Shape):
    """A key's requests on one day (UTC)."""

    day: str
    requests: int
    refused: int


class Usage(Shape):
    """The caller's own key."""

    key: int
    name: str
    account: str
    prefix: str
    scope: str
    per_minute: int
    left: int
    days: list[Day]


class NewAccount(Body):
    """An account to be made."""

    name: Name


class Account(Shape):
    """An account and how many of its keys are in force."""

    name: str
    created_at: str
    disabled_at: str | None
    keys: int


class Accounts(Shape):
    """All accounts."""

    items: list[Account]


class KeyWanted(Body):
    """A key to be made."""

    name: Name = "key"
    account: Name = "default"
    scope: Scope = "read"
    per_minute: PerMinute = 600


class MadeKey(Shape):
    """A new key: shown this once."""

    number: int
    key: str


class KeyShown(Shape):
    """A key, without the key."""

    number: int
    account: str
    name: str
    prefix: str
    scope: str
    per_minute: int
    created_at: str
    revoked_at: str | None


class KeyList(Shape):
    """All keys."""

    items: list[KeyShown]


class Done(Shape):
    """What was done."""

    done: bool


class IngestWanted(Body):
    """A delivery to be taken in: as `moviec ingest SOURCE [PATH…]`."""

    source: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
    paths: Annotated[list[Annotated[str, Meta(min_length=1, max_length=1000)]], Meta(max_length=100)] = []
    delivered_at: str | None = None
    accept_shrink: bool = False


class VerdictWanted(Body):
    """A person's verdict on two records, each written SOURCE:KEY."""

    left: RecordKey
    right: RecordKey
    verdict: Literal["same", "different"]
    who: Name = "api"


class ReplayWanted(Body):
    """Which source's rejected rows are read again; all sources' where none is named."""

    source: Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")] | None = None


class FailuresWanted(Body):
    """Which failures are tried again; all where none are named."""

    numbers: Annotated[list[Annotated[int, Meta(ge=1, le=2_147_483_647)]], Meta(max_length=1000)] = []


class Ready(Shape):
    """Whether a server is ready, and how far behind the log it and its index are."""

    ready: bool
    behind: int
    search_behind: int | None
    filters: bool
