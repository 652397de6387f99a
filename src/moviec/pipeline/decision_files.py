"""The decisions as a file: every one ever made written as CSV (DECISION_LOG), and a file's added to those there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from moviec.catalog import decisions as store
from moviec.catalog.ledger import ENDS
from moviec.home.context import RunContext
from moviec.matching.decisions import DECISION_LOG, contradictions, normal, read_decisions, write_decisions


def export_decisions(context: RunContext, path: Path) -> int:
    """Write every decision ever made as CSV (DECISION_LOG); return how many."""
    with context.catalogue.connect() as connection:
        log = log_of(store.all_decisions(connection))
    write_decisions(log, path)
    return int(log.num_rows)


class Imported(msgspec.Struct, frozen=True):
    """What a file of decisions brought: how many are `new`, how many of all in it are `unlisted` (they name a record that
    no source has listed here), and every contradiction now in force, a line each.
    """

    new: int
    unlisted: int
    contradictions: list[str]


def import_decisions(context: RunContext, path: Path) -> Imported:
    """Add a file's decisions to those there are, each once.

    One that the file says was taken back is taken back here; one on records that are not here waits for them. Raises
    PayloadError with line and reason.
    """
    read = read_decisions(path, dt.datetime.now(dt.UTC))
    given = [_stored(row) for row in read.to_pylist()]
    with context.writing() as copy:
        connection = copy.connection
        known = {_identity(row): row for row in store.all_decisions(connection)}
        fresh = [row for row in given if _identity(row) not in known]
        store.insert(connection, fresh)
        for row in given:
            mine = known.get(_identity(row))
            if mine and row["undone"] and not mine["undone"]:
                store.undo(connection, mine["number"], row["undone_by"])
        unlisted = store.naming_unlisted(connection, read)
        log = log_of(store.all_decisions(connection))
        copy.table("decisions")
    return Imported(len(fresh), unlisted, [str(contradiction) for contradiction in contradictions(log)])


def _identity(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        *(row[name] for name in ENDS),
        row["verdict"],
        row["who"],
        dt.datetime.fromisoformat(row["at"]).isoformat(),
    )


def _stored(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "at": row["at"].isoformat(), "undone": row["undone"] and row["undone"].isoformat()}


def log_of(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return rows of `decisions` as DECISION_LOG."""
    read_rows = [
        {
            **{name: row[name] for name in DECISION_LOG.names},
            "at": dt.datetime.fromisoformat(row["at"]),
            "undone": row["undone"] and dt.datetime.fromisoformat(row["undone"]),
        }
        for row in rows
    ]
    return normal(pa.Table.from_pylist(read_rows, schema=DECISION_LOG))
