"""From stored documents to what the index keeps of a film: words to find it by, numbers to sort by, its summary."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import tantivy

from moviec import text
from moviec.search.location import BEGINNING
from moviec.search.summaries import FILM, Film, summarise
from moviec.spelling import COUNTED
from moviec.units import MILLION

_COUNTED = re.compile(rf"\b(?:{COUNTED})\b")
_encoder = msgspec.json.Encoder()


class Folded(msgspec.Struct, frozen=True):
    """A film with its titles, people and companies folded; `spelled` are the titles with their numbers as written."""

    film: Film
    titles: list[str]
    spelled: list[str]
    people: list[str]
    companies: list[str]


def index_documents(documents: Iterable[str], schema: tantivy.Schema) -> Iterator[tantivy.Document]:
    """Turn documents (JSON) into the index's; folding is done for all of them at once."""
    films = [FILM.decode(document) for document in documents]
    named = [film.titles() for film in films]
    titles = _folded(text.fold_title, named)
    spelled = _folded(lambda titles: text.fold(text.drop_article(titles)), named)
    people = _folded(text.fold_name, [[one.name for one in film.people] for film in films])
    companies = _folded(text.fold, [[one.name for one in film.companies] for film in films])
    for folded in map(Folded, films, titles, spelled, people, companies):
        yield tantivy.Document.from_dict(_fields(folded), schema)


def prominence(film: Film) -> int:
    """Return how much a film is looked for, in millionths from 0: half by votes, half by popularity, both as logarithms.

    Films differ by powers of ten in both. A judgement: no log of searches to learn it from exists yet.
    """
    votes = math.log10(1 + max(film.votes or 0, 0))
    popularity = math.log10(1 + max(film.popularity or 0.0, 0.0))
    return round((votes / 7 + popularity / 3) / 2 * MILLION)


def _fields(folded: Folded) -> dict[str, Any]:
    film = folded.film
    number = film.number
    titles = [title for title in dict.fromkeys(folded.titles) if title]
    counted = [spelled for spelled in folded.spelled if _COUNTED.search(spelled)]
    words = [*titles, *dict.fromkeys(counted)]
    rating, sure, year = film.rating.c_rating, film.rating.low, film.year
    return {
        "movie": number,
        "title": words,
        "whole": titles[1:] + [title.replace(" ", "") for title in titles],
        "display": titles[:1],
        "people": folded.people,
        "companies": folded.companies,
        "title_begun": _beginnings(words),
        "people_begun": _beginnings(folded.people),
        "companies_begun": _beginnings(folded.companies),
        "genre": [genre.id for genre in film.genres],
        "company": sorted({company.id for company in film.companies}),
        "by_popularity": ordered(prominence(film), number),
        "by_rating": ordered(0 if sure is None else 1 + round(sure * 100), number),
        "by_year": ordered(year or 0, number),
        "rating": -1 if rating is None else round(rating * 100),
        "votes": film.votes or 0,
        "raters": film.rating.sources,
        "year": year or 0,
        "decade": (year or 0) // 10 * 10,
        "adult": int(film.adult),
        "summary": _encoder.encode(summarise(film)),
    }


def ordered(value: int, movie: int) -> int:
    """Join a value to sort by, highest first, with the movie's number, lowest first: no two films share it."""
    return (max(value, 0) << 32) | (0xFFFFFFFF - movie)


def _beginnings(values: Iterable[str]) -> str:
    """Write the first letters, up to BEGINNING, of every word, each once."""
    words = {word for value in values for word in value.split()}
    return " ".join(sorted({word[:letters] for word in words for letters in range(1, BEGINNING + 1)}))


def _folded(fold: object, lists: list[list[str]]) -> list[list[str]]:
    """Fold lists of strings in one call: the strings are laid end to end and cut again."""
    flat = pa.array([value for some in lists for value in some], pa.string())
    done = iter(fold(flat).to_pylist())  # type: ignore[operator]
    return [[next(done) for _ in some] for some in lists]
