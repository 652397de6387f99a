"""A few films against candidates of a large list: the catalogue's matching under the pinned model's shared weights.

Nothing is learned of the films that are asked about, so that a film is judged alike whatever is asked beside it.
"""

from __future__ import annotations

import math

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PairLimits, numbered_records, weigh_pairs
from moviec.matching.clustering import DECISIONS, settle
from moviec.matching.match_features import features_of_lists
from moviec.matching.match_weights import Fitted
from moviec.matching.model import Model, pair_name
from moviec.matching.two_lists import LEFT, LOWEST, RIGHT, candidates_compared, side_by_side
from moviec.model import MILLION

_OUT = """
SELECT left_key AS asked, right_key AS candidate, probability, band, contradiction, evidence FROM settled
WHERE left_source <> right_source ORDER BY asked, probability DESC, weight DESC, candidate
"""


def match_against(asked: pa.Table, candidates: pa.Table, films: int, model: Model) -> pa.Table:
    """Judge films (FEATURES) against candidates (FEATURES) that were found among so many films.

    Returns asked, candidate (keys), probability (millionths), band, contradiction, evidence: the likeliest first for each.
    """
    features = features_of_lists(side_by_side(asked, candidates), model)
    prior = -round(math.log2(max(films, 2)) * MILLION)
    weighed = msgspec.structs.replace(model, sources={pair_name(LEFT, RIGHT): Fitted(model.shares, prior)})
    repeating = frozenset({LEFT})  # a film may be asked about twice
    with DuckEngine() as engine:
        engine.register("match_features", features)
        _, levels = candidates_compared(engine, PairLimits(repeating=repeating))
        pairs = weigh_pairs(levels, numbered_records(engine), weighed, LOWEST)
    settled = settle(
        features.select(["source", "key", "ids", "votes"]), pairs, DECISIONS.empty_table(), weighed, repeating
    )
    with DuckEngine() as engine:
        engine.register("settled", settled.pairs)
        return engine.query(_OUT)
