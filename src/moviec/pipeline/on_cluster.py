"""Work spread over a cluster: match features, candidate pairs, comparisons and fusing of a rebuild or a first load, and the sums of
the monthly job.

Features are folded by splits of the lake's files, pairs found by block and compared by candidate pair, films fused by slice, sums
made by genre or company. Each gives the same rows as without a cluster. Connected components, identities, people and companies
are computed by the driver, whose memory holds the kept pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pyarrow as pa

from moviec.catalog.staging import Rows, StoredRows, as_table, store_rows
from moviec.engine import Batches, DuckEngine, Limits
from moviec.engine.duckdb import quoted
from moviec.engine.spark import Spark
from moviec.fusion.model import FuseModel
from moviec.fusion.source_facts import FuseFacts
from moviec.matching.candidate_pairs import HELD_PAIRS, PAIRS, Found, PairLimits, named_rules, register_limits
from moviec.matching.in_parts import CANDIDATES, NUMBERED, candidates_of_blocks, pairs_of_candidates
from moviec.matching.match_features import MATCH_FEATURES, features_of_batches
from moviec.matching.model import Model
from moviec.matching.resolution import Pairing
from moviec.model import RECORD
from moviec.pipeline.fusing import AllShown, Shown, Sliced, joined, show_stored, together
from moviec.rollup.monthly import entries_sql, monthly_sums
from moviec.sql import filled, read_sql

#: Statements in Spark's SQL: which row goes into which part.
SQL = read_sql("moviec.pipeline", "on_cluster.sql")

#: The least and the most records whose blocking keys make one part, and candidate pairs that do: starting a part costs up to a
#: second, and a part has to fit into its executor's memory. Judgements, not measured.
KEYS_OF, CANDIDATES_OF = (500, 200_000), (2_000, 400_000)

#: Parts for each concurrent task, if there are enough rows: some parts are larger than others.
PARTS = 4

#: A task has its own core.
ONE_THREAD = Limits(threads=1)


def parts_of(spark: Spark, rows: int, sizes: tuple[int, int]) -> int:
    """Return the number of parts that rows are cut into, given the least and the most rows of a part."""
    least, most = sizes
    return max(min(rows // least, PARTS * spark.slots), -(-rows // most), 1)


_PLACES = """
SELECT CAST(row_number() OVER (ORDER BY m.source, m.key) AS INTEGER) AS n, m.source, m.key, m.delivery, d.side
FROM match_features m JOIN sides d USING (source)"""

_ENDS = ", ".join(PAIRS.names[:4])


def fold_records(spark: Spark, batches: Sequence[Path], model: Model) -> list[list[Path]]:
    """Fold the records of batches into MATCH_FEATURES rows, split by split; return the files with the rows of each batch,
    unordered.
    """
    for at, batch in enumerate(batches):
        spark.parquet(f"records_{at}", [batch])
    every = " UNION ALL ".join(f"SELECT *, {at} AS at FROM records_{at}" for at in range(len(batches)))
    spark.view("records_to_fold", every)
    spark.map("folded", "records_to_fold", partial(_folded, model), _FOLDED)
    return spark.write_by("SELECT * FROM folded", "at", len(batches))


_FOLDED = MATCH_FEATURES.append(pa.field("at", pa.int32()))


def _folded(model: Model, batches: Iterable[pa.RecordBatch]) -> Batches:
    """Fold records whose column `at` is the number of their batch; yield a row for each, in their order."""
    waiting: list[pa.RecordBatch] = []

    def noted() -> Batches:
        for batch in batches:
            waiting.append(batch)
            yield batch

    for features in features_of_batches(noted(), model):
        batch = waiting.pop(0)
        yield pa.RecordBatch.from_arrays([*features.columns, batch["at"]], schema=_FOLDED)


def pairing_on(spark: Spark, files: Sequence[Path], model: Model) -> Pairing:
    """Return the function that finds all pairs of the engine's `match_features`, whose rows these files hold, on a cluster."""

    def find(engine: DuckEngine, limits: PairLimits) -> Found:
        places = _places(engine, limits)
        none = pa.table({"source": pa.array([], pa.string()), "key": pa.array([], pa.string())})
        if not places.num_rows:
            return Found(PAIRS.empty_table(), none, _NO_REPORT)
        spark.expect(places.num_rows)
        spark.parquet("feature_rows", files)
        spark.register("places", places)
        spark.view("placed", SQL["placed"])
        report = _find_candidates(spark, places.num_rows, limits)
        return Found(_compare(engine, spark, model, limits), places.select(["source", "key"]), report)

    return find


