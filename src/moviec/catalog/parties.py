"""The people and companies behind credits, as stored: read for some films, for some names with everything connected
with them, or whole. `kind` is "people" or "companies".

Only matching needs every source's credits, so they are stored compactly: one compressed list for each film, and for
each name the films that credit it. A row for each credit would take seven times the room.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeAlias

import msgspec
import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read, read_parts
from moviec.catalog.laying import Group, Waiting
from moviec.catalog.schema import metadata
from moviec.catalog.schema.identity import credit_names, film_credits, identities, parties
from moviec.catalog.staging import Given, Touched, as_stored, merge, stage
from moviec.engine import DuckEngine
from moviec.model import PartyChanges
from moviec.text import Column, pc

# CROSS JOIN keeps SQLite from reading whole tables: it takes them in the order in which they are named.
_OF_ONE_PARTY = """
SELECT DISTINCT q.folded FROM some_names AS s CROSS JOIN parties AS p CROSS JOIN parties AS q
WHERE p.kind = :kind AND p.folded = s.folded AND q.kind = p.kind AND q.party = p.party
"""

_BEARING = """
SELECT DISTINCT p.folded FROM some_keys AS s CROSS JOIN parties AS p
WHERE p.kind = :kind AND p.space = s.space AND p.key = s.key ORDER BY p.folded
"""

_ALIKE = """
SELECT DISTINCT d.folded FROM credits c JOIN frontier USING (folded) JOIN credits d USING (movie, role, short)
WHERE short <> ''"""

#: The columns of a credit besides its film, in their order in the list.
CREDIT = ("source", "role", "key", "name", "folded", "short", "party", "year")

#: Each credit as a JSON list of texts, in the order in which a film's list has them.
_LISTED = f"""
SELECT movie, to_json([{", ".join(f"{name}::VARCHAR" for name in CREDIT)}])::VARCHAR AS credit
FROM credits WHERE movie BETWEEN {{first}} AND {{last}} ORDER BY movie, source, role, key, name"""

_UNPACKED = f"""
SELECT movie, {", ".join(f"credit[{at}]{'::BIGINT' if name in ('party', 'year') else ''} AS {name}" for at, name in enumerate(CREDIT, 1))}
FROM (SELECT movie, unnest(from_json(credits, '[["VARCHAR"]]')) AS credit FROM packed)"""


#: Films whose credits are joined at once, so that their texts stay far below the two gigabytes of an Arrow array.
FILMS_AT_ONCE = 50_000


class StoredParties(msgspec.Struct, frozen=True):
    """The stored people, or companies, for matching: `PartyLedger` of moviec.matching.party_ids.

    `beside`: an open engine, which saves opening another database.
    """

    connection: sa.Connection
    kind: str
    beside: DuckEngine | None = None

    def credits_of(self, movies: Column) -> pa.Table:
        """Return the credits (movie, then CREDIT) of some films."""
        with DuckEngine(beside=self.beside) as engine:
            return _unpacked(engine, self._packed(movies))

    def credits_named(self, names: Column) -> pa.Table:
        """Return the credits that bear some folded names."""
        with DuckEngine(beside=self.beside) as engine:
            engine.register("named", _unpacked(engine, self._packed(self._crediting(names))))
            engine.register("wanted", pa.table({"folded": names}))
            return engine.query("SELECT * FROM named SEMI JOIN wanted USING (folded)")

    def bearers(self, keys: pa.Table) -> Column:
        """Return the folded names under which some keys (space, key) are known."""
        stage(self.connection, "some_keys", parties, keys)
        found = self.connection.scalars(sa.text(_BEARING), {"kind": self.kind})
        return pa.array(found.all(), pa.string())

    def related(self, names: Column) -> Column:
        """Return all folded names connected with some: of one party, or similar in one role of one film."""
        reached: set[str] = set()
        seen: set[int] = set()
        found: list[pa.Table] = []
        with DuckEngine(beside=self.beside) as engine:
            while frontier := set(names.to_pylist()) - reached:
                reached |= frontier
                wanted = pa.array(sorted(frontier), pa.string())
                films = sorted(set(self._crediting(wanted).to_pylist()) - seen)
                seen.update(films)
                found.append(_unpacked(engine, self._packed(pa.array(films, pa.int64()))))
                engine.register("credits", pa.concat_tables(found))
                engine.register("frontier", pa.table({"folded": wanted}))
                alike = engine.query(_ALIKE)["folded"]
                _staged(self.connection, wanted)
                one_party = self.connection.scalars(sa.text(_OF_ONE_PARTY), {"kind": self.kind})
                names = pa.array([*alike.to_pylist(), *one_party], pa.string())
        return pa.array(sorted(reached), pa.string())

    def members(self, names: Column | None) -> pa.Table:
        """Return space, key, name, id (the party) of every node with one of some folded names; of all nodes if None."""
        query = sa.select(
            parties.c.space, parties.c.key, parties.c.folded.label("name"), parties.c.party.label("id")
        ).where(parties.c.kind == self.kind)
        if names is not None:
            query = query.where(parties.c.folded.in_(_staged(self.connection, names)))
        return read(self.connection, query)

    def next_party(self) -> int:
        """Return the next free id."""
        last = sa.select(sa.func.max(parties.c.party)).where(parties.c.kind == self.kind)
        return (self.connection.scalar(last) or 0) + 1

    def credited(self) -> Iterator[pa.Table]:
        """Yield every credit of every film, part by part."""
        with DuckEngine(beside=self.beside) as engine:
            every = sa.select(film_credits.c.movie, film_credits.c.credits)
            for packed in read_parts(self.connection, every.where(film_credits.c.kind == self.kind)):
                yield _unpacked(engine, packed)

    def _packed(self, movies: Column) -> pa.Table:
        staged = stage(self.connection, "some_movies", identities, pa.table({"movie": movies}))
        query = sa.select(film_credits.c.movie, film_credits.c.credits).where(
            film_credits.c.kind == self.kind, film_credits.c.movie.in_(sa.select(staged.c.movie))
        )
        return read(self.connection, query.order_by(film_credits.c.movie))

    def _crediting(self, names: Column) -> Column:
        """Return the films that credit one of some folded names, in order."""
        hashes = pa.table({"name": name_hashes(self.kind, names)})
        staged = stage(self.connection, "some_hashes", credit_names, hashes)
        query = sa.select(credit_names.c.movie).where(credit_names.c.name.in_(sa.select(staged.c.name)))
        return read(self.connection, query.distinct().order_by(credit_names.c.movie))[
            "movie"
        ].combine_chunks()


def _unpacked(engine: DuckEngine, packed: pa.Table) -> pa.Table:
    engine.register("packed", packed)
    return engine.query(_UNPACKED)


def name_hashes(kind: str, names: Column) -> Column:
    """Return the number by which a folded name of a person, or of a company, is found: 63 bits of its SHA-256.

    Two names with one number are distinguished by the credits themselves.
    """
    found = [
        int.from_bytes(hashlib.sha256(f"{kind} {name}".encode()).digest()[:8]) >> 1
        for name in names.to_pylist()
    ]
    return pa.array(found, pa.int64())


def party_rows(kind: str, rows: PartyChanges) -> Group:
    """Return a run's people, or companies, and the rows of `parties` about them."""
    return {
        kind: (metadata.tables[kind], rows.shown),
        "parties": (parties, of_kind(kind, rows.parties)),
    }


