"""Match weights for each two sources of a lake, learned without any known pair: what `moviec fit` adds to a model."""

from __future__ import annotations

import hashlib
from itertools import combinations
from typing import Any, TypeAlias

import msgspec
import numpy.typing as npt
import pyarrow as pa

from moviec.engine import DuckEngine, Engine
from moviec.matching.model import Model, pair_name
from moviec.matching.pairs import PairLimits, compare_all, find_asked, find_candidates
from moviec.matching.score import Sizes, Strength, Within, fit_m, fit_u, years_by_chance
from moviec.text import pc

Sources: TypeAlias = npt.NDArray[Any]

#: Chance agreement within a source is counted on at most so many of its records, evenly spread.
WITHIN = 20_000

#: Two sources with fewer candidate pairs than this are left to the shared weights.
LEAST_CANDIDATES = 500

_YEARS = "SELECT source, year FROM shelf ORDER BY source, key"

_SAMPLE = """
SELECT s.* FROM shelf s
JOIN (SELECT source, key, row_number() OVER (PARTITION BY source ORDER BY key) - 1 AS place,
             count(*) OVER (PARTITION BY source) AS records FROM shelf) p ON p.source = s.source AND p.key = s.key
CROSS JOIN sample
WHERE p.place % CAST(ceil(p.records / CAST(most AS DOUBLE)) AS BIGINT) = 0
ORDER BY s.source, s.key
"""


def fit_pairs(engine: Engine, model: Model, limits: PairLimits) -> Model:
    """Give the model with weights for each two sources of `shelf` (current rows, no tombstones) in the engine.

    *u* is counted within the sources, *m* and the share of matches learned by EM over the candidates, both drawn
    towards the model's shared weights. Deterministic; the new version is a digest of the content.
    """
    years = engine.query(_YEARS)
    sources = pc.unique(years["source"]).to_pylist()
    engine.register("sample", pa.table({"most": [WITHIN]}))
    sample = engine.query(_SAMPLE)
    inside = {
        source: _within(sample.filter(pc.equal(sample["source"], source)), model, limits)
        for source in sources
    }
    by_year = {source: years["year"].filter(pc.equal(years["source"], source)) for source in sources}
    levels, ends = _across(engine, limits)
    fitted = {}
    for one, other in combinations(sources, 2):
        chosen = levels.filter(pa.array((ends[0] == one) & (ends[1] == other)))
        if chosen.num_rows >= LEAST_CANDIDATES:
            together = _together(inside[one], inside[other])
            chance = years_by_chance(by_year[one], by_year[other])
            u = fit_u(together, chance, model.shares, Strength())
            sizes = Sizes(len(by_year[one]), len(by_year[other]))
            fitted[pair_name(one, other)] = fit_m(chosen, sizes, u, Strength())
    return sealed(msgspec.structs.replace(model, sources=fitted))


def sealed(model: Model) -> Model:
    """Give the model its version: a digest of all else in it."""
    content = msgspec.json.encode(msgspec.structs.replace(model, version=""), order="sorted")
    return msgspec.structs.replace(model, version=hashlib.sha256(content).hexdigest()[:12])


def _across(engine: Engine, limits: PairLimits) -> tuple[pa.Table, tuple[Sources, Sources]]:
    """Compare all candidates: levels, and the sources of both ends."""
    engine.view("asking", "SELECT source, key FROM shelf")
    engine.view("shelf_before", "SELECT * FROM shelf WHERE false")
    find_asked(engine, limits)
    find_candidates(engine)
    levels = compare_all(engine)
    source = engine.query("SELECT source FROM numbered ORDER BY n")["source"].to_numpy()
    return levels, (source[levels["l"].to_numpy() - 1], source[levels["r"].to_numpy() - 1])


def _within(shelf: pa.Table, model: Model, limits: PairLimits) -> Within:
    """Compare candidate pairs inside one source, as if it could hold a film twice."""
    with DuckEngine() as engine:
        engine.register("shelf", shelf)
        engine.view("asking", "SELECT source, key FROM shelf")
        engine.view("shelf_before", "SELECT * FROM shelf WHERE false")
        twice = frozenset(pc.unique(shelf["source"]).to_pylist())
        find_asked(engine, msgspec.structs.replace(limits, repeating=twice))
        find_candidates(engine)
        levels = compare_all(engine)
    same, next_to = years_by_chance(shelf["year"], shelf["year"])[:2]
    dated = len(shelf) - shelf["year"].null_count
    return Within(levels, len(shelf) * (len(shelf) - 1) // 2, int(same + next_to - dated) // 2)


def _together(one: Within, other: Within) -> Within:
    return Within(
        pa.concat_tables([one.levels, other.levels]),
        one.pairs + other.pairs,
        one.near_pairs + other.near_pairs,
    )
