"""Shelf rows: what is folded of a record, and that nothing else has a say in it."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa

from moviec.matching.match_features import MATCH_FEATURES, features_of_batches, features_of_rows
from moviec.model import RECORD
from tests.matching.catalogue import MODEL, features_of, record


def films() -> list[dict[str, object]]:
    return [
        record(
            "a", "1", "Star Wars: A New Hope", year=1977, directors=["George Lucas"], ids={"imdb": "tt76"}
        ),
        record("a", "2"),
        record("a", "3", "Misérables, Les (1995)", genres=["Drama", "(no genres listed)"]),
        record("b", "1", "千と千尋の神隠し", released=dt.date(2001, 7, 20), runtime=125),
    ]


def test_a_row_per_record_in_their_order_and_an_empty_one_for_a_tombstone() -> None:
    match_features = features_of(films())
    assert match_features.schema.equals(MATCH_FEATURES)
    rows = match_features.to_pylist()
    assert [(row["source"], row["key"], row["deleted"]) for row in rows] == [
        ("a", "1", False), ("a", "2", True), ("a", "3", False), ("b", "1", False),
    ]  # fmt: skip
    assert rows[1]["forms"] is None and rows[1]["blocks"] is None
    assert rows[0]["forms"][0]["tail"] == "newhope" and rows[0]["ids"] == [("imdb", "tt76")]
    assert [row["year"] for row in rows] == [1977, None, 1995, 2001]
    assert rows[2]["forms"][0]["title"] == "miserables" and rows[2]["genres"] == ["drama"]


def test_a_row_depends_on_its_record_alone() -> None:
    together = features_of(films())
    apart = pa.concat_tables(features_of([film]) for film in films())
    assert together.equals(apart)
    records = pa.Table.from_pylist(films(), schema=RECORD)
    batches = records.to_batches(max_chunksize=3)
    assert (
        pa.Table.from_batches(features_of_batches(batches, MODEL), MATCH_FEATURES)
        .combine_chunks()
        .equals(features_of_rows(records, MODEL).combine_chunks())
    )


def test_records_of_nothing_have_no_features() -> None:
    assert features_of_rows(RECORD.empty_table(), MODEL).equals(MATCH_FEATURES.empty_table())
    assert len(features_of([record("a", "1")])) == 1
