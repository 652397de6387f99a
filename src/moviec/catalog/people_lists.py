"""Who is credited in the films that most people know, and who makes films with whom: for lists of persons."""

from __future__ import annotations

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import credits_, movies, people

#: Best known films whose credits are counted for a list of persons: those in none of them are found by search.
FILMS_COUNTED = 3_000


class Leading(msgspec.Struct, frozen=True):
    """A person with the best known films' credits: how many of them, and all their votes."""

    id: int
    name: str
    films: int
    votes: int


class Partner(msgspec.Struct, frozen=True):
    """Somebody who is credited in films of a person, and in how many."""

    id: int
    name: str
    films: int


def leading_people(connection: sa.Connection, role: str, most: int) -> list[Leading]:
    """List persons with a role in the most voted films, those with the most votes in all first."""
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
    """List who is credited in the most films of a person, in two of them at least."""
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
