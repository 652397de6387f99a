"""Who is credited as whom, as the catalogue has it: read for some films, for some names with all that hangs together
with them, or whole. `kind` is "people" or "companies".
"""

from __future__ import annotations

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.schema import metadata
from moviec.catalog.schema.identity import identities, parties, party_credits
from moviec.catalog.staging import Touched, merge, stage
from moviec.model import PartyChanges
from moviec.text import Column

# CROSS JOIN keeps SQLite from reading whole tables: it takes them in the order in which they are named.
_RELATED = """
SELECT q.folded FROM some_names AS s CROSS JOIN parties AS p CROSS JOIN parties AS q
WHERE p.kind = :kind AND p.folded = s.folded AND q.kind = p.kind AND q.party = p.party
UNION
SELECT d.folded FROM some_names AS s CROSS JOIN party_credits AS c CROSS JOIN party_credits AS d
WHERE c.kind = :kind AND c.folded = s.folded AND c.short <> ''
  AND d.kind = c.kind AND d.movie = c.movie AND d.role = c.role AND d.short = c.short
"""


class StoredParties(msgspec.Struct, frozen=True):
    """What matching asks of the people, or of the companies, that are stored: `PartyLedger` of moviec.matching.party_ids."""

    connection: sa.Connection
    kind: str

    def credits_of(self, movies: Column) -> pa.Table:
        """Return the credits of some films."""
        staged = stage(self.connection, "some_movies", identities, pa.table({"movie": movies}))
        return read(
            self.connection, self._credits().where(party_credits.c.movie.in_(sa.select(staged.c.movie)))
        )

    def credits_named(self, names: Column) -> pa.Table:
        """Return the credits that bear some folded names."""
        return read(
            self.connection,
            self._credits().where(party_credits.c.folded.in_(_staged(self.connection, names))),
        )

    def bearers(self, keys: pa.Table) -> Column:
        """Return the folded names under which some keys (space, key) are known."""
        staged = stage(self.connection, "some_keys", parties, keys)
        own = sa.and_(parties.c.space == staged.c.space, parties.c.key == staged.c.key)
        query = sa.select(parties.c.folded).join_from(staged, parties, own).where(parties.c.kind == self.kind)
        return read(self.connection, query.distinct())["folded"]

    def related(self, names: Column) -> Column:
        """Follow folded names to all that hang together with them: of one party, or alike in one role of one film."""
        reached: set[str] = set()
        while frontier := set(names.to_pylist()) - reached:
            reached |= frontier
            _staged(self.connection, pa.array(sorted(frontier), pa.string()))
            found = self.connection.scalars(sa.text(_RELATED), {"kind": self.kind})
            names = pa.array(list(found), pa.string())
        return pa.array(sorted(reached), pa.string())

    def members(self, names: Column | None) -> pa.Table:
        """Return space, key, name, id (the party) of every node that bears one of some folded names; of all, where None."""
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

    def _credits(self) -> sa.Select[tuple[str]]:
        columns = (column for column in party_credits.c if column.name != "kind")
        return sa.select(*columns).where(party_credits.c.kind == self.kind)


def publish_parties(connection: sa.Connection, kind: str, rows: PartyChanges) -> dict[str, Touched]:
    """Merge what a run worked out of people or companies, in the caller's transaction; return the rows touched by table."""
    if rows.names is not None and not len(rows.names):  # no credit changed
        return {name: Touched() for name in (kind, f"parties.{kind}", f"party_credits.{kind}")}
    shown = metadata.tables[kind]
    their_ids: sa.ColumnElement[bool] = sa.true()
    their_credits = party_credits.c.kind == kind
    if rows.names is not None:
        staged = stage(connection, "worked_out", parties, pa.table({"party": rows.ids}))
        their_ids = shown.c.id.in_(sa.select(staged.c.party))
        their_credits &= party_credits.c.folded.in_(_staged(connection, rows.names))
    return {
        kind: merge(connection, shown, rows.shown, their_ids),
        f"parties.{kind}": merge(connection, parties, of_kind(kind, rows.parties)),
        f"party_credits.{kind}": merge(connection, party_credits, of_kind(kind, rows.credits), their_credits),
    }


def of_kind(kind: str, rows: pa.Table) -> pa.Table:
    """Say before rows of people or companies which of the two they are."""
    return rows.add_column(0, "kind", pa.array([kind] * rows.num_rows, pa.string()))


def _staged(connection: sa.Connection, names: Column) -> sa.Select[tuple[str]]:
    staged = stage(connection, "some_names", parties, pa.table({"folded": names}))
    return sa.select(staged.c.folded)
