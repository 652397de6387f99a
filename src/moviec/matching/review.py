"""What a person should look at: records without a match and why, pairs in review and why they wait, doubtful films.

`unmatched` finds the nearest record to each one without a match, and why it was not taken; `waiting` returns why pairs
in review wait; `find_suspicious` finds published films that a reader would doubt: records of years far apart in one
film, and one film under two ids.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import Engine
from moviec.matching.evidence import CONTRADICTIONS
from moviec.matching.model import Model
from moviec.model import MILLION
from moviec.sql import filled, materialize, read_sql, run

_SQL = read_sql("moviec.matching", "review.sql")

#: Why the nearest record was not taken. "taken": its film already has `rival_key` of the same source.
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
    """Explain the records that were matched with no other.

    The engine holds `pairs` (SETTLED_PAIRS), `members` (MEMBERS; `cluster` is only compared for equality) and
    `decisions` (DECISIONS in force), of the whole catalogue or of whole components.
    """
    sql = _known_bands(engine, model)
    for name in ("sides", "apart", "nearest", "rivals"):
        engine.materialize(name, sql[name])
    return Unmatched(engine.query(sql["unmatched"]), engine.query(sql["shares"]))


def waiting(engine: Engine, model: Model) -> pa.Table:
    """Return why pairs of two films wait for review: the four ends, reason (REASONS), rival (source:key, null for none).

    The engine holds `pairs` (the four ends, weight, contradiction, probability) and `members` (source, key,
    cluster) of their films, whole.
    """
    sql = _known_bands(engine, model)
    engine.materialize("in_the_way", sql["in_the_way"])
    return engine.query(sql["waiting"])


def _known_bands(engine: Engine, model: Model) -> dict[str, str]:
    """Register `bands` in the engine; return the statements with the reason of a pair filled in."""
    accept = model.bands.accept
    likely = (
        np.log2(accept / (MILLION - accept)) * MILLION - model.calibration.intercept
    ) / model.calibration.slope
    engine.register("bands", pa.table({"accept": [accept], "likely": [int(np.ceil(likely * MILLION))]}))
    return {name: text.replace("{reason}", _SQL["reason"]) for name, text in _SQL.items()}


#: A film is doubtful where the years of its records are this far apart. Of Rotten Tomatoes and Wikipedia's films of
#: such years, before years counted against a match, nine of ten were two films (shared/FINDINGS.md).
YEARS = 4

#: Why a film is doubtful.
DOUBTS = ("years apart", "same people", "twins")


def find_suspicious(engine: Engine, narrow: Callable[[str], None] = lambda _: None) -> None:
    """Find doubtful films among `live` (RECORD columns) and `members` (source, key, movie), for `suspicious` and
    `count_suspicious`.

    `narrow` leaves in `live` only the records that a table (source, key) names: people are needed of few, and those of
    every record do not fit into memory.
    """
    run(engine, _SQL, [materialize("shown"), materialize("alike")])
    narrow("alike")
    engine.materialize("namesakes", _SQL["namesakes"])
    parts = [filled(_SQL[name], {"years": str(YEARS)}) for name in ("years_apart", "same_people", "twins")]
    engine.materialize("found", "\nUNION ALL\n".join(parts))


def suspicious(engine: Engine, most: int) -> pa.Table:
    """After `find_suspicious`, return the doubtful films, the most doubtful of each reason first.

    Columns: reason (DOUBTS), movies, weight (years apart, 10 a director and 1 an actor shared, ratings alike), records
    (movie, source, key, title, year).
    """
    return engine.query(filled(_SQL["suspicious"], {"most": str(most)}))


def count_suspicious(engine: Engine) -> dict[str, int]:
    """After `find_suspicious`, return how many there are in all by reason."""
    rows = engine.query("SELECT reason, count(*) AS films FROM found GROUP BY reason").to_pylist()
    return {row["reason"]: row["films"] for row in rows}
