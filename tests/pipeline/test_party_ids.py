"""People and companies worked out film by film come to what working out all of them comes to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from moviec.catalog.laying import laying
from moviec.catalog.parties import (
    StoredParties,
    credit_rows,
    packed_ahead,
    party_rows,
    publish_credits,
    publish_parties,
)
from moviec.catalog.schema import metadata
from moviec.engine import DuckEngine
from moviec.matching.party_ids import find_parties
from moviec.model import RECORD, PartyChanges
from tests.engines import new_engine
from tests.examples import some

SPACES = {"imdb": "imdb", "kaggle": "tmdb", "tmdb": "tmdb"}

CREDIT = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Ann Lee", "A. Lee", "Ann B. Lee", "Bo Lee", "Bo Roe", "Cher"]),
        "key": st.sampled_from(["1", "2", "3", None]),
        "role": st.sampled_from(["director", "actor"]),
    }
)
COMPANY = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["Apollo Films", "Apollo Pictures", "Apollo Inc.", "Toho"]),
        "key": st.sampled_from(["1", "2", None]),
    }
)
#: source and film -> who is listed; the sources of a film are its records.
LISTS = st.dictionaries(
    st.tuples(st.sampled_from(["imdb", "kaggle", "wikipedia"]), st.integers(1, 4)),
    st.fixed_dictionaries(
        {
            "people": st.lists(CREDIT, max_size=3),
            "companies": st.lists(COMPANY, max_size=2),
            "year": st.sampled_from([None, 1915, 1940, 1990, 2020]),
        }
    ),
    max_size=4,
)
Records = dict[tuple[str, int], dict[str, Any]]


@pytest.fixture(scope="module")
def calculator() -> Iterator[DuckEngine]:
    with new_engine() as engine:
        yield engine


def publish(
    engine: DuckEngine, connection: sa.Connection, records: Records, affected: set[int] | None
) -> dict[str, int]:
    """Work out and store who is who; give how many rows of each table that touched."""
    mine = {key: lists for key, lists in records.items() if affected is None or key[1] in affected}
    keys = {"source": [key[0] for key in mine], "key": [str(key[1]) for key in mine]}
    columns: dict[str, list[Any]] = {
        name: [lists.get(name) for lists in mine.values()]
        for name in ("people", "companies", "year", "released")
    }
    live = {name: pa.array(values, RECORD.field(name).type) for name, values in {**keys, **columns}.items()}
    engine.register("live", pa.table(live))
    movies = pa.array([key[1] for key in mine], pa.int64())
    engine.register("movie_of", pa.table({"source": live["source"], "key": live["key"], "movie": movies}))
    none: dict[str, Any] = {"source": pa.array([], pa.string()), "key": pa.array([], pa.string())}
    engine.register("arrivals", pa.table({**none, "arrival": pa.array([], pa.int64())}))
    some = None if affected is None else pa.array(sorted(affected), pa.int64())
    ledgers = {kind: StoredParties(connection, kind) for kind in ("people", "companies")}
    with TemporaryDirectory() as room:
        return _published(connection, find_parties(engine, ledgers, SPACES, some, Path(room)), affected)


def _published(
    connection: sa.Connection, all_found: Mapping[str, PartyChanges], affected: set[int] | None
) -> dict[str, int]:
    touched: dict[str, int] = {}
    with packed_ahead(all_found, None) as packings, laying(connection, 0, None) as lay:
        for kind, found in all_found.items():
            before = _parties_by_film(connection, kind)
            packing = packings.get(kind)
            every = lay("credits", partial(credit_rows, kind, packing)) if packing else None
            done = publish_parties(connection, kind, found, lay(kind, partial(party_rows, kind, found)))
            done["credits"] = publish_credits(connection, kind, found, every, None)
            touched |= {f"{name} of {kind}": one.written + one.removed for name, one in done.items()}
            if affected is not None:
                after = _parties_by_film(connection, kind)
                assert {row[0] for row in before ^ after} - affected <= set(found.changed.to_pylist())
    return touched


def _parties_by_film(connection: sa.Connection, kind: str) -> set[tuple[int, ...]]:
    parts = StoredParties(connection, kind).credited()
    columns = ("movie", "source", "key", "name", "role", "party")
    return {tuple(row[name] for name in columns) for part in parts for row in part.to_pylist()}


STORED = ("people", "companies", "parties", "film_credits", "credit_names")


@settings(max_examples=some(8), phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(LISTS, min_size=2, max_size=3))
def test_films_one_by_one_come_to_what_all_come_to(calculator: DuckEngine, steps: list[Records]) -> None:
    catalogue = sa.create_engine("sqlite://")
    metadata.create_all(catalogue, [metadata.tables[name] for name in STORED])
    records: Records = {}
    with catalogue.connect() as connection:
        for step in steps:
            gone = {key for key in records if key[1] in {movie for _, movie in step}}
            records = {key: lists for key, lists in records.items() if key not in gone} | step
            publish(calculator, connection, records, {movie for _, movie in step})
        assert set(publish(calculator, connection, records, None).values()) == {0}
    catalogue.dispose()


def test_a_name_that_a_new_film_tells_apart_is_shown_anew_elsewhere(calculator: DuckEngine) -> None:
    """A second Ann Lee takes the bare name from the first, in a film that nobody touched."""
    ann = {"name": "Ann Lee", "role": "actor"}
    records: Records = {
        ("imdb", 1): {"people": [{**ann, "key": "1"}], "companies": []},
        ("wikipedia", 2): {"people": [{**ann, "key": None}], "companies": []},
    }
    catalogue = sa.create_engine("sqlite://")
    metadata.create_all(catalogue, [metadata.tables[name] for name in STORED])
    with catalogue.connect() as connection:
        publish(calculator, connection, records, None)
        assert connection.scalar(sa.text("SELECT count(*) FROM people")) == 1
        records["imdb", 3] = {"people": [{**ann, "key": "2"}], "companies": []}
        publish(calculator, connection, records, {3})
        assert len({row[-1] for row in _parties_by_film(connection, "people")}) == 3
    catalogue.dispose()
