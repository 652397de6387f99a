"""Pairs that cannot all be true: a film has at most one match in another source, so its candidates there share the
chance, and one of them is chosen. Returns each pair's log odds, and which pairs are likely matches.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from moviec.matching.graph import Edges, connected, one_to_one
from moviec.matching.match_weights import Integers, rivals_share
from moviec.matching.model import Model
from moviec.model import MILLION

Flags = npt.NDArray[np.bool_]

#: What it weighs among rivals of one source that one has twice the votes of another, and how far that goes, in millionths of a
#: bit. Lists hold what is known: in shared/data a film's log2 odds of being in another list rise with every doubling of its
#: votes by .6 (MovieLens: Rotten Tomatoes), .8 (MovieLens: Wikipedia), .4 (Kaggle: Rotten Tomatoes) and .7 (IMDb: Wikipedia).
#: Bounded, since a list that holds all films is no such list.
FAME, MOST_FAME = MILLION // 2, 4 * MILLION

#: What a person has decided weighs this much, in millionths of a bit.
CERTAIN = 100 * MILLION


class Graph(msgspec.Struct, frozen=True):
    """Pairs by number of their records, and the `source` of each record, by number too.

    `votes` of each record, 0 where nobody counts any. `weight`: log2 odds in millionths. `verdict`: 1 where a person said the same, -1 where not the same, else 0.
    """

    source: Integers
    votes: Integers
    left: Integers
    right: Integers
    weight: Integers
    contradicted: Flags
    verdict: Integers


class Chances(msgspec.Struct, frozen=True):
    """Of each pair: log2 odds and probability in millionths, and whether it is a likely match; of each record the lowest
    number among those of its own source that are its film too (`film`).
    """

    log_odds: Integers
    probability: Integers
    likely: Flags
    film: Integers


class _Units(msgspec.Struct, frozen=True):
    """Pairs that do not rival each other, as one: those between the records of one film in each of two sources.

    `of`: the unit of each pair. `films`: the films at the left and right of each unit. `slots`: what each unit takes up on its
    left and right, a film with another source.
    """

    of: Integers
    films: tuple[Integers, Integers]
    slots: tuple[Integers, Integers]

    def best(self, values: Integers) -> Integers:
        """Return the greatest value among each unit's pairs."""
        greatest = np.full(len(self.slots[0]), np.iinfo(np.int64).min, dtype=np.int64)
        np.maximum.at(greatest, self.of, values)
        return greatest


def weigh_rivals(graph: Graph, model: Model) -> Chances:
    """Share out the chances among rivals and choose the likely matches, one for each film in each other source.

    A pair within a source has no rivals; two records of a source that are likely one film are none to each other.
    """
    own = np.where(graph.verdict, graph.verdict * CERTAIN, model.calibration.apply(graph.weight))
    accept = model.bands.accept / MILLION
    open_to_all = (~graph.contradicted & (graph.verdict == 0)) | (graph.verdict == 1)
    inside = graph.source[graph.left] == graph.source[graph.right]
    repeats = inside & open_to_all & (own >= MILLION * np.log2(accept / (1 - accept)))
    film = connected(_edges(graph, repeats))
    units = _units(graph, inside, film)
    best = units.best(own)
    known = best + _by_fame(_fame(graph, film), units, best)
    shared = own + (known - best - rivals_share(*units.slots, known))[units.of]
    log_odds = np.where(graph.verdict, own, shared)
    probability = np.rint(MILLION / (1 + np.exp2(-log_odds / MILLION))).astype(np.int64)
    likely = open_to_all & (probability >= model.bands.accept)
    return Chances(log_odds, probability, likely & _chosen(graph, units, likely)[units.of], film)


def _fame(graph: Graph, film: Integers) -> Integers:
    """Return what each film's votes weigh, in millionths of a bit, by the number of its first record."""
    most = np.zeros(len(film), dtype=np.int64)
    np.maximum.at(most, film, graph.votes)
    found: Integers = np.rint(FAME * np.log2(1.0 + most)).astype(np.int64)
    return found


def _by_fame(fame: Integers, units: _Units, log_odds: Integers) -> Integers:
    """Return what fame adds to the log2 odds of units: in every slot the odds in all stay, and the better known have more of them."""
    odds = np.exp2(np.clip(log_odds / MILLION, -60, 60))
    added: Integers = np.zeros(len(odds), dtype=np.int64)
    for slot, other in zip(units.slots, reversed(units.films), strict=True):
        top = np.zeros(int(slot.max(initial=0)) + 1, dtype=np.int64)
        np.maximum.at(top, slot, fame[other])
        behind = np.maximum(fame[other] - top[slot], -MOST_FAME)
        left_over = np.bincount(slot, odds * np.exp2(behind / MILLION)) / np.bincount(slot, odds)
        added += behind - np.rint(MILLION * np.log2(left_over)).astype(np.int64)[slot]
    return added


def _edges(graph: Graph, chosen: Flags) -> Edges:
    return Edges(len(graph.source), graph.left[chosen], graph.right[chosen], graph.weight[chosen])


def _units(graph: Graph, inside: Flags, film: Integers) -> _Units:
    """Lay out the units, `film` being the number of each record's film in its own source."""
    records, alone = len(graph.source), np.arange(len(graph.left), dtype=np.int64)
    left, right = film[graph.left], film[graph.right]
    code = np.where(inside, records * records + alone, left * records + right)
    _, first, of = np.unique(code, return_index=True, return_inverse=True)
    slots = [
        np.unique(np.where(inside, records * records + alone, mine * records + graph.source[other])[first], return_inverse=True)[1]
        for mine, other in ((left, graph.right), (right, graph.left))
    ]  # fmt: skip
    films = left[first], right[first]
    return _Units(of.astype(np.int64), films, (slots[0].astype(np.int64), slots[1].astype(np.int64)))


def _chosen(graph: Graph, units: _Units, likely: Flags) -> Flags:
    """Choose among the units that hold a likely pair so that none shares a slot with another, the surest first."""
    surest = units.best(np.where(likely, graph.weight + CERTAIN * graph.verdict, np.iinfo(np.int64).min))
    chosen: Flags = surest > np.iinfo(np.int64).min
    at = np.flatnonzero(chosen)
    chosen[at] = one_to_one(units.slots[0][at], units.slots[1][at], surest[at])
    return chosen
