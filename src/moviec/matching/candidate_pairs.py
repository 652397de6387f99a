"""Pairs of records, of any sources, that may be the same film, with their weights: the comparisons that a catalogue
keeps.

A pair and its weight depend only on its two records, the pinned model and which blocks are over the cap, so comparing
what changed gives the same pairs as comparing everything. Returns PAIRS rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import Batches, DuckEngine, Engine
from moviec.matching.bounds import bounds_of
from moviec.matching.comparisons import NO_TWINS, NOTES, Reach, compare, compare_titles, note_films
from moviec.matching.evidence import WeighedRecords, adjusted, contradictions, evidence, weights_of_records
from moviec.matching.match_features import BLOCK, FORM, ID_RULE, NAME, RULES, TWINS_RULE
from moviec.matching.model import Model
from moviec.model import MILLION
from moviec.sql import filled, read_sql
from moviec.text import pc

_SQL = read_sql("moviec.matching", "candidate_pairs.sql")

#: (left_source, left_key) comes before (right_source, right_key). `weight`: log2 odds in millionths, the pinned prior
#: included; raised where only titles contradict a shared id or the same people (`evidence.adjusted`). `contradiction`:
#: what speaks against the pair (CONTRADICTIONS), so that a person should look however likely it is; null for nothing.
#: `evidence`: JSON list of [feature, level, bits].
_PAIRS: list[tuple[str, pa.DataType]] = [
    ("left_source", pa.string()),
    ("left_key", pa.string()),
    ("right_source", pa.string()),
    ("right_key", pa.string()),
    ("weight", pa.int64()),
    ("contradiction", pa.string()),
    ("shared_id", pa.bool_()),
    ("evidence", pa.string()),
]
PAIRS = pa.schema(_PAIRS)

#: The same in memory: a million pairs have only some thousands of distinct evidences.
HELD_PAIRS = PAIRS.set(len(PAIRS) - 1, pa.field("evidence", pa.dictionary(pa.int32(), pa.string())))

Made = TypeVar("Made")

#: Candidate pairs compared at a time, so that memory stays flat.
SLICE = 400_000


#: The least weight that is kept (log2 odds, millionths).
FLOOR = -8 * MILLION


class PairLimits(msgspec.Struct, frozen=True):
    """`most_pairs`: pairs that a block may have before it is left out; `repeating`: the sources that may list a film
    twice, the only ones within which pairs are sought.
    """

    most_pairs: int = 400
    repeating: frozenset[str] = frozenset()


class Found(msgspec.Struct, frozen=True):
    """`pairs`: PAIRS rows (or HELD_PAIRS), in order of their ends. `to_match`: source, key of the records whose pairs
    these are, all of them: the changed records, and those in a block that the change took over the cap or back under
    it. `rules`: rule, blocks, pairs, left_out (blocks over the cap), lost_pairs.
    """

    pairs: pa.Table
    to_match: pa.Table
    rules: pa.Table


#: Whether each block is used, by `crowds_now` (rule, block, side, films): rule, block, pairs, used.
USED_BLOCKS = _SQL["blocks"]

_TO_MATCH = "SELECT r.source, r.key FROM to_match a JOIN numbered r ON r.n = a.n ORDER BY a.n"

BLOCKING_REPORT = """
SELECT rule, count(*) AS blocks,
       CAST(sum(CASE WHEN used THEN pairs ELSE 0 END) AS BIGINT) AS pairs,
       CAST(sum(CASE WHEN used THEN 0 ELSE 1 END) AS BIGINT) AS left_out,
       CAST(sum(CASE WHEN used THEN 0 ELSE pairs END) AS BIGINT) AS lost_pairs
