"""Converts stored documents to index documents: words to find a film by, numbers to sort by, its summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec
import pyarrow as pa
import tantivy

from moviec import text
from moviec.romanise import UNSPACED, is_consonantal, romanise, simplify, skeleton
from moviec.search.location import BEGINNING, certificate_form, ordered, slug
from moviec.search.summaries import FILM, LEADING, Film, Scale, prominence, summarise
from moviec.spelling import COUNTED

#: Fields whose values are matched whole: the title as written, with its article; the display title; every other
#: title, and each without blanks; a series; a person's full name and last name; a keyword; an id; initials; consonants.
WHOLE_VALUES = (
    "written", "display", "whole", "series", "person", "surname", "keyword", "id", "initials", "skeleton",
)  # fmt: skip

#: Fields that only filter: codes of ISO 3166-1 and ISO 639-1, an age rating in capitals, a collection by its slug,
#: `space` where the film has an id.
FILTERED_VALUES = ("country", "language", "original_language", "certificate", "collection", "kind", "space")

#: Revenue is ordered by thousands of dollars, so that it fits next to the movie's number.
DOLLARS = 1_000

#: People, in the order of their credits, whose last names alone find a film.
FOREMOST = 8

_COUNTED = re.compile(rf"\b(?:{COUNTED})\b")
_UNSPACED = re.compile(f"[{UNSPACED}]+")
_COLLECTION = re.compile(r" (?:collection|series|saga|franchise|trilogy|anthology)$")
_SUBTITLED = re.compile(r":\s|\s[-–—]+\s")
_encoder = msgspec.json.Encoder()


class Folded(msgspec.Struct, frozen=True):
    """A film with its names folded.

    `titles` are without articles and with numbers as digits, `written` the same titles as written, `romanised`
    transliterated titles of other scripts, `series` the parts of titles before and after colons and the film's
    collection.
    """

    film: Film
    titles: list[str]
    written: list[str]
    romanised: list[str]
    series: list[str]
    people: list[str]
    companies: list[str]
    keywords: list[str]
    collection: list[str]


def index_documents(
    documents: Iterable[str], schema: tantivy.Schema, scale: Scale
) -> Iterator[tantivy.Document]:
    """Convert documents (JSON) to index documents; all are folded at once."""
    films = [FILM.decode(document) for document in documents]
    named = [film.titles() for film in films]
    titles = _folded(text.fold_title, named)
    written = _folded(text.fold, named)
    romanised = _folded(text.fold_title, [_romanised(film) for film in films])
    series = _folded(
        text.fold_title, [_series(film, titles) for film, titles in zip(films, named, strict=True)]
    )
    people = _folded(text.fold_name, [[person.name for person in film.people] for film in films])
    companies = _folded(text.fold, [[company.name for company in film.companies] for film in films])
    keywords = _folded(text.fold_title, [film.keywords for film in films])
    collection = _folded(text.fold, [[film.collection] if film.collection else [] for film in films])
    parts = (titles, written, romanised, series, people, companies, keywords, collection)
    for folded in map(Folded, films, *parts):
        yield tantivy.Document.from_dict(_fields(folded, scale), schema)


def _fields(folded: Folded, scale: Scale) -> dict[str, Any]:
    film = folded.film
    number = film.number
    titles = _distinct(folded.titles)
    spelled = [title for title in folded.written if _COUNTED.search(title)]
    words = _distinct([*titles, *spelled, *folded.romanised])
    leading = [
        name
        for person, name in zip(film.people, folded.people, strict=True)
        if person.role in LEADING and name
    ]
    rating, sure, year = film.rating.c_rating, film.rating.low, film.year
    return {
        "movie": number,
        "title": words,
        "letters": _letters(film),
        "written": _distinct(folded.written[:2]),
        "display": titles[:1],
        "whole": _distinct([*titles[1:], *(name.replace(" ", "") for name in (*titles, *folded.romanised))]),
        "series": _distinct(
            form for name in folded.series for form in _whole_forms(_COLLECTION.sub("", name))
        ),
        "initials": _distinct(map(_initials, (*titles, *folded.written, *folded.series))),
        "skeleton": _skeletons(film),
        "person": _distinct(leading),
        "surname": _distinct(name.split()[-1] for name in leading[:FOREMOST]),
        "keyword": _distinct(folded.keywords),
        "id": [f"{space}:{key}" for space, key in film.ids.items()],
        "people": folded.people,
        "companies": folded.companies,
        "title_begun": _beginnings(words),
        "people_begun": _beginnings(folded.people),
        "companies_begun": _beginnings(folded.companies),
        "genre": [genre.id for genre in film.genres],
        "company": sorted({company.id for company in film.companies}),
        "by_popularity": ordered(prominence(film, scale), number),
        "by_rating": ordered(0 if sure is None else 1 + round(sure * 100), number),
        "by_year": ordered(year or 0, number),
        "by_votes": ordered(film.votes or 0, number),
        "by_revenue": ordered((film.revenue or 0) // DOLLARS, number),
        "by_released": ordered(_day(film), number),
        "by_runtime": ordered(film.runtime or 0, number),
        "runtime": film.runtime or 0,
        "credit": sorted({person.id for person in film.people}),
        "country": film.countries,
        "language": _distinct([film.original_language or "", *film.languages]),
        "original_language": _distinct([film.original_language or ""]),
        "certificate": _distinct([certificate_form(film.certificate or "")]),
        "collection": _distinct(map(slug, folded.collection)),
        "collection_name": _distinct([film.collection or ""]),
        "kind": _distinct([film.kind or ""]),
        "space": list(film.ids),
        "rating": -1 if rating is None else round(rating * 100),
        "votes": film.votes or 0,
        "raters": film.rating.sources,
        "year": year or 0,
        "decade": (year or 0) // 10 * 10,
        "adult": int(film.adult),
        "summary": _encoder.encode(summarise(film)),
    }


def _day(film: Film) -> int:
    """Return the day of release as YYYYMMDD, of a film with only a year the first day of the year; 0 where unknown."""
    if film.released:
        return int(film.released.replace("-", ""))
    return (film.year or 0) * 10_000 + 101 if film.year else 0


def _romanised(film: Film) -> list[str]:
    """List the transliterations of titles in other scripts; the original title's language is known."""
    languages = {title.title: title.language for title in film.other_titles}
    original = film.original_title or film.title
    languages[original] = film.original_language or languages.get(original)
    return [way for title in film.titles() for way in romanise(title, languages.get(title))]


