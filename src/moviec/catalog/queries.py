"""Reads for the API and the site: documents by id, how ids lead to movies, the change log's head and entries.

Documents and claims are returned as published, byte for byte. Everything here only reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.compression import decompress
from moviec.catalog.facts import LOG_BEGINS, fact
from moviec.catalog.finding import BEARERS, OWNER, foremost
from moviec.catalog.prepared_statements import Reader
from moviec.catalog.schema.identity import decisions, identities, records
from moviec.catalog.schema.movies import movies, titles
from moviec.catalog.schema.operations import checkpoints
from moviec.catalog.schema.serving import changes, document_versions, documents

#: A movie's entries of the change log: what changed, by which delivery, by which decision.
HISTORY = sa.select(
    *(changes.c[name] for name in ("number", "at", "kind", "fields", "source", "delivery", "decision")),
    *(decisions.c[name] for name in ("verdict", "who", "undone", "undone_by")),
).outerjoin_from(changes, decisions, decisions.c.number == changes.c.decision)

#: The aggregator's name among the followers.
FOLLOWER = "catalogue"


class Stored(msgspec.Struct, frozen=True):
    """A document as it is stored: the movie's number, the bytes, their SHA-256, since when it is current (UTC)."""

    movie: int
    document: bytes
    hash: str
    since: str


class Movies:
    """Look-ups by id at driver speed; usable from any thread."""

    def __init__(self, reader: Reader) -> None:
        """Compile the statements."""
        movie: sa.BindParameter[int] = sa.bindparam("movie")
        at: sa.BindParameter[str] = sa.bindparam("at")
        stored, old = documents.c, document_versions.c
        self._document = reader.prepare(
            sa.select(stored.document, stored.hash, stored.since).where(stored.movie == movie)
        )
        self._claims = reader.prepare(sa.select(stored.claims, stored.hash).where(stored.movie == movie))
        self._identity = reader.prepare(
            sa.select(identities.c.state, identities.c.successor).where(identities.c.movie == movie)
        )
        self._bearers, self._owner = reader.prepare(BEARERS), reader.prepare(OWNER)
        self._version = reader.prepare(
            sa.select(old.document, old.claims).where(old.movie == movie, old.since <= at, old.until > at)
        )
        self._records = reader.prepare(
            sa.select(records.c.source, records.c.key)
            .where(records.c.movie == movie, records.c.live)
            .order_by(records.c.source, records.c.key)
        )
        self._history = reader.prepare(HISTORY.where(changes.c.movie == movie).order_by(changes.c.number))

    def document(self, movie: int) -> Stored | None:
        """Return a movie's document; None where there is none."""
        for document, digest, since in self._document(movie=movie):
            return Stored(movie, decompress(document), digest, since)
        return None

    def document_as_of(self, movie: int, at: str) -> bytes | None:
        """Return the document current at an instant (UTC, ISO 8601), or None."""
        for document, _, since in self._document(movie=movie):
            if since <= at:
                return decompress(document)
        for document, _ in self._version(movie=movie, at=at):
            return decompress(document) if document is not None else None
        return None

    def claims_as_of(self, movie: int, at: str) -> bytes | None:
        """Return the claims current at an instant (UTC, ISO 8601); None where there were none, or none were kept."""
        for _, _, since in self._document(movie=movie):
            if since <= at:
                found = self.claims(movie)
                return found[0] if found else None
        for _, claims in self._version(movie=movie, at=at):
            return decompress(claims) if claims is not None else None
        return None

    def claims(self, movie: int) -> tuple[bytes, str] | None:
        """Return a movie's claims and the hash of its document."""
        for claims, digest in self._claims(movie=movie):
            return decompress(claims), digest
        return None

    def named(self, space: str, key: str) -> list[int]:
        """List the movies that an external id (of `imdb`, `tmdb`, …) leads to: none, one, or several."""
        bearers = [(movie, position) for movie, position in self._bearers(space=space, id=key)]
        owner = [movie for (movie,) in self._owner(space=space, id=key)] if len(bearers) > 1 else []
        return foremost(bearers, owner[0] if owner else None)

    def identity(self, movie: int) -> tuple[str, int | None] | None:
        """Return the state of a movie id (live, merged, withdrawn) and where a merged one finally leads."""
        state, successor = self._step(movie)
        if state is None:
            return None
        seen = {movie}
        while successor is not None and successor not in seen:
            seen.add(successor)
            next_state, further = self._step(successor)
            if next_state != "merged" or further is None:
                break
            successor = further
        return state, successor

    def records(self, movie: int) -> list[tuple[str, str]]:
        """List the records, source and key, that a movie is made of."""
        return [(source, key) for source, key in self._records(movie=movie)]

    def history(self, movie: int) -> list[dict[str, Any]]:
        """List what changed and when, oldest first, as `entry` has it."""
        return [entry(row) for row in self._history(movie=movie)]

    def _step(self, movie: int) -> tuple[str | None, int | None]:
        for state, successor in self._identity(movie=movie):
            return state, successor
        return None, None


