"""What the levels of a pair add up to: its weight under the weights of its two sources, what contradicts it whatever
the weight, and the evidence as people read it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.matching.comparisons import COMPARISONS, MISSING, TITLE_LEVELS, TWINS
from moviec.matching.match_weights import Fitted, Integers, weights
from moviec.matching.model import Model
from moviec.model import MILLION
from moviec.text import Column, pc

Flags = npt.NDArray[np.bool_]

_OTHER_NUMBER, _OTHER_SUBTITLE = (TITLE_LEVELS.index(name) for name in ("numbers differ", "subtitles differ"))
_OTHER_TITLE = TITLE_LEVELS.index("somewhat alike")
_YEARS_APART = 3
_ONE_APART = 1
_TEAM = 3  # a director and two more
_CLOSE_RUNTIME, _NEAR_RUNTIME = 1, 2

#: The least weight of a shared id, in millionths of a bit, where only titles differ: a list need not have a film's
#: titles in other languages. Five of the 4,435 known pairs of shared/data are such (Au revoir les enfants, Goodbye,
#: Children) and came to -4 to 9 bits; read one by one, all five are one film.
VOUCHED = 20 * MILLION


#: The least weight of the same people at the same time: that rule alone, on what was left, was right for 121 of 121
#: pairs of TMDB and OMDb and 826 of 826 of AlloCiné and TMDB (shared/FINDINGS.md). Weights assume that levels agree
#: independently, and people do not: who directs one film of a cast directs others, but not in the same year.
BY_PEOPLE = 5 * MILLION

#: The weight of a kind that only one of two films has. A list without kinds seldom has shorts (1,023 of Wikipedia's
#: 36,255 films; 6 of Kaggle's 2,996 are videos), and a list that has every kind is mostly not features (of IMDb's films six in
#: ten are shorts, one in four was made for television or video): log2(.03 / .6), log2(.03 / .25), rounded. Shares of IMDb are common
#: figures, not counted here.
LONE_KINDS = {"short": -4 * MILLION, "tv_movie": -3 * MILLION, "video": -3 * MILLION}

#: What the same year, and each level of the running time, add to that: they decide between films of one team.
_TIE = 2 * MILLION


class Weights(msgspec.Struct, frozen=True):
    """Match weights for several pairs of lists: `prior_bits` one each; `bits`, per comparison, a row each and a
    column per level, the last for a missing value. All log2, in millionths.
    """

    prior_bits: Integers
    bits: Mapping[str, Integers]

    def total(self, levels: pa.Table, row: Integers) -> Integers:
        """Sum prior and weights of each pair; `row` says which pair of lists it belongs to."""
        total = self.prior_bits[row].copy()
        for name, bits in self.bits.items():
            total += bits[row, levels[name].to_numpy()]
        return total


class WeighedRecords(msgspec.Struct, frozen=True):
    """Records by their numbers, which begin at 1: the number of each one's source, and the weights of every two sources."""

    sources: npt.NDArray[np.int32]
    weights: Weights

    def row(self, pairs: pa.Table) -> Integers:
        """Return which of the weights apply to each pair (l, r)."""
        left, right = (self.sources[pairs[end].to_numpy() - 1].astype(np.int64) for end in ("l", "r"))
        found: Integers = left * math.isqrt(len(self.weights.prior_bits)) + right
        return found


def weights_of_records(sources: Column, model: Model) -> WeighedRecords:
    """Return the model's weights for records of these sources."""
    encoded = pc.dictionary_encode(sources).combine_chunks()
    names = encoded.dictionary.to_pylist() or [""]
    return WeighedRecords(
        encoded.indices.to_numpy(),
        weights_of([model.fitted(name, other) for name in names for other in names]),
    )


def weights_of(fitted: Sequence[Fitted]) -> Weights:
    """Return what was fitted for several pairs of lists."""
    bits = {
        comparison.name: np.stack([weights(pair.shares[comparison.name]) for pair in fitted])
        for comparison in COMPARISONS
    }
    return Weights(np.array([pair.prior_bits for pair in fitted], dtype=np.int64), bits)


def contradicted(levels: pa.Table) -> Flags:
    """Return which pairs a person should look at however likely they are: other directors, ids, sequel numbers or
    subtitles, years three or more apart where nobody is shared, or a shared id where title, year and people all
    disagree.

    Two films of one title and year by different directors do exist, and so do films whose record names the wrong one.
    A shared id outweighs these, and shared people outweigh other directors.
    """
    title, year, directors, people, ids = (
        levels[name].to_numpy() for name in ("title", "year", "directors", "people", "ids")
    )
    other_director = _other_director(levels)
    shared_people = (directors == 0) | np.isin(people, (0, 1))
    other_film = (title == _OTHER_NUMBER) | (title == _OTHER_SUBTITLE) & ~_same_film(levels)
    found: Flags = (other_film | other_director | (ids == 2)) & (ids != 0)
    found |= (year >= _YEARS_APART) & (ids != 0) & ~shared_people
    odd_id = (title >= _OTHER_TITLE) & (year >= _YEARS_APART) & (other_director | (people == 2))
    found |= (ids == 0) & odd_id
    return found


