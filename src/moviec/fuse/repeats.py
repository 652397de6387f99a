"""Finds sources that repeat another in a field: they part from it too seldom where others contradict it.

Agreement alone tells nothing, as good sources agree; shared errors do (Dong, Berti-Equille and Srivastava,
"Integrating conflicting data: the role of source dependence", 2009). Hands on the copies; each is one voice with its original.
"""

from __future__ import annotations

from typing import Any

from moviec.engine import Engine
from moviec.fuse.fields import FieldCopy
from moviec.fuse.reliability import Belief, learn_from
from moviec.fuse.statements import run

#: Times that an independent source should have parted from the original, before anything is said.
LEAST_EXPECTED = 10

#: A source repeats another when it parted from it at most this share of the times expected. Among made-up sources
#: independent ones stay above .9, those that repeat nineteen values in twenty below .2 (docs/fusion.md).
MOST_PARTED = 0.4


def find_repeats(engine: Engine, belief: Belief) -> tuple[FieldCopy, ...]:
    """Return the copies among the claims in `field_judged`, by field and source.

    Of two that say the same the original is the one believed more beforehand, then the first by name.
    """
    found: list[FieldCopy] = []
    for row in sorted(
        parting(engine, belief), key=lambda row: (row["field"], row["parted"], row["original"])
    ):
        field, source, original = row["field"], row["source"], row["original"]
        earlier = (-belief(original, field), original) < (-belief(source, field), source)
        expected = row["expected"] / 1e6
        repeats = expected >= LEAST_EXPECTED and row["parted"] <= MOST_PARTED * expected
        if earlier and repeats and (source, field) not in {(copy.source, copy.field) for copy in found}:
            found.append(FieldCopy(source, field, original))
    return tuple(sorted(found, key=lambda copy: (copy.field, copy.source)))


def parting(engine: Engine, belief: Belief) -> list[dict[str, Any]]:
    """Return per source, field and original: films, parted, expected (in millionths).

    `films` are those where a third source contradicts the original; `parted` how often the source did as well, and
    `expected` how often it would have, were it to judge for itself as reliably as the others find it. What is learned
    of the others is learned without it, as a source that repeats makes its original look better than it is.
    """
    sources = engine.query("SELECT DISTINCT source FROM field_judged ORDER BY source")
    found = []
    for source in map(str, sources.column("source").to_pylist()):
        text = "'" + source.replace("'", "''") + "'"
        engine.view("repeat_others", f"SELECT * FROM field_judged WHERE source <> {text}")
        learn_from(engine, belief, "repeat_others")
        run(engine, "repeats.sql", "repeat_films", "repeat_found", {"source": text})
        rows = engine.query("SELECT * FROM repeat_found ORDER BY field, original").to_pylist()
        found += [row | {"source": source} for row in rows]
    return found
