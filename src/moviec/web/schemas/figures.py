"""Genres, companies and their figures, changes and sources in answers."""

from __future__ import annotations

from typing import Any

from moviec.web.schemas.base import Shape


class Genre(Shape, frozen=True):
    """A genre: its facet, other names, and ids at the sources."""

    id: int
    name: str
    facet: str
    aliases: list[str]
    ids: dict[str, Any]


class Company(Shape, frozen=True):
    """A production company: other names, and ids at the sources."""

    id: int
    name: str
    aliases: list[str]
    ids: dict[str, Any]


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
    """An entry of the change log."""

    number: int
    at: str
    id: str
    kind: str
    fields: dict[str, Any]
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


class Sources(Shape, frozen=True):
    """The sources, with what was last heard of them."""

    items: list[dict[str, Any]]


class Scorecard(Shape, frozen=True):
    """How a source does: freshness, coverage, and what the model of this version learned of it.

    `reliability` by field, `genres` as it uses them, `repeats` where it says what another source says; `calibration` of
    the raters it carries and `repeating_raters` among them.
    """

    name: str
    freshness: dict[str, Any]
    coverage: dict[str, Any]
    version: str = ""
    reliability: tuple[dict[str, Any], ...] = ()
    genres: tuple[dict[str, Any], ...] = ()
    repeats: tuple[dict[str, Any], ...] = ()
    calibration: tuple[dict[str, Any], ...] = ()
    repeating_raters: tuple[dict[str, Any], ...] = ()
