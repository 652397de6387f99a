"""Upper bounds of candidate pairs' weights: what is known of a pair counts as it is, the rest as its best level.

A pair whose bound is below the floor would be compared only to be dropped; most candidate pairs are such. So the pairs
that are kept are the same as without bounds (`tests/matching/test_bounds.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.engine import Engine
from moviec.matching.comparisons import COMPARISONS, MISSING, Flags, Floats, Levels, may_be_twins
from moviec.matching.evidence import WeighedRecords, may_be_by_people
from moviec.matching.match_weights import Integers
from moviec.text import Column, pc

Codes = npt.NDArray[np.int32]

#: An id as 31 bits. Two ids of one number only raise a bound.
_IDS = "SELECT n, key AS space, CAST(hash(value) >> 33 AS INTEGER) AS id FROM film_entries ORDER BY space, n"

_RECORDS = """
SELECT year, runtime, kind, coalesce(directed, false) AS directed, p.n IS NOT NULL AS named
FROM numbered LEFT JOIN film_people p USING (n) ORDER BY n"""

#: The level of ids of two rows of one source that is possible where the level is 0, 1, 2, MISSING.
_INSIDE = np.array([0, 0, MISSING, MISSING], dtype=np.int8)

_LEVELS = {comparison.name: comparison.level for comparison in COMPARISONS}


class Bounds(msgspec.Struct, frozen=True):
    """Bounds of the pairs of an engine's `numbered` records, with what is known of each record, in their order.

    `kinds`: the number of its kind; `directed`, `named`: whether it has directors, and any names; `ids`: for each id
    space the number of its id, -1 for none.
    """

    years: Floats
    runtimes: Floats
    kinds: Floats
    directed: Flags
    named: Flags
    ids: Sequence[Codes]
    weighed: WeighedRecords
    floor: int

    def reach(self, pairs: pa.Table) -> Flags:
        """Return which pairs (l, r and, where it is known, `title`) may be kept: the function `Reach`."""
        (left, right), row, bits = _ends(pairs), self.weighed.row(pairs), self.weighed.weights.bits
        inside = self.weighed.sources[left] == self.weighed.sources[right]
        levels = self._levels(left, right)
        # The ids by which a source itself knows its rows differ and contradict nothing.
        levels["ids"] = np.where(inside, _INSIDE[levels["ids"]], levels["ids"])
        if "title" in pairs.schema.names:
            levels["title"] = _LEVELS["title"](pairs)
        total = self.weighed.weights.prior_bits[row].copy()
        for name, level in levels.items():
            total += bits[name][row, level]
        needed = {"directors": self.directed, "people": self.named}
        for name in bits.keys() - levels.keys():
            best = bits[name].max(axis=1)[row]
            if (has := needed.get(name)) is not None:
                best = np.where(has[left] & has[right], best, bits[name][row, MISSING])
            total += best
        whatever = (levels["ids"] == 0) | inside & may_be_twins(levels)
        team = may_be_by_people(levels) & self.directed[left] & self.directed[right]
        found: Flags = (total >= self.floor) | whatever | team
        return found

    def _levels(self, left: Integers, right: Integers) -> dict[str, Levels]:
        """Return the levels of what needs no text."""
        agree, contradict, comparable = (np.zeros(len(left), dtype=np.bool_) for _ in range(3))
        for ids in self.ids:
            one, other = ids[left], ids[right]
            both = (one >= 0) & (other >= 0)
            agree |= both & (one == other)
            contradict |= both & (one != other)
            comparable |= both
        kind, other_kind = self.kinds[left], self.kinds[right]
        known = {
            "year": np.abs(self.years[left] - self.years[right]),
            "runtime": np.abs(self.runtimes[left] - self.runtimes[right]),
            "kind": np.where(np.isnan(kind - other_kind), np.nan, kind == other_kind),
            "agree": np.where(comparable, agree, np.nan),
            "contradict": np.where(comparable, contradict, np.nan),
        }
        return {name: _LEVELS[name](pa.table(known)) for name in ("year", "runtime", "kind", "ids")}


def _ends(pairs: pa.Table) -> tuple[Integers, Integers]:
    """Return the places of both ends among the records, whose numbers begin at 1."""
    left, right = (pairs[end].to_numpy().astype(np.int64) - 1 for end in ("l", "r"))
    return left, right


def bounds_of(engine: Engine, weighed: WeighedRecords, floor: int) -> Bounds:
    """Return the bounds of pairs of `numbered` records, after `candidate_pairs.lay_out_films`."""
    records = engine.query(_RECORDS)
    kinds = pc.dictionary_encode(records["kind"]).combine_chunks().indices
    return Bounds(
        years=_numbers(records["year"].combine_chunks()),
        runtimes=_numbers(records["runtime"].combine_chunks()),
        kinds=_numbers(kinds),
        directed=records["directed"].to_numpy(),
        named=records["named"].to_numpy(),
        ids=_ids(engine.query(_IDS), len(records)),
        weighed=weighed,
        floor=floor,
    )


def _numbers(column: Column) -> Floats:
    """Return integers as floats, NaN for null."""
    found: Floats = pc.cast(column, pa.float64()).to_numpy(zero_copy_only=False)
    return found


def _ids(entries: pa.Table, records: int) -> list[Codes]:
    """Return for each id space the numbers of the records' ids, by entries (n, space, id)."""
    spaces = pc.dictionary_encode(entries["space"]).combine_chunks()
    place, numbers, ids = spaces.indices.to_numpy(), entries["n"].to_numpy(), entries["id"].to_numpy()
    found = []
    for space in range(len(spaces.dictionary)):
        codes = np.full(records, -1, dtype=np.int32)
        codes[numbers[place == space] - 1] = ids[place == space]
        found.append(codes)
    return found