def entry(row: Sequence[Any]) -> dict[str, Any]:
    """Return a row of HISTORY as number, at, kind, fields (JSON), source, delivery, and decision (number, verdict, who,
    undone and undone_by: when it was undone, and by whom) where a person's verdict, or undoing it, was the cause.
    """
    number, at, kind, fields, source, delivery, decision, verdict, who, undone, undone_by = row
    return {
        "number": number,
        "at": at,
        "kind": kind,
        "fields": msgspec.Raw(fields.encode()),
        "source": source,
        "delivery": delivery,
        "decision": {
            "number": decision,
            "verdict": verdict,
            "who": who,
            "undone": undone,
            "undone_by": undone_by,
        }
        if who
        else None,
    }


def head(connection: sa.Connection) -> int:
    """Return the number of the last change; 0 for an empty log."""
    return last_change(connection)


def newest_change(connection: sa.Connection, as_of: str | None = None) -> tuple[int, str | None]:
    """Return number and instant of the last change, or of the last one up to an instant; (0, None) for none."""
    query = sa.select(changes.c.number, changes.c.at).order_by(changes.c.number.desc()).limit(1)
    row = connection.execute(query if as_of is None else query.where(changes.c.at <= as_of)).first()
    return (row.number, row.at) if row else (0, None)


def count_documents(connection: sa.Connection) -> int:
    """Return how many films are shown."""
    return int(connection.scalar(sa.select(sa.func.count()).select_from(documents)) or 0)


def checkpoint_of(connection: sa.Connection, follower: str) -> int:
    """Return how far a follower has read; 0 for an unknown one."""
    return connection.scalar(sa.select(checkpoints.c.position).where(checkpoints.c.follower == follower)) or 0


def changed_movies(connection: sa.Connection, after: int, upto: int) -> list[int]:
    """List the movies that entries `after` < number <= `upto` are about."""
    numbers = sa.and_(changes.c.number > after, changes.c.number <= upto)
    return list(
        connection.scalars(sa.select(changes.c.movie).where(numbers).distinct().order_by(changes.c.movie))
    )


def changes_after(connection: sa.Connection, after: int, limit: int) -> list[dict[str, Any]]:
    """List entries of the change log in order: number, at, id, kind, fields, source, delivery."""
    query = sa.select(changes).where(changes.c.number > after).order_by(changes.c.number).limit(limit)
    return _entries(connection, query)


def changes_before(connection: sa.Connection, limit: int) -> list[dict[str, Any]]:
    """List the last entries of the change log, the newest first, as `changes_after` does."""
    return _entries(connection, sa.select(changes).order_by(changes.c.number.desc()).limit(limit))


def _entries(connection: sa.Connection, query: sa.Select[Any]) -> list[dict[str, Any]]:
    return [
        {
            "number": row.number,
            "at": row.at,
            "id": f"mc{row.movie}",
            "kind": row.kind,
            "fields": msgspec.Raw(row.fields.encode()),
            "source": row.source,
            "delivery": row.delivery,
        }
        for row in connection.execute(query)
    ]


def documents_of(connection: sa.Connection, movies: Sequence[int]) -> list[tuple[int, str]]:
    """Return the documents of some movies, in the order of their numbers; those without one are left out."""
    found = documents.c
    query = sa.select(found.movie, found.document).where(found.movie.in_(movies)).order_by(found.movie)
    return [(movie, document) for movie, document in connection.execute(query)]


def claims_of(connection: sa.Connection, movies: Sequence[int]) -> dict[int, str]:
    """Return the claims (JSON) of some movies."""
    query = sa.select(documents.c.movie, documents.c.claims).where(documents.c.movie.in_(movies))
    return {row.movie: row.claims for row in connection.execute(query)}


def documents_from(connection: sa.Connection, after: int, limit: int) -> list[tuple[int, str]]:
    """Return the next documents in the order of their movies' numbers, for iterating over all of them."""
    found = documents.c
    query = (
        sa.select(found.movie, found.document).where(found.movie > after).order_by(found.movie).limit(limit)
    )
    return [(movie, document) for movie, document in connection.execute(query)]


def titles_and_years(connection: sa.Connection, some: Sequence[int]) -> list[tuple[int, str, int | None]]:
    """Return movie, title and year of published movies."""
    query = sa.select(movies.c.movie, movies.c.title, movies.c.year).where(movies.c.movie.in_(some))
    return [(row.movie, row.title, row.year) for row in connection.execute(query)]


def movies_titled(connection: sa.Connection, folded: str, limit: int) -> list[int]:
    """Find movies by a folded title or its beginning, whole titles first: search without an index. "" finds none."""
    if not folded:
        return []
    whole = sa.case((titles.c.folded == folded, 0), else_=1)
    query = (
        sa.select(titles.c.movie, sa.func.min(whole).label("place"))
        .where(titles.c.folded >= folded, titles.c.folded < folded + "\U0010ffff")
        .group_by(titles.c.movie)
        .order_by("place", titles.c.movie)
        .limit(limit)
    )
    return [movie for movie, _ in connection.execute(query)]


def set_checkpoint(connection: sa.Connection, follower: str, position: int, at: str) -> None:
    """Return how far a follower has read."""
    where = checkpoints.c.follower == follower
    done = connection.execute(sa.update(checkpoints).where(where).values(position=position, at=at))
    if not done.rowcount:
        connection.execute(sa.insert(checkpoints).values(follower=follower, position=position, at=at))


def last_change(connection: sa.Connection) -> int:
    """Return the number of the last change in the log, or the one before its first; 0 for an empty log."""
    begins = int(fact(connection, LOG_BEGINS) or 0)
    return max(connection.scalar(sa.select(sa.func.max(changes.c.number))) or 0, begins)
