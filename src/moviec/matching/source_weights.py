"""Match weights for every two sources of a lake, learned without known pairs: what `moviec fit` adds to a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from itertools import combinations

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine, Engine
from moviec.matching.candidate_pairs import (
    PairLimits,
    compare_all,
    find_best_candidates,
    find_candidates,
    match_all,
)
from moviec.matching.match_weights import (
    Fitted,
    Sizes,
    Strength,
    Within,
    are_unmade,
    fit_m,
    fit_u,
    years_by_chance,
)
from moviec.matching.model import Model, pair_name
from moviec.text import Column, pc

#: Chance agreement within a source is counted on at most this many of its records, evenly spread.
WITHIN = 20_000

#: Two sources with fewer candidate pairs than this use the shared weights.
LEAST_CANDIDATES = 500

_SAMPLE = """
SELECT s.* FROM match_features s
JOIN (SELECT source, key, row_number() OVER (PARTITION BY source ORDER BY key) - 1 AS place,
             count(*) OVER (PARTITION BY source) AS records FROM match_features) p ON p.source = s.source AND p.key = s.key
CROSS JOIN sample
WHERE p.place % CAST(ceil(p.records / CAST(most AS DOUBLE)) AS BIGINT) = 0
ORDER BY s.source, s.key
"""


class Inside(msgspec.Struct, frozen=True):
    """What one source shows by itself: its years, the levels of the candidate pairs inside it, and whether its films
    without a year are `unmade`.
    """

    years: Column
    within: Within
    unmade: bool = False


def fit_pairs(engine: DuckEngine, model: Model, limits: PairLimits) -> Model:
    """Return the model with weights for each two sources of `match_features` (current rows, no tombstones) in the engine.

    *u* is counted within the sources, *m* and the share of matches learned by EM over the candidates, both drawn
    towards the model's shared weights. Deterministic; the new version is a digest of the content.
    """
    inside = look_inside(engine, limits)
    match_all(engine, limits)
    find_candidates(engine)
    levels = compare_all(engine)
    source = engine.query("SELECT source FROM numbered ORDER BY n")["source"].to_numpy()
    left, right = (source[levels[end].to_numpy() - 1] for end in ("l", "r"))
    fitted = {}
    for one, other in combinations(inside, 2):
        chosen = levels.filter(pa.array((left == one) & (right == other)))
        if chosen.num_rows >= LEAST_CANDIDATES:
            fitted[pair_name(one, other)] = fit_two(chosen, inside[one], inside[other], model)
    return sealed(msgspec.structs.replace(model, sources=fitted))


def fit_two(levels: pa.Table, one: Inside, other: Inside, model: Model) -> Fitted:
    """Learn the weights for two sources from the levels of their candidate pairs and of those inside each."""
    u = fit_u(together([one, other]), years_by_chance(one.years, other.years), model.shares, Strength())
    sizes = Sizes(len(one.years), len(other.years), one.unmade or other.unmade)
    return fit_m(levels, sizes, u, Strength())


def together(inside: Sequence[Inside]) -> Within:
    """Combine what several sources show by themselves."""
    within = [source_inside.within for source_inside in inside]
    levels = pa.concat_tables([part.levels for part in within])
    return Within(levels, sum(part.pairs for part in within), sum(part.near_pairs for part in within))


def look_inside(engine: Engine, limits: PairLimits, best: int | None = None) -> dict[str, Inside]:
    """Compare the candidate pairs inside each source of `match_features`; `best`: only this many of a record."""
    years = engine.query("SELECT source, year, runtime FROM match_features ORDER BY source, key")
    engine.register("sample", pa.table({"most": [WITHIN]}))
    sample = engine.query(_SAMPLE)
    found = {}
    for source in pc.unique(years["source"]).to_pylist():
        own = years.filter(pc.equal(years["source"], source))
        within = _within(sample.filter(pc.equal(sample["source"], source)), limits, best)
        found[source] = Inside(own["year"], within, are_unmade(own["year"], own["runtime"]))
    return found


def sealed(model: Model) -> Model:
    """Return the model with its version: a digest of everything else in it."""
    content = msgspec.json.encode(msgspec.structs.replace(model, version=""), order="sorted")
    return msgspec.structs.replace(model, version=hashlib.sha256(content).hexdigest()[:12])


def _within(match_features: pa.Table, limits: PairLimits, best: int | None) -> Within:
    """Compare candidate pairs inside one source, as if it could hold a film twice."""
    twice = frozenset(pc.unique(match_features["source"]).to_pylist())
    with DuckEngine() as engine:
        engine.register("match_features", match_features)
        match_all(engine, msgspec.structs.replace(limits, repeating=twice))
        if best is None:
            find_candidates(engine)
        else:
            # A record is the left end of some pairs here and the right one of others, so it keeps the best of both.
            find_best_candidates(engine, best // 2)
        levels = compare_all(engine)
    same, next_to = years_by_chance(match_features["year"], match_features["year"])[:2]
    dated = len(match_features) - match_features["year"].null_count
    return Within(
        levels, len(match_features) * (len(match_features) - 1) // 2, int(same + next_to - dated) // 2
    )