FROM blocks GROUP BY rule ORDER BY rule
"""


_FILM_IDS = """
SELECT e.n, e.key AS space, e.value AS id, CASE WHEN m.key = e.value THEN m.source END AS key_of
FROM film_entries e JOIN numbered m ON m.n = e.n
"""


def find_records_to_match(engine: Engine, limits: PairLimits, unused: str = "") -> None:
    """Find the records whose pairs may differ now: `to_match` (n) has the changed records, and those in a block that
    the change took over the cap or back under it; `numbered` has the records by n.

    The engine holds `changed_records` (source, key: new, changed or deleted records), `features_before` (source, blocks
    of those records before the change, without tombstones) and `match_features` (MATCH_FEATURES rows of every current
    record, without tombstones). `match_features` need only hold records that share a block with a changed one, now or
    before; for `find_candidates` also those that share one with any other record to match. Blocks in the table `unused` are
    left out: they give no pair, now or before, and not all of their records need be there.
    """
    _lay_out_keys(engine, limits, "numbered", unused)
    engine.materialize("nested_keys_before", _SQL["nested_keys_before"])
    _flatten(engine, "flat_before", "nested_keys_before", pa.schema([("side", pa.int32()), *BLOCK]))
    engine.view("keys_before", filled(_SQL["sided_keys"], {"flat": _without(unused, "flat_before")}))
    for name in ("touched", "crowds", "flipped", "to_match", "keys_to_match"):
        engine.materialize(name, _SQL[name])
    engine.view("crowds_now", _SQL["crowds_to_match"])


def match_all(engine: Engine, limits: PairLimits) -> None:
    """Do what `find_records_to_match` does where every record of `match_features` is new."""
    engine.view("features_before", "SELECT * FROM match_features WHERE false")
    _lay_out_keys(engine, limits, "numbered_all")
    engine.view("to_match", "SELECT n FROM numbered")
    engine.view("keys_to_match", "SELECT n, side, rule, block FROM keys")
    engine.view("crowds_now", _SQL["crowds_of_all"])


def _without(unused: str, flat: str) -> str:
    return f"(SELECT * FROM {flat} ANTI JOIN {unused} USING (block))" if unused else flat


def _lay_out_keys(engine: Engine, limits: PairLimits, numbered: str, unused: str = "") -> None:
    """Materialize `numbered` (by the section of that name), `sides`, and `keys`, the blocks of each record."""
    register_limits(engine, limits)
    engine.materialize("numbered", _SQL[numbered])
    engine.materialize("sides", _SQL["sides"])
    ends = [("n", pa.int32()), ("side", pa.int32()), ("is_changed", pa.bool_())]
    _flatten(engine, "flat_keys", f"({_SQL['nested_keys']})", pa.schema([*ends, *BLOCK]))
    engine.view("keys", filled(_SQL["sided_keys"], {"flat": _without(unused, "flat_keys")}))
    # Blocks take most of the memory; from here on they are flat rows.
    engine.materialize("numbered", "SELECT * EXCLUDE (blocks) FROM numbered")


def register_limits(engine: Engine, limits: PairLimits) -> None:
    """Register `repeating` and `limits` in the engine."""
    engine.register("repeating", pa.table({"source": pa.array(sorted(limits.repeating), pa.string())}))
    engine.register(
        "limits",
        pa.table({"most_pairs": [limits.most_pairs], "id_rule": [ID_RULE], "twins_rule": [TWINS_RULE]}),
    )


def find_candidates(engine: Engine) -> None:
    """After `find_records_to_match`, materialize `blocks` and the candidate pairs `found` (l, r)."""
    for name in ("blocks", "found"):
        engine.materialize(name, _SQL[name])
    engine.forget("flat_keys")  # thirty for each record


def find_best_candidates(engine: Engine, most: int) -> int:
    """After `match_all`, materialize `blocks`, and as `found` (l, r) the pairs among the best `most` of both their
    ends.

    Returns how many candidate pairs were left out. Which pairs are best depends on all records, so this is for lists
    that are matched as a whole, not for a catalogue that grows.
    """
    engine.register("best_of", pa.table({"most": [most]}))
    for name, section in (("blocks", "blocks"), ("shared", "shared"), ("found", "best")):
        engine.materialize(name, _SQL[section])
    counts = "SELECT (SELECT count(*) FROM shared) - (SELECT count(*) FROM found) AS cut"
    return int(engine.query(counts)["cut"][0].as_py())


def find_pairs(engine: DuckEngine, model: Model, floor: int = FLOOR) -> Found:
    """After `find_records_to_match`, find every pair with an end among the records to match that is at or above the
    floor or shares an id.

    The caller replaces all pairs of `to_match` and of deleted records.
    """
    find_candidates(engine)
    pairs = weigh_candidates(engine, model, floor)
    return Found(pairs, engine.query(_TO_MATCH), blocking_report(engine))


def weigh_candidates(engine: DuckEngine, model: Model, floor: int = FLOOR) -> pa.Table:
    """Compare and weigh the pairs in `found` of the engine's `numbered` records; return those kept, as HELD_PAIRS."""
    lay_out_films(engine)
    records = numbered_records(engine)
    weighed = weights_of_records(records["source"], model)
    kept = compare_slices(
        engine,
        lambda levels: weigh_pairs(levels, records, weighed, floor).cast(HELD_PAIRS),
        bounds_of(engine, weighed, floor).reach,
    )
    engine.forget(*_LISTS, *NOTES, "titled")
    return pa.concat_tables([HELD_PAIRS.empty_table(), *kept]).combine_chunks()


