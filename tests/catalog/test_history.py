"""The world as of an instant: what was published is found again exactly, whatever was published since."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moviec.catalog import history
from moviec.catalog.connect import connect
from moviec.catalog.finding import instant_of
from moviec.catalog.history import document_as_of, documents_as_of, movie_changes, ratings_moved
from moviec.catalog.schema import metadata
from moviec.catalog.staging import as_table
from moviec.errors import UsageError
from tests.catalog.test_publish import publication, show, told
from tests.examples import some

#: A movie's title and what its claims say; the second may change without the first.
World = dict[int, tuple[str, str]]


@pytest.fixture
def catalogue(database: str) -> Iterator[sa.Engine]:
    engine = connect(database)
    yield engine
    engine.dispose()


def publish_world(catalogue: sa.Engine, world: World) -> None:
    made = publication({movie: {"title": title} for movie, (title, _) in world.items()})
    texts = [str(text) for text in as_table(made.documents)["document"].to_pylist()]
    documents = told(list(world), texts, [claims for _, claims in world.values()])
    show(catalogue, msgspec.structs.replace(made, documents=documents))


def world_at(catalogue: sa.Engine, instant: str | None) -> World:
    with catalogue.connect() as connection:
        rows = [row for part in documents_as_of(connection, instant) for row in part.to_pylist()]
        assert [row["movie"] for row in rows] == sorted({row["movie"] for row in rows})
        for row in rows:
            stood = document_as_of(connection, row["movie"], instant)
            assert stood is not None
            assert (stood.document, stood.claims, stood.since) == (
                row["document"],
                row["claims"],
                row["since"],
            )
    return {row["movie"]: (msgspec.json.decode(row["document"])["title"], row["claims"]) for row in rows}


def clear(catalogue: sa.Engine) -> None:
    with catalogue.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(sa.delete(table))


worlds = st.dictionaries(
    st.integers(1, 5), st.tuples(st.sampled_from("ABC"), st.sampled_from(["{}", '{"x":1}'])), max_size=5
)


@settings(max_examples=some(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(worlds, min_size=1, max_size=5))
def test_every_world_that_was_published_is_found_again(catalogue: sa.Engine, told: list[World]) -> None:
    clear(catalogue)
    instants: list[tuple[str, World]] = []
    for world in told:
        publish_world(catalogue, world)
        with catalogue.connect() as connection:
            instants.append((connection.scalar(sa.text(_CLOCK)) or "2026-01-01", world))
    for instant, world in instants:
        assert world_at(catalogue, instant) == world
    assert world_at(catalogue, None) == told[-1]
    assert world_at(catalogue, "2020-01-01") == {}


#: The latest instant that anything in the catalogue is dated with.
_CLOCK = """SELECT max(at) FROM (SELECT max(at) AS at FROM changes UNION ALL SELECT max(since) FROM documents
UNION ALL SELECT max(until) FROM document_versions) AS every"""


def test_worlds_longer_than_a_step_come_whole(catalogue: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "STEP", 3)
    for films in (6, 7, 8):
        world = {number: (f"Film {number}", "{}") for number in range(1, films + 1)}
        publish_world(catalogue, world)
        assert world_at(catalogue, None) == world


def rated(value: float, votes: int, source: str = "imdb") -> dict[str, Any]:
    return {
        "rater": source, "panel": "audience", "aspect": "overall", "value": value, "votes": votes,
        "lowest": 1, "highest": 10, "source": source,
    }  # fmt: skip


def test_how_a_sources_ratings_moved(catalogue: sa.Engine) -> None:
    other = rated(4.5, 9, "movielens")
    for ratings in ([other], [rated(7.5, 10), other], [rated(7.7, 12), rated(4.0, 9, "movielens")], [other]):
        show(catalogue, publication({1: {"title": "Heat", "ratings": ratings}}))
    with catalogue.connect() as connection:
        moved = ratings_moved(connection, "imdb").to_pylist()
        later = ratings_moved(connection, "imdb", since=moved[1]["at"]).to_pylist()
    told = [(row["movie"], row["rater"], row["value_before"], row["value_after"], row["votes_before"], row["votes_after"]) for row in moved]  # fmt: skip
    assert told == [
        (1, "imdb", None, 7.5, None, 10),
        (1, "imdb", 7.5, 7.7, 10, 12),
        (1, "imdb", 7.7, None, 12, None),
    ]
    assert later == moved[2:]


def test_what_changed_in_a_film(catalogue: sa.Engine) -> None:
    for year in (1994, 1995):
        show(catalogue, publication({1: {"title": "Heat", "year": year}, 2: {"title": "Up"}}))
    with catalogue.connect() as connection:
        told = movie_changes(connection, 1)
        later = movie_changes(connection, 1, since=told[0]["at"])
    assert [(one["number"], one["kind"], one["fields"]) for one in told] == [
        (1, "created", {}),
        (3, "updated", {"year": [1994, 1995]}),
    ]
    assert later == told[1:]


def test_an_instant_is_read_in_utc_and_a_date_is_its_last_moment() -> None:
    assert instant_of("2026-11-21") == "2026-11-21T23:59:59.999999+00:00"
    assert instant_of("2026-11-21T12:00:00+02:00") == "2026-11-21T10:00:00.000000+00:00"
    assert instant_of("2026-11-21T12:00:00Z") == instant_of("2026-11-21T12:00")
    with pytest.raises(UsageError, match="'yesterday' is no instant"):
        instant_of("yesterday")