#: What can contradict a pair; of several the first is reported.
CONTRADICTIONS = (
    "other ids",
    "other number",
    "other subtitle",
    "an id that nothing else bears out",
    "other directors",
    "years apart",
)


def contradictions(levels: pa.Table) -> Column:
    """Return each pair's contradiction (one of CONTRADICTIONS), null for none."""
    title, ids = levels["title"].to_numpy(), levels["ids"].to_numpy()
    kinds = [ids == 2, title == _OTHER_NUMBER, title == _OTHER_SUBTITLE, ids == 0, _other_director(levels)]
    code = np.select(kinds, range(len(kinds)), len(kinds))
    return pc.take(pa.array(CONTRADICTIONS), pa.array(code, mask=~contradicted(levels)))


def vouched(levels: pa.Table) -> Flags:
    """Return which pairs' shared id counts whatever their titles: years at most one apart, no people or runtime against
    it.
    """
    year, runtime, directors, people, ids = (
        levels[name].to_numpy() for name in ("year", "runtime", "directors", "people", "ids")
    )
    agree = (ids == 0) & (year != MISSING) & (year <= _ONE_APART)
    others = (directors == 1) | (people == 2) | (runtime == 3)
    found: Flags = agree & ~others & ~contradicted(levels)
    return found


def by_people(levels: pa.Table) -> Integers:
    """Return the least weight of the same people at the same time, in millionths of a bit; 0 where they are not the
    same.

    One director and another name, years one apart at most and near running times; or, whatever the years are, one
    director, two more names and close running times. A film and its title in another language are such a pair; sequels
    marked by a number are not. Of several such films the one of the same year and length is the likeliest.
    """
    title, year, runtime, ids = (levels[name].to_numpy() for name in ("title", "year", "runtime", "ids"))
    known = (
        (levels["directors"].to_numpy() == 0) & (runtime != MISSING) & (title != _OTHER_NUMBER) & (ids != 2)
    )
    names = levels["names"].to_numpy()
    near = (names > 1) & (year != MISSING) & (year <= _ONE_APART) & (runtime <= _NEAR_RUNTIME)
    closer = BY_PEOPLE + _TIE * ((year == 0).astype(np.int64) + (_NEAR_RUNTIME - runtime.astype(np.int64)))
    far = (names >= _TEAM) & (runtime <= _CLOSE_RUNTIME)
    found: Integers = np.select([known & near, known & far], [closer, BY_PEOPLE - 3 * MILLION], 0)
    return found


def may_be_by_people(levels: Mapping[str, npt.NDArray[np.int8]]) -> Flags:
    """Return where `by_people` may give a weight, by the levels of year, runtime, ids, and the title where it is known."""
    year, runtime = levels["year"], levels["runtime"]
    near = (year != MISSING) & (year <= _ONE_APART) & (runtime <= _NEAR_RUNTIME)
    found: Flags = (runtime != MISSING) & (levels["ids"] != 2) & (near | (runtime <= _CLOSE_RUNTIME))
    if "title" in levels:
        found &= levels["title"] != _OTHER_NUMBER
    return found


def _other_director(levels: pa.Table) -> Flags:
    found: Flags = (levels["directors"].to_numpy() == 1) & ~np.isin(levels["people"].to_numpy(), (0, 1))
    return found


def _same_film(levels: pa.Table) -> Flags:
    """Return which pairs agree so much in people, year and length that different subtitles must be a translation."""
    year, runtime = (levels[name].to_numpy() for name in ("year", "runtime"))
    found: Flags = _same_team(levels) & (year == 0) & (runtime != MISSING) & (runtime <= _CLOSE_RUNTIME)
    return found


def _same_team(levels: pa.Table) -> Flags:
    directors, names = levels["directors"].to_numpy(), levels["names"].to_numpy()
    found: Flags = (directors == 0) & (names >= _TEAM)
    return found


def by_lone_kind(levels: pa.Table) -> Integers:
    """Return the weight, in millionths of a bit, of a kind that only one film of a pair has: features are likelier."""
    found: Integers = np.zeros(levels.num_rows, dtype=np.int64)
    for kind, bits in LONE_KINDS.items():
        found[pc.fill_null(pc.equal(levels["lone_kind"], kind), False).to_numpy()] = bits
    return found


def adjusted(levels: pa.Table, weight: Integers) -> Integers:
    """Adjust the summed weights of pairs for what the levels miss: kinds that only one film has, and people, twins and
    ids that weigh more than the sum.
    """
    weight = weight + by_lone_kind(levels)
    known = np.maximum(by_people(levels), np.where(levels["twins"].to_numpy() == TWINS, VOUCHED, 0))
    weight = np.where(known > 0, np.maximum(weight, known), weight)
    found: Integers = np.where(vouched(levels), np.maximum(weight, VOUCHED), weight)
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
    lone = {
        kind: msgspec.json.encode(["kind", f"{kind}, the other unknown", bits / MILLION]).decode()
        for kind, bits in LONE_KINDS.items()
    }
    parts.append(
        pc.take(pa.array(list(lone.values())), pc.index_in(levels["lone_kind"], pa.array(list(lone))))
    )
    joined = pc.binary_join_element_wise(*parts, ",", null_handling="skip")
    return pc.binary_join_element_wise("[", joined, "]", "")
