"""Stable ids: which id each cluster of items has, given the last known ids of its items.

Returns `Identities`: the new ledger, ids that redirect, new ids, and ids without an item. Serves movies
(items are records), people and companies (items are names and keys) alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.matching.graph import Integers, one_to_one
from moviec.text import Column, pc


class Identities(msgspec.Struct, frozen=True):
    """The ids of all items now. An item is identified by its columns, such as source and key.

    `members`: the item's columns, id. `gone`: the same for items of the ledger that are in no cluster now.
    `merged`: id, successor. `created`: new ids. `given_back`: ids that redirected and no longer do. `withdrawn`: ids of
    which every item is gone; they may come back. All are ordered; `members` and `gone` together are the new rows of the
    ledger. `next_id` is the next free id.
    """

    members: pa.Table
    gone: pa.Table
    merged: pa.Table
    created: Integers
    given_back: Integers
    withdrawn: Integers
    next_id: int


class _Votes(msgspec.Struct, frozen=True):
    """How many items of each cluster had each id. Clusters are numbered in the order of their first items."""

    cluster: Integers
    id: Integers
    items: Integers


class _Former(msgspec.Struct, frozen=True):
    """Ids that items had before a merger: one row per item and merger."""

    item: Integers
    id: Integers
    into: Integers


def keep_ids(members: pa.Table, ledger: pa.Table, next_id: int, former: pa.Table | None = None) -> Identities:
    """Assign an id to every cluster: the one that most of its items had, else a new one from `next_id` on.

    `members`: the item's columns, `cluster` (int64, any numbers) and, where several deliveries are published at once,
    `arrival` (int64, NULL for what existed before). `ledger`: the item's columns and `id` (int64):
    the last known id of these items and of every other item that had one of those ids, gone or not. Every item once,
    no nulls. An id goes to the cluster with most of its items; of equal claims to the cluster whose other claims are to newer
    ids, or that has none, then to the one with the first item in order. Ids that lose their last item to other clusters redirect to the one that got most.
    New ids are given in the order of the clusters' first arrivals, within one in that of the items that came with it: as if
    each arrival had been published on its own.

    `former` (the item's columns, id, into): with which `id` an item was merged `into` another, of ids that redirect. Parted
    from the other's items it counts for its former id, unless most that had this stay: a merger undone gives the ids back.
    """
    names = _item_columns(members)
    merged_before = (
        ledger.slice(0, 0).append_column("into", ledger["id"].slice(0, 0)) if former is None else former
    )
    item, was, merged_item = _numbered([table.select(names) for table in (members, ledger, merged_before)])
    old = np.full(max(item.max(initial=-1), was.max(initial=-1)) + 1, -1, dtype=np.int64)
    old[was] = ledger["id"].to_numpy()
    cluster, clusters = _in_order(members["cluster"].to_numpy(), item)
    known = _Former(merged_item, merged_before["id"].to_numpy(), merged_before["into"].to_numpy())
    votes = _count(cluster, _undone(item, cluster, old[item], known))
    kept = one_to_one(votes.cluster, votes.id, _by_need(votes))
    ids = np.full(clusters, -1, dtype=np.int64)
    ids[votes.cluster[kept]] = votes.id[kept]
    nameless = np.flatnonzero(ids < 0)
    created = next_id + np.arange(len(nameless), dtype=np.int64)
    if "arrival" in members.column_names:
        arrival = pc.fill_null(members["arrival"], -1).to_numpy()
        nameless = _by_arrival(nameless, cluster, arrival, item)
    ids[nameless] = created
    merged = _merged(votes, ids)
    absent = ~np.isin(was, item)
    left = _redirected(ledger["id"].to_numpy()[absent], merged)
    return Identities(
        _with_ids(members.select(names), item, ids[cluster]),
        _with_ids(ledger.select(names).filter(pa.array(absent)), was[absent], left),
        merged,
        created,
        np.intersect1d(known.id, ids),
        np.setdiff1d(left, ids),
        next_id + len(created),
    )


def divided(members: pa.Table, ledger: pa.Table) -> Column:
    """Return the ids of the ledger whose items are in several clusters now, in order; takes the tables that `keep_ids`
    takes.
    """
    names = _item_columns(members)
    both = (
        members.select([*names, "cluster"]).join(ledger, names, join_type="inner").select(["cluster", "id"])
    )
    clusters = both.group_by("id").aggregate([("cluster", "count_distinct")])
    several = clusters.filter(pc.greater(clusters["cluster_count_distinct"], 1))
    return several.sort_by("id")["id"].combine_chunks()


def _item_columns(members: pa.Table) -> list[str]:
    """Return the columns that identify an item."""
    return [name for name in members.column_names if name not in ("cluster", "arrival")]


def _undone(item: Integers, cluster: Integers, vote: Integers, former: _Former) -> Integers:
    """Return the id that each member counts for: the one it had (`vote`), or the one before the merger that is undone.

    It is undone for members that are in no cluster with any that always had the id, while such are elsewhere. Mergers upon
    mergers are undone one by one.
    """
    order = np.argsort(item)
    at = np.searchsorted(item[order], former.item)
    there = np.flatnonzero(np.isin(former.item, item))
    member, ids, into = order[at[there]], former.id[there], former.into[there]
    width = cluster.max(initial=0) + 1
    while True:
        come = vote[member] == into
        native = np.ones(len(vote), dtype=np.bool_)
        native[member[come]] = False
        holding = vote[native] * width + cluster[native]
        stay = come & np.isin(into * width + cluster[member], holding)
        leave = come & ~stay & np.isin(into, vote[native])
        most = _most(ids, cluster[member], stay)
        leave &= _most(ids, cluster[member], leave) >= most
        if not leave.any():
            return vote
        vote = vote.copy()
        vote[member[leave]] = ids[leave]


def _most(ids: Integers, cluster: Integers, such: npt.NDArray[np.bool_]) -> Integers:
    """Return for each row the most rows of `such` with its id that are in one cluster."""
    known, place = np.unique(ids, return_inverse=True)
    pairs, rows = np.unique(np.stack([place[such], cluster[such]]), axis=1, return_counts=True)
    most = np.zeros(len(known), dtype=np.int64)
    np.maximum.at(most, pairs[0], rows)
    return most[place]


def _numbered(tables: Sequence[pa.Table]) -> list[Integers]:
    """Number the items of several tables in the order of their columns; equal items get equal numbers."""
    every = pa.concat_tables(tables)
    number = np.zeros(every.num_rows, dtype=np.int64)
    for column in every.columns:
        values = _rank(column)
        number = number * (values.max(initial=0) + 1) + values
        number = np.unique(number, return_inverse=True)[1].astype(np.int64)
    return np.split(number, np.cumsum([table.num_rows for table in tables])[:-1])


def _rank(column: Column) -> Integers:
    """Return each value's place among the sorted distinct values."""
    encoded = pc.dictionary_encode(column.combine_chunks())
    values = encoded.dictionary
    place = np.empty(len(values), dtype=np.int64)
    place[pc.array_sort_indices(values).to_numpy()] = np.arange(len(values))
    ranks: Integers = place[encoded.indices.to_numpy()]
    return ranks


def _in_order(cluster: Integers, item: Integers) -> tuple[Integers, int]:
    """Number clusters 0, 1, … in the order of their first items; return each member's, and how many clusters there
    are.
    """
    order = np.argsort(item)
    _, first, inverse = np.unique(cluster[order], return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.int64)
    place[np.argsort(first)] = np.arange(len(first))
    number = np.empty(len(cluster), dtype=np.int64)
    number[order] = place[inverse]
    return number, len(first)


def _by_arrival(nameless: Integers, cluster: Integers, arrival: Integers, item: Integers) -> Integers:
    """Order clusters by the first arrival of their items, then by the first item that came with it."""
    order = np.lexsort((item, arrival, cluster))
    known, first = np.unique(cluster[order], return_index=True)
    first_member = order[first[np.searchsorted(known, nameless)]]
    ordered: Integers = nameless[np.lexsort((item[first_member], arrival[first_member]))]
    return ordered


def _count(cluster: Integers, old: Integers) -> _Votes:
    known = old >= 0
    ids, code = np.unique(old[known], return_inverse=True)
    pairs, items = np.unique(cluster[known] * (len(ids) + 1) + code, return_counts=True)
    return _Votes(pairs // (len(ids) + 1), ids[pairs % (len(ids) + 1)], items.astype(np.int64))


def _by_need(votes: _Votes) -> Integers:
    """Return the weights of claims: the items behind each; a tie goes to the cluster whose other ids are newer, or that
    has none.

    So films that a decision mixed up get their former ids back when they are split, whichever id is smaller.
    """
    order = np.lexsort((votes.id, votes.cluster))
    cluster, ids = votes.cluster[order], votes.id[order]
    starts = (
        np.flatnonzero(np.r_[True, cluster[1:] != cluster[:-1]])
        if len(cluster)
        else np.empty(0, dtype=np.int64)
    )
    sizes = np.diff(np.r_[starts, len(cluster)])
    first = np.repeat(starts, sizes)
    is_first = np.arange(len(cluster)) == first
    second = np.minimum(first + 1, np.maximum(len(cluster) - 1, 0))
    none = np.iinfo(np.int64).max
    other = np.where(is_first, np.where(np.repeat(sizes, sizes) > 1, ids[second], none), ids[first])
    need = np.empty(len(order), dtype=np.int64)
    need[order] = np.unique(other, return_inverse=True)[1]
    weights: Integers = votes.items * (len(order) + 1) + need
    return weights


def _merged(votes: _Votes, ids: Integers) -> pa.Table:
    """Redirect ids that no cluster has any more to the id of the cluster with most of their items."""
    order = np.lexsort((votes.cluster, -votes.items, votes.id))
    lost, first = np.unique(votes.id[order], return_index=True)
    successor = ids[votes.cluster[order][first]]
    gone = ~np.isin(lost, ids)
    return pa.table({"id": lost[gone], "successor": successor[gone]})


def _redirected(ids: Integers, merged: pa.Table) -> Integers:
    return _looked_up(ids, merged["id"].to_numpy(), merged["successor"].to_numpy())


def _looked_up(wanted: Integers, keys: Integers, values: Integers) -> Integers:
    """Replace values found among the sorted keys; the rest stay."""
    if not len(keys):
        return wanted
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], wanted)


def _with_ids(items: pa.Table, order: Integers, ids: Integers) -> pa.Table:
    return items.append_column("id", pa.array(ids, pa.int64())).take(np.argsort(order))
