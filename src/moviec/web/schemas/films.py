"""Movies in answers: documents, claims, ratings, history, pages of films."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, field

from moviec.search.summaries import Summary
from moviec.web.schemas.base import Body, Shape


class Title(Shape, frozen=True):
    """A title in some language and region."""

    title: str
    language: str | None = None
    region: str | None = None


class MovieGenre(Shape, frozen=True):
    """A genre of a movie, and how surely (0 to 1)."""

    id: int
    name: str
    facet: str = "genre"
    confidence: float | None = None


class Credit(Shape, frozen=True):
    """Who did what."""

    id: int
    name: str
    role: str
    character: str | None = None
    position: int | None = None


class Named(Shape, frozen=True):
    """Something with an id and a name."""

    id: int
    name: str


class Rating(Shape, frozen=True):
    """A rater's rating on its own scale."""

    rater: str
    panel: str
    aspect: str
    value: float
    lowest: float
    highest: float
    votes: int | None = None
    source: str | None = None


class PointedRating(Rating, frozen=True, kw_only=True):
    """A rating with its value on 0 to 100 beside it."""

    points: float


class Contribution(Shape, frozen=True):
    """What a rater added to or took from the C-rating, in points."""

    rater: str
    points: float


class CRating(Shape, frozen=True):
    """The movie's one rating, 0 to 100, with its 90% interval."""

    c_rating: float | None = None
    low: float | None = None
    high: float | None = None
    critics: float | None = None
    audience: float | None = None
    sources: int | None = None
    base: float | None = None
    contributions: list[Contribution] = field(default_factory=list)
    aspects: dict[str, float] = field(default_factory=dict)
    method: str | None = None


class Poster(Shape, frozen=True):
    """Where a poster is on this server, in three widths (pixels), who named it, and the licence under which it is shown."""

    w185: str
    w342: str
    w780: str
    source: str
    licence: str


class Movie(Shape, frozen=True):
    """A movie's document. What is unknown is left out; money is whole US dollars, runtime minutes."""

    id: str
    title: str
    display_title: str | None = None
    kind: str | None = None
    original_title: str | None = None
    other_titles: list[Title] = field(default_factory=list)
    year: int | None = None
    released: str | None = None
    runtime: int | None = None
    status: str | None = None
    certificate: str | None = None
    collection: str | None = None
    genres: list[MovieGenre] = field(default_factory=list)
    keywords: list[str] = field(default_factory=list)
    original_language: str | None = None
    languages: list[str] = field(default_factory=list)
    countries: list[str] = field(default_factory=list)
    people: list[Credit] = field(default_factory=list)
    companies: list[Named] = field(default_factory=list)
    budget: int | None = None
    revenue: int | None = None
    revenue_scope: str | None = None
    popularity: float | None = None
    votes: int | None = None
    ids: dict[str, Any] = field(default_factory=dict)
    rating: CRating | None = None
    ratings: list[Rating] = field(default_factory=list)
    overview: str | None = None
    tagline: str | None = None
    poster: Poster | None = None
    trailer: str | None = None
    homepage: str | None = None
    adult: bool = False
    confidence: dict[str, float] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)


class Redirect(Shape, frozen=True):
    """Where a merged movie is now."""

    id: str
    location: str


class Claims(Shape, frozen=True):
    """Each field's value, why it won, and every claim. `counts_in`: the year and month of figures that the film counts in,
    and the field (`released` or `year`) that they are read from.
    """

    id: str
    fields: dict[str, Any]
    counts_in: dict[str, Any] | None = None


class Ratings(Shape, frozen=True):
    """The C-rating and what it is made of."""

    id: str
    rating: CRating | None
    ratings: list[PointedRating]


class DecisionMade(Shape, frozen=True):
    """The verdict behind a change: whose it is, when it was taken back, if it was, and by whom. A change after that undoes it."""

    number: int
    verdict: str
    who: str
    undone: str | None
    undone_by: str | None


class Entry(Shape, frozen=True):
    """An entry of a movie's history."""

    number: int
    at: str
    kind: str
    fields: dict[str, Any]
    source: str | None
    delivery: str | None
    decision: DecisionMade | None


class History(Shape, frozen=True):
    """What changed when, oldest first."""

    id: str
    changes: list[Entry]


class Lookup(Body, frozen=True):
    """Ids to look up."""

    ids: Annotated[
        list[Annotated[str, Meta(max_length=200)]],
        Meta(min_length=1, max_length=500, examples=[["mc1", "imdb:tt0114709"]]),
    ]


class Found(Shape, frozen=True):
    """The documents found, by the id that was asked for, and the ids that name no movie or several."""

    movies: dict[str, Movie]
    unknown: list[str]


class Facet(Shape, frozen=True):
    """How many of the films that match are of a genre."""

    id: int
    name: str
    count: int


class Decade(Shape, frozen=True):
    """How many of the films that match are of a decade."""

    decade: int
    count: int


class Facets(Shape, frozen=True):
    """Counts over all films that match."""

    genres: list[Facet]
    decades: list[Decade]


class Least(Shape, frozen=True):
    """What a list by rating asks of each film: votes at one rater, raters behind the C-rating."""

    votes: int
    raters: int


class Results(Shape, frozen=True):
    """A page of films."""

    items: list[Summary]
    total: int
    next: str | None
    facets: Facets | None = None
    least: Least | None = None
