"""The truth of one film, from which every provider's delivery is rendered, and the labels that each provider uses for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec


class Company(msgspec.Struct, frozen=True, gc=False):
    """A production company, with its TMDB number."""

    name: str
    id: int


class Person(msgspec.Struct, frozen=True, gc=False):
    """Somebody who made the film, with one number for life; `character` is what an actor plays."""

    name: str
    id: int
    character: str | None = None


class Ids(msgspec.Struct, frozen=True, gc=False):
    """The film's own id at each provider: "tt0114709", 862, 1, "toy_story", "Q171048"."""

    imdb: str
    tmdb: int
    movielens: int
    rottentomatoes: str
    wikidata: str | None = None


class Film(msgspec.Struct, frozen=True, kw_only=True, gc=False):
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


TMDB_GENRES = {
    "Action": 28, "Adventure": 12, "Animation": 16, "Comedy": 35, "Crime": 80, "Documentary": 99, "Drama": 18,
    "Family": 10751, "Fantasy": 14, "Foreign": 10769, "History": 36, "Horror": 27, "Music": 10402, "Mystery": 9648,
    "Romance": 10749, "Science Fiction": 878, "TV Movie": 10770, "Thriller": 53, "War": 10752, "Western": 37,
}  # fmt: skip

_SAME = (
    "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Fantasy", "Horror", "Mystery",
    "Romance", "Thriller", "War", "Western",
)  # fmt: skip

#: A label that is missing here is one the provider cannot give.
IMDB = {
    **{name: name for name in _SAME},
    "Family": "Family",
    "History": "History",
    "Music": "Music",
    "Science Fiction": "Sci-Fi",
}
MOVIELENS = {
    **{name: name for name in _SAME},
    "Family": "Children",
    "Science Fiction": "Sci-Fi",
    "Music": "Musical",
}
ROTTENTOMATOES = {
    "Action": "Action & Adventure",
    "Adventure": "Action & Adventure",
    "Animation": "Animation",
    "Comedy": "Comedy",
    "Documentary": "Documentary",
    "Drama": "Drama",
    "Family": "Kids & Family",
    "Fantasy": "Science Fiction & Fantasy",
    "Horror": "Horror",
    "Music": "Musical & Performing Arts",
    "Mystery": "Mystery & Suspense",
    "Romance": "Romance",
    "Science Fiction": "Science Fiction & Fantasy",
    "TV Movie": "Television",
    "Thriller": "Mystery & Suspense",
    "Western": "Western",
}
WIKIPEDIA = {
    **{name: name for name in _SAME},
    "Animation": "Animated",
    "Family": "Family",
    "History": "Historical",
    "Music": "Musical",
    "Science Fiction": "Science Fiction",
}

COUNTRIES = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BR": "Brazil", "CA": "Canada", "CH": "Switzerland",
    "CN": "China", "DE": "Germany", "DK": "Denmark", "ES": "Spain", "FI": "Finland", "FR": "France",
    "GB": "United Kingdom", "HK": "Hong Kong", "IE": "Ireland", "IN": "India", "IT": "Italy", "JP": "Japan",
    "KR": "South Korea", "MX": "Mexico", "NL": "Netherlands", "NO": "Norway", "NZ": "New Zealand", "PL": "Poland",
    "RU": "Russia", "SE": "Sweden", "US": "United States of America",
}  # fmt: skip
LANGUAGES = {
    "cn": "广州话 / 廣州話", "da": "Dansk", "de": "Deutsch", "en": "English", "es": "Español", "fi": "suomi",
    "fr": "Français", "hi": "हिन्दी", "it": "Italiano", "ja": "日本語", "ko": "한국어/조선말", "nl": "Nederlands",
    "no": "Norsk", "pl": "Polski", "pt": "Português", "ru": "Pусский", "sv": "svenska", "zh": "普通话",
}  # fmt: skip


def relabelled(genres: Iterable[str], labels: Mapping[str, str]) -> tuple[str, ...]:
    """Put TMDB's labels into a provider's, each once, in order; what it has no label for is left out."""
    return tuple(dict.fromkeys([labels[genre] for genre in genres if genre in labels]))
