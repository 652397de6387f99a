"""How reliable each source is for each field, learned from how likely its claims are, given everyone's.

Truth discovery by expectation-maximisation: weights give every value a chance, the mean chance of a source's claims
is its reliability, and that its weight; a fixed number of rounds, beginning with the order of the sources. A source
that repeats another adds no weight. Hands on `field_weights`.
"""

from __future__ import annotations

import math

import msgspec
import pyarrow as pa

from moviec.engine import Engine
from moviec.fuse.statements import run

#: Rounds, always as many; a source that is trusted least though it is the best is found out by the twentieth.
ROUNDS = 20

#: What a source is believed to be right before any film is seen: the first in the order, and less for each later one.
FIRST = 0.90
STEP = 0.02
LEAST = 0.60

#: How many films that belief is worth.
BELIEF_FILMS = 20

#: No source's word counts for nothing: the least weight, in millionths of a unit of log-odds.
LEAST_WEIGHT = 50_000


class Reliability(msgspec.Struct, frozen=True):
    """One source's standing in one field: films on which others could judge it, and its mean chance of being right."""

    source: str
    field: str
    judged: int
    reliability: float

    @property
    def weight(self) -> int:
        """Log-odds of being right, in millionths."""
        return max(LEAST_WEIGHT, round(1e6 * math.log(self.reliability / (1 - self.reliability))))


def learn_reliability(engine: Engine, order: tuple[str, ...]) -> tuple[Reliability, ...]:
    """Learn from `field_claims` (see fields.sql) with the sources in the order of trust; unknown ones come last.

    Exact counts in, so that any engine and thread count gives the same numbers.
    """
    pairs = engine.query("SELECT DISTINCT source, field FROM field_claims ORDER BY source, field").to_pylist()
    place = {source: at for at, source in enumerate(order)}
    belief = {row["source"]: _believed(place.get(row["source"], len(order))) for row in pairs}
    found = tuple(Reliability(row["source"], row["field"], 0, belief[row["source"]]) for row in pairs)
    for _ in range(ROUNDS):
        weigh(engine, found)
        rows = engine.query("SELECT * FROM field_agreement").to_pylist()
        counts = {(row["source"], row["field"]): (row["judged"], row["millionths"]) for row in rows}
        found = tuple(_updated(each, counts.get((each.source, each.field), (0, 0)), belief) for each in found)
    return found


def weigh(engine: Engine, reliability: tuple[Reliability, ...]) -> None:
    """Weigh every claim by its source's reliability; make `field_agreement` and what stands before it."""
    weights = {
        "source": pa.array([each.source for each in reliability], pa.string()),
        "field": pa.array([each.field for each in reliability], pa.string()),
        "millionths": pa.array([each.weight for each in reliability], pa.int64()),
    }
    engine.table("field_weights", pa.table(weights))
    run(engine, "fields.sql", "field_once", "field_agreement")


def _believed(place: int) -> float:
    return max(LEAST, FIRST - STEP * place)


def _updated(each: Reliability, counts: tuple[int, int], belief: dict[str, float]) -> Reliability:
    judged, millionths = counts
    share = (millionths / 1e6 + BELIEF_FILMS * belief[each.source]) / (judged + BELIEF_FILMS)
    return msgspec.structs.replace(each, judged=judged, reliability=round(share, 6))
