"""The marks of which a film has only one, by which clusters are kept from holding two films: its ids, its record at a source
that lists a film once, its side of a verdict.

Records of one source that are one film (twins) count as one there.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from moviec.matching.graph import Edges, Integers, connected
from moviec.text import Column, pc

_ENTRIES = pa.list_(pa.struct([("key", pa.string()), ("value", pa.string())]))


def marks(
    records: pa.Table, film: Integers, apart: list[tuple[int, int]], repeating: frozenset[str]
) -> pa.Table:
    """Return the marks of which a film has only one: its record at a source that lists a film once (twins count as
    one), its id in a space, its side of a verdict. Columns: record, space, value.

    `records`: source, key, ids; `film`: the first record of each one's film in its own source; `apart`: pairs that a verdict
    keeps apart.
    """
    once = pc.invert(pc.is_in(records["source"], pa.array(sorted(repeating), pa.string())))
    numbers = pa.array(np.arange(len(records), dtype=np.int64))
    ids = records["ids"].combine_chunks().cast(_ENTRIES)
    parents, entries = pc.list_parent_indices(ids), pc.list_flatten(ids)
    sides = pa.array(np.array(apart, dtype=np.int64).ravel())
    verdicts = pa.array(np.repeat(np.arange(len(apart)), 2)).cast(pa.string())
    every = [
        (numbers.filter(once), "key", records["source"].filter(once), pa.array(film).cast(pa.string()).filter(once)),
        (pc.cast(parents, pa.int64()), "id", pc.struct_field(entries, "key"), _as_one(records, film, parents, entries)),
        (sides, "verdict", verdicts, sides.cast(pa.string())),
    ]  # fmt: skip
    return pa.concat_tables(
        pa.table({"record": record, "space": pc.binary_join_element_wise(what, space, " "), "value": value})
        for record, what, space, value in every
    )


def _as_one(records: pa.Table, film: Integers, parents: Column, entries: Column) -> Column:
    """Return the values of ids, those of twins replaced by what the first twin has in that space.

    An id that is the record's key at its source differs even for one film. Of other ids only those of twins are replaced that
    shared ids connect with the first: with other ids and none that is shared two records contradict each other, whatever
    third one is between them.
    """
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
    by_ids = _connected_by_ids(film, owner, names)
    own = pc.equal(value, records["key"].combine_chunks().take(parents)).to_numpy(zero_copy_only=False)
    vouched = pa.array((own | (by_ids[owner] == by_ids[film[owner]]))[twin])
    has = pc.and_(pc.is_valid(first), vouched)
    known = pc.index_in(names, others.filter(has))
    return pc.coalesce(pc.take(firsts.filter(has), known), value)


def _connected_by_ids(film: Integers, owner: Integers, names: Column) -> Integers:
    """Return for each record the lowest number among the records of its film that shared ids connect it with.

    `owner` and `names`: the record and the text of each id.
    """
    several = film[film != np.arange(len(film))]
    among = np.flatnonzero(np.isin(film[owner], several))
    codes = pc.dictionary_encode(names.take(pa.array(among))).indices.to_numpy().astype(np.int64)
    order = np.lexsort((codes, film[owner[among]]))
    records, codes = owner[among][order], codes[order]
    alike = (film[records[1:]] == film[records[:-1]]) & (codes[1:] == codes[:-1])
    left, right = records[:-1][alike], records[1:][alike]
    return connected(Edges(len(film), left, right, np.ones(len(left), dtype=np.int64)))
