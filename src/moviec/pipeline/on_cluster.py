"""What a rebuild, or a first load, does on a cluster: match features by splits of the lake's files, candidate pairs by block,
comparisons by candidate pair. Each comes to what it comes to without, row by row.

Connected components, identities, people and companies are worked out by the driver, whose memory holds the kept pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import pyarrow as pa

from moviec.engine import Batches, DuckEngine
from moviec.engine.spark import Spark
from moviec.matching.candidate_pairs import PAIRS, Found, PairLimits, named_rules, register_limits
from moviec.matching.in_parts import CANDIDATES, NUMBERED, candidates_of_blocks, pairs_of_candidates
from moviec.matching.match_features import MATCH_FEATURES, features_of_batches
from moviec.matching.model import Model
from moviec.matching.resolution import Pairing
from moviec.sql import filled, read_sql

SQL = read_sql("moviec.pipeline", "on_cluster.sql")

#: Records whose blocking keys make one part, and candidate pairs that make one: at least, since setting out a part costs up to
#: a second, and at most, so that it stays in its executor's memory. Judgements, not measured.
KEYS_OF, CANDIDATES_OF = (500, 200_000), (2_000, 400_000)

#: Parts for each task that runs at once, where there is enough for them: some are larger than others.
PARTS = 4


def parts_of(spark: Spark, rows: int, sizes: tuple[int, int]) -> int:
    """Return into how many parts so many rows go, which are of these sizes at least and at most."""
    least, most = sizes
    return max(min(rows // least, PARTS * spark.slots), -(-rows // most), 1)


_PLACES = """
SELECT CAST(row_number() OVER (ORDER BY m.source, m.key) AS INTEGER) AS n, m.source, m.key, m.delivery, d.side
FROM match_features m JOIN sides d USING (source)"""

_ENDS = ", ".join(PAIRS.names[:4])


def fold_records(spark: Spark, batches: Sequence[Path], model: Model) -> list[list[Path]]:
    """Fold the records of batches into MATCH_FEATURES rows, split by split; return for each the files that hold its rows, in
    no order.
    """
    for at, batch in enumerate(batches):
        spark.parquet(f"records_{at}", [batch])
    every = " UNION ALL ".join(f"SELECT *, {at} AS at FROM records_{at}" for at in range(len(batches)))
    spark.view("records_to_fold", every)
    spark.map("folded", "records_to_fold", partial(_folded, model), _FOLDED)
    return spark.write_by("SELECT * FROM folded", "at", len(batches))


_FOLDED = MATCH_FEATURES.append(pa.field("at", pa.int32()))


def _folded(model: Model, batches: Iterable[pa.RecordBatch]) -> Batches:
    """Fold records that say, as `at`, which batch they are of; a row comes of each, in their order."""
    waiting: list[pa.RecordBatch] = []

    def noted() -> Batches:
        for batch in batches:
            waiting.append(batch)
            yield batch

    for features in features_of_batches(noted(), model):
        batch = waiting.pop(0)
        yield pa.RecordBatch.from_arrays([*features.columns, batch["at"]], schema=_FOLDED)


def pairing_on(spark: Spark, files: Sequence[Path], model: Model) -> Pairing:
    """Return what finds all pairs of the engine's `match_features`, which these files hold, on a cluster."""

    def find(engine: DuckEngine, limits: PairLimits) -> Found:
        places = _places(engine, limits)
        none = pa.table({"source": pa.array([], pa.string()), "key": pa.array([], pa.string())})
        if not places.num_rows:
            return Found(PAIRS.empty_table(), none, _NO_REPORT)
        spark.parquet("feature_rows", files)
        spark.register("places", places)
        spark.view("placed", SQL["placed"])
        report = _find_candidates(spark, places.num_rows, limits)
        return Found(_compare(engine, spark, model, limits), places.select(["source", "key"]), report)

    return find


_NO_REPORT = CANDIDATES.empty_table().select(CANDIDATES.names[2:])


def _places(engine: DuckEngine, limits: PairLimits) -> pa.Table:
    """Number the records in order of source and key, as candidate_pairs.sql does, each with the side that its source is."""
    register_limits(engine, limits)
    engine.view("numbered", "SELECT DISTINCT source FROM match_features")
    engine.view("features_before", "SELECT * FROM match_features WHERE false")
    engine.materialize("sides", read_sql("moviec.matching", "candidate_pairs.sql")["sides"])
    return engine.query(_PLACES)


def _find_candidates(spark: Spark, records: int, limits: PairLimits) -> pa.Table:
    """Name the `candidates` by the part that compares them; return what blocking did, by rule."""
    parts = parts_of(spark, records, KEYS_OF)
    spark.view("keys", filled(SQL["keys"], {"parts": str(parts)}))
    spark.group("blocks_of_parts", "keys", partial(_candidates, limits), CANDIDATES)
    spark.materialize("blocked", "SELECT * FROM blocks_of_parts")
    counted = spark.query("SELECT count(l) AS pairs FROM blocked")["pairs"][0].as_py()
    parts = parts_of(spark, counted, CANDIDATES_OF)
    spark.materialize("candidates", filled(SQL["candidates"], {"parts": str(parts)}))
    return named_rules(spark.query(SQL["report"]))


def _candidates(limits: PairLimits, keys: pa.Table) -> pa.Table:
    return candidates_of_blocks(keys.select(["n", "side", "rule", "block"]), limits)


def _compare(engine: DuckEngine, spark: Spark, model: Model, limits: PairLimits) -> pa.Table:
    columns = ", ".join(f"f.{name}" for name in NUMBERED.names)
    spark.view("compared", filled(SQL["compared"], {"columns": columns}))
    spark.group_two("pairs_of_parts", ("candidates", "compared"), partial(_pairs, model, limits), PAIRS)
    files = spark.write("SELECT * FROM pairs_of_parts")
    if not files:
        return PAIRS.empty_table()
    with DuckEngine(beside=engine) as beside:
        beside.parquet("found_pairs", files)
        return beside.query(f"SELECT * FROM found_pairs ORDER BY {_ENDS}").cast(PAIRS)


def _pairs(model: Model, limits: PairLimits, candidates: pa.Table, records: pa.Table) -> pa.Table:
    return pairs_of_candidates(candidates.select(["l", "r"]), records.select(NUMBERED.names), model, limits)
