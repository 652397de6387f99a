"""Movies fused in slices come to what they come to in one piece."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from moviec.catalog.staging import StoredRows, as_table
from moviec.engine import Limits
from moviec.fusion.model import shipped_model
from moviec.pipeline.fusing import AllShown, Sliced, show_all
from tests.engines import new_engine
from tests.fusion.films import FACTS, MEMBERS, person, rating, record

TEXTS: list[pa.Field[Any]] = [pa.field(name, pa.string()) for name in ("source", "key", "name", "role")]
PARTY = pa.schema([MEMBERS.field("movie"), *TEXTS, pa.field("id", pa.int64())])


@pytest.fixture
def members(tmp_path: Path) -> Path:
    rows = [
        record(film, source, f"{source}{film}", title=f"Film {film}", year=1990 + film, genres=["Drama"],
               languages=["en", "fr"][: film % 3], people=[person(f"Director {film}", "director", 0)],
               ratings=[rating("imdb" if source == "imdb" else "tmdb", 5 + film / 4, votes=100)])
        for film in range(1, 6)
        for source in ("imdb", "kaggle")
    ]  # fmt: skip
    path = tmp_path / "members.parquet"
    with new_engine() as engine:
        engine.register("members", pa.Table.from_pylist(rows, MEMBERS))
        engine.write("SELECT * FROM members ORDER BY movie, source", path)
    return path


def shown(members: Path, records: int) -> AllShown:
    people = [
        {
            "movie": film,
            "source": source,
            "key": None,
            "name": f"Director {film}",
            "role": "director",
            "id": 100 + film,
        }
        for film in range(1, 6)
        for source in ("imdb", "kaggle")
    ]
    tables = {"people_ids": pa.Table.from_pylist(people, PARTY), "companies_ids": PARTY.empty_table()}
    with new_engine() as engine:
        return show_all(engine, Sliced(members, tables, Limits(threads=2), records), shipped_model(), FACTS)


def unordered(rows: pa.Table) -> list[str]:
    return sorted(map(str, rows.to_pylist()))


def test_slices_come_to_the_same(members: Path) -> None:
    whole = shown(members, 100)
    assert whole.documents.num_rows == 5 and as_table(whole.tables["credits"])["person"].to_pylist()[0] == 101
    assert whole.lists["languages"]["code"].to_pylist() == ["en", "fr"]
    some = shown(members, 4)
    assert isinstance(some.documents, StoredRows) and some.documents.num_rows == 5
    assert as_table(some.documents).equals(as_table(whole.documents))
    assert all(
        unordered(as_table(rows)) == unordered(as_table(whole.tables[name]))
        for name, rows in some.tables.items()
    )
    assert all(rows.equals(whole.lists[name]) for name, rows in some.lists.items())


def test_no_movie_at_all_is_shown_as_nothing(tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    with new_engine() as engine:
        engine.register("members", MEMBERS.empty_table())
        engine.write("SELECT * FROM members", path)
    assert shown(path, 100).documents.num_rows == 0
