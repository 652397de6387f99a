"""One publication: everything a run produced, merged into the catalogue in one transaction that touches only what
differs.

Returns the change log: one numbered entry per film whose document is new, changed or removed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.compression import as_text
from moviec.catalog.foreign_keys import are_enforced, check_references
from moviec.catalog.history import differences
from moviec.catalog.laying import Group, laying
from moviec.catalog.ledger import touching
from moviec.catalog.parties import credit_rows, packed_ahead, party_rows, publish_credits, publish_parties
from moviec.catalog.queries import last_change
from moviec.catalog.schema import arrivals, identity, metadata, serving
from moviec.catalog.staging import Rows, Touched, as_stored, load, merge, parts_of, stage
from moviec.engine import DuckEngine
from moviec.model import PartyChanges
from moviec.text import Column, pc

documents, versions, changes = serving.documents, serving.document_versions, serving.changes

#: A film's stored texts, with checksums.
DOCUMENT_COLUMNS = ("movie", "document", "claims", "hash", "claims_hash")

_CHANGES: list[tuple[str, pa.DataType]] = [
    ("number", pa.int64()),
    ("at", pa.string()),
    ("movie", pa.int64()),
    ("kind", pa.string()),
    ("fields", pa.string()),
    ("source", pa.string()),
    ("delivery", pa.string()),
    ("decision", pa.int64()),
]
CHANGES = pa.schema(_CHANGES)


class Cause(msgspec.Struct, frozen=True):
    """The cause of a publication: one delivery, people's decisions, or something else (a rebuild).

    `decided`: by movie the number of the decision on its records; `decision`: that of every other movie.
    """

    source: str | None = None
    delivery: str | None = None
    decided: Mapping[int, int] = {}
    decision: int | None = None


class Publication(msgspec.Struct, frozen=True):
    """What to publish.

    `affected`: the films concerned; None: all. `tables`: by name, every row that they have now. `lists`: rows
    to add to genres, languages and countries. `parties`: people and companies. `documents`: DOCUMENT_COLUMNS.
    `records`, `identities`: rows of the ledger to write. `matches`: every pair among the records in `settled` (source,
    key; None: all records). `split`: films, new or given back, that hold records which were another film's before.
    `merged`: source, key, id of the records, in order, of films that are merged into others now.
    """

    affected: Column | None

    tables: Mapping[str, Rows]
    lists: Mapping[str, pa.Table]
    parties: Mapping[str, PartyChanges]
    documents: Rows
    records: pa.Table
    identities: pa.Table
    matches: pa.Table
    settled: pa.Table | None
    split: Column
    merged: pa.Table
    cause: Cause = Cause()


class Published(msgspec.Struct, frozen=True):
    """The result of a publication: rows touched by table, and the changes by kind with the number of the last."""

    touched: dict[str, Touched]
    changes: dict[str, int]
    last: int


def publish(
    connection: sa.Connection,
    publication: Publication,
    deliveries: Sequence[str],
    beside: DuckEngine | None = None,
    room: Path | None = None,
) -> Published:
    """Merge a publication, in the caller's transaction, and mark the deliveries' batches as published.

    `beside`: an open engine, which saves opening another database. `room`: a folder for the rows of a large publication, which
    has to stay until the connection is closed.
    """
    if not are_enforced(connection):
        check_references(connection, _referring_rows(publication))
    touched: dict[str, Touched] = {}
    chosen = _stage_affected(connection, publication.affected)

    def of(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.true() if chosen is None else table.c.movie.in_(sa.select(chosen.c.movie))

    with (
        packed_ahead(publication.parties, beside) as packings,
        laying(connection, publication.documents.num_rows, room) as lay,
    ):
        named = {
            kind: lay(kind, partial(party_rows, kind, changes))
            for kind, changes in publication.parties.items()
        }
        tables = lay("tables", partial(_table_rows, publication))
        ledger = lay("ledger", partial(_ledger_rows, publication))
        credits = {
            kind: lay(f"credits_{kind}", partial(credit_rows, kind, packing))
            for kind, packing in packings.items()
        }
        for name, entries in publication.lists.items():
            touched[name] = merge(connection, metadata.tables[name], entries)
        for kind, changes in publication.parties.items():
            touched.update(publish_parties(connection, kind, changes, named[kind]))
        for name, rows in tables().items():
            table = metadata.tables[name]
            touched[name] = merge(connection, table, rows, of(table))
        settled = sa.true() if publication.settled is None else touching(connection, publication.settled)
        for name, rows in ledger().items():
            scope = settled if name == "matches" else None
            touched[name] = merge(connection, metadata.tables[name], rows, scope)
        log, reasoned = _publish_documents(connection, publication, of(documents), beside)
        for kind, changes in publication.parties.items():
            touched[f"film_credits.{kind}"] = publish_credits(
                connection, kind, changes, credits.get(kind), beside
            )
    touched["claims"] = Touched(reasoned)
    touched["changes"] = Touched(log.num_rows)
    mark_published(connection, deliveries)
    kinds = {row["values"]: row["counts"] for row in pc.value_counts(log["kind"]).to_pylist()}
    return Published(touched, dict(sorted(kinds.items())), last_change(connection))


def _referring_rows(publication: Publication) -> dict[str, Rows]:
    """Return by table the rows that refer to others, and those that they refer to."""
    parties: dict[str, Rows] = {kind: changes.shown for kind, changes in publication.parties.items()}
    return {**publication.lists, **parties, **publication.tables, documents.name: publication.documents}


def _table_rows(publication: Publication) -> Group:
    return {name: (metadata.tables[name], rows) for name, rows in publication.tables.items()}


def _ledger_rows(publication: Publication) -> Group:
    """Return the rows of the ledger by the tables that store them."""
    return {
        "records": (identity.records, publication.records),
        "identities": (identity.identities, publication.identities),
        "matches": (identity.matches, publication.matches),
    }


def stored_documents(given: pa.Table) -> pa.Table:
    """Return documents (DOCUMENT_COLUMNS) with their texts compressed, as stored; `publish` takes either form."""
    return as_stored(documents, given)


def mark_published(connection: sa.Connection, deliveries: Sequence[str]) -> None:
    """Mark these deliveries' batches as published."""
    batches = arrivals.batches
    connection.execute(sa.update(batches).where(batches.c.delivery.in_(deliveries)).values(published=True))


