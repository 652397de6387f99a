"""Movie ids through merges, splits, arrivals and departures: what is promised to those who keep an id."""

from __future__ import annotations

from random import Random

import msgspec
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.matching.identity import Identities, divided, keep_ids

Clusters = dict[str, int]
#: One state of the world: the cluster of each record that is there.
WORLD = st.dictionaries(st.sampled_from("abcdefghij"), st.integers(0, 4), max_size=10)


class State(msgspec.Struct):
    """All that the catalogue remembers, and the ids ever given out."""

    ledger: dict[str, int] = {}
    redirects: dict[int, int] = {}
    next_id: int = 1
    mergers: dict[int, list[str]] = {}  # the records that a merged id had, the last merger last


def table(rows: dict[str, int], value: str) -> pa.Table:
    sources = ["kaggle" if key < "e" else "imdb" for key in rows]
    columns = {"source": sources, "key": list(rows)}
    texts = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    return pa.table({**texts, value: pa.array(list(rows.values()), pa.int64())})


def ids(found: pa.Table) -> dict[str, int]:
    return {row["key"]: row["id"] for row in found.to_pylist()}


def end_of(id: int, redirects: dict[int, int]) -> int:
    """Follow redirects to where they end; in a circle they have none."""
    for _ in redirects:
        id = redirects.get(id, id)
    assert id not in redirects
    return id


#: The former id of each record, and into which other it was merged.
Former = dict[tuple[str, int], int]


def kept(
    clusters: Clusters, ledger: dict[str, int], next_id: int = 100, former: Former | None = None
) -> Identities:
    tables = [
        table({key: id}, "id").append_column("into", pa.array([into], pa.int64()))
        for (key, into), id in (former or {}).items()
    ]
    return keep_ids(
        table(clusters, "cluster"), table(ledger, "id"), next_id, pa.concat_tables(tables) if tables else None
    )


def step(state: State, clusters: Clusters) -> Identities:
    """Settle the whole world anew."""
    former = {(key, state.redirects[id]): id for id, keys in state.mergers.items() for key in keys}
    assert divided(table(clusters, "cluster"), table(state.ledger, "id")).to_pylist() == sorted(
        id
        for id in set(state.ledger.values())
        if len({clusters[key] for key in clusters if state.ledger.get(key) == id}) > 1
    )
    found = kept(clusters, state.ledger, state.next_id, former)
    for row in found.merged.to_pylist():
        lost = [key for key, id in state.ledger.items() if id == row["id"] and key in clusters]
        if lost:
            state.mergers.pop(row["id"], None)
            state.mergers[row["id"]] = lost
    state.ledger = ids(found.members) | ids(found.gone)
    for id in found.given_back.tolist():
        del state.redirects[id], state.mergers[id]
    state.redirects |= {row["id"]: row["successor"] for row in found.merged.to_pylist()}
    state.next_id = found.next_id
    return found


def test_new_records_get_ids_in_their_order() -> None:
    found = kept({"g": 7, "a": 9, "e": 7}, {}, next_id=5)
    assert ids(found.members) == {"e": 5, "g": 5, "a": 6}  # imdb comes before kaggle
    assert (found.created.tolist(), found.next_id) == ([5, 6], 7)


def test_a_cluster_keeps_the_id_that_most_of_its_records_had() -> None:
    found = kept(dict.fromkeys("abc", 0), {"a": 1, "b": 2, "c": 2})
    assert set(ids(found.members).values()) == {2}
    assert found.merged.to_pylist() == [{"id": 1, "successor": 2}]


def test_of_equal_claims_the_older_id_stays() -> None:
    assert set(ids(kept({"a": 0, "b": 0}, {"a": 9, "b": 4}).members).values()) == {4}


