"""Judging pairs against what is known, and the promises on public lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from evaluate import Known, adjudicate, calibration_table, held_out, judge, log_loss, score
from moviec.matching.lists import read_list
from moviec.matching.model import shipped_model
from moviec.matching.two_lists import match
from moviec.text import pc

DATA = Path(__file__).resolve().parents[2] / "../shared/data"

KNOWN = Known(pa.table({"left": ["a", "b", "c"], "right": ["1", "2", None]}), "left")


def pairs(*keys: tuple[str, str]) -> pa.Table:
    return pa.table({"left_key": [key[0] for key in keys], "right_key": [key[1] for key in keys]})


def test_pairs_are_right_wrong_or_unknown() -> None:
    judged = judge(pairs(("a", "1"), ("b", "1"), ("c", "9"), ("d", "2"), ("d", "9")), KNOWN)
    assert judged.tolist() == [1, 0, 0, 0, -1]


def test_scores() -> None:
    got = score(pairs(("a", "1"), ("c", "9"), ("d", "9")), KNOWN)
    assert (got.precision, got.recall, got.f1) == (0.5, 0.5, 0.5)


def test_a_verdict_replaces_a_wrong_known_pair() -> None:
    verdicts = pa.table({"key": ["a", "b"], "other": pa.array(["7", None], pa.string())})
    assert adjudicate(KNOWN, verdicts).pairs["right"].to_pylist() == ["7", None, None]


def test_the_halves_share_nothing_and_leave_nothing_out() -> None:
    many = Known(
        pa.table({"left": [str(n) for n in range(100)], "right": [str(n) for n in range(100)]}), "left"
    )
    one, other = (set(held_out(many, half).pairs["left"].to_pylist()) for half in (False, True))
    assert not one & other and len(one | other) == 100 and 30 < len(one) < 70


def test_honest_probabilities_lose_less_than_boasting_ones() -> None:
    judged = np.array([1, 1, 1, 0, -1], dtype=np.int8)
    honest, boasting = np.full(5, 750_000), np.full(5, 999_999)
    assert log_loss(honest, judged) < log_loss(boasting, judged)
    assert calibration_table(honest, judged) == [{"pairs": 4.0, "predicted": 0.75, "observed": 0.75}]


@pytest.mark.skipif(not DATA.is_dir(), reason="public film lists are not beside the project (../shared/data)")
def test_kaggle_and_movielens_are_matched_as_promised_with_ids_hidden() -> None:
    kaggle = read_list(DATA / "kaggle/movies_metadata.csv", "kaggle").features
    movielens = read_list(DATA / "movielens/movies.csv", "movielens").features
    links = read_csv(DATA / "movielens/links.csv")
    at = pc.index_in(links["tmdbId"], kaggle["key"].combine_chunks())
    known = Known(pa.table({"left": pc.take(kaggle["key"], at), "right": links["movieId"]}), "right")
    no_ids = pa.array([[]] * len(kaggle), kaggle.schema.field("ids").type)
    hidden = kaggle.set_column(kaggle.schema.get_field_index("ids"), "ids", no_ids)
    found = match(hidden, movielens, shipped_model()).pairs
    got = score(found.filter(pc.equal(found["band"], "accept")), held_out(known, True))
    assert got.f1 >= 0.985 and got.precision >= 0.99


def read_csv(path: Path) -> pa.Table:
    lines = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    return pa.table({name: [line[at] or None for line in lines[1:]] for at, name in enumerate(lines[0])})
