"""Which records are one film: verdicts that hold, pairs with their probabilities and bands, clusters over all sources.

Works on whole components of the graph of pairs and decisions; each component comes out the same in any company.
Returns `Settled`.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.matching.candidate_pairs import HELD_PAIRS
from moviec.matching.graph import Edges, Rules, clusters
from moviec.matching.match_weights import Integers
from moviec.matching.model import Model
from moviec.matching.rivals import Chances, Graph, weigh_rivals
from moviec.model import MILLION
from moviec.text import Column, pc

#: `probability` in millionths. `band`: "accept", the two are one film; "review", a person should look; "reject".
SETTLED_PAIRS = HELD_PAIRS.append(pa.field("probability", pa.int64())).append(pa.field("band", pa.string()))

#: `cluster`: the lowest number of its records, these counted from 0 in order of source and key. `method`: how the
#: record came into its cluster, "decision", "id", "match" or "alone". `probability`: of its surest accepted pair,
#: millionths, null without one.
_MEMBERS: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("key", pa.string()),
    ("cluster", pa.int64()),
    ("method", pa.string()),
    ("probability", pa.int64()),
]
MEMBERS = pa.schema(_MEMBERS)
#: Two clusters join where the log2 odds of the pairs between them are above DOUBT on average. A pair that was not kept
#: mostly has other titles and counts as UNSEEN; one that is contradicted, at most as CONTRADICTED. Set on the half of
#: the known pairs that is not held out (bench/bench_catalogue.py --fitting): of DOUBT 0 to 2 and UNSEEN -8 to 2 these
#: gave the best F1 among those whose precision is over .99 on every pair of sources.
DOUBT, UNSEEN, CONTRADICTED = MILLION, -MILLION, -8 * MILLION

_ENTRIES = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))


class Settled(msgspec.Struct, frozen=True):
    """`pairs` (SETTLED_PAIRS, in order of their ends), `members` (MEMBERS, in order of source and key),
    `overruled` (DECISIONS that a later one contradicts).
    """

    pairs: pa.Table
    members: pa.Table
    overruled: pa.Table


class _Decided(msgspec.Struct, frozen=True):
    """The verdicts that hold, as pairs of record numbers, and those that a later one contradicts."""

    same: list[tuple[int, int]]
    apart: list[tuple[int, int]]
    overruled: pa.Table


def settle(
    records: pa.Table,
    pairs: pa.Table,
    decisions: pa.Table,
    model: Model,
    repeating: frozenset[str] = frozenset(),
) -> Settled:
    """Settle whole components.

    `records`: source, key, ids (a map), votes of every record in them; `pairs`: PAIRS; `decisions`: DECISIONS, oldest first,
    those on other records left aside. Sources in `repeating` may hold a film twice.
    """
    records = records.sort_by([("source", "ascending"), ("key", "ascending")]).combine_chunks()
    names = _names(records["source"], records["key"])
    left, right = _ends(names, pairs)
    order = np.lexsort((right, left))
    pairs = pairs.take(order)
    decided = _decided(names, decisions)
    graph = _graph(records, (left[order], right[order]), pairs, decided)
    chances = weigh_rivals(graph, model)
    edges = Edges(len(records), graph.left, graph.right, _bonds(graph, chances))
    label = clusters(
        edges, _marks(records, chances.film, decided, repeating), Rules(decided.same, UNSEEN - DOUBT)
    )
    settled = pairs.append_column("probability", pa.array(chances.probability)).append_column(
        "band", _bands(graph, chances, pairs, label, model)
    )
    return Settled(settled, _members(settled, records, graph, label, decided), decided.overruled)


def _names(sources: Column, keys: Column) -> Column:
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


def _graph(records: pa.Table, ends: tuple[Integers, Integers], pairs: pa.Table, decided: _Decided) -> Graph:
    left, right = ends
    code = left * len(records) + right
    verdict = np.zeros(len(left), dtype=np.int64)
    for said, those in ((1, decided.same), (-1, decided.apart)):
        both = np.array(those, dtype=np.int64).reshape(-1, 2)
        verdict[np.isin(code, both[:, 0] * len(records) + both[:, 1])] = said
    return Graph(
        source=pc.dictionary_encode(records["source"].combine_chunks()).indices.to_numpy().astype(np.int64),
        votes=pc.fill_null(records["votes"], 0).to_numpy(),
        left=left,
        right=right,
        weight=pairs["weight"].to_numpy().astype(np.int64),
        contradicted=pc.is_valid(pairs["contradiction"]).to_numpy(),
        verdict=verdict,
    )


def _bonds(graph: Graph, chances: Chances) -> Integers:
    """Return what each pair says for a cluster that holds both its ends, above zero only where it is to be a match.

    A contradicted pair speaks against it however likely.
    """
    says = np.where(graph.contradicted, np.minimum(chances.log_odds, CONTRADICTED), chances.log_odds) - DOUBT
    bonds: Integers = np.where(chances.likely, np.maximum(says, 1), np.minimum(says, 0))
    return bonds


def _marks(records: pa.Table, film: Integers, decided: _Decided, repeating: frozenset[str]) -> pa.Table:
    """Return what a film has one of: itself at a source that lists a film once, twins being one; its id in a space, its side
    of a verdict.
    """
    once = pc.invert(pc.is_in(records["source"], pa.array(sorted(repeating), pa.string())))
    numbers = pa.array(np.arange(len(records), dtype=np.int64))
    ids = records["ids"].combine_chunks().cast(_ENTRIES)
    parents, entries = pc.list_parent_indices(ids), pc.list_flatten(ids)
    sides = pa.array(np.array(decided.apart, dtype=np.int64).ravel())
    verdicts = pa.array(np.repeat(np.arange(len(decided.apart)), 2)).cast(pa.string())
    marks = [
        (numbers.filter(once), "key", records["source"].filter(once), pa.array(film).cast(pa.string()).filter(once)),
        (pc.cast(parents, pa.int64()), "id", pc.struct_field(entries, "key"), _as_one(records, film, parents, entries)),
        (sides, "verdict", verdicts, sides.cast(pa.string())),
    ]  # fmt: skip
    return pa.concat_tables(
        pa.table({"record": record, "space": pc.binary_join_element_wise(what, space, " "), "value": value})
        for record, what, space, value in marks
    )


def _as_one(records: pa.Table, film: Integers, parents: Column, entries: Column) -> Column:
    """Return the values of ids, those of twins replaced by what the first twin has in that space."""
    space, value = pc.struct_field(entries, "key"), pc.struct_field(entries, "value")
    owner = parents.to_numpy()
    spaces = pc.dictionary_encode(space).indices.to_numpy()
    several = int(spaces.max(initial=0)) + 1
    twin = film[owner] != owner
    slots, at = np.unique((film[owner] * several + spaces)[~twin], return_index=True)
    first = pc.index_in(pa.array((film[owner] * several + spaces)[twin]), pa.array(slots))
    names = pc.binary_join_element_wise(space, value, "\x1f")
    others = names.filter(pa.array(twin))
    firsts = pc.take(pc.take(value.filter(pa.array(~twin)), pa.array(at)), first)
    has = pc.is_valid(first)
    known = pc.index_in(names, others.filter(has))
    return pc.coalesce(pc.take(firsts.filter(has), known), value)


def _bands(graph: Graph, chances: Chances, pairs: pa.Table, label: Integers, model: Model) -> Column:
    """Return each pair its band: joined without a contradiction, worth a look, or neither."""
    joined = label[graph.left] == label[graph.right]
    settled = graph.verdict != 0
    doubtful = (chances.probability >= model.bands.review) | pairs["shared_id"].to_numpy() | joined
    return pa.array(
        np.select(
            [joined & (~graph.contradicted | settled), doubtful & ~settled], ["accept", "review"], "reject"
        )
    )


def _members(
    pairs: pa.Table, records: pa.Table, graph: Graph, label: Integers, decided: _Decided
) -> pa.Table:
    """Say of every record which cluster it is in, and how it came there."""
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


#: One verdict on two records, in either order: they are the same film, or not. Rows stand oldest first.
_DECISIONS: list[tuple[str, pa.DataType]] = [
    ("left_source", pa.string()),
    ("left_key", pa.string()),
    ("right_source", pa.string()),
    ("right_key", pa.string()),
    ("same", pa.bool_()),
]
DECISIONS = pa.schema(_DECISIONS)


def adopt(left: Integers, right: Integers, same: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Return which verdicts hold (records by number, oldest first): of those that contradict, the later ones.

    A verdict may contradict several others together: A is B, B is C, A is not C.
    """
    label: dict[int, int] = {int(record): int(record) for record in np.append(left, right)}
    groups = {record: [record] for record in label}
    apart: dict[int, set[int]] = {record: set() for record in label}  # labels that this one must not join
    holds = np.zeros(len(left), dtype=np.bool_)
    for at in range(len(left) - 1, -1, -1):
        one, other = sorted((label[int(left[at])], label[int(right[at])]))
        holds[at] = other not in apart[one] if same[at] else one != other
        if not holds[at] or one == other:
            continue
        if not same[at]:
            apart[one].add(other)
            apart[other].add(one)
            continue
        for record in groups[other]:
            label[record] = one
        groups[one] += groups.pop(other)
        for third in apart.pop(other):
            apart[third].discard(other)
            apart[third].add(one)
            apart[one].add(third)
    return holds