def _series(film: Film, titles: list[str]) -> list[str]:
    """List the part before the first colon or dash of a title, the part after each, and the collection."""
    found = [film.collection] if film.collection else []
    for title in titles:
        parts = _SUBTITLED.split(title)
        found += [parts[0], *parts[1:]] if len(parts) > 1 else []
    return list(dict.fromkeys(part.strip() for part in found))


def _letters(film: Film) -> list[str]:
    """List the runs of scripts without blanks letter by letter, Chinese characters simplified."""
    return _distinct(
        " ".join(simplify(run.group())) for title in film.titles() for run in _UNSPACED.finditer(title)
    )


def _skeletons(film: Film) -> list[str]:
    """List the consonants of titles that may be Arabic or Hebrew: those written so, and original ones of other words."""
    original = [film.original_title] if film.original_title and film.original_title != film.title else []
    named = [title for title in film.titles() if is_consonantal(title)]
    return _distinct(map(skeleton, (*original, *named)))


def _whole_forms(name: str) -> tuple[str, str]:
    """Return a name with and without blanks."""
    return name, name.replace(" ", "")


def _initials(folded: str) -> str:
    words = folded.split()
    return "".join(word[0] for word in words) if 3 <= len(words) <= 8 else ""


def _distinct(values: Iterable[str]) -> list[str]:
    """List the non-empty values, without duplicates."""
    return [value for value in dict.fromkeys(values) if value]


def _beginnings(values: Iterable[str]) -> str:
    """Return the prefixes, up to BEGINNING letters, of every word, without duplicates."""
    words = {word for value in values for word in value.split()}
    return " ".join(sorted({word[:letters] for word in words for letters in range(1, BEGINNING + 1)}))


def _folded(fold: Callable[[text.Column], text.Column], lists: list[list[str]]) -> list[list[str]]:
    """Fold lists of strings in one call: the strings are concatenated and split again."""
    flat = pa.array([value for some in lists for value in some], pa.string())
    done = iter(fold(flat).to_pylist())
    return [[next(done) for _ in some] for some in lists]