def kinds_after(connection: sa.Connection, number: int) -> dict[str, int]:
    """Count the changes after a number, by kind."""
    query = sa.select(changes.c.kind, sa.func.count()).where(changes.c.number > number)
    return dict(connection.execute(query.group_by(changes.c.kind).order_by(changes.c.kind)).all())


def _stage_affected(connection: sa.Connection, affected: Column | None) -> sa.Table | None:
    if affected is None:
        return None
    return stage(connection, "affected", identity.identities, pa.table({"movie": affected}))


def _publish_documents(
    connection: sa.Connection,
    publication: Publication,
    scope: sa.ColumnElement[bool],
    beside: DuckEngine | None,
) -> tuple[pa.Table, int]:
    """Write documents that differ, keep the previous ones as versions, and log each change.

    Differences are found by the checksums, so that texts are only passed where they are written. Returns the entries,
    and how many films got different claims without changing.
    """
    given = publication.documents
    sums = pa.concat_tables(part.select(["movie", "hash", "claims_hash"]) for part in parts_of(given))
    staged = stage(connection, "staged_documents", documents, sums)
    now = _now(connection, staged)
    log = _numbered(
        connection, _changes(connection, staged, publication, scope, beside), publication.cause, now
    )
    merge(connection, changes, log)
    other_claims = _reasoned(connection, staged)["movie"]
    replaced = pa.concat_arrays([log["movie"].combine_chunks(), other_claims.combine_chunks()])
    some = stage(connection, "replaced", identity.identities, pa.table({"movie": pc.unique(replaced)}))
    replaced_documents = documents.c.movie.in_(
        sa.select(some.c.movie)
    )  # not EXISTS: so that the few films are looked up by key
    there = read(connection, sa.select(documents.c.movie, documents.c.change).where(replaced_documents))
    _keep_versions(connection, replaced_documents, now)
    connection.execute(sa.delete(documents).where(replaced_documents))
    _write_documents(connection, given, log, there.filter(pc.is_in(there["movie"], other_claims)), now)
    return log, len(other_claims)


def _write_documents(
    connection: sa.Connection, given: Rows, log: pa.Table, reasoned: pa.Table, now: str
) -> None:
    """Write the documents of films that changed, and of those with only different claims: these keep their change
    number.
    """
    numbers = pa.concat_tables(
        [log.select(["movie", "number"]).rename_columns(["movie", "change"]), reasoned]
    )
    numbers = numbers.combine_chunks()
    for part in parts_of(given):
        rows = (
            part.filter(pc.is_in(part["movie"], numbers["movie"])).select(DOCUMENT_COLUMNS).sort_by("movie")
        )
        change = numbers["change"].take(pc.index_in(rows["movie"], numbers["movie"]))
        rows = rows.append_column("since", pa.array([now] * rows.num_rows, pa.string()))
        load(connection, documents, rows.append_column("change", change))


