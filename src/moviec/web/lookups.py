"""Resolves an id or a name from a caller to a movie or to people."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa
from rapidfuzz.distance import OSA

from moviec.catalog.finding import instant_of, read_id
from moviec.catalog.people import Credited, Person, credited_in, people_named
from moviec.errors import UsageError
from moviec.search.query import forgiven
from moviec.search.readings import fold
from moviec.search.summaries import Summary
from moviec.web import schemas as shapes
from moviec.web.change_follower import Known
from moviec.web.errors import Problem, not_found, wrong_parameter
from moviec.web.server_state import ServerState

#: The largest number a movie can have: the databases' integers end there.
LARGEST = 2_147_483_647

#: The forms of an id, for the API's description.
PATTERN = "^([Mm][Cc][1-9][0-9]{0,9}|[Tt][Tt][0-9]{5,12}|[A-Za-z][A-Za-z0-9_-]{0,29}:[^/]{1,100})$"


class Moved(Exception):  # noqa: N818  not an error: it redirects
    """The movie was merged into another one."""

    def __init__(self, movie: int) -> None:
        """Set the other one."""
        super().__init__(f"mc{movie}")
        self.movie = movie


async def movie_of(server: ServerState, text: str) -> int:
    """Return the number of the movie an id names. Raises Problem: 404, or 409 where it names several."""
    text = text.replace("%2F", "/")  # the middleware's form of a slash in an id
    named = read_id(text)
    if named is None:
        raise not_found(f"'{text[:50]}' is not a movie id: write mc12 or imdb:tt0114709")
    if named.movie:
        number = named.movie
        if number > LARGEST or absent(server, lambda known: str(number) not in known.movies):
            raise not_found(f"there is no movie mc{number}")
        return number
    written = f"{named.space}:{named.key}"
    if absent(server, lambda known: written not in known.external):
        found = []
    else:
        found = await asyncio.to_thread(server.movies.named, named.space, named.key)
    if not found:
        raise not_found(f"no movie has the id {text[:80]}")
    if len(found) > 1:
        several = [f"mc{movie}" for movie in found]
        raise Problem(409, f"{text[:80]} names several movies", "ambiguous", {"ids": several})
    return found[0]


async def gone(server: ServerState, movie: int) -> Exception:
    """Return why a movie has no document: it was merged (Moved), withdrawn, or never was."""
    identity = await asyncio.to_thread(server.movies.identity, movie)
    if identity is not None and identity[0] == "merged" and identity[1] is not None:
        return Moved(identity[1])
    if identity is not None and identity[0] == "withdrawn":
        return Problem(404, f"mc{movie} was withdrawn: no source lists it any longer", "withdrawn")
    return not_found(f"there is no movie mc{movie}")


def instant(text: str) -> str:
    """Read a date (its last moment, UTC) or an instant, in the catalogue's form. Raises Problem 400."""
    try:
        return instant_of(text)
    except UsageError as error:
        raise wrong_parameter("as_of", f"{error.what}; {error.hint}", str(error)) from error


def absent(server: ServerState, test: Callable[[Known], bool]) -> bool:
    """Return whether something certainly does not exist: the filters rule it out, and are not behind.

    The middleware has read the end of the log for this request.
    """
    known = server.follower.known
    if known is None or known.position != server.follower.position or not test(known):
        return False
    server.metrics.denied.inc()
    return True


#: Number of best known films with such a name in their credits, one of which should have the person.
FILMS_LOOKED_AT = 40

#: Films shown to distinguish a person from namesakes.
KNOWN_FOR = 3

#: The most typing errors in a word of a name: as in a search for films.
MOST_ERRORS = 2


class Words(msgspec.Struct, frozen=True):
    """Words of a name, whether the last may be incomplete, and how many typing errors each may have."""

    words: list[str]
    begun: bool
    errors: int


async def named_people(
    server: ServerState, query: str, limit: int, looked_at: int = FILMS_LOOKED_AT, errors: int = MOST_ERRORS
) -> list[shapes.PersonShown]:
    """Find persons by words of their names, the last possibly incomplete, through the best known films (`looked_at`)
    they are in.

    If nobody has such a name, one typing error per word is allowed, then two, as in a search for films, up to `errors`.
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
    """Find persons whose names have the words with at most so many typing errors."""
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
    """Put those with exactly the name first, then those of the best known films, then those whose names begin with
    it.
    """
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
    """Return whether a name has every word with at most so many typing errors, the last word possibly incomplete."""
    last = len(words) - 1
    return all(
        any(_is_nearly(part, word, errors, begun and place == last) for part in name)
        for place, word in enumerate(words)
    )


def _is_nearly(part: str, word: str, errors: int, begun: bool) -> bool:
    """Return whether a part of a name equals a word, or begins with it, up to typing errors: swapped letters count as
    one.
    """
    most = forgiven(word, errors, begun=False)
    if part == word or OSA.distance(part, word, score_cutoff=most) <= most:
        return True
    if not begun:
        return False
    most = forgiven(word, errors, begun=True)
    ends = range(max(len(word) - most, 1), len(word) + most + 1)
    return any(OSA.distance(part[:end], word, score_cutoff=most) <= most for end in ends)