def numbered_records(engine: Engine) -> pa.Table:
    """Return source and key of every record, in order of their numbers, which begin at 1."""
    return engine.query("SELECT source, key FROM numbered ORDER BY n")


def blocking_report(engine: Engine) -> pa.Table:
    """Return the blocking report: rule, blocks, pairs, left_out (blocks over the cap), lost_pairs."""
    return named_rules(engine.query(BLOCKING_REPORT))


def named_rules(report: pa.Table) -> pa.Table:
    """Return a report with the names of the rules in place of their numbers."""
    return report.set_column(0, "rule", pc.take(pa.array(RULES), report["rule"]))


def lay_out_films(engine: DuckEngine) -> None:
    """Materialize what is compared of the records in `found`."""
    for name in ("involved", "nested"):
        engine.materialize(name, _SQL[name])
    for table, (column, *fields) in _LISTS.items():
        nested = f"(SELECT n, {column} AS items FROM nested)"
        _flatten(engine, table, nested, pa.schema([("n", pa.int32()), *fields]))
    engine.forget("nested")
    engine.materialize("repeating_sources", "SELECT source FROM repeating")
    note_films(engine)
    engine.forget("film_forms")


def compare_slices(
    engine: DuckEngine, made: Callable[[pa.Table], Made], reach: Reach | None = None
) -> list[Made]:
    """Compare the pairs in `found` slice by slice after `lay_out_films`, and return what is `made` of each slice, in
    order: of l, r and one int8 column per comparison, ordered by l, r.

    Without `reach`, no pair is dropped (`compare_titles`).
    """
    titled = _of_slices(engine, "found", lambda apart: compare_titles(apart, reach))
    engine.register("titled_arriving", pa.concat_tables([_TITLED.empty_table(), *titled]))
    engine.materialize("titled", "SELECT * FROM titled_arriving")
    engine.forget("titled_arriving", "film_titles")  # most of what is laid out
    return _of_slices(engine, "titled", lambda apart: made(compare(apart)))


#: Pairs whose titles were compared.
_TITLED = pa.schema({"l": pa.int32(), "r": pa.int32(), "title": pa.int8()})


def compare_all(engine: DuckEngine) -> pa.Table:
    """Compare the pairs in `found` and return their levels (`compare_slices`), in one table."""
    lay_out_films(engine)
    parts = compare_slices(engine, lambda levels: levels)
    return pa.concat_tables(parts) if parts else _of_slice(engine, "titled", (0, 0), compare)


