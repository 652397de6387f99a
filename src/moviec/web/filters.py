"""The filters of a list of films, from what a caller writes to what the index holds.

Of several values separated by `,` a film must have all, of those separated by `|` one.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Sequence

import sqlalchemy as sa
from babel import Locale

from moviec.catalog.people import party_at, people_called, person_of
from moviec.catalog.references import Genre, companies_called, companies_of, genre_at
from moviec.search.location import certificate_form, slug
from moviec.search.readings import GenreWords, fold, fold_title
from moviec.search.request import Wanted
from moviec.web.errors import Problem, wrong_parameter
from moviec.web.lookups import LARGEST, named_people
from moviec.web.params import CERTIFICATES, SITES, FilterQuery
from moviec.web.server_state import ServerState

Named = Callable[[sa.Connection, str], list[int]]

#: The most values of one filter: each is looked up.
MOST = 20

#: The most names suggested for an unknown name.
FITTING = 5

_NAMES = Locale("en")
#: Codes with a Unicode name that are not countries.
_NO_COUNTRY = {"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"}
_SITES = tuple(SITES)


def _is_country(code: str) -> bool:
    return code in _NAMES.territories and code not in _NO_COUNTRY


def _is_language(code: str) -> bool:
    return len(code) == 2 and code in _NAMES.languages


#: By filter: a description of its values, whether a value is valid though no film has it, and examples for the error
#: message.
_KNOWN: dict[str, tuple[str, Callable[[str], bool], tuple[str, ...]]] = {
    "country": ("country of ISO 3166-1", _is_country, ("US", "GB", "FR", "DE", "IT", "ES", "IN", "JP")),
    "language": ("language of ISO 639-1", _is_language, ("en", "fr", "de", "es", "it", "ja", "hi", "zh")),
    "original_language": (
        "language of ISO 639-1",
        _is_language,
        ("en", "fr", "de", "es", "it", "ja", "hi", "zh"),
    ),
    "certificate": ("certificate", CERTIFICATES.__contains__, CERTIFICATES),
    "space": ("site with ids", _SITES.__contains__, _SITES),
}


async def wanted(
    server: ServerState, params: FilterQuery, genres: Sequence[Genre], words: GenreWords
) -> tuple[Wanted, ...]:
    """Return the filters of a query. Raises Problem 404 for a genre, person or company that is unknown."""
    found = [
        _each("genre", params.genre, lambda text: [genre_named(text, genres, words)]),
        _each("keyword", params.keyword, lambda text: [fold_title(text)]),
        _each("country", params.country, lambda text: [text.upper()]),
        _each("language", params.language, lambda text: [text.lower()]),
        _each("original_language", params.original_language, lambda text: [text.lower()]),
        _each("kind", params.kind, lambda text: [text]),
        _each("certificate", params.certificate, lambda text: [certificate_form(text)], parted="|"),
        _each("collection", params.collection, lambda text: [slug(fold(text))], parted="|"),
    ]
    found.append(_each("space", params.has_id, lambda text: [text], parted=","))
    if server.finder.position is not None:
        await asyncio.to_thread(_refuse_unknown, server, [each for each in found if each is not None])
    if params.person or params.company:
        try:
            found += await server.read(lambda connection: _parties(connection, params))
        except _Nobody as unknown:
            raise await _nobody(server, unknown.text) from unknown
    return tuple(each for each in found if each is not None)


class _Nobody(Exception):  # noqa: N818  turned into a Problem, with similar names
    """No person has the name or id."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


async def _nobody(server: ServerState, text: str) -> Problem:
    """Return the problem that nobody has a name, with names that are similar."""
    fitting = await named_people(server, text, FITTING) if server.finder.position is not None else []
    hint = "; did you mean " + " or ".join(f"'{person.name}' ({person.id})" for person in fitting)
    details = {"people": [{"id": person.id, "name": person.name} for person in fitting]}
    message = f"there is no person '{text[:50]}'"
    return Problem(404, message + hint, details=details) if fitting else Problem(404, message)


def _refuse_unknown(server: ServerState, filters: Sequence[Wanted]) -> None:
    """Raise Problem (404) for a value that no film has and that is not valid."""
    for each in filters:
        if each.field not in _KNOWN:
            continue
        what, is_known, hint = _KNOWN[each.field]
        for value in (str(value) for group in each.groups for value in group):
            if is_known(value) or server.finder.has(each.field, value):
                continue
            some = [known for known in hint if server.finder.has(each.field, known)]
            listed = f"; films have {', '.join(some)}" if some else ""
            raise Problem(404, f"there is no {what} '{value[:30]}'{listed}")


def without(params: FilterQuery, genres: Sequence[Genre], words: GenreWords) -> tuple[Wanted, ...]:
    """Return the genres that films must not have. Raises Problem 404 for an unknown one."""
    found = _each("genre", params.without_genre, lambda text: [genre_named(text, genres, words)])
    return (found,) if found else ()


def day_number(day: dt.date | None) -> int | None:
    """Return a day in the index's form, YYYYMMDD."""
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day


def _parties(connection: sa.Connection, params: FilterQuery) -> list[Wanted | None]:
    return [
        _each("credit", params.person, lambda text: _party_ids(connection, "people", text)),
        _each("company", params.company, lambda text: _party_ids(connection, "companies", text)),
    ]


def _each(
    field: str, text: str, read: Callable[[str], Sequence[str | int]], parted: str = ",|"
) -> Wanted | None:
    """Read the values of a filter; None without any. Characters in `parted` separate several values."""
    parts = text.split(",") if "," in parted else [text]
    groups = [[value.strip() for value in part.split("|") if value.strip()] for part in parts]
    if sum(map(len, groups)) > MOST:
        reason = f"more than {MOST} values in one filter"
        raise wrong_parameter(field, reason, reason)
    found = tuple(tuple(found for value in group for found in read(value)) for group in groups if group)
    return Wanted(field, found) if found else None


def genre_named(text: str, genres: Sequence[Genre], words: GenreWords) -> int:
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
        if kind == "people":
            raise _Nobody(text)
        raise Problem(
            404, f"there is no production company '{text[:50]}'; /v1/production_companies?query= finds names"
        )
    return found
