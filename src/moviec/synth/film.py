"""The truth of one film, from which every provider's delivery is rendered."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import msgspec


class Company(msgspec.Struct, frozen=True):
    """A production company, with its TMDB number."""

    name: str
    id: int


class Person(msgspec.Struct, frozen=True):
    """Somebody who made the film, with one number for life; `character` is what an actor plays."""

    name: str
    id: int
    character: str | None = None


class Ids(msgspec.Struct, frozen=True):
    """The film's own id at each provider: "tt0114709", 862, 1, "toy_story", "Q171048"."""

    imdb: str
    tmdb: int
    movielens: int
    rottentomatoes: str
    wikidata: str | None = None


class Film(msgspec.Struct, frozen=True, kw_only=True):
    """One film as it is. Numbers count from 1; money is whole US dollars, popularity millionths, runtime minutes.

    `genres` are TMDB's labels, `language` and `languages` ISO 639-1, `countries` ISO 3166-1. `critics` and `audience`
    are its true quality in the eyes of either, 0–100; `votes` is how many people rate it on the largest site.
    Where a film has an `overview`, deliveries hold that and its `keywords`, and no made-up text, poster or certificate.
    """

    number: int
    title: str
    language: str
    released: dt.date
    runtime: int
    kind: Literal["feature", "short", "tv_movie"]
    genres: tuple[str, ...]
    companies: tuple[Company, ...]
    countries: tuple[str, ...]
    languages: tuple[str, ...]
    directors: tuple[Person, ...]
    cast: tuple[Person, ...]
    ids: Ids
    critics: float
    audience: float
    votes: int
    popularity: int
    original_title: str | None = None
    overview: str | None = None
    keywords: tuple[str, ...] = ()
    collection: str | None = None
    budget: int | None = None
    revenue: int | None = None

    @property
    def year(self) -> int:
        """The year of release."""
        return self.released.year
