"""Movies in answers: documents, claims, ratings, history, pages of films."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta, field

from moviec.search.summaries import Summary
from moviec.web.schemas.base import Body, Shape, Values


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


class Money(Shape, frozen=True):
    """A budget or takings in another currency than dollars, in whole units of it, as a source says it."""

    field: str
    amount: int
    currency: str
    scope: str | None = None
    source: str | None = None


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


class GivenRole(Shape, frozen=True):
    """A role in which a source has a person."""

    name: str
    role: str


class Claim(Shape, frozen=True):
    """What one source says of a field, with its weight; of titles and people its `names`, of genres its `labels` in its own words.

    `roles`: of persons whom the film has in other roles, too, those that this source gives; `without_character`: persons whose
    character only others name.
    """

    source: str
    value: Any = None
    weight: float | None = None
    chosen: bool | None = None
    names: list[str] | None = None
    labels: list[str] | None = None
    roles: list[GivenRole] | None = None
    without_character: list[str] | None = None


class ClaimedField(Shape, frozen=True):
    """A field's value, the rule that chose it, whose claim won, and every claim."""

    rule: str
    claims: list[Claim]
    value: Any = None
    source: str | None = None
    confidence: float | None = None


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
    money: list[Money] = field(default_factory=list)
    popularity: float | None = None
    votes: int | None = None
    ids: dict[str, str] = field(default_factory=dict)
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
    claims: dict[str, ClaimedField] | None = None


class Redirect(Shape, frozen=True):
    """Where a merged movie is now."""

    id: str
    location: str


class CountsIn(Shape, frozen=True):
    """The year and month of figures that a film counts in, and the field that they are read from."""

    year: int
    by: str
    month: int | None = None


class Claims(Shape, frozen=True):
    """Each field's value, why it won, and every claim."""

    id: str
    fields: dict[str, ClaimedField]
    counts_in: CountsIn | None = None


class Ratings(Shape, frozen=True):
    """The C-rating and what it is made of."""

    id: str
    rating: CRating | None
    ratings: list[PointedRating]


class DecisionMade(Shape, frozen=True):
    """The verdict behind a change: its author, and if it was undone, when and by whom. A later change undoes it."""

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
    fields: dict[str, Values]
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


class FilmAsked(Body, frozen=True):
    """A film to match by what is known of it; the more is given, the surer the answer. `key` comes back with it."""

    title: Annotated[str, Meta(min_length=1, max_length=1000, pattern="^[^\\x00]*$", examples=["Heat"])]
    key: Annotated[str, Meta(max_length=200)] | None = None
    original_title: Annotated[str, Meta(max_length=1000, pattern="^[^\\x00]*$")] | None = None
    year: Annotated[int, Meta(ge=1, le=9999)] | None = None
    released: (
        Annotated[
            str,
            Meta(
                pattern="^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$|^[0-9]{4}-(0[13-9]|1[0-2])-(29|30)$|^[0-9]{4}-(0[13578]|1[02])-31$",
                examples=["1995-12-15"],
            ),
        ]
        | None
    ) = None
    runtime: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    kind: Literal["feature", "short", "tv_movie", "video"] | None = None
    directors: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=50)] = field(
        default_factory=list
    )
    people: Annotated[list[Annotated[str, Meta(max_length=200)]], Meta(max_length=200)] = field(
        default_factory=list
    )
    genres: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=50)] = field(
        default_factory=list
    )
    imdb_id: Annotated[str, Meta(max_length=20)] | None = None
    tmdb_id: Annotated[str, Meta(max_length=20)] | None = None


class MatchWanted(Body, frozen=True):
    """Films to match."""

    films: Annotated[list[FilmAsked], Meta(min_length=1, max_length=500)]


class Evidence(Shape, frozen=True, kw_only=False):
    """What was compared, and how well it agrees."""

    feature: str
    level: str


class Candidate(Shape, frozen=True):
    """A film that may be meant; `contradiction`: what speaks against it, however likely it is."""

    id: str
    title: str
    probability: float
    year: int | None = None
    contradiction: str | None = None
    evidence: list[Evidence] = field(default_factory=list)


class MatchedFilm(Shape, frozen=True):
    """The result for a film: `match` if it is certain, `review` if a person should look."""

    match: str | None
    probability: float
    review: bool
    candidates: list[Candidate]
    key: str | None = None


class Matched(Shape, frozen=True):
    """The films that were asked for, in their order."""

    items: list[MatchedFilm]


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


class Suggestion(Shape, frozen=True):
    """A film that may be meant. `display_title`: the title in the reader's language, where it is another one."""

    id: str
    title: str
    display_title: str | None = None
    year: int | None = None
    kind: str | None = None
    c_rating: float | None = None
    poster: Poster | None = None


class Suggestions(Shape, frozen=True):
    """Films that may be meant, the likeliest first."""

    items: list[Suggestion]


class Similar(Shape, frozen=True):
    """Films like a film, the most alike first."""

    id: str
    items: list[Summary]


class KnownFor(Shape, frozen=True):
    """A film that a person is known by."""

    id: str
    title: str
    year: int | None = None


class PersonShown(Shape, frozen=True):
    """A person in a list; `role`: what they mostly do in the films that they are known for."""

    id: int
    name: str
    role: str | None = None
    known_for: list[KnownFor] = field(default_factory=list)


class PersonList(Shape, frozen=True):
    """Persons; `next` is there where all are listed by id."""

    items: list[PersonShown]
    next: str | None


class PersonCredit(Shape, frozen=True):
    """A film of a person, and what they did in it: a film comes as often as they did something else in it."""

    id: str
    title: str
    role: str
    character: str | None = None
    year: int | None = None
    kind: str | None = None
    c_rating: float | None = None
    votes: int | None = None


class GivenId(Shape, frozen=True):
    """An id of a person: its space, the source whose rows have it, the name in these, and in how many films."""

    space: str
    id: str
    source: str
    name: str
    films: int


class Person(Shape, frozen=True):
    """A person, ids by id space and with the source that gives each, and their films, the newest first."""

    id: int
    name: str
    ids: dict[str, list[str]]
    given_ids: list[GivenId]
    films: int
    credits: list[PersonCredit]


class CollectionShown(Shape, frozen=True):
    """A collection, and how many films of it are in the catalogue."""

    id: str
    name: str
    films: int


class CollectionList(Shape, frozen=True):
    """A page of collections by name; `total`: how many there are."""

    items: list[CollectionShown]
    total: int
    next: str | None


class Collection(Shape, frozen=True):
    """A collection with its films, the oldest first."""

    id: str
    name: str
    films: int
    items: list[Summary]


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
