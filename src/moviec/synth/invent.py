"""Made-up films, as many as wanted: drawn in columns by numpy, built one by one, none kept. They agree with the world
in what matters to matching and rating: shared people, sequels, remakes of equal title, heavy-tailed fame.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from moviec.synth.film import Company, Film, Ids, Person
from moviec.synth.wording import (
    BOUND,
    DRAWN,
    character_name,
    company_name,
    english_title,
    foreign_titles,
    person_name,
    slug,
)

#: Arrays of one entry, or one row of entries, a film.
Columns: TypeAlias = dict[str, NDArray[Any]]

_CHUNK = 10_000
_LAST_YEAR = 2025

#: Films come in families of 21: seven originals, then the seven that may be their second parts or remakes, then thirds.
_FAMILY, _SLOT = 21, 7

#: TMDB's genres in the first 2,996 films of Kaggle's file, per thousand labels; the rare ones got more.
_GENRES = {
    "Drama": 224, "Comedy": 152, "Romance": 94, "Thriller": 91, "Action": 67, "Crime": 53, "Adventure": 51,
    "Family": 43, "Horror": 41, "Science Fiction": 38, "Fantasy": 33, "Mystery": 32, "Documentary": 30, "Music": 16,
    "Animation": 15, "History": 13, "War": 12, "Western": 10,
}  # fmt: skip
_LABELS = tuple(_GENRES)
#: Language, country and share of films.
_ORIGINS = (
    ("en", "US", 0.46), ("en", "GB", 0.1), ("en", "CA", 0.05), ("en", "AU", 0.03), ("fr", "FR", 0.1),
    ("de", "DE", 0.06), ("es", "ES", 0.05), ("es", "MX", 0.03), ("it", "IT", 0.06), ("ja", "JP", 0.06),
)  # fmt: skip


class World(msgspec.Struct, frozen=True):
    """How many people and companies make the films, so that many of them meet again."""

    directors: int
    actors: int
    companies: int

    @staticmethod
    def of(movies: int) -> World:
        """Size the world for so many films: a director makes about 3, an actor plays in about 10."""
        return World(max(20, movies // 3), max(60, movies // 2), max(10, movies // 20))


def invent(movies: int, seed: int, wanted: range | None = None) -> Iterator[Film]:
    """Make films numbered 1 to `movies`, or those of them that are wanted. Equal arguments give equal films; memory does not
    grow with their number.
    """
    draws, world = Draws(seed), World.of(movies)
    if wanted is None:
        wanted = range(1, movies + 1)
    for start in range(wanted.start, wanted.stop, _CHUNK):
        numbers = np.arange(start, min(start + _CHUNK, wanted.stop))
        columns = _kin(draws, numbers)
        columns |= _facts(draws, numbers, columns["root"])
        columns |= _fame(draws, numbers)
        columns |= _makers(draws, numbers, columns, world)
        names = list(columns)
        for row in zip(*(column.tolist() for column in columns.values()), strict=True):
            yield _film(dict(zip(names, row, strict=True)))


def _kin(draws: Draws, numbers: Ints) -> Columns:
    """Draw sequels: `root` is the film whose title it shares (itself, mostly), `part` 2 or 3 for a sequel,
    0 for a remake, 1 otherwise; `series` where other parts exist; `year`.
    """
    slot = (numbers - 1) % _FAMILY // _SLOT
    base = numbers - slot * _SLOT
    fate = draws.uniform("family", base)
    gap = 10 + draws.below(30, "remade after", base)
    base_year = _LAST_YEAR - draws.below(105, "year", base, skew=2.2)
    sequel = ((slot == 1) & (fate < 0.15)) | ((slot == 2) & (fate < 0.05))
    sequel &= base_year + 3 * slot <= _LAST_YEAR
    remake = (slot == 1) & (fate >= 0.15) & (fate < 0.25) & (base_year + gap <= _LAST_YEAR)
    year = _LAST_YEAR - draws.below(105, "year", numbers, skew=2.2)
    return {
        "number": numbers,
        "root": np.where(sequel | remake, base, numbers),
        "part": np.where(sequel, slot + 1, np.where(remake, 0, 1)),
        "series": sequel | ((slot == 0) & (fate < 0.15) & (base_year + 3 <= _LAST_YEAR)),
        "year": np.where(sequel, base_year + 3 * slot, np.where(remake, base_year + gap, year)),
    }


def _facts(draws: Draws, numbers: Ints, root: Ints) -> Columns:
    """Draw title, origin, kind, day, runtime and genres; a sequel or remake has those of its root, but for the day."""
    shares = np.cumsum([share for _, _, share in _ORIGINS])
    origin = np.searchsorted(shares / shares[-1], draws.uniform("origin", root))
    kind = draws.uniform("kind", root)
    weights = np.cumsum(list(_GENRES.values()))
    genres = [np.searchsorted(weights / weights[-1], draws.uniform(f"genre {n}", root)) for n in range(3)]
    feature = np.clip(103 + 18 * draws.normal("runtime", numbers), 60, 240).astype(np.int64)
    short = 4 + draws.below(36, "minutes", numbers)
    return {
        "origin": origin,
        "kind": np.where(kind < 0.06, 1, np.where(kind < 0.11, 2, 0)),
        "day": draws.below(365, "day", numbers),
        "runtime": np.where(kind < 0.06, short, feature),
        "genre count": 1 + draws.below(3, "genres", root),
        "genres": np.stack(genres, axis=1),
        "title": np.stack([draws.below(BOUND, f"title {n}", root) for n in range(DRAWN)], axis=1),
    }


def _fame(draws: Draws, numbers: Ints) -> Columns:
    """Draw quality, votes, popularity and money. Critics and audience correlate about .7; the better known a film is
    the better it tends to be; 0 dollars stand for unknown.
    """
    fame = draws.normal("fame", numbers)
    shared = draws.normal("quality", numbers)
    audience = 0.2 * fame + 0.82 * shared + 0.54 * draws.normal("audience", numbers)
    critics = 0.1 * fame + 0.85 * shared + 0.52 * draws.normal("critics", numbers)
    budget = np.exp(15.5 + 0.9 * fame + 0.7 * draws.normal("budget", numbers))
    return_on_it = np.exp(0.9 + 0.4 * fame + 1.2 * draws.normal("return", numbers))
    known = [draws.uniform(column, numbers) < 1 / (1 + np.exp(-fame)) for column in ("costs", "takings")]
    rounded = (budget / 100_000).astype(np.int64) * 100_000
    return {
        "audience": np.round(np.clip(60 + 15 * audience, 1, 99), 2),
        "critics": np.round(np.clip(60 + 15 * critics, 1, 99), 2),
        "votes": np.exp(5.2 + 2 * fame).astype(np.int64),
        "popularity": np.exp(14 + 1.2 * fame + 0.6 * draws.normal("popularity", numbers)).astype(np.int64),
        "budget": np.where(known[0], rounded, 0),
        "revenue": np.where(known[1], np.maximum(budget * return_on_it, 1000).astype(np.int64), 0),
    }


def _makers(draws: Draws, numbers: Ints, columns: Columns, world: World) -> Columns:
    """Draw directors, cast and companies by number; a sequel keeps those of its root, but for half of the cast."""
    family = np.where(columns["part"] >= 2, columns["root"], numbers)

    def drawn(column: str, limit: int, count: int, who: Ints, first: int = 1) -> Ints:
        return np.stack(
            [first + draws.below(limit, f"{column} {n}", who, skew=1.6) for n in range(count)], axis=1
        )

    stars, others = (
        drawn("actor", world.actors, 4, family, world.directors + 1),
        drawn("other", world.actors, 4, numbers, world.directors + 1),
    )
    return {
        "director count": np.where(draws.uniform("two directors", family) < 0.08, 2, 1),
        "directors": drawn("director", world.directors, 2, family),
        "cast count": 3 + draws.below(6, "cast", numbers),
        "cast": np.concatenate([stars, others], axis=1),
        "characters": drawn("character", BOUND, 8, numbers),
        "company count": 1 + draws.below(3, "companies", family),
        "companies": drawn("company", world.companies, 3, family),
    }


def _film(row: dict[str, Any]) -> Film:
    """Build a film from its row of draws."""
    language, country, _ = _ORIGINS[row["origin"]]
    title, original, collection = _titles(row, language)
    number = row["number"]
    cast = dict(zip(row["cast"], row["characters"], strict=True))
    return Film(
        number=number,
        title=title,
        original_title=original,
        language=language,
        released=dt.date(row["year"], 1, 1) + dt.timedelta(days=row["day"]),
        runtime=row["runtime"],
        kind=("feature", "short", "tv_movie")[row["kind"]],
        genres=tuple(dict.fromkeys([_LABELS[at] for at in row["genres"][: row["genre count"]]])),
        companies=tuple(
            [Company(company_name(id), id) for id in dict.fromkeys(row["companies"][: row["company count"]])]
        ),
        countries=(country,),
        languages=(language,),
        directors=tuple(
            [Person(person_name(id), id) for id in dict.fromkeys(row["directors"][: row["director count"]])]
        ),
        cast=tuple(
            [
                Person(person_name(id), id, character_name(plays))
                for id, plays in list(cast.items())[: row["cast count"]]
            ]
        ),
        ids=Ids(
            imdb=f"tt{1_000_000 + number:07d}",
            tmdb=100 + number,
            movielens=number,
            rottentomatoes=f"{1_000_000 + number}-{slug(title)}",
            wikidata=f"Q{50_000_000 + number}",
        ),
        critics=row["critics"],
        audience=row["audience"],
        votes=row["votes"],
        popularity=row["popularity"],
        collection=collection,
        budget=row["budget"] or None,
        revenue=row["revenue"] or None,
    )


def _titles(row: dict[str, Any], language: str) -> tuple[str, str | None, str | None]:
    """Return title, original title (None where it is the same) and collection (None outside a series)."""
    if language == "en":
        title, original = english_title(row["title"]), None
    else:
        title, original = foreign_titles(language, row["title"])
    collection = f"{title} Collection" if row["series"] else None
    if row["part"] < 2:
        return title, original, collection
    return f"{title} {row['part']}", f"{original} {row['part']}" if original else None, collection


Numbers: TypeAlias = NDArray[np.uint64]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Draws:
    """Random columns for film numbers under one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def uniform(self, column: str, numbers: Ints) -> Floats:
        """Draw from (0, 1) with the output function of SplitMix64 (Steele, Lea and Flood, 2014)."""
        salt = int.from_bytes(blake2b(f"{self._seed}/{column}".encode(), digest_size=8).digest(), "little")
        z = numbers.astype(np.uint64) * _GOLDEN + np.uint64(salt)
        z = (z ^ (z >> np.uint64(30))) * _FIRST
        z = (z ^ (z >> np.uint64(27))) * _SECOND
        z ^= z >> np.uint64(31)
        return ((z >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52

    def below(self, limit: int, column: str, numbers: Ints, skew: float = 1.0) -> Ints:
        """Draw whole numbers from 0 to limit - 1; a skew above 1 favours the small ones, as fame does."""
        return (self.uniform(column, numbers) ** skew * limit).astype(np.int64)

    def normal(self, column: str, numbers: Ints) -> Floats:
        """Draw from the standard normal distribution (Box and Muller, 1958)."""
        radius = np.sqrt(-2 * np.log(self.uniform(f"{column}/radius", numbers)))
        drawn: Floats = radius * np.cos(2 * np.pi * self.uniform(f"{column}/angle", numbers))
        return drawn