#: What comparisons read of the records, beside the tables that are kept.
_FILM_RECORDS = """
SELECT n, source, year, released, runtime, kind, scores, source IN (SELECT source FROM repeating_sources) AS repeats FROM numbered
"""


def _of_slices(engine: DuckEngine, pairs: str, made: Callable[[Engine], Made]) -> list[Made]:
    """Return what is `made` of each slice of some pairs, in order: of as many at a time as the engine has threads."""
    with ThreadPoolExecutor(engine.threads) as pool:
        return list(pool.map(lambda ends: _of_slice(engine, pairs, ends, made), _slices(engine, pairs)))


def _of_slice(engine: DuckEngine, pairs: str, ends: tuple[int, int], made: Callable[[Engine], Made]) -> Made:
    first, last = ends
    with DuckEngine(beside=engine, reading=True) as apart:
        apart.view("film_records", _FILM_RECORDS)
        apart.view("film_ids", _FILM_IDS)
        apart.register("slice", pa.table({"first": [first], "last": [last]}))
        apart.materialize("candidates", filled(_SQL["candidates"], {"pairs": pairs}))
        return made(apart)


_ENTRY = (pa.field("key", pa.string()), pa.field("value", pa.string()))
_LISTS = {
    "film_forms": ("forms", *FORM),
    "film_names": ("names", *NAME),
    "film_genres": ("genres", pa.field("genre", pa.string())),
    "film_entries": ("ids", *_ENTRY),
}


def _slices(engine: Engine, pairs: str) -> Iterator[tuple[int, int]]:
    """Cut some pairs into ranges of l with about SLICE pairs each."""
    counted = engine.query(f"SELECT l, count(*) AS pairs FROM {pairs} GROUP BY l ORDER BY l")
    left, cut = counted["l"].to_numpy(), np.cumsum(counted["pairs"].to_numpy()) // SLICE
    for at in np.unique(cut):
        inside = left[cut == at]
        yield int(inside[0]), int(inside[-1])


def _flatten(engine: Engine, name: str, nested: str, schema: pa.Schema) -> None:
    """Unnest the lists `items` of a query on tables into rows, each with the other columns of `schema`."""

    def flat(batches: Iterable[pa.RecordBatch]) -> Batches:
        for batch in batches:
            parents, items = pc.list_parent_indices(batch["items"]), pc.list_flatten(batch["items"])
            struct = pa.types.is_struct(items.type)
            inside = (
                {field.name: pc.struct_field(items, field.name) for field in items.type} if struct else {}
            )
            columns = [
                pc.take(batch[field.name], parents) if field.name in batch.schema.names else inside.get(field.name, items)
                for field in schema
            ]  # fmt: skip
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    engine.map(name, nested, flat, schema)


def weigh_pairs(levels: pa.Table, records: pa.Table, weighed: WeighedRecords, floor: int = FLOOR) -> pa.Table:
    """Weigh compared pairs of `numbered_records` by the weights for their two sources; return those kept, as PAIRS."""
    row = weighed.row(levels)
    weight = adjusted(levels, weighed.weights.total(levels, row))
    shared = levels["ids"].to_numpy() == 0
    keep = ((weight >= floor) | shared) & (levels["twins"].to_numpy() != NO_TWINS)
    levels, row = levels.filter(pa.array(keep)), row[keep]
    ends = {
        f"{side}_{name}": records[name].take(pc.subtract(levels[number], 1))
        for side, number in (("left", "l"), ("right", "r"))
        for name in ("source", "key")
    }
    found = {
        "weight": pa.array(weight[keep]),
        "contradiction": contradictions(levels),
        "shared_id": pa.array(shared[keep]),
        "evidence": evidence(levels, weighed.weights, row),
    }
    return pa.table({**ends, **found}, schema=PAIRS)
