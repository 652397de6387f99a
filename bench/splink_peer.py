"""Splink 5 on the same film lists, with sensible settings: the peer that matching is measured against."""

from __future__ import annotations

import time
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from moviec.matching.features import prepare
from moviec.text import pc

#: A pair is taken from here on; of several the likeliest for both films, as for MovieC.
THRESHOLD = 0.5

_BEST = """
SELECT unique_id_l AS left_key, unique_id_r AS right_key FROM predicted WHERE match_probability >= {threshold}
QUALIFY row_number() OVER (PARTITION BY unique_id_l ORDER BY match_weight DESC, unique_id_r) = 1
    AND row_number() OVER (PARTITION BY unique_id_r ORDER BY match_weight DESC, unique_id_l) = 1
"""

_YEAR: list[Any] = [
    {
        "sql_condition": "year_l IS NULL OR year_r IS NULL",
        "label_for_charts": "missing",
        "is_null_level": True,
    },
    {"sql_condition": "year_l = year_r", "label_for_charts": "same"},
    {"sql_condition": "abs(year_l - year_r) = 1", "label_for_charts": "1 apart"},
    {"sql_condition": "ELSE", "label_for_charts": "other"},
]
_RUNTIME: list[Any] = [
    {
        "sql_condition": "runtime_l IS NULL OR runtime_r IS NULL",
        "label_for_charts": "missing",
        "is_null_level": True,
    },
    {"sql_condition": "abs(runtime_l - runtime_r) <= 1", "label_for_charts": "same"},
    {"sql_condition": "abs(runtime_l - runtime_r) <= 5", "label_for_charts": "close"},
    {"sql_condition": "ELSE", "label_for_charts": "other"},
]


class Peer(msgspec.Struct, frozen=True):
    """What Splink gave: pairs (left_key, right_key), all pairs its blocks held, seconds for everything."""

    pairs: pa.Table
    blocked: pa.Table
    seconds: float


def run_splink(left: pa.Table, right: pa.Table) -> Peer:
    """Train on the two lists and predict; titles are folded as MovieC folds them, so that is no difference."""
    start = time.perf_counter()
    db = duckdb.connect()
    api = DuckDBAPI(db)
    sides = [
        api.register(_flat(db, films), dataset_display_name=name)
        for name, films in (("l", left), ("r", right))
    ]
    with_runtime = all(films["runtime"].null_count < len(films) for films in (left, right))
    linker = Linker(sides, _settings(with_runtime), log_level=None)
    training = linker.training
    training.estimate_probability_two_random_records_match([block_on("title", "year")], recall=0.8)
    training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    training.estimate_parameters_using_expectation_maximisation(block_on("title"))
    training.estimate_parameters_using_expectation_maximisation(block_on("start", "year"))
    linker.inference.predict().as_duckdbpyrelation().to_table("predicted")
    pairs = db.sql(_BEST.format(threshold=THRESHOLD)).to_arrow_table()
    seconds = time.perf_counter() - start
    blocked = db.sql(
        "SELECT unique_id_l AS left_key, unique_id_r AS right_key FROM predicted"
    ).to_arrow_table()
    return Peer(pairs, blocked, seconds)


def _settings(with_runtime: bool) -> SettingsCreator:
    runtime = [cl.CustomComparison(output_column_name="runtime", comparison_levels=_RUNTIME)]
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.JaroWinklerAtThresholds("title", [0.95, 0.88, 0.7]),
            cl.CustomComparison(output_column_name="year", comparison_levels=_YEAR),
            *(runtime if with_runtime else []),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("title"),
            block_on("start", "year"),
            block_on("word1", "year"),
            block_on("word2", "year"),
        ],
    )


def _flat(db: duckdb.DuckDBPyConnection, films: pa.Table) -> pa.Table:
    prepared = prepare(films)
    main = prepared.forms.group_by("n", use_threads=False).aggregate([("title", "first")])
    rows = prepared.records.drop_columns(["scores"]).join(main, "n").sort_by("n")
    db.register("rows", rows.append_column("title", pc.fill_null(rows["title_first"], "")))
    flat: pa.Table = db.sql(
        "SELECT key AS unique_id, title, year, runtime, substr(title, 1, 5) AS start,"
        " split_part(title, ' ', 1) AS word1, nullif(split_part(title, ' ', 2), '') AS word2 FROM rows"
    ).to_arrow_table()
    db.unregister("rows")
    return flat
