"""People and their films: by id, by an external id, by name, and those credited in some films."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.identity import film_credits, parties
from moviec.catalog.schema.movies import credits_, movies, people

#: The most people found for one name.
NAMESAKES = 100


class Person(msgspec.Struct, frozen=True):
    """A person, and their ids at the sources: lists by id space."""

    id: int
    name: str
    ids: dict[str, Any]


class Credit(msgspec.Struct, frozen=True):
    """A film that a person is credited in, with their roles."""

    movie: int
    title: str
    year: int | None
    kind: str | None
    c_rating: float | None
    votes: int | None
    adult: bool
    role: str
    character: str | None
    position: int


class GivenId(msgspec.Struct, frozen=True):
    """A person's id at a source: its space, the source, the name used there, and in how many films."""

    space: str
    id: str
    source: str
    name: str
    films: int


class Credited(msgspec.Struct, frozen=True):
    """A credit in one of the given films, and its person."""

    movie: int
    person: int
    name: str
    folded: str
    role: str


def person_of(connection: sa.Connection, number: int) -> Person | None:
    """Return a person by id; None where there is none."""
    row = connection.execute(_people().where(people.c.id == number)).first()
    return _person(row) if row else None


def people_from(connection: sa.Connection, after: int, limit: int) -> list[Person]:
    """List persons by id, those after one."""
    query = _people().where(people.c.id > after).order_by(people.c.id).limit(limit)
    return [_person(row) for row in connection.execute(query)]


def people_named(connection: sa.Connection, folded: str, limit: int) -> list[Person]:
    """List persons whose folded name has a prefix, by name."""
    query = _people().where(people.c.folded >= folded, people.c.folded < folded + "\U0010ffff")
    return [
        _person(row) for row in connection.execute(query.order_by(people.c.folded, people.c.id).limit(limit))
    ]


def people_called(connection: sa.Connection, folded: str) -> list[int]:
    """List the ids of persons with a folded name, NAMESAKES at most."""
    query = sa.select(people.c.id).where(people.c.folded == folded).order_by(people.c.id).limit(NAMESAKES)
    return list(connection.scalars(query))


def party_at(connection: sa.Connection, kind: str, space: str, key: str) -> int | None:
    """Return the person or company (`kind`: people, companies) with an id at a source (`tmdb`, `3`)."""
    query = (
        sa.select(parties.c.party)
        .where(parties.c.kind == kind, parties.c.space == space, parties.c.key == key)
        .order_by(parties.c.party)
        .limit(1)
    )
    found: int | None = connection.scalar(query)
    return found


def credits_of(connection: sa.Connection, person: int) -> list[Credit]:
    """List a person's credits, the newest film first, those of unknown years last."""
    shown = [movies.c[name] for name in ("title", "year", "kind", "c_rating", "votes", "adult")]
    done = [credits_.c[name] for name in ("role", "character", "position")]
    query = (
        sa.select(credits_.c.movie, *shown, *done)
        .join_from(credits_, movies, movies.c.movie == credits_.c.movie)
        .where(credits_.c.person == person)
        .order_by(
            movies.c.year.is_(None),
            movies.c.year.desc(),
            movies.c.released.desc(),
            movies.c.movie,
            credits_.c.position,
        )
    )
    return [Credit(*row) for row in connection.execute(query)]


def credited_in(connection: sa.Connection, some: Sequence[int]) -> list[Credited]:
    """List the credits of some films."""
    query = (
        sa.select(credits_.c.movie, people.c.id, people.c.name, people.c.folded, credits_.c.role)
        .join_from(credits_, people, people.c.id == credits_.c.person)
        .where(credits_.c.movie.in_(some))
        .order_by(credits_.c.movie, credits_.c.position)
    )
    return [Credited(*row) for row in connection.execute(query)]


def ids_of_people(connection: sa.Connection, some: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Return the ids at the sources of some persons, by id space."""
    query = sa.select(people.c.id, people.c.ids).where(people.c.id.in_(some))
    return {row.id: msgspec.json.decode(row.ids) for row in connection.execute(query)}


def given_ids(connection: sa.Connection, person: Person) -> list[GivenId]:
    """List the ids of a person with their sources, in order of space, id and source; each with the name used in most
    films.
    """
    theirs = sa.select(credits_.c.movie).where(credits_.c.person == person.id).distinct()
    query = sa.select(film_credits.c.movie, film_credits.c.credits).where(
        film_credits.c.kind == "people", film_credits.c.movie.in_(theirs)
    )
    films: dict[tuple[str, str, str], dict[str, set[int]]] = {}
    for row in connection.execute(query):
        for source, _, key, name, _, _, party, _ in msgspec.json.decode(row.credits):
            if not key or int(party) != person.id:
                continue
            spaces = [space for space, keys in person.ids.items() if key in keys]
            space = source if source in spaces else next(iter(spaces), source)
            films.setdefault((space, key, source), {}).setdefault(name, set()).add(row.movie)
    found = []
    for (space, key, source), names in sorted(films.items()):
        name = max(sorted(names), key=lambda each: len(names[each]))
        found.append(GivenId(space, key, source, name, len(set.union(*names.values()))))
    return found


def _people() -> sa.Select[Any]:
    return sa.select(people.c.id, people.c.name, people.c.ids)


def _person(row: Any) -> Person:
    return Person(row.id, row.name, msgspec.json.decode(row.ids))


#: Number of best known films whose credits are counted for a list of people; others are found by search.
FILMS_COUNTED = 3_000


class Leading(msgspec.Struct, frozen=True):
    """A person with their credits in the best known films: how many, and the sum of votes."""

    id: int
    name: str
    films: int
    votes: int


class Partner(msgspec.Struct, frozen=True):
    """A person credited in films of another person, and in how many."""

    id: int
    name: str
    films: int


def leading_people(connection: sa.Connection, role: str, most: int) -> list[Leading]:
    """List people with a role in the most voted films, by the sum of votes."""
    known = (
        sa.select(movies.c.movie, movies.c.votes)
        .where(movies.c.votes.is_not(None), sa.not_(movies.c.adult))
        .order_by(movies.c.votes.desc(), movies.c.movie)
        .limit(FILMS_COUNTED)
        .subquery()
    )
    credited = (
        sa.select(credits_.c.person, known.c.movie, known.c.votes)
        .join(known, known.c.movie == credits_.c.movie)
        .where(credits_.c.role == role)
        .distinct()
        .subquery()
    )
    votes = sa.func.sum(credited.c.votes)
    query = (
        sa.select(people.c.id, people.c.name, sa.func.count(), votes)
        .join(credited, credited.c.person == people.c.id)
        .group_by(people.c.id, people.c.name)
        .order_by(votes.desc(), people.c.id)
        .limit(most)
    )
    return [Leading(row[0], row[1], int(row[2]), int(row[3])) for row in connection.execute(query)]


def partners_of(connection: sa.Connection, person: int, most: int) -> list[Partner]:
    """List the people credited in most films of a person, in at least two."""
    theirs = sa.select(credits_.c.movie).where(credits_.c.person == person).distinct().subquery()
    films = sa.func.count(sa.distinct(credits_.c.movie))
    query = (
        sa.select(people.c.id, people.c.name, films)
        .join_from(credits_, theirs, theirs.c.movie == credits_.c.movie)
        .join(people, people.c.id == credits_.c.person)
        .where(credits_.c.person != person)
        .group_by(people.c.id, people.c.name)
        .having(films > 1)
        .order_by(films.desc(), people.c.id)
        .limit(most)
    )
    return [Partner(row[0], row[1], int(row[2])) for row in connection.execute(query)]