_NO_REPORT = CANDIDATES.empty_table().select(CANDIDATES.names[2:])


def _places(engine: DuckEngine, limits: PairLimits) -> pa.Table:
    """Number the records in order of source and key, as candidate_pairs.sql does, each with the side of its source."""
    register_limits(engine, limits)
    engine.view("numbered", "SELECT DISTINCT source FROM match_features")
    engine.view("features_before", "SELECT * FROM match_features WHERE false")
    engine.materialize("sides", read_sql("moviec.matching", "candidate_pairs.sql")["sides"])
    return engine.query(_PLACES)


def _find_candidates(spark: Spark, records: int, limits: PairLimits) -> pa.Table:
    """Materialize the `candidates` by the part that compares them; return the blocking report, by rule."""
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
    return _in_order(engine, files)


def _in_order(engine: DuckEngine, files: Sequence[Path]) -> pa.Table:
    """Return the pairs (HELD_PAIRS) of some files, in order of their ends. Only ends are sorted: the evidence of millions
    of pairs is gigabytes of text, but only a few thousand distinct texts.
    """
    from pyarrow import parquet  # here, since loading it is slow and only a cluster's driver needs it

    pairs = pa.concat_tables(parquet.read_table(file, read_dictionary=["evidence"]) for file in files)
    pairs = pairs.unify_dictionaries().combine_chunks().cast(HELD_PAIRS)
    ends = pairs.select(PAIRS.names[:4]).append_column("place", pa.array(np.arange(len(pairs))))
    with DuckEngine(beside=engine) as beside:
        beside.register("ends", ends)
        return pairs.take(beside.query(f"SELECT place FROM ends ORDER BY {_ENDS}")["place"])


def _pairs(model: Model, limits: PairLimits, candidates: pa.Table, records: pa.Table) -> pa.Table:
    return pairs_of_candidates(candidates.select(["l", "r"]), records.select(NUMBERED.names), model, limits)


#: The files of a slice's tables, one row for each: the group of AllShown that a table is in ("tables", "documents" or "lists"),
#: its name there, and its path. Executors write them, so that no slice goes through the memory of Spark or of the driver.
_WRITTEN: list[tuple[str, pa.DataType]] = [
    ("part", pa.int32()),
    ("field", pa.string()),
    ("name", pa.string()),
    ("path", pa.string()),
]
WRITTEN = pa.schema(_WRITTEN)

#: Records in a slice at least: starting one costs a second.
LEAST = 1_000

#: Each record with the slice that its film is in, by how many records there are before it.
_SLICES = """
SELECT source, key, delivery, movie, part
FROM placed JOIN (
  SELECT movie, CAST((sum(records) OVER (ORDER BY movie) - records) // {slice} AS INTEGER) AS part
  FROM (SELECT movie, count(*) AS records FROM placed GROUP BY movie)) USING (movie)"""

_CREDITS = """
SELECT s.part, 'people_ids' AS list, c.* FROM people_ids c JOIN slices s USING (movie)
UNION ALL BY NAME SELECT s.part, 'companies_ids' AS list, c.* FROM companies_ids c JOIN slices s USING (movie)"""


