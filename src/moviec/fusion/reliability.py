"""How reliable each source is for each field, learned from how likely its claims are, given everyone's.

Truth discovery by expectation-maximisation: weights give every value a chance, the mean chance of a source's claims
is its reliability, and that its weight; a fixed number of rounds, beginning with the order of the sources. A source
that repeats another adds no weight. Returns `field_weights`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import msgspec
import pyarrow as pa

from moviec.engine import Engine
from moviec.sql import materialize, read_sql, run, view

_FIELDS_SQL = read_sql("moviec.fusion", "fields.sql")
_JUDGED = (
    materialize("field_once"),
    materialize("field_repeated"),
    view("field_disputable"),
    materialize("field_judged"),
)
_AGREEMENT = (view("field_agreement"),)
_WEIGHED = (
    materialize("field_weighed"),
    materialize("field_totals"),
    materialize("field_tops"),
    materialize("field_odds"),
    view("field_every"),
    materialize("field_chances"),
)


#: Rounds, always as many; a source that is trusted least though it is the best is found out by the twentieth.
ROUNDS = 20

#: How many films that belief is worth.
BELIEF_FILMS = 20

#: No source's word counts for nothing: the least weight, in millionths of a unit of log-odds.
LEAST_WEIGHT = 50_000


#: The chance that a source is right about a field, before any film is seen.
Belief: TypeAlias = Callable[[str, str], float]


class Reliability(msgspec.Struct, frozen=True):
    """What one source is worth in one field: films on which others could judge it, and its mean chance of being right."""

    source: str
    field: str
    judged: int
    reliability: float

    @property
    def weight(self) -> int:
        """Log-odds of being right, in millionths."""
        return max(LEAST_WEIGHT, round(1e6 * math.log(self.reliability / (1 - self.reliability))))


def believed(engine: Engine, belief: Belief, claims: str = "field_claims") -> tuple[Reliability, ...]:
    """Return what is believed of every source and field in a table of claims before any film is seen."""
    pairs = engine.query(f"SELECT DISTINCT source, field FROM {claims} ORDER BY source, field").to_pylist()
    return tuple(
        Reliability(row["source"], row["field"], 0, belief(row["source"], row["field"])) for row in pairs
    )


def open_judged(engine: Engine) -> None:
    """Make `field_judged` from `field_claims`: the claims of films and fields on which two sources or more speak."""
    run(engine, _FIELDS_SQL, _JUDGED)


def learn_from(engine: Engine, belief: Belief, claims: str = "field_judged") -> tuple[Reliability, ...]:
    """Learn from judged claims, beginning with what is believed; leaves them weighed by the last round but one.

    Exact counts in, so that any engine and thread count gives the same numbers.
    """
    found = before = believed(engine, belief, claims)
    for _ in range(ROUNDS):
        weigh(engine, found, claims)
        run(engine, _FIELDS_SQL, _AGREEMENT)
        rows = engine.query("SELECT * FROM field_agreement").to_pylist()
        counts = {(row["source"], row["field"]): (row["judged"], row["millionths"]) for row in rows}
        found = tuple(_updated(each, counts.get((each.source, each.field), (0, 0))) for each in before)
    return found


def weigh(engine: Engine, reliability: tuple[Reliability, ...], claims: str) -> None:
    """Weigh every claim in the table `claims` by its source's reliability; make `field_weighed` to `field_chances`."""
    weights = {
        "source": pa.array([each.source for each in reliability], pa.string()),
        "field": pa.array([each.field for each in reliability], pa.string()),
        "millionths": pa.array([each.weight for each in reliability], pa.int64()),
    }
    engine.register("field_weights", pa.table(weights))
    run(engine, _FIELDS_SQL, _WEIGHED, {"claims": claims})


def _updated(before: Reliability, counts: tuple[int, int]) -> Reliability:
    judged, millionths = counts
    share = (millionths / 1e6 + BELIEF_FILMS * before.reliability) / (judged + BELIEF_FILMS)
    return msgspec.structs.replace(before, judged=judged, reliability=round(share, 6))