def publish_parties(
    connection: sa.Connection, kind: str, rows: PartyChanges, written: Waiting
) -> dict[str, Touched]:
    """Merge a run's people or companies (`party_rows`), in the caller's transaction; return the rows touched by table."""
    if _is_same(rows):
        return {name: Touched() for name in (kind, f"parties.{kind}")}
    shown = metadata.tables[kind]
    their_ids: sa.ColumnElement[bool] = sa.true()
    if rows.names is not None:
        staged = stage(connection, "changed_parties", parties, pa.table({"party": rows.ids}))
        their_ids = shown.c.id.in_(sa.select(staged.c.party))
    own, given = parties.c.kind == kind, written()
    return {
        kind: merge(connection, shown, given[kind], their_ids),
        f"parties.{kind}": merge(connection, parties, given["parties"], among=own),
    }


def _is_same(rows: PartyChanges) -> bool:
    """Return whether no credit changed."""
    return rows.names is not None and not len(rows.names)


class PackedCredits(msgspec.Struct, frozen=True):
    """Credits as stored: rows of `film_credits`, and of `credit_names` but for the kind."""

    lists: pa.Table
    names: pa.Table


Packing: TypeAlias = Callable[[], PackedCredits]


@contextmanager
def packed_ahead(
    changes: Mapping[str, PartyChanges], beside: DuckEngine | None
) -> Iterator[dict[str, Packing]]:
    """Pack the credits of kinds whose films are all written, in a thread, while the caller writes other tables; yield by kind
    a function that waits for them.
    """

    def pack(kind: str, rows: PartyChanges) -> PackedCredits:
        with DuckEngine(beside=beside) as engine:
            engine.register("new_credits", rows.credits)
            engine.view("credits", "SELECT * FROM new_credits")
            return _packed_credits(engine, kind)

    with ThreadPoolExecutor(1) as aside:
        whole = {kind: rows for kind, rows in changes.items() if rows.names is None}
        yield {kind: aside.submit(pack, kind, rows).result for kind, rows in whole.items()}


def credit_rows(kind: str, packing: Packing) -> Group:
    """Return the packed credits by the tables that store them."""
    packed = packing()
    return {
        "credit_names": (credit_names, of_kind(kind, packed.names)),
        "film_credits": (film_credits, packed.lists),
    }


