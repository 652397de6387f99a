"""Blocking: which pairs of records are worth comparing. Hands on the table `candidates` (l, r) and a report.

Every rule is an equality join on a key that few records share, so the work grows with the records, not their pairs.
A key that too many share is left out and counted in the report.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import Engine
from moviec.engine.sql import read_sql


class Limits(msgspec.Struct, frozen=True):
    """`most_pairs` a block may give before it is left out; `most_candidates` a record keeps, best first."""

    most_pairs: int = 400
    most_candidates: int = 8


class Blocking(msgspec.Struct, frozen=True):
    """What blocking did: `rules` has rule, blocks, pairs, left_out (blocks over the cap), lost_pairs."""

    candidates: int
    cut: int
    rules: pa.Table


_REPORT = """
SELECT rule, count(*) AS blocks,
       CAST(sum(CASE WHEN used THEN left_records * right_records ELSE 0 END) AS BIGINT) AS pairs,
       CAST(sum(CASE WHEN used THEN 0 ELSE 1 END) AS BIGINT) AS left_out,
       CAST(sum(CASE WHEN used THEN 0 ELSE left_records * right_records END) AS BIGINT) AS lost_pairs
FROM blocks GROUP BY rule ORDER BY rule
"""

_WORDS = """
SELECT word, CAST(sum(films) AS BIGINT) AS films FROM (
  SELECT word, count(DISTINCT n) AS films FROM left_words GROUP BY word
  UNION ALL SELECT word, count(DISTINCT n) AS films FROM right_words GROUP BY word
  UNION ALL SELECT word, films FROM usual_words) GROUP BY word
"""


def sections(name: str) -> Mapping[str, str]:
    """Return the statements of an .sql file of this package by name."""
    return read_sql("moviec.matching", name)


def know_words(engine: Engine, usual: pa.Table) -> None:
    """Keep `known_words`: word, bits (thousandths of a bit that sharing the word tells).

    `usual` (word, films; the word "" counts all films) is what the model knows of titles in general.
    """
    engine.register("usual_words", usual)
    counted = engine.query(_WORDS)
    films = counted["films"].to_numpy()
    total = engine.query(
        "SELECT (SELECT count(*) FROM left_records) + (SELECT count(*) FROM right_records)"
        " + (SELECT coalesce(max(films), 0) FROM usual_words WHERE word = '') AS films"
    )["films"][0].as_py()
    bits = np.rint(1000 * np.log2(np.maximum(total, 1) / films)).astype(np.int64)
    engine.register("arriving", pa.table({"word": counted["word"], "bits": np.maximum(bits, 0)}))
    engine.materialize("known_words", "SELECT word, bits FROM arriving")


def find_candidates(engine: Engine, limits: Limits) -> Blocking:
    """Find the candidate pairs of the loaded lists (`left_…`, `right_…`) and keep them as `candidates`: l, r."""
    engine.register("limits", pa.Table.from_pylist([msgspec.structs.asdict(limits)]))
    for name, sql in sections("candidates.sql").items():
        engine.materialize(name, sql)
    counts = engine.query(
        "SELECT (SELECT count(*) FROM found) AS found, (SELECT count(*) FROM candidates) AS candidates"
    ).to_pylist()[0]
    return Blocking(counts["candidates"], counts["found"] - counts["candidates"], engine.query(_REPORT))
