"""Which records are one film: the verdicts in force, pairs with their probabilities and bands, clusters over all
sources.

Works on whole components of the graph of pairs and decisions; a component comes out the same whatever else is
clustered. First the probabilities of pairs that cannot all be true are shared out, then what each pair says for or
against a cluster joins records (`graph.clusters`). Returns `Settled`.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.matching.candidate_pairs import HELD_PAIRS
from moviec.matching.decisions import adopt
from moviec.matching.graph import Edges, Rules, clusters, connected, one_to_one
from moviec.matching.marks import marks
from moviec.matching.match_weights import Integers, rivals_share
from moviec.matching.model import Model
from moviec.model import MILLION
from moviec.text import Column, pc

Flags = npt.NDArray[np.bool_]

#: `probability` in millionths. `band`: "accept", the two are one film; "review", a person should look; "reject".
SETTLED_PAIRS = HELD_PAIRS.append(pa.field("probability", pa.int64())).append(pa.field("band", pa.string()))

#: `cluster`: the lowest number of its records, which are numbered from 0 in order of source and key. `method`: how
#: the record came into its cluster, "decision", "id", "match" or "alone". `probability`: of its surest accepted pair,
#: millionths, null without one.
_MEMBERS: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("key", pa.string()),
    ("cluster", pa.int64()),
    ("method", pa.string()),
    ("probability", pa.int64()),
]
MEMBERS = pa.schema(_MEMBERS)


class Settled(msgspec.Struct, frozen=True):
    """`pairs` (SETTLED_PAIRS, in order of their ends), `members` (MEMBERS, in order of source and key),
    `overruled` (DECISIONS that a later one contradicts).
    """

    pairs: pa.Table
    members: pa.Table
    overruled: pa.Table


class _Decided(msgspec.Struct, frozen=True):
    """The verdicts in force, as pairs of record numbers, and those that a later one contradicts."""

    same: list[tuple[int, int]]
    apart: list[tuple[int, int]]
    overruled: pa.Table


class _Graph(msgspec.Struct, frozen=True):
    """Pairs by their record numbers, and each record's `source`, also as a number.

    `votes` of each record, 0 without a rater that counts votes. `weight`: log2 odds in millionths. `verdict`: 1 where a
    person said that the two are the same, -1 where they are not, else 0.
    """

    source: Integers
    votes: Integers
    left: Integers
    right: Integers
    weight: Integers
    contradicted: Flags
    verdict: Integers


class _Chances(msgspec.Struct, frozen=True):
    """Of each pair: log2 odds and probability in millionths, and whether it is a likely match. `film`: for each record
    the lowest number among the records of its source that are the same film.
    """

    log_odds: Integers
    probability: Integers
    likely: Flags
    film: Integers


def settle(
    records: pa.Table,
    pairs: pa.Table,
    decisions: pa.Table,
    model: Model,
    repeating: frozenset[str] = frozenset(),
) -> Settled:
    """Settle the pairs of whole components and cluster their records.

    `records`: source, key, ids (a map), votes of every record in them; `pairs`: PAIRS; `decisions`: DECISIONS, oldest first,
    those on other records are ignored. Sources in `repeating` may hold a film twice.
    """
    records = records.sort_by([("source", "ascending"), ("key", "ascending")]).combine_chunks()
    names = _names(records["source"], records["key"])
    left, right = _ends(names, pairs)
    order = np.lexsort((right, left))
    pairs = pairs.take(order)
    decided = _decided(names, decisions)
    graph = _graph(records, (left[order], right[order]), pairs, decided)
    chances = _weigh_rivals(graph, model)
    edges = Edges(len(records), graph.left, graph.right, _bonds(graph, chances))
    label = clusters(
        edges, marks(records, chances.film, decided.apart, repeating), Rules(decided.same, UNSEEN - DOUBT)
    )
    settled = pairs.append_column("probability", pa.array(chances.probability)).append_column(
        "band", _bands(graph, chances, pairs, label, model)
    )
    return Settled(settled, _members(settled, records, graph, label, decided), decided.overruled)


def _names(sources: Column, keys: Column) -> Column:
    """Return one text for each record."""
    return pc.binary_join_element_wise(sources, keys, "\x1f").combine_chunks()


def _ends(names: Column, table: pa.Table) -> tuple[Integers, Integers]:
    """Return the numbers of both ends of each row, the lower first; -1 where a record is not among those given."""
    found = [
        pc.fill_null(pc.index_in(_names(table[f"{side}_source"], table[f"{side}_key"]), names), -1)
        for side in ("left", "right")
    ]
    left, right = (numbers.to_numpy().astype(np.int64) for numbers in found)
    return np.minimum(left, right), np.maximum(left, right)


def _decided(names: Column, decisions: pa.Table) -> _Decided:
    """Return the decisions on these records: those in force, and those overruled."""
    left, right = _ends(names, decisions)
    here = (left >= 0) & (left != right)
    left, right, decisions = left[here], right[here], decisions.filter(pa.array(here))
    same = decisions["same"].to_numpy()
    holds = adopt(left, right, same)
    same_pairs, apart_pairs = (
        list(zip(left[holds & kind].tolist(), right[holds & kind].tolist(), strict=True))
        for kind in (same, ~same)
    )
    return _Decided(same_pairs, apart_pairs, decisions.filter(pa.array(~holds)))


def _graph(records: pa.Table, ends: tuple[Integers, Integers], pairs: pa.Table, decided: _Decided) -> _Graph:
    left, right = ends
    code = left * len(records) + right
    verdict = np.zeros(len(left), dtype=np.int64)
    for said, those in ((1, decided.same), (-1, decided.apart)):
        both = np.array(those, dtype=np.int64).reshape(-1, 2)
        verdict[np.isin(code, both[:, 0] * len(records) + both[:, 1])] = said
    return _Graph(
        source=pc.dictionary_encode(records["source"].combine_chunks()).indices.to_numpy().astype(np.int64),
        votes=pc.fill_null(records["votes"], 0).to_numpy(),
        left=left,
        right=right,
        weight=pairs["weight"].to_numpy().astype(np.int64),
        contradicted=pc.is_valid(pairs["contradiction"]).to_numpy(),
        verdict=verdict,
    )


#: The weight, among rivals of one source, of having twice the votes of another, and its bound, in millionths of a
#: bit. Lists hold well-known films: in shared/data a film's log2 odds of being in another list rise with every doubling
#: of its votes by .6 (MovieLens: Rotten Tomatoes), .8 (MovieLens: Wikipedia), .4 (Kaggle: Rotten Tomatoes) and .7
#: (IMDb: Wikipedia). Bounded, since a list of all films does not behave so.
FAME, MOST_FAME = MILLION // 2, 4 * MILLION

#: The weight of a person's decision, in millionths of a bit.
CERTAIN = 100 * MILLION


class _Units(msgspec.Struct, frozen=True):
    """Groups of pairs that are not rivals: those between the records of one film in each of two sources.

    `of`: the unit of each pair. `films`: the films at the left and right of each unit. `slots`: what each unit occupies
    on its left and right, a film with another source.
    """

    of: Integers
    films: tuple[Integers, Integers]
    slots: tuple[Integers, Integers]

    def best(self, values: Integers) -> Integers:
        """Return the greatest value among each unit's pairs."""
        greatest = np.full(len(self.slots[0]), np.iinfo(np.int64).min, dtype=np.int64)
        np.maximum.at(greatest, self.of, values)
        return greatest


