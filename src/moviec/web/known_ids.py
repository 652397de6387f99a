"""What exists, in little memory: Bloom filters that answer for unknown ids without the database.

A filter never denies what it was told. It is told everything once, then what each change of the log is about; so its
"no" holds of the catalogue up to the change that it has followed the log to. `moviec.web.change_follower` moves it on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from rbloom import Bloom

from moviec.catalog.ids import (
    COMPANIES,
    EXTERNAL,
    MOVIES,
    Ids,
    companies_of,
    count_ids,
    every_id,
    external_ids_of,
    genres_and_months,
)
from moviec.catalog.queries import changed_movies

#: Unknown ids that a filter lets through to the database. At a thousandth, 700,000 movies take 1.3 MB.
FALSE_POSITIVES = 0.001

#: Ids asked for at once.
STEP = 20_000


class Filter:
    """A Bloom filter that grows: what is added beyond its size goes to another beside it."""

    def __init__(self, expected: int) -> None:
        """Make room for so many ids and half as many more."""
        self._filters = [Bloom(max(1_000, expected + expected // 2), FALSE_POSITIVES)]
        self._room = max(1_000, expected + expected // 2)

    def add(self, ids: Sequence[str]) -> None:
        """Remember ids."""
        self._room -= len(ids)
        if self._room < 0:
            self._room = max(1_000_000, len(ids))
            self._filters.append(Bloom(self._room, FALSE_POSITIVES))
        self._filters[-1].update(ids)

    def __contains__(self, one: str) -> bool:
        """Return whether an id may exist."""
        return any(one in some for some in self._filters)


class Known:
    """Filters of movie ids, external ids and companies; the genres and the months that have figures as they are.

    They know all that exists up to change `position`.
    """

    def __init__(
        self, connection: sa.Connection, position: int, stopped: Callable[[], bool] = lambda: False
    ) -> None:
        """Read everything that exists, of a log that had come to `position` before.

        Once `stopped`, what is read is no longer whole and must not be trusted.
        """
        self.position = position
        self.movies, self.external, self.companies = (
            _filled(connection, kind, stopped) for kind in (MOVIES, EXTERNAL, COMPANIES)
        )
        self.genres: frozenset[int] = frozenset()
        self.months: frozenset[tuple[str, int, int]] = frozenset()
        self._read_small(connection)

    def follow(self, connection: sa.Connection, position: int) -> None:
        """Learn what the changes up to `position` have brought."""
        movies = changed_movies(connection, self.position, position)
        self.movies.add([str(movie) for movie in movies])
        for start in range(0, len(movies), STEP):
            some = movies[start : start + STEP]
            self.external.add(external_ids_of(connection, some))
            self.companies.add(companies_of(connection, some))
        self._read_small(connection)
        self.position = position  # only now

    def _read_small(self, connection: sa.Connection) -> None:
        self.genres, self.months = genres_and_months(connection)


def _filled(connection: sa.Connection, kind: Ids, stopped: Callable[[], bool]) -> Filter:
    made = Filter(count_ids(connection, kind))
    for part in every_id(connection, kind, STEP):
        if stopped():
            break
        made.add(part)
    return made
