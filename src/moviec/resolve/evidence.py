"""What the levels of a pair add up to: its weight under the weights of its two sources, what speaks against it
whatever the weight, and the evidence as people read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.model import MILLION
from moviec.resolve.compare import COMPARISONS, MISSING, TITLE_LEVELS
from moviec.resolve.score import Fitted, Integers, weights
from moviec.text import Column, pc

Flags = npt.NDArray[np.bool_]

_OTHER_FILM = [TITLE_LEVELS.index(name) for name in ("numbers differ", "subtitles differ")]
_OTHER_TITLE = TITLE_LEVELS.index("somewhat alike")
_YEARS_APART = 3
_ONE_APART = 1

#: What a shared id weighs at least, in millionths of a bit, where only titles differ: a list need not have a film's titles
#: in other languages. Five of the 4,435 known pairs of shared/data are such (Au revoir les enfants, Goodbye, Children) and
#: came to -4 to 9 bits; read one by one, all five are one film.
VOUCHED = 20 * MILLION


class Weights(msgspec.Struct, frozen=True):
    """Match weights for several pairs of lists: `prior_bits` one each; `bits`, per comparison, a row each and a
    column per level, the last for a missing value. All log2, in millionths.
    """

    prior_bits: Integers
    bits: Mapping[str, Integers]

    def total(self, levels: pa.Table, row: Integers) -> Integers:
        """Sum prior and weights of each pair; `row` says which pair of lists it is of."""
        total = self.prior_bits[row].copy()
        for name, bits in self.bits.items():
            total += bits[row, levels[name].to_numpy()]
        return total


def weights_of(fitted: Sequence[Fitted]) -> Weights:
    """Lay out what was fitted for several pairs of lists."""
    bits = {
        comparison.name: np.stack([weights(one.shares[comparison.name]) for one in fitted])
        for comparison in COMPARISONS
    }
    return Weights(np.array([one.prior_bits for one in fitted], dtype=np.int64), bits)


def contradicted(levels: pa.Table) -> Flags:
    """Find pairs that a person should look at however likely: other directors, ids, sequel numbers or subtitles,
    or a shared id where title, year and people all disagree.

    Two films of one title and year by different directors do exist, and so do films whose record names the wrong one.
    A shared id outweighs these, and shared people outweigh other directors.
    """
    title, year, directors, people, ids = (
        levels[name].to_numpy() for name in ("title", "year", "directors", "people", "ids")
    )
    other_director = (directors == 1) & ~np.isin(people, (0, 1))
    found: Flags = (np.isin(title, _OTHER_FILM) | other_director | (ids == 2)) & (ids != 0)
    odd_id = (title >= _OTHER_TITLE) & (year >= _YEARS_APART) & (other_director | (people == 2))
    found |= (ids == 0) & odd_id
    return found


def vouched(levels: pa.Table) -> Flags:
    """Find pairs whose shared id holds whatever their titles: same year or one apart, and nobody and no runtime against it."""
    year, runtime, directors, people, ids = (
        levels[name].to_numpy() for name in ("year", "runtime", "directors", "people", "ids")
    )
    agree = (ids == 0) & (year != MISSING) & (year <= _ONE_APART)
    others = (directors == 1) | (people == 2) | (runtime == 3)
    found: Flags = agree & ~others & ~contradicted(levels)
    return found


def evidence(levels: pa.Table, weighed: Weights, row: Integers) -> Column:
    """Write each pair's evidence as a JSON list of [feature, level, bits], features without a value left out."""
    parts = []
    for comparison in COMPARISONS:
        bits = weighed.bits[comparison.name][:, :-1]
        texts = [
            msgspec.json.encode([comparison.name, level, round(int(weight) / MILLION, 2)]).decode()
            for weights_there in bits
            for level, weight in zip(comparison.levels, weights_there, strict=True)
        ]
        found = levels[comparison.name].to_numpy()
        places = row * bits.shape[1] + found
        parts.append(pc.take(pa.array(texts), pa.array(places, mask=found == MISSING)))
    joined = pc.binary_join_element_wise(*parts, ",", null_handling="skip")
    return pc.binary_join_element_wise("[", joined, "]", "")
