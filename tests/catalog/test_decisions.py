"""Decisions in the catalogue, on both databases: the latest by its instant comes last, whatever came here last."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.decisions import insert, naming_unlisted
from moviec.catalog.ledger import ENDS, decisions_in_force
from moviec.catalog.schema.identity import records

ROUND, LATER = "2026-11-01T00:00:00+00:00", "2026-11-01T00:00:00.123456+00:00"


def made(left: str, right: str, verdict: str, at: str, undone: str | None = None) -> dict[str, str | None]:
    ends = dict(zip(ENDS, ("imdb", left, "kaggle", right), strict=True))
    return {**ends, "verdict": verdict, "who": "ann", "at": at, "undone": undone}


def test_decisions_in_force_come_in_order_of_their_instants(database: str) -> None:
    catalogue = connect(database)
    with writing(catalogue) as connection:
        assert decisions_in_force(connection).num_rows == 0
        some = [
            made("tt1", "1", "same", LATER),
            made("tt1", "1", "different", ROUND),
            made("tt2", "2", "different", LATER),
            made("tt2", "2", "same", LATER),
            made("tt3", "3", "same", ROUND, undone=LATER),
        ]
        for one in some:
            insert(connection, [one])
        held = decisions_in_force(connection).to_pylist()
        assert [(row["left_key"], row["verdict"]) for row in held] == [
            ("tt1", "different"),
            ("tt1", "same"),
            ("tt2", "same"),
            ("tt2", "different"),
        ]
        known = {"movie": 1, "live": True, "method": "alone"}
        here = [{"source": "imdb", "key": key, **known} for key in ("tt1", "tt2")]
        connection.execute(sa.insert(records), [*here, {"source": "kaggle", "key": "1", **known}])
        assert naming_unlisted(connection, pa.Table.from_pylist(some)) == 3
    catalogue.dispose()
