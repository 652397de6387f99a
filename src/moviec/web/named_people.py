"""Persons by words of their names: those of the best known films first, with typing errors where nobody has such a name."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa
from rapidfuzz.distance import OSA

from moviec.catalog.people import Credited, Person, credited_in, people_named
from moviec.search.folding import fold
from moviec.search.query import forgiven
from moviec.search.summaries import Summary
from moviec.web import schemas as shapes
from moviec.web.server_state import ServerState

#: Best known films with such a name among their credits: whoever is looked for is in one of them.
FILMS_LOOKED_AT = 40

#: Films by which a person is told from namesakes.
KNOWN_FOR = 3

#: Typing errors in a word of a name, at most: as many as a search for films forgives.
MOST_ERRORS = 2


class Words(msgspec.Struct, frozen=True):
    """Words of a name, whether the last may be only begun, and how many typing errors each may have."""

    words: list[str]
    begun: bool
    errors: int


async def named_people(
    server: ServerState, query: str, limit: int, looked_at: int = FILMS_LOOKED_AT, errors: int = MOST_ERRORS
) -> list[shapes.PersonShown]:
    """Find persons by words of their names, the last perhaps only begun, by the best known films (`looked_at`) they are in.

    Where nobody has such a name one typing error in a word is forgiven, then two, as a search for films does, `errors` at most.
    """
    words, begun = fold(query).split(), not query[-1:].isspace()
    if not words:
        return []
    for forgiving in range(errors + 1):
        if found := await _with_errors(server, Words(words, begun, forgiving), looked_at, limit):
            return found
    return []


async def _with_errors(
    server: ServerState, named: Words, looked_at: int, limit: int
) -> list[shapes.PersonShown]:
    """Find persons whose names have the words with so many typing errors at most."""
    words, begun, errors = named.words, named.begun, named.errors
    films = await asyncio.to_thread(server.finder.with_people, words, begun, looked_at, errors)

    def read(connection: sa.Connection) -> tuple[list[Credited], list[Person]]:
        credited = credited_in(connection, [int(film.id[2:]) for film in films])
        return credited, [] if errors else people_named(connection, " ".join(words), limit)

    credited, begin_so = await server.read(read)
    fitting = [each for each in credited if has_words(each.folded.split(), words, begun, errors)]
    return _ranked(words, films, fitting, begin_so)[:limit]


def _ranked(
    words: Sequence[str],
    films: Sequence[Summary],
    credited: Sequence[Credited],
    named: Sequence[Person],
) -> list[shapes.PersonShown]:
    """Put those with the very name first, then those of the best known films, then whose names begin so."""
    of_person: dict[int, list[Credited]] = {}
    for credit in credited:
        of_person.setdefault(credit.person, []).append(credit)
    places = {int(film.id[2:]): place for place, film in enumerate(films)}
    ranked = sorted(
        of_person.values(),
        key=lambda some: (
            some[0].folded != " ".join(words),
            min(places[credit.movie] for credit in some),
            some[0].person,
        ),
    )
    found = [_known(some, films, places) for some in ranked]
    return found + [
        shapes.PersonShown(id=person.id, name=person.name) for person in named if person.id not in of_person
    ]


def _known(some: Sequence[Credited], films: Sequence[Summary], places: dict[int, int]) -> shapes.PersonShown:
    roles = [credit.role for credit in some]
    best = sorted({places[credit.movie] for credit in some})[:KNOWN_FOR]
    return shapes.PersonShown(
        id=some[0].person,
        name=some[0].name,
        role=max(dict.fromkeys(roles), key=roles.count) or None,
        known_for=[
            shapes.KnownFor(id=films[place].id, title=films[place].title, year=films[place].year)
            for place in best
        ],
    )


def has_words(name: Sequence[str], words: Sequence[str], begun: bool, errors: int = 0) -> bool:
    """Return whether a name has every word with so many typing errors at most, the last word perhaps only begun."""
    last = len(words) - 1
    return all(
        any(_is_nearly(part, word, errors, begun and place == last) for part in name)
        for place, word in enumerate(words)
    )


def _is_nearly(part: str, word: str, errors: int, begun: bool) -> bool:
    """Return whether a part of a name is a word, or begins so, but for typing errors: letters that change places are one."""
    most = forgiven(word, errors, begun=False)
    if part == word or OSA.distance(part, word, score_cutoff=most) <= most:
        return True
    if not begun:
        return False
    most = forgiven(word, errors, begun=True)
    ends = range(max(len(word) - most, 1), len(word) + most + 1)
    return any(OSA.distance(part[:end], word, score_cutoff=most) <= most for end in ends)
