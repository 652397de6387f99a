"""The filters of a list of films, from what a caller writes to what the index holds.

Of several values those parted by `,` must all hold of a film, of those parted by `|` one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

import sqlalchemy as sa

from moviec.catalog.people import party_at, people_called, person_of
from moviec.catalog.references import Genre, companies_called, companies_of, genre_at
from moviec.search.folding import fold, fold_title
from moviec.search.location import certificate_form, slug
from moviec.search.readings import GenreWords
from moviec.search.request import Wanted
from moviec.web.errors import Problem, wrong_parameter
from moviec.web.ids import LARGEST
from moviec.web.params import FilterQuery
from moviec.web.server_state import ServerState

Named = Callable[[sa.Connection, str], list[int]]

#: Values of one filter, at most: each is looked up.
MOST = 20


async def wanted(
    server: ServerState, asked: FilterQuery, genres: Sequence[Genre], words: GenreWords
) -> tuple[Wanted, ...]:
    """Return the filters of a query. Raises Problem 404 for a genre, person or company that nobody knows."""
    found = [
        _each("genre", asked.genre, lambda text: [_genre_id(text, genres, words)]),
        _each("keyword", asked.keyword, lambda text: [fold_title(text)]),
        _each("country", asked.country, lambda text: [text.upper()]),
        _each("language", asked.language, lambda text: [text.lower()]),
        _each("original_language", asked.original_language, lambda text: [text.lower()]),
        _each("kind", asked.kind, lambda text: [text]),
        _each("certificate", asked.certificate, lambda text: [certificate_form(text)], parted="|"),
        _each("collection", asked.collection, lambda text: [slug(fold(text))], parted="|"),
    ]
    found.append(_each("space", asked.has_id, lambda text: [text], parted=","))
    if asked.person or asked.company:
        found += await server.read(lambda connection: _parties(connection, asked))
    return tuple(each for each in found if each is not None)


def without(asked: FilterQuery, genres: Sequence[Genre], words: GenreWords) -> tuple[Wanted, ...]:
    """Return the genres that films are not to have. Raises Problem 404 for one that nobody knows."""
    found = _each("genre", asked.without_genre, lambda text: [_genre_id(text, genres, words)])
    return (found,) if found else ()


def day_number(day: dt.date | None) -> int | None:
    """Return a day as the index has it, YYYYMMDD."""
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day


def _parties(connection: sa.Connection, asked: FilterQuery) -> list[Wanted | None]:
    return [
        _each("credit", asked.person, lambda text: _party_ids(connection, "people", text)),
        _each("company", asked.company, lambda text: _party_ids(connection, "companies", text)),
    ]


def _each(
    field: str, text: str, read: Callable[[str], Sequence[str | int]], parted: str = ",|"
) -> Wanted | None:
    """Read the values of a filter; None where none is asked for. Values of the characters in `parted` are several."""
    parts = text.split(",") if "," in parted else [text]
    groups = [[value.strip() for value in part.split("|") if value.strip()] for part in parts]
    if sum(map(len, groups)) > MOST:
        reason = f"more than {MOST} values in one filter"
        raise wrong_parameter(field, reason, reason)
    found = tuple(tuple(found for value in group for found in read(value)) for group in groups if group)
    return Wanted(field, found) if found else None


def _genre_id(text: str, genres: Sequence[Genre], words: GenreWords) -> int:
    """Find a genre by id, name, alias or id at a source. Raises Problem 404."""
    space, colon, key = text.partition(":")
    if text.isdecimal():
        number: int | None = int(text) if int(text) in {genre.id for genre in genres} else None
    elif colon:
        number = genre_at(genres, space, key)
    else:
        number = words.named(text)
    if number is None:
        raise Problem(404, f"there is no genre '{text[:50]}'; /v1/genres lists them")
    return number


def _party_ids(connection: sa.Connection, kind: str, text: str) -> list[int]:
    """Find persons or companies by id, id at a source, or name. Raises Problem 404."""
    space, colon, key = text.partition(":")
    if text.isascii() and text.isdecimal():
        number = min(int(text), LARGEST)
        known = person_of(connection, number) if kind == "people" else companies_of(connection, [number])
        found = [number] if known else []
    elif colon and space.isalpha() and not key.startswith(" "):
        party = party_at(connection, kind, space.lower(), key)
        found = [] if party is None else [party]
    else:
        called = people_called if kind == "people" else companies_called
        found = called(connection, fold(text)) if fold(text) else []
    if not found:
        one = "person" if kind == "people" else "production company"
        raise Problem(404, f"there is no {one} '{text[:50]}'")
    return found