def test_after_a_split_the_greater_part_keeps_the_id_and_equal_parts_go_by_their_first_record() -> None:
    found = kept({"a": 0, "b": 1, "c": 1}, dict.fromkeys("abc", 3))
    assert ids(found.members) == {"b": 3, "c": 3, "a": 100}
    assert found.merged.num_rows == 0
    assert ids(kept({"a": 1, "b": 0}, {"a": 3, "b": 3}).members) == {"a": 3, "b": 100}


def test_who_loses_an_id_takes_the_next_best_before_a_new_one() -> None:
    world = dict.fromkeys("abc", 0) | dict.fromkeys("defgh", 1)
    before = {"a": 1, "b": 1, "c": 2} | dict.fromkeys("defg", 1) | {"h": 5}
    found = ids(kept(world, before).members)
    assert (found["a"], found["d"]) == (2, 1)


def test_a_vanished_movie_is_withdrawn_and_comes_back_under_its_id() -> None:
    state = State()
    step(state, {"a": 0, "b": 1})
    gone = step(state, {"b": 1})
    assert gone.withdrawn.tolist() == [state.ledger["a"]]
    back = step(state, {"a": 0, "b": 1})
    assert ids(back.members) == {"a": 1, "b": 2}
    assert not len(back.withdrawn)


def test_a_record_that_comes_back_never_revives_an_id_that_redirects() -> None:
    state = State()
    step(state, {"a": 0, "b": 0, "c": 1, "d": 1})
    step(state, {"a": 0, "c": 1, "d": 1})  # b is gone; a and its movie go over to that of c and d
    step(state, dict.fromkeys("acd", 0))
    assert state.redirects == {1: 2}
    back = step(state, {"a": 0, "b": 5, "c": 0, "d": 0})
    assert ids(back.members) == {"a": 2, "c": 2, "d": 2, "b": 3}


@settings(deadline=None)
@given(WORLD, st.lists(st.dictionaries(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=3))
def test_mergers_that_are_undone_give_the_ids_back(world: Clusters, mergers: list[dict[int, int]]) -> None:
    """Same, then different: whatever films are put together, one after another, taken apart they are as before."""
    state = State()
    before = ids(step(state, world).members)
    together = world
    for merger in mergers:
        together = {key: merger.get(cluster, cluster) for key, cluster in together.items()}
        step(state, together)
    after = step(state, world)
    assert ids(after.members) == before
    assert state.redirects == {} and not len(after.created)


def test_of_mergers_upon_mergers_only_the_last_is_undone() -> None:
    state = State()
    step(state, {"a": 0, "b": 1, "c": 2})
    step(state, {"a": 0, "b": 1, "c": 1})
    step(state, dict.fromkeys("abc", 0))
    assert state.redirects == {3: 2, 2: 1} or set(state.ledger.values()) == {2}
    apart = step(state, {"a": 0, "b": 1, "c": 1})
    assert ids(apart.members) == {"a": 1, "b": 2, "c": 2}
    assert state.redirects == {3: 2}


def test_an_id_whose_film_has_gone_on_without_its_records_is_not_given_back() -> None:
    state = State()
    step(state, {"a": 0, "b": 1})
    step(state, {"a": 0, "b": 0})
    step(state, {"a": 0, "b": 0, "c": 0, "d": 0})
    apart = step(state, {"a": 0, "b": 1, "c": 1, "d": 1})
    assert ids(apart.members) == {"a": 3, "b": 1, "c": 1, "d": 1}  # most of the film is there, with b
    assert state.redirects == {2: 1}


@settings(deadline=None)
@given(st.lists(WORLD, max_size=8))
def test_promises_through_any_history(history: list[Clusters]) -> None:
    state = State()
    ever: set[int] = set()
    had: dict[int, set[str]] = {}
    for clusters in history:
        before, known = dict(state.ledger), dict(state.redirects)
        found = step(state, clusters)
        now = ids(found.members)
        # One cluster, one id; ids that redirect are nobody's; a new id was never seen.
        pairs = {(clusters[key], now[key]) for key in clusters}
        assert len(pairs) == len({id for _, id in pairs}) == len({cluster for cluster, _ in pairs})
        assert not set(state.ledger.values()) & set(state.redirects)
        assert not set(found.created.tolist()) & ever
        # An id that redirected is given back only to who had it: it never leads to a film without one of its records.
        back = {*found.given_back.tolist()}
        assert back <= known.keys() and not back & set(state.redirects)
        for id in back:
            assert {key for key in clusters if now[key] == id} & had[id]
        for key, id in state.ledger.items():
            had.setdefault(id, set()).add(key)
        ever |= {*state.ledger.values(), *state.redirects}
        assert ever == set(range(1, state.next_id))
        # Every id ever given leads to a live or a withdrawn movie.
        ends = {end_of(id, state.redirects) for id in state.redirects}
        assert ends <= {*now.values(), *found.withdrawn.tolist()}
        assert {*now.values(), *found.withdrawn.tolist()} == ever - set(state.redirects)
        # A cluster that has all the records of its movie, and only these, keeps its id.
        for cluster in set(clusters.values()):
            mine = {key for key in clusters if clusters[key] == cluster}
            was = {before.get(key) for key in mine}
            if len(was) == 1 and None not in was:
                (one,) = was
                if mine == {key for key, id in before.items() if id == one}:
                    assert {now[key] for key in mine} == {one}
        # Again on its own result: nothing moves.
        again = kept(clusters, state.ledger, state.next_id)
        assert again.members.equals(found.members)
        assert again.gone.equals(found.gone)
        assert (again.merged.num_rows, len(again.created)) == (0, 0)


@settings(deadline=None)
@given(
    WORLD,
    st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 5)),
    st.randoms(use_true_random=False),
)
def test_neither_the_order_of_rows_nor_the_numbers_of_clusters_matter(world: Clusters, before: dict[str, int], random: Random) -> None:  # fmt: skip
    straight = kept(world, before)
    other = [7, 3, 9, 1, 4]
    mixed = [list(world.items()), list(before.items())]
    for rows in mixed:
        random.shuffle(rows)
    shuffled = kept({key: other[cluster] for key, cluster in mixed[0]}, dict(mixed[1]))
    for name in Identities.__struct_fields__:
        one, two = getattr(straight, name), getattr(shuffled, name)
        assert np.array_equal(one, two) if isinstance(one, np.ndarray) else one == two