def show_spread(
    spark: Spark, records: Sequence[Path], given: Sliced, model: FuseModel, facts: FuseFacts
) -> AllShown:
    """Fuse movies slice by slice on a cluster, as `show_all` does without one. `given.members` has only movie, source, key and
    delivery of each record: executors read the rest from `records`, the lake's files.
    """
    with DuckEngine(given.limits) as engine:
        engine.parquet("placed", [given.members])
        placed = engine.query("SELECT count(*) AS records FROM placed")["records"][0].as_py()
        if not placed:
            return together([_show_none(given, model, facts)])
        spark.expect(placed)
        size = -(-placed // parts_of(spark, placed, (LEAST, given.records)))
        engine.materialize("sliced", _SLICES.format(slice=size))
        engine.view("slices", "SELECT DISTINCT movie, part FROM sliced")
        for name, table in given.tables.items():
            engine.register(name, table)
        spark.register("members_placed", engine.query("SELECT * FROM sliced"))
        spark.register("credit_ids", engine.query(_CREDITS))
    spark.parquet("every_record", records)
    spark.view("members", SQL["members"])
    work = partial(_shown, model, facts, spark.folder())
    spark.group_two("shown", ("members", "credit_ids"), work, WRITTEN)
    files = spark.write("SELECT * FROM shown")
    with DuckEngine(given.limits) as engine:
        engine.parquet("shown", files)
        written = engine.query("SELECT * FROM shown ORDER BY part").to_pylist()
    by_part = [list(rows) for _, rows in groupby(written, itemgetter("part"))]
    return joined([_stored(rows) for rows in by_part])


def _stored(written: Iterable[Mapping[str, Any]]) -> AllShown:
    """Return what is shown of one slice, by the rows (WRITTEN) about its files."""
    files = {(row["field"], row["name"]): StoredRows([Path(row["path"])]) for row in written}
    tables: dict[str, Rows] = {name: rows for (field, name), rows in files.items() if field == "tables"}
    lists = {name: as_table(rows) for (field, name), rows in files.items() if field == "lists"}
    return AllShown(tables, files["documents", ""], lists)


def _show_none(given: Sliced, model: FuseModel, facts: FuseFacts) -> Shown:
    """Return the result without movies: every table, without rows."""
    with DuckEngine(given.limits) as engine:
        engine.register("members", pa.schema([pa.field("movie", pa.int64()), *RECORD]).empty_table())
        for name, table in given.tables.items():
            engine.register(name, table)
        return show_stored(engine, model, facts)


def _shown(
    model: FuseModel, facts: FuseFacts, folder: Path, members: pa.Table, credits: pa.Table
) -> pa.Table:
    """Fuse one slice: its members, unordered, and the parties of their credits. Its rows go into files of a new folder in
    `folder`, since a task that fails is tried again; returns WRITTEN.
    """
    part = members["part"][0].as_py()
    with DuckEngine(ONE_THREAD) as engine:
        engine.register("given", members)
        engine.materialize("members", "SELECT * EXCLUDE (part) FROM given ORDER BY movie, source, key")
        engine.register("credits_given", credits)
        for name in ("people_ids", "companies_ids"):
            engine.view(name, f"SELECT * EXCLUDE (part, list) FROM credits_given WHERE list = '{name}'")
        shown = show_stored(engine, model, facts)
    tables = [
        *(("tables", name, rows) for name, rows in shown.tables.items()),
        *(("lists", name, rows) for name, rows in shown.lists.items()),
        ("documents", "", shown.documents),
    ]
    room = Path(mkdtemp(dir=folder))
    written = [
        (part, field, name, str(store_rows(rows, room / f"{field}-{name}.arrow")))
        for field, name, rows in tables
    ]
    return pa.Table.from_pylist([dict(zip(WRITTEN.names, row, strict=True)) for row in written], WRITTEN)


#: All entries of a genre, or of a company, are in one part: its name is the commonest one over all its months.
_PARTED = "SELECT CAST(pmod(hash(kind, entry), {parts}) AS INT) AS part, * FROM entries"


def spread_sums(spark: Spark, films: Path, split: str, labels: pa.Table, numeric_keys: bool) -> pa.Table:
    """Sum films (a file of `films_sql` rows) by genre or company, year and month, as `monthly_sums` does, unordered."""
    with DuckEngine(ONE_THREAD) as engine:
        engine.view("films", f"SELECT * FROM read_parquet({quoted(str(films))}) LIMIT 0")
        engine.materialize("entries", entries_sql(numeric_keys))
        entries = engine.query("SELECT * FROM entries").schema
        sums = monthly_sums(engine, split, labels).schema
    spark.parquet("films", [films])
    spark.map("entries", "films", partial(_entries, numeric_keys), entries)
    spark.view("parted", _PARTED.format(parts=PARTS * spark.slots))
    spark.group("sums", "parted", partial(_sums, split, labels), sums)
    files = spark.write("SELECT * FROM sums")
    with DuckEngine(ONE_THREAD) as engine:
        if not files:
            return sums.empty_table()
        engine.parquet("sums", files)
        return engine.query("SELECT * FROM sums").cast(sums)


def _entries(numeric_keys: bool, batches: Iterable[pa.RecordBatch]) -> Batches:
    with DuckEngine(ONE_THREAD) as engine:
        for batch in batches:
            engine.register("films", pa.Table.from_batches([batch]))
            yield from engine.query(entries_sql(numeric_keys)).to_batches()


def _sums(split: str, labels: pa.Table, entries: pa.Table) -> pa.Table:
    with DuckEngine(ONE_THREAD) as engine:
        engine.register("entries", entries.drop_columns(["part"]))
        return monthly_sums(engine, split, labels)
