"""Verdicts of people: read with good errors, one in force per pair, contradictions named, the best pairs first."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.errors import PayloadError, StoreError
from moviec.matching.decisions import (
    DECISION_LOG,
    as_table,
    contradictions,
    in_force,
    normal,
    read_decisions,
    value,
    write_decisions,
)

HEADER = "left_source,left_key,right_source,right_key,verdict,who,at,undone"
NOW = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)
Made = tuple[str, str, str, int, bool]
MADE = st.lists(
    st.tuples(
        st.sampled_from("abcde"), st.sampled_from("abcde"), st.sampled_from(["same", "different"]), st.integers(0, 5), st.booleans()
    ).filter(lambda row: row[0] != row[1]),
    max_size=12,
)  # fmt: skip


def day(number: int) -> dt.datetime:
    return dt.datetime(2026, 11, 1 + number, tzinfo=dt.UTC)


def log(*made: Made) -> pa.Table:
    """Make decisions from left key, right key, verdict, day, undone."""
    rows = [
        {"left_source": "imdb", "left_key": left, "right_source": "imdb", "right_key": right, "verdict": verdict,
         "who": "ann", "at": day(at), "undone": day(20) if undone else None}
        for left, right, verdict, at, undone in made
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=DECISION_LOG)


def forced(table: pa.Table) -> dict[tuple[str, str], bool]:
    return {(row["left_key"], row["right_key"]): row["same"] for row in as_table(table).to_pylist()}


def written(folder: Path, *lines: str) -> Path:
    path = folder / "decisions.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


def test_a_file_is_read_with_each_pair_in_order(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "kaggle,862,imdb,tt1,same,ann,2026-11-21T15:05:00+01:00,",
        "imdb,tt1,wikipedia,Heat_(film),different,bo,2026-11-20,2026-11-22T00:00:00Z",
    )
    first, second = read_decisions(path, NOW).to_pylist()
    assert (first["at"], first["undone"]) == (day(19), day(21))
    assert (second["left_source"], second["left_key"], second["right_key"]) == ("imdb", "tt1", "862")
    assert second["at"] == dt.datetime(2026, 11, 21, 14, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("imdb,tt1,kaggle,,same,ann,2026-11-21,", "no right_key"),
        ("imdb,tt1,imdb,tt1,same,ann,2026-11-21,", "paired with itself"),
        ("imdb,tt1,kaggle,862,maybe,ann,2026-11-21,", "not 'maybe'"),
        ("imdb,tt1,kaggle,862,same,ann,yesterday,", "'yesterday' in 'at'"),
        ("imdb,tt1,kaggle,862,same,ann,,", "no time in 'at'"),
        ("imdb,tt1,kaggle,862,same,ann,2026-11-21,,more", "more cells"),
        ("imdb,tt1,kaggle,862,same, ,2026-11-21,", "no name in 'who'"),
        ("imdb,tt1,kaggle,862,same,an\x1bn,2026-11-21,", "a line break or control character in 'who'"),
        (
            "imdb,tt1,kaggle,862,same,ann,2026-12-01T00:00:01Z,",
            "'2026-12-01T00:00:01Z' in 'at' is in the future",
        ),
        ("imdb,tt1,kaggle,862,same,ann,2026-11-21,2027-01-01", "'2027-01-01' in 'undone' is in the future"),
    ],
)
def test_a_wrong_line_is_named_with_its_reason(tmp_path: Path, line: str, reason: str) -> None:
    path = written(tmp_path, "imdb,tt1,kaggle,862,same,ann,2026-11-21,", line, line)
    with pytest.raises(PayloadError, match=f"decisions.csv: line 3: .*{reason}.* \\(and 1 more\\)"):
        read_decisions(path, NOW)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text("left_id,right_id\n1,2\n")
    with pytest.raises(PayloadError, match=r"no column left_source, .*who, at$"):
        read_decisions(tmp_path / "pairs.csv", NOW)
    with pytest.raises(PayloadError, match="cannot be read"):
        read_decisions(tmp_path / "absent.csv", NOW)
    with pytest.raises(StoreError, match="cannot be written"):
        write_decisions(log(), tmp_path / "absent" / "decisions.csv")


@settings(deadline=None)
@given(made=MADE, random=st.randoms(use_true_random=False))
def test_decisions_travel_unchanged_and_in_any_order(tmp_path_factory: pytest.TempPathFactory, made: list[Made], random: Random) -> None:  # fmt: skip
    folder = tmp_path_factory.mktemp("decisions")
    write_decisions(log(*made), folder / "a.csv")
    read = read_decisions(folder / "a.csv", NOW)
    assert read.equals(normal(log(*made)))
    mixed = [(right, left, verdict, at, undone) for left, right, verdict, at, undone in made]
    random.shuffle(mixed)
    write_decisions(log(*mixed), folder / "b.csv")
    assert (folder / "a.csv").read_bytes() == (folder / "b.csv").read_bytes()


def test_the_latest_that_was_not_undone_holds() -> None:
    made: list[Made] = [
        ("a", "b", "same", 1, False),
        ("b", "a", "different", 2, False),
        ("a", "b", "same", 3, True),
    ]
    assert forced(log(*made)) == {("a", "b"): False}
    assert forced(log(made[0], made[2])) == {("a", "b"): True}
    assert forced(log(made[2])) == {}


def test_of_two_verdicts_of_one_instant_apart_is_the_safer() -> None:
    assert forced(log(("a", "b", "same", 1, False), ("a", "b", "different", 1, False))) == {("a", "b"): False}


@settings(deadline=None)
@given(MADE)
def test_one_verdict_a_pair_is_in_force_and_oldest_come_first(made: list[Made]) -> None:
    expected: dict[tuple[str, str], tuple[int, bool]] = {}
    for left, right, verdict, at, undone in made:
        pair = (min(left, right), max(left, right))
        candidate = (at, verdict == "different")
        if not undone and candidate > expected.get(pair, (-1, False)):
            expected[pair] = candidate
    assert forced(log(*made)) == {pair: not apart for pair, (_, apart) in expected.items()}
    instants = in_force(log(*made))["at"].to_numpy()
    assert (instants[:-1] <= instants[1:]).all()


def test_a_contradiction_is_told_by_its_shortest_way() -> None:
    made: list[Made] = [
        *((left, right, "same", 1, False) for left, right in ("ab", "bc", "cd", "de")),
        ("a", "c", "same", 2, False),
        ("e", "a", "different", 3, False),
    ]
    assert [str(found) for found in contradictions(log(*made))] == [
        "imdb:a = imdb:c = imdb:d = imdb:e, yet imdb:a is not imdb:e"
    ]
    assert contradictions(log(*made[1:-1])) == []
    assert contradictions(log(*made[:3], ("d", "f", "different", 3, False))) == []


@settings(deadline=None)
@given(MADE)
def test_what_contradicts_is_judged_the_same_step_by_step_and_different_as_a_whole(made: list[Made]) -> None:
    verdicts = forced(log(*made))
    found = contradictions(log(*made))
    for one in found:
        keys = [key for _, key in one.through]
        assert all(verdicts[min(step), max(step)] for step in pairwise(keys))
        assert verdicts[min(keys[0], keys[-1]), max(keys[0], keys[-1])] is False
    reach = {key: {key} for key in "abcde"}
    for _ in "abcde":
        for (left, right), same in verdicts.items():
            if same:
                reach[left] |= reach[right]
                reach[right] |= reach[left]
    assert len(found) == sum(not same and right in reach[left] for (left, right), same in verdicts.items())


def pairs(*probabilities: int) -> pa.Table:
    count = len(probabilities)
    return pa.table(
        {
            "left_source": ["imdb"] * count,
            "left_key": [f"tt{at}" for at in range(count)],
            "right_source": ["kaggle"] * count,
            "right_key": [str(at) for at in range(count)],
            "probability": pa.array(probabilities, pa.int64()),
        }
    )


def movies(**votes: int | None) -> pa.Table:
    return pa.table(
        {
            "source": ["imdb"] * len(votes),
            "key": list(votes),
            "votes": pa.array(list(votes.values()), pa.int64()),
            "records": pa.array([1] * len(votes), pa.int64()),
        }
    )


def test_doubt_and_what_hangs_on_it_make_a_pair_worth_judging() -> None:
    even = value(pairs(500_000, 900_000, 500_000), movies(tt0=10, tt1=10, tt2=1_000_000))
    assert even["left_key"].to_pylist() == ["tt2", "tt0", "tt1"]
    assert even["value"].to_pylist()[1] == round(1_000_000 * np.log2(12))
    assert value(pairs(0, 1_000_000), movies(tt0=5, tt1=5))["value"].to_pylist() == [0, 0]
    unknown = value(pairs(500_000, 500_000), movies(tt1=None))
    assert unknown["left_key"].to_pylist() == ["tt1", "tt0"]