@settings(deadline=None)
@given(WORLD, st.dictionaries(st.sampled_from("abcdefghij"), st.integers(1, 5)))
def test_movies_apart_from_a_change_may_be_left_out(world: Clusters, before: dict[str, int]) -> None:
    """Settling only what hangs together with a record gives what settling all gives, but for new ids."""
    everything = kept(world, before)
    keys = {*world, *before}
    touched = {min(keys)} if keys else set()
    while True:
        wider = touched | {
            key
            for key in keys
            for other in touched
            if before.get(key, -1) == before.get(other, -2) or world.get(key, -1) == world.get(other, -2)
        }
        if wider == touched:
            break
        touched = wider
    part = kept(
        {key: world[key] for key in world if key in touched},
        {key: before[key] for key in before if key in touched},
    )
    whole = ids(everything.members)
    for key, id in ids(part.members).items():
        assert whole[key] == id or id >= 100
    merged = {row["id"]: row["successor"] for row in everything.merged.to_pylist()}
    for row in part.merged.to_pylist():
        assert merged[row["id"]] == row["successor"] or row["successor"] >= 100


def test_any_columns_make_an_item() -> None:
    names = {"space": ["imdb", ""], "key": ["nm1", ""], "name": ["ann lee", "ann lee"]}
    found = keep_ids(
        pa.table({**names, "cluster": [0, 0]}),
        pa.table({**names, "id": pa.array([None, None], pa.int64())}).slice(0, 0),
        1,
    )
    assert found.members.to_pydict() == {
        "space": ["", "imdb"],
        "key": ["", "nm1"],
        "name": ["ann lee"] * 2,
        "id": [1, 1],
    }
