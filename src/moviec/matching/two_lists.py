"""Two lists of films in, which rows are the same film out: the catalogue's matching over two sources.

`match` learns the weights from the lists themselves; it returns `Matching`, accepted pairs and pairs for review, each with
its probability and the evidence for it. `match_against` looks up a few films among candidates with the pinned model's
shared weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import (
    FLOOR,
    PairLimits,
    blocking_report,
    compare_all,
    find_best_candidates,
    match_all,
    numbered_records,
    weigh_pairs,
)
from moviec.matching.clustering import settle
from moviec.matching.decisions import DECISIONS
from moviec.matching.evidence import weights_of_records
from moviec.matching.match_features import features_of_lists
from moviec.matching.match_weights import Fitted
from moviec.matching.model import Model, pair_name
from moviec.matching.source_weights import fit_two, look_inside
from moviec.model import MILLION

LEFT, RIGHT = "left", "right"

#: Candidate pairs that a film of a list keeps, the best first.
BEST = 8

#: A weight (log2 odds, millionths) below that of any pair that could be accepted.
LOWEST = -20 * MILLION

#: Receives the number of the step that begins, how many there are, and what it does.
Progress = Callable[[int, int, str], None]

_OUT = """
SELECT left_source, left_key, right_source, right_key, weight, probability, band, contradiction, evidence FROM settled
WHERE band <> 'reject' ORDER BY probability DESC, weight DESC, left_key, right_key
"""


class Settings(msgspec.Struct, frozen=True):
    """How two lists are matched: `repeating`, which of "left" and "right" may list a film twice; the least weight of a
    pair that is kept (log2 odds, millionths).
    """

    repeating: frozenset[str] = frozenset()
    floor: int = FLOOR


FOR_LISTS = Settings()


class Blocking(msgspec.Struct, frozen=True):
    """The blocking report: candidate pairs, those `cut` because a film has better ones, and by rule: rule, blocks,
    pairs, left_out (blocks over the cap), lost_pairs.
    """

    candidates: int
    cut: int
    rules: pa.Table


class Matching(msgspec.Struct, frozen=True):
    """The result of matching.

    `pairs`: left_source, left_key, right_source, right_key, weight (log2 odds, millionths), probability (millionths), band
    ("accept" | "review"), contradiction (why a person should look, however likely; null for nothing), evidence (JSON list of [feature, level,
    bits]); best first. `members` (MEMBERS): the film of every row. The sources are LEFT and RIGHT.
    """

    pairs: pa.Table
    members: pa.Table
    blocking: Blocking


def match(
    left: pa.Table,
    right: pa.Table,
    model: Model,
    settings: Settings = FOR_LISTS,
    progress: Progress | None = None,
) -> Matching:
    """Match two lists of films (FEATURES columns, no key twice in a list). The same lists give the same pairs."""
    tell = progress or (lambda _step, _steps, _what: None)
    limits = PairLimits(repeating=settings.repeating)
    tell(1, 4, f"folding {len(left):,} and {len(right):,} films")
    match_features = features_of_lists(side_by_side(left, right), model)
    with DuckEngine() as engine:
        engine.register("match_features", match_features)
        tell(2, 4, "learning from pairs within each list")
        inside = look_inside(engine, limits, BEST)
        tell(3, 4, "finding and comparing candidate pairs")
        blocking, levels = candidates_compared(engine, limits)
        tell(4, 4, f"weighing {levels.num_rows:,} candidate pairs")
        fitted = fit_two(levels, inside[LEFT], inside[RIGHT], model)
        model = msgspec.structs.replace(model, sources={pair_name(LEFT, RIGHT): fitted})
        records = numbered_records(engine)
        pairs = weigh_pairs(levels, records, weights_of_records(records["source"], model), settings.floor)
    to_settle, decisions = match_features.select(["source", "key", "ids", "votes"]), DECISIONS.empty_table()
    settled = settle(to_settle, pairs, decisions, model, settings.repeating)
    with DuckEngine() as engine:
        engine.register("settled", settled.pairs)
        return Matching(engine.query(_OUT), settled.members, blocking)


_JUDGED = """
SELECT left_key AS asked, right_key AS candidate, probability, band, contradiction, evidence FROM settled
WHERE left_source <> right_source ORDER BY asked, probability DESC, weight DESC, candidate
"""


def match_against(asked: pa.Table, candidates: pa.Table, films: int, model: Model) -> pa.Table:
    """Judge films (FEATURES) against candidates (FEATURES) that were found among so many films.

    Returns asked, candidate (keys), probability (millionths), band, contradiction, evidence: the most likely first for
    each. Nothing is learned from the given films, so the result for a film does not depend on the others.
    """
    features = features_of_lists(side_by_side(asked, candidates), model)
    prior = -round(math.log2(max(films, 2)) * MILLION)
    weighed = msgspec.structs.replace(model, sources={pair_name(LEFT, RIGHT): Fitted(model.shares, prior)})
    repeating = frozenset({LEFT})  # a film may be given twice
    with DuckEngine() as engine:
        engine.register("match_features", features)
        _, levels = candidates_compared(engine, PairLimits(repeating=repeating))
        records = numbered_records(engine)
        pairs = weigh_pairs(levels, records, weights_of_records(records["source"], weighed), LOWEST)
    settled = settle(
        features.select(["source", "key", "ids", "votes"]), pairs, DECISIONS.empty_table(), weighed, repeating
    )
    with DuckEngine() as engine:
        engine.register("settled", settled.pairs)
        return engine.query(_JUDGED)


def candidates_compared(engine: DuckEngine, limits: PairLimits) -> tuple[Blocking, pa.Table]:
    """Compare the best candidate pairs of `match_features`: what blocking did, and the levels."""
    match_all(engine, limits)
    cut = find_best_candidates(engine, BEST)
    levels = compare_all(engine)
    return Blocking(levels.num_rows, cut, blocking_report(engine)), levels


def side_by_side(left: pa.Table, right: pa.Table) -> list[pa.Table]:
    """Return two lists (FEATURES columns) LEFT and RIGHT for their sources."""
    at = left.column_names.index("source")
    return [
        films.set_column(at, "source", pa.array([name] * len(films), pa.string()))
        for films, name in ((left, LEFT), (right, RIGHT))
    ]