def publish_credits(
    connection: sa.Connection,
    kind: str,
    rows: PartyChanges,
    every: Waiting | None,
    beside: DuckEngine | None,
) -> Touched:
    """Replace the credit lists of films, in the caller's transaction: of all, where `every` returns them (`credit_rows`); else
    of those in which one of the names occurs, or occurred.
    """
    if _is_same(rows):
        return Touched()
    whole, every_name = film_credits.c.kind == kind, credit_names.c.kind == kind
    scope, hashed = whole, every_name
    given: Mapping[str, Given]
    if every:
        given = every()
    else:
        packed, films = _changed_credits(connection, kind, rows, beside)
        given = {name: some for name, (_, some) in credit_rows(kind, lambda: packed).items()}
        some = stage(connection, "credited_movies", identities, pa.table({"movie": films}))
        scope = whole & film_credits.c.movie.in_(sa.select(some.c.movie))
        hashes = pa.table({"name": pc.unique(name_hashes(kind, rows.names))})
        staged = stage(connection, "changed_names", credit_names, hashes)
        hashed = every_name & credit_names.c.name.in_(sa.select(staged.c.name))
    merge(connection, credit_names, given["credit_names"], hashed, among=every_name)
    return merge(connection, film_credits, given["film_credits"], scope, among=whole)


def _changed_credits(
    connection: sa.Connection, kind: str, rows: PartyChanges, beside: DuckEngine | None
) -> tuple[PackedCredits, Column]:
    """Return the credits of films in which one of the names occurs, or occurred, and these films."""
    stored = StoredParties(connection, kind, beside)
    with DuckEngine(beside=beside) as engine:
        engine.register("new_credits", rows.credits)
        before = stored._crediting(rows.names)
        credited = engine.query("SELECT DISTINCT movie FROM new_credits")["movie"]
        films = pc.unique(pa.concat_arrays([before, credited.combine_chunks()]))
        engine.register("kept", stored.credits_of(films))
        engine.register("names", pa.table({"folded": rows.names}))
        engine.view("credits", _WITH_KEPT)
        return _packed_credits(engine, kind), films


#: The credits of films in which one of the names occurs, or occurred.
_WITH_KEPT = f"""
SELECT movie, {", ".join(CREDIT)} FROM kept ANTI JOIN names USING (folded)
UNION ALL SELECT movie, {", ".join(CREDIT)} FROM new_credits"""


def _packed_credits(engine: DuckEngine, kind: str) -> PackedCredits:
    """Pack the engine's `credits`, and the names of its `new_credits`, compressed as they are stored.

    FILMS_AT_ONCE films at a time: as text they take ten times the room.
    """
    films = engine.query("SELECT DISTINCT movie FROM credits ORDER BY movie")["movie"].to_numpy()
    parts = []
    for first in range(0, max(len(films), 1), FILMS_AT_ONCE):
        some = films[first : first + FILMS_AT_ONCE]
        ends = (some[0], some[-1]) if len(some) else (0, 0)
        listed = engine.query(_LISTED.format(first=ends[0], last=ends[1]))
        parts.append(as_stored(film_credits, of_kind(kind, _packed_lists(listed))))
    return PackedCredits(pa.concat_tables(parts), _names_of(engine, kind))


def _packed_lists(listed: pa.Table) -> pa.Table:
    """Join the credits (movie, credit) of each film, sorted by film, to one JSON list.

    Uses the offsets at which films begin: an ordered aggregate over so many small groups costs ten times a sort of all
    rows.
    """
    movies = listed["movie"].to_numpy()
    begins = np.flatnonzero(np.diff(movies, prepend=-1))
    credits = pa.concat_arrays([pa.array([], pa.string()), *listed["credit"].chunks])
    lists = pa.ListArray.from_arrays(pa.array(np.append(begins, len(movies)), pa.int32()), credits)
    joined = pc.binary_join_element_wise("[", pc.binary_join(lists, ","), "]", "")
    return pa.table({"movie": movies[begins], "credits": joined})


def _names_of(engine: DuckEngine, kind: str) -> pa.Table:
    """Return name (its number) and movie of each name of the engine's `new_credits` that a film credits, in order."""
    folded = engine.query("SELECT DISTINCT folded FROM new_credits ORDER BY folded")[
        "folded"
    ].combine_chunks()
    engine.register("hashed", pa.table({"folded": folded, "number": name_hashes(kind, folded)}))
    return engine.query(
        "SELECT DISTINCT number AS name, movie FROM new_credits JOIN hashed USING (folded) ORDER BY 1, 2"
    )


def of_kind(kind: str, rows: pa.Table) -> pa.Table:
    """Add a first column `kind` to rows of people or companies."""
    return rows.add_column(0, "kind", pa.array([kind] * rows.num_rows, pa.string()))


def _staged(connection: sa.Connection, names: Column) -> sa.Select[tuple[str]]:
    staged = stage(connection, "some_names", parties, pa.table({"folded": names}))
    return sa.select(staged.c.folded)