def _weigh_rivals(graph: _Graph, model: Model) -> _Chances:
    """Share out the probabilities among rivals and choose the likely matches, one for each film in each other source.

    A film has at most one match in another source, so its pairs there cannot all be true and share the probability. A
    pair within a source has no rivals; two records of a source that are likely one film are not rivals of each other.
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
    return _Chances(log_odds, probability, likely & _chosen(graph, units, likely)[units.of], film)


def _fame(graph: _Graph, film: Integers) -> Integers:
    """Return the weight of each film's votes, in millionths of a bit, by the number of its first record."""
    most = np.zeros(len(film), dtype=np.int64)
    np.maximum.at(most, film, graph.votes)
    found: Integers = np.rint(FAME * np.log2(1.0 + most)).astype(np.int64)
    return found


def _by_fame(fame: Integers, units: _Units, log_odds: Integers) -> Integers:
    """Return what votes add to the log2 odds of units: a slot's total odds stay the same, and the better known film
    gets more.
    """
    odds = np.exp2(np.clip(log_odds / MILLION, -60, 60))
    added: Integers = np.zeros(len(odds), dtype=np.int64)
    for slot, other in zip(units.slots, reversed(units.films), strict=True):
        top = np.zeros(int(slot.max(initial=0)) + 1, dtype=np.int64)
        np.maximum.at(top, slot, fame[other])
        behind = np.maximum(fame[other] - top[slot], -MOST_FAME)
        left_over = np.bincount(slot, odds * np.exp2(behind / MILLION)) / np.bincount(slot, odds)
        added += behind - np.rint(MILLION * np.log2(left_over)).astype(np.int64)[slot]
    return added


