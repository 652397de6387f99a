"""A small catalogue for the tests: records of a few sources, with their features, pairs and clusters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from moviec.matching.candidate_pairs import FLOOR, Found, PairLimits, find_pairs, find_records_to_match
from moviec.matching.clustering import Settled, settle
from moviec.matching.decisions import DECISIONS
from moviec.matching.match_features import MATCH_FEATURES, features_of_rows
from moviec.matching.model import shipped_model
from moviec.model import RECORD
from tests.engines import new_engine

MODEL = shipped_model()
Key = tuple[str, str]


def record(source: str, key: str, title: str = "", **fields: Any) -> dict[str, Any]:
    """Make one record; `directors` and `cast` are names, without a title it is a tombstone."""
    people = [("director", name) for name in fields.pop("directors", ())]
    people += [("actor", name) for name in fields.pop("cast", ())]
    return {
        "source": source,
        "key": key,
        "title": title or None,
        "deleted": not title,
        "people": [{"name": name, "role": role} for role, name in people],
        "ids": list(fields.pop("ids", {}).items()),
        **fields,
    }


def features_of(records: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Shelve records, in order of source and key."""
    rows = sorted(records, key=lambda row: (row["source"], row["key"]))
    return features_of_rows(pa.Table.from_pylist([dict(row) for row in rows], schema=RECORD), MODEL)


def features(
    history: Iterable[Mapping[Key, Mapping[str, Any]]],
) -> tuple[pa.Table, dict[tuple[str, str, str], int]]:
    """Shelve batches of films by key, delivered one after the other; say where each (source, key, delivery) stands."""
    every = features_of(
        record(*key, delivery=str(number), **film)
        for number, batch in enumerate(history)
        for key, film in batch.items()
    )
    rows = zip(*(every[name].to_pylist() for name in ("source", "key", "delivery")), strict=True)
    return every, {row: at for at, row in enumerate(rows)}


def pairs_of(
    match_features: pa.Table,
    limits: PairLimits,
    changed_records: Iterable[Key] | None = None,
    before: pa.Table | None = None,
    floor: int = FLOOR,
) -> Found:
    """Find the pairs of the changed records, of all where none are named."""
    keys = zip(match_features["source"].to_pylist(), match_features["key"].to_pylist(), strict=True)
    rows = [
        {"source": source, "key": key}
        for source, key in (keys if changed_records is None else changed_records)
    ]
    with new_engine() as engine:
        engine.register("match_features", match_features)
        engine.register(
            "changed_records",
            pa.Table.from_pylist(rows, MATCH_FEATURES.empty_table().select(["source", "key"]).schema),
        )
        engine.register("features_before", MATCH_FEATURES.empty_table() if before is None else before)
        find_records_to_match(engine, limits)
        return find_pairs(engine, MODEL, floor)


def settled(
    *records: Mapping[str, Any],
    decisions: Iterable[tuple[Key, Key, bool]] = (),
    repeating: frozenset[str] = frozenset(),
) -> Settled:
    """Shelve, pair and settle records; decisions are (record, record, same), oldest first."""
    match_features = features_of(records)
    found = pairs_of(match_features, PairLimits(repeating=repeating))
    rows = [dict(zip(DECISIONS.names, (*one, *other, same), strict=True)) for one, other, same in decisions]
    return settle(
        match_features.select(["source", "key", "ids", "votes"]),
        found.pairs,
        pa.Table.from_pylist(rows, schema=DECISIONS),
        MODEL,
        repeating,
    )


def clusters_of(result: Settled) -> set[frozenset[Key]]:
    """Give the clusters as sets of (source, key)."""
    clusters: dict[int, set[Key]] = {}
    for row in result.members.to_pylist():
        clusters.setdefault(row["cluster"], set()).add((row["source"], row["key"]))
    return {frozenset(members) for members in clusters.values()}
