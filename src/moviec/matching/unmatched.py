"""The records that no other was matched with: the nearest one to each and why it was not taken, and how the records of
each source were matched. Returns `Unmatched`; says of pairs in review, too, why they wait.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import Engine
from moviec.matching.evidence import CONTRADICTIONS
from moviec.matching.model import Model
from moviec.model import MILLION
from moviec.sql import read_sql

#: Why the nearest record was not taken. "taken": its film has `rival_key` of the same source already.
REASONS = (
    "nothing near",
    "decided",
    *CONTRADICTIONS,
    "taken",
    "does not fit the rest of the film",
    "several fit",
    "not likely enough",
)


class Unmatched(msgspec.Struct, frozen=True):
    """`records`: source, key, other_source, other_key, weight (log2 odds, millionths), probability (millionths), band,
    reason (REASONS), rival_key. `sources`: source, records, by_id, by_match, by_decision, in_review (alone, with a pair
    that a person should look at) and alone; the last five add up to the records.
    """

    records: pa.Table
    sources: pa.Table


def unmatched(engine: Engine, model: Model) -> Unmatched:
    """Explain the records that stand alone.

    The engine holds `pairs` (SETTLED_PAIRS), `members` (MEMBERS; of `cluster` only which are equal counts) and
    `decisions` (DECISIONS in force), of the whole catalogue or of whole components.
    """
    sql = _known_bands(engine, model)
    for name in ("sides", "apart", "nearest", "rivals"):
        engine.materialize(name, sql[name])
    return Unmatched(engine.query(sql["unmatched"]), engine.query(sql["shares"]))


def waiting(engine: Engine, model: Model) -> pa.Table:
    """Say of pairs of two films why they wait: the four ends, reason (REASONS), rival (source:key, null for none).

    The engine holds `pairs` (the four ends, weight, contradiction, probability) and `members` (source, key,
    cluster) of their films, whole.
    """
    sql = _known_bands(engine, model)
    engine.materialize("in_the_way", sql["in_the_way"])
    return engine.query(sql["waiting"])


def _known_bands(engine: Engine, model: Model) -> dict[str, str]:
    """Make `bands` known to the engine; return the sections of unmatched.sql."""
    sql = read_sql("moviec.matching", "unmatched.sql")
    accept = model.bands.accept
    likely = (
        np.log2(accept / (MILLION - accept)) * MILLION - model.calibration.intercept
    ) / model.calibration.slope
    engine.register("bands", pa.table({"accept": [accept], "likely": [int(np.ceil(likely * MILLION))]}))
    return {name: text.replace("{reason}", sql["reason"]) for name, text in sql.items()}