def _reasoned(connection: sa.Connection, staged: sa.Table) -> pa.Table:
    """Return the films whose claims differ from the published ones, but not the document."""
    both = sa.and_(staged.c.movie == documents.c.movie, staged.c.hash == documents.c.hash)
    other = staged.c.claims_hash.is_distinct_from(documents.c.claims_hash)
    return read(connection, sa.select(staged.c.movie).join(documents, both).where(other))


def _keep_versions(connection: sa.Connection, either: sa.ColumnElement[bool], now: str) -> None:
    """Store the previous versions of films that changed, and of those where only claims did."""
    columns = [*DOCUMENT_COLUMNS, "since", "until"]
    before = sa.select(
        *(documents.c[name] for name in DOCUMENT_COLUMNS), documents.c.since, sa.literal(now)
    ).where(either)
    connection.execute(sa.insert(versions).from_select(columns, before))


def _changes(
    connection: sa.Connection,
    staged: sa.Table,
    publication: Publication,
    scope: sa.ColumnElement[bool],
    beside: DuckEngine | None,
) -> list[tuple[int, str, str]]:
    """Return film, kind and fields of every film whose document is new, changed or removed, in order."""
    both = staged.c.movie == documents.c.movie
    created = read(
        connection,
        sa.select(staged.c.movie).outerjoin(documents, both).where(documents.c.movie.is_(None)),
    )
    before = read(
        connection,
        sa.select(documents.c.movie, documents.c.document.label("before"))
        .select_from(
            staged.join(documents, both)
        )  # in this order: SQLite reads the few films' documents, not all
        .where(documents.c.hash != staged.c.hash),
    )
    gone = read(
        connection,
        sa.select(documents.c.movie).where(scope, ~sa.exists(sa.select(staged.c.movie).where(both))),
    )
    other: list[dict[str, Any]] = []
    if before.num_rows:
        parts = parts_of(publication.documents)
        some = [part.filter(pc.is_in(part["movie"], before["movie"])) for part in parts]
        after = pa.concat_tables(some).select(["movie", "document"])
        after = after.set_column(1, "after", as_text(after["document"]))
        other = differences(before, after, beside).to_pylist()
    return sorted(
        [
            *_kinds(created["movie"], "created", publication),
            *((row["movie"], "updated", row["fields"]) for row in other),
            *_kinds(gone["movie"], "withdrawn", publication),
        ]
    )


def _numbered(
    connection: sa.Connection, rows: list[tuple[int, str, str]], cause: Cause, now: str
) -> pa.Table:
    """Return the log's entries (CHANGES) for changes, numbered from the last one on."""
    first = last_change(connection) + 1
    movies, kinds, fields = zip(*rows, strict=True) if rows else ((), (), ())
    columns: list[tuple[Any, ...] | list[Any]] = [
        list(range(first, first + len(rows))),
        [now] * len(rows),
        movies,
        kinds,
        fields,
        [cause.source] * len(rows),
        [cause.delivery] * len(rows),
        [cause.decided.get(movie, cause.decision) for movie in movies],
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, CHANGES, strict=True)]
    return pa.Table.from_arrays(arrays, schema=CHANGES)


def _kinds(movies: Any, kind: str, publication: Publication) -> list[tuple[int, str, str]]:
    """Mark splits among created films and merges among removed ones."""
    if kind == "created":
        split = set(publication.split.to_pylist())
        return [(movie, "split" if movie in split else kind, "{}") for movie in movies.to_pylist()]
    ledger = publication.identities.filter(pc.equal(publication.identities["state"], "merged"))
    into = dict(zip(ledger["movie"].to_pylist(), ledger["successor"].to_pylist(), strict=True))
    held: dict[Any, list[str]] = {}
    for row in publication.merged.to_pylist():
        held.setdefault(row["id"], []).append(f"{row['source']}:{row['key']}")
    return [
        (movie, "merged", _merger(into[movie], held.get(movie, []))) if movie in into else (movie, kind, "{}")
        for movie in movies.to_pylist()
    ]


def _now(connection: sa.Connection, staged: sa.Table) -> str:
    """Return the instant of this publication, later than those of the versions it replaces."""
    older = sa.select(sa.func.max(documents.c.since)).where(documents.c.movie.in_(sa.select(staged.c.movie)))
    newest = sa.select(changes.c.at).order_by(changes.c.number.desc()).limit(1)
    latest = [connection.scalar(newest), connection.scalar(older)]
    past = [
        dt.datetime.fromisoformat(instant) + dt.timedelta(microseconds=1) for instant in latest if instant
    ]
    return max([dt.datetime.now(dt.UTC), *past]).isoformat(timespec="microseconds")


def _merger(successor: Any, records: Sequence[str]) -> str:
    """Return into which film one was merged, and its records: they get their id back when the merger is undone."""
    fields = {"successor": [None, f"mc{successor}"], "records": [records, None]}
    return msgspec.json.encode(fields).decode()
