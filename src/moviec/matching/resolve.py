"""Two lists of films in, which rows are the same film out: candidates, comparisons, weights, one-to-one.

Hands on `Matching`: accepted pairs and pairs for review, each with its probability and the evidence for it.
The same path serves all against all and a few changed records against all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import DuckEngine, Engine
from moviec.matching.candidates import Blocking, Limits, find_candidates, know_words
from moviec.matching.cluster import one_to_one
from moviec.matching.compare import compare
from moviec.matching.evidence import contradicted, evidence, raised, weights_of
from moviec.matching.features import Prepared, load, prepare
from moviec.matching.model import Bands, Model
from moviec.matching.score import (
    Fitted,
    Integers,
    Sizes,
    Strength,
    Within,
    fit_m,
    fit_u,
    probabilities,
    total_weights,
    years_by_chance,
)
from moviec.text import pc
from moviec.units import plural

#: Pairs inside one list are counted on at most so many of its records, evenly spread.
WITHIN = 20_000

#: Receives the number of the step that begins, how many there are, and what it does.
Progress = Callable[[int, int, str], None]


class Settings(msgspec.Struct, frozen=True):
    """How to match. `distinct`: no list holds a film twice, so a record has at most one match in the other."""

    limits: Limits = Limits()
    strength: Strength = Strength()
    bands: Bands | None = None
    distinct: bool = True


class Matching(msgspec.Struct, frozen=True):
    """What matching gave.

    `pairs`: left_source, left_key, right_source, right_key, weight (log2 odds, millionths), probability
    (millionths), band ("accept" | "review"), contradicted (a person should look, however likely), evidence (JSON list of
    [feature, level, bits]); best first.
    """

    pairs: pa.Table
    blocking: Blocking
    fitted: Fitted


def match(
    left: pa.Table, right: pa.Table, model: Model, settings: Settings, progress: Progress | None = None
) -> Matching:
    """Match two lists of films (FEATURES columns). Deterministic: the same lists give the same pairs."""
    tell = progress or (lambda _step, _steps, _what: None)
    tell(1, 4, f"folding {len(left):,} and {plural(len(right), 'film', 'films')}")
    sides = prepare(left), prepare(right)
    tell(2, 4, "learning from pairs within each list")
    years = years_by_chance(*(side.records["year"] for side in sides))
    u = fit_u(within((left, right), model, settings.limits), years, model.shares, settings.strength)
    with DuckEngine() as engine:
        tell(3, 4, "finding and comparing candidate pairs")
        blocking, levels = candidates_compared(engine, sides, model, settings.limits)
        tell(4, 4, f"weighing {levels.num_rows:,} candidate pairs")
        fitted = fit_m(levels, Sizes(len(left), len(right)), u, settings.strength)
        chosen = _choose(levels, fitted, model, settings)
    return Matching(_named(chosen, sides), blocking, fitted)


def candidates_compared(
    engine: Engine, sides: tuple[Prepared, Prepared], model: Model, limits: Limits
) -> tuple[Blocking, pa.Table]:
    """Load two lists and compare their candidate pairs: what blocking did, and the levels."""
    for side, prepared in zip(("left", "right"), sides, strict=True):
        load(engine, side, prepared)
    know_words(engine, model.usual_words())
    return find_candidates(engine, limits), compare(engine)


def within(lists: Sequence[pa.Table], model: Model, limits: Limits) -> Within:
    """Compare candidate pairs inside each list."""
    compared, pairs, near = [], 0, 0
    for films in lists:
        step = -(-len(films) // WITHIN) or 1
        some = prepare(films.take(np.arange(0, len(films), step)))
        with DuckEngine() as engine:
            _, levels = candidates_compared(engine, (some, some), model, limits)
        compared.append(levels.filter(pc.less(levels["l"], levels["r"])))
        records = some.records.num_rows
        pairs += records * (records - 1) // 2
        same, next_to = years_by_chance(some.records["year"], some.records["year"])[:2]
        near += int(same + next_to - records) // 2
    return Within(pa.concat_tables(compared), pairs, max(near, 0))


def _choose(levels: pa.Table, fitted: Fitted, model: Model, settings: Settings) -> pa.Table:
    """Keep the pairs that are accepted or go to review."""
    weight = raised(levels, total_weights(levels, fitted.shares) + fitted.prior_bits)
    left, right = (levels[name].to_numpy().astype(np.int64) for name in ("l", "r"))
    probability = probabilities(left, right, model.calibration.apply(weight))
    bands = settings.bands or model.bands
    against = contradicted(levels)
    likely = (probability >= bands.accept) & ~against
    if settings.distinct:
        places = np.flatnonzero(likely)
        likely[places] = one_to_one(left[places], right[places], weight[places])
    # A shared id is strong evidence but no proof: where everything else speaks against it, a person looks.
    shared_id = levels["ids"].to_numpy() == 0
    keep = likely | (probability >= bands.review) | shared_id
    band = np.where(likely, "accept", "review")
    scored = levels.append_column("weight", pa.array(weight)).append_column("band", pa.array(band))
    scored = scored.append_column("probability", pa.array(probability))
    scored = scored.append_column("contradicted", pa.array(against))
    return scored.filter(pa.array(keep)).append_column(
        "evidence",
        evidence(levels.filter(pa.array(keep)), weights_of([fitted]), np.zeros(keep.sum(), dtype=np.int64)),
    )


def _named(pairs: pa.Table, sides: tuple[Prepared, Prepared]) -> pa.Table:
    """Put sources and keys in place of record numbers, best pairs first."""
    order = np.lexsort(
        (
            pairs["r"].to_numpy(),
            pairs["l"].to_numpy(),
            -_integers(pairs, "weight"),
            -_integers(pairs, "probability"),
        )
    )
    pairs = pairs.take(order)
    columns = {}
    for side, number, prepared in zip(("left", "right"), ("l", "r"), sides, strict=True):
        for name in ("source", "key"):
            columns[f"{side}_{name}"] = prepared.records[name].take(pairs[number])
    wanted = ("weight", "probability", "band", "contradicted", "evidence")
    return pa.table({**columns, **{name: pairs[name] for name in wanted}})


def _integers(pairs: pa.Table, name: str) -> Integers:
    return pairs[name].to_numpy().astype(np.int64)
