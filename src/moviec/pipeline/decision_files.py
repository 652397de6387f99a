"""The decisions as a file: every one ever made written as CSV (DECISION_LOG), and a file's added to those there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from moviec.catalog import decisions as store
from moviec.catalog.connect import writing
from moviec.catalog.ledger import ENDS
from moviec.pipeline.workshop import Workshop
from moviec.resolve.decisions import DECISION_LOG, contradictions, normal, read_decisions, write_decisions


def export_decisions(shop: Workshop, path: Path) -> int:
    """Write every decision ever made as CSV (DECISION_LOG); give how many."""
    with shop.catalogue.connect() as connection:
        log = log_of(store.all_decisions(connection))
    write_decisions(log, path)
    return int(log.num_rows)


def import_decisions(shop: Workshop, path: Path) -> tuple[int, list[str]]:
    """Add a file's decisions to those there are, each once; give how many are new, and all contradictions in force.

    A decision that the file says was taken back is taken back here. Raises PayloadError with line and reason.
    """
    given = [_stored(row) for row in read_decisions(path).to_pylist()]
    with writing(shop.catalogue) as connection:
        known = {_identity(row): row for row in store.all_decisions(connection)}
        fresh = [row for row in given if _identity(row) not in known]
        store.insert(connection, fresh)
        for row in given:
            mine = known.get(_identity(row))
            if mine and row["undone"] and not mine["undone"]:
                store.undo(connection, mine["number"])
        log = log_of(store.all_decisions(connection))
    return len(fresh), [str(one) for one in contradictions(log)]


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
    """Give rows of `decisions` as DECISION_LOG."""
    read_rows = [
        {
            **{name: row[name] for name in DECISION_LOG.names},
            "at": dt.datetime.fromisoformat(row["at"]),
            "undone": row["undone"] and dt.datetime.fromisoformat(row["undone"]),
        }
        for row in rows
    ]
    return normal(pa.Table.from_pylist(read_rows, schema=DECISION_LOG))
