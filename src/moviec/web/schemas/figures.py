"""Genres, companies and their figures, changes and sources in answers."""

from __future__ import annotations

from msgspec import field

from moviec.web.schemas.base import Shape, Values


class Genre(Shape, frozen=True):
    """A genre: its facet, other names, and ids at the sources."""

    id: int
    name: str
    facet: str
    aliases: list[str]
    ids: dict[str, str | list[str]]


class CompanyOwner(Shape, frozen=True):
    """The company that owns another; `id` where it has films here."""

    name: str
    id: int | None = None


class Company(Shape, frozen=True):
    """A production company: other names, ids at the sources; its country (ISO 3166-1) and owner as the source `told_by` says."""

    id: int
    name: str
    aliases: list[str]
    ids: dict[str, list[str]]
    country: str | None = None
    parent: CompanyOwner | None = None
    told_by: str | None = None


class GenreList(Shape, frozen=True):
    """All genres."""

    items: list[Genre]


class CompanyList(Shape, frozen=True):
    """A page of production companies."""

    items: list[Company]
    next: str | None


class Figure(Shape, frozen=True):
    """Figures of one genre or company. `value` is the measure as asked, `known` the films it rests on."""

    id: int
    value: float | None
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


class Figures(Shape, frozen=True):
    """Figures over a span, the largest value first. `estimate`: the span holds the running year, so more will come.

    `min_movies`: entries with fewer films behind the value are left out.
    """

    kind: str
    first_year: int
    last_year: int
    month: int | None
    measure: str
    by: str
    split: str
    min_movies: int
    estimate: bool
    entries: int
    items: list[Figure]


class Change(Shape, frozen=True):
    """An entry of the change log; `fields` has for each field that changed the old and the new value."""

    number: int
    at: str
    id: str
    kind: str
    fields: dict[str, Values]
    source: str | None
    delivery: str | None


class ChangeEvent(Shape, frozen=True):
    """A server-sent event: the entry's number, `change`, and the entry as JSON."""

    id: str
    event: str
    data: str


class Changes(Shape, frozen=True):
    """Entries in order. Ask on with `after` set to `last`; `head` is the log's newest number."""

    items: list[Change]
    last: int
    head: int


class Source(Shape, frozen=True):
    """A source: its facts, and what was last heard of it. `rejected`: rows that could not be read and wait for a fix."""

    name: str
    title: str
    licence: str
    cron: str
    attribution: str | None = None
    home_page: str | None = None
    complete: bool | None = None
    raters: list[str] = field(default_factory=list)
    last_delivery: str | None = None
    delivered_at: str | None = None
    state: str | None = None
    records: int | None = None
    rejected: int | None = None


class Sources(Shape, frozen=True):
    """The sources, with what was last heard of them."""

    items: list[Source]


class Freshness(Shape, frozen=True):
    """When a source is due, and when it delivered last."""

    cron: str | None
    last_delivery: str | None
    delivered_at: str | None
    state: str | None
    rejected: int | None


class Coverage(Shape, frozen=True):
    """How many records a source has, how many films they are, and how many of these others list too."""

    records: int
    movies: int
    shared_movies: int


class FieldScore(Shape, frozen=True):
    """A field: on how many films others could judge the source, its chance of being right, and its place beforehand."""

    field: str
    judged: int
    reliability: float
    place: int


class GenreScore(Shape, frozen=True):
    """A genre: the chance that the source says it of a film that has it, and of one that has not."""

    genre: str
    said_if_true: float
    said_if_not: float


class FieldRepeated(Shape, frozen=True):
    """A field in which a source repeats another."""

    source: str
    field: str
    of: str


class RaterScore(Shape, frozen=True):
    """A rater: level, bias and spread in points, its films, those others rated too, its correlation with each other rater."""

    rater: str
    panel: str
    mean: float
    bias: float
    spread: float
    films: int
    shared: int
    correlation: dict[str, float]


class RaterRepeated(Shape, frozen=True):
    """A rater that repeats another over `shared` films: original = offset + slope x copy, in points."""

    name: str
    of: str
    slope: float
    offset: float
    shared: int


class Scorecard(Shape, frozen=True):
    """How a source does: freshness, coverage, and what the model of this version learned of it.

    `reliability` by field, `genres` as it uses them, `repeats` where it says what another source says; `calibration` of
    the raters it carries and `repeating_raters` among them.
    """

    name: str
    freshness: Freshness
    coverage: Coverage
    version: str = ""
    reliability: tuple[FieldScore, ...] = ()
    genres: tuple[GenreScore, ...] = ()
    repeats: tuple[FieldRepeated, ...] = ()
    calibration: tuple[RaterScore, ...] = ()
    repeating_raters: tuple[RaterRepeated, ...] = ()