def _edges(graph: _Graph, chosen: Flags) -> Edges:
    return Edges(len(graph.source), graph.left[chosen], graph.right[chosen], graph.weight[chosen])


def _units(graph: _Graph, inside: Flags, film: Integers) -> _Units:
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


def _chosen(graph: _Graph, units: _Units, likely: Flags) -> Flags:
    """Choose units with a likely pair, the surest first, so that no two share a slot."""
    surest = units.best(np.where(likely, graph.weight + CERTAIN * graph.verdict, np.iinfo(np.int64).min))
    chosen: Flags = surest > np.iinfo(np.int64).min
    at = np.flatnonzero(chosen)
    chosen[at] = one_to_one(units.slots[0][at], units.slots[1][at], surest[at])
    return chosen


#: Two clusters join where the log2 odds of the pairs between them are above DOUBT on average. A pair that was not kept
#: mostly has other titles and counts as UNSEEN; a contradicted one counts at most as CONTRADICTED. Set on the half of
#: the known pairs that is not held out (bench/bench_catalogue.py --fitting): of DOUBT 0 to 2 and UNSEEN -8 to 2 these
#: gave the best F1 among those whose precision is over .99 on every pair of sources.
DOUBT, UNSEEN, CONTRADICTED = MILLION, -MILLION, -8 * MILLION


def _bonds(graph: _Graph, chances: _Chances) -> Integers:
    """Return how much each pair supports a cluster with both its ends: above zero only where it is to be a match.

    A contradicted pair counts against it however likely it is.
    """
    says = np.where(graph.contradicted, np.minimum(chances.log_odds, CONTRADICTED), chances.log_odds) - DOUBT
    bonds: Integers = np.where(chances.likely, np.maximum(says, 1), np.minimum(says, 0))
    return bonds


def _bands(graph: _Graph, chances: _Chances, pairs: pa.Table, label: Integers, model: Model) -> Column:
    """Return each pair's band: joined without a contradiction (accept), worth a look (review), or neither (reject)."""
    joined = label[graph.left] == label[graph.right]
    settled = graph.verdict != 0
    doubtful = (chances.probability >= model.bands.review) | pairs["shared_id"].to_numpy() | joined
    return pa.array(
        np.select(
            [joined & (~graph.contradicted | settled), doubtful & ~settled], ["accept", "review"], "reject"
        )
    )


def _members(
    pairs: pa.Table, records: pa.Table, graph: _Graph, label: Integers, decided: _Decided
) -> pa.Table:
    """Return each record's cluster, and how the record came into it."""
    accepted = pc.equal(pairs["band"], "accept").to_numpy()
    surest = np.full(len(records), -1, dtype=np.int64)
    by_id = np.zeros(len(records), dtype=np.bool_)
    shared_id = pairs["shared_id"].to_numpy()
    for end in (graph.left[accepted], graph.right[accepted]):
        np.maximum.at(surest, end, pairs["probability"].to_numpy()[accepted])
        by_id[end[shared_id[accepted]]] = True
    by_verdict = np.isin(np.arange(len(records)), np.array(decided.same, dtype=np.int64))
    alone = np.bincount(label, minlength=len(records))[label] == 1
    method = np.select([alone, by_verdict, by_id], ["alone", "decision", "id"], "match")
    columns = {
        "source": records["source"],
        "key": records["key"],
        "cluster": pa.array(label),
        "method": pa.array(method),
        "probability": pa.array(surest, mask=surest < 0),
    }
    return pa.table(columns, schema=MEMBERS)
