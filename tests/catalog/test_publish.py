"""What a publication does to the catalogue: rows that differ are touched, the log tells it, versions stay."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.ledger import ENDS
from moviec.catalog.publish import Publication, Published, publish
from moviec.catalog.schema import identity, movies, serving

Film = dict[str, Any]


def told(films: list[int], documents: list[str], claims: list[str]) -> pa.Table:
    """Give documents and claims of films with their checksums."""
    texts = {"document": documents, "claims": claims}
    sums = {
        name: pa.array([hashlib.sha256(text.encode()).hexdigest() for text in texts[of]], pa.string())
        for name, of in (("hash", "document"), ("claims_hash", "claims"))
    }
    stored = {name: pa.array(some, pa.string()) for name, some in texts.items()}
    return pa.table({"movie": pa.array(films, pa.int64()), **stored, **sums})


def publication(films: Mapping[int, Film], **parts: Any) -> Publication:
    """Make the publication that shows these films, with one extra title each."""
    numbers = list(films)
    documents = [msgspec.json.encode({"id": f"mc{one}", **film}).decode() for one, film in films.items()]
    tables = {
        "movies": pa.table(
            {
                "movie": numbers,
                "title": pa.array([film["title"] for film in films.values()], pa.string()),
                "folded": pa.array([film["title"].lower() for film in films.values()], pa.string()),
                "raters": [0] * len(films),
                "adult": pa.array([False] * len(films), pa.bool_()),
            }
        ),
        "titles": pa.table(
            {
                "movie": numbers,
                "position": [0] * len(films),
                "title": pa.array([film["title"] for film in films.values()], pa.string()),
                "folded": pa.array([film["title"].lower() for film in films.values()], pa.string()),
            }
        ),
    }
    given: dict[str, Any] = {
        "tables": tables,
        "lists": {},
        "parties": {},
        "documents": told(list(films), documents, ["{}"] * len(films)),
        "records": pa.table(
            {
                "source": pa.array([], pa.string()),
                "key": pa.array([], pa.string()),
                "movie": pa.array([], pa.int64()),
                "live": pa.array([], pa.bool_()),
                "method": pa.array([], pa.string()),
                "probability": pa.array([], pa.int64()),
            }
        ),
        "identities": ledger(dict.fromkeys(films, ("live", None))),
        "matches": pa.table({name: pa.array([], pa.string()) for name in ENDS}),
        "settled": None,
        "affected": None,
        "split": pa.array([], pa.int64()),
        "merged": held({}),
    }
    return Publication(**{**given, **parts})


def held(records: Mapping[tuple[str, str], int]) -> pa.Table:
    names = {
        name: pa.array([record[at] for record in records], pa.string())
        for at, name in enumerate(("source", "key"))
    }
    return pa.table({**names, "id": pa.array(records.values(), pa.int64())})


def ledger(states: Mapping[int, tuple[str, int | None]]) -> pa.Table:
    return pa.table(
        {
            "movie": pa.array(states, pa.int64()),
            "state": pa.array([state for state, _ in states.values()], pa.string()),
            "successor": pa.array([successor for _, successor in states.values()], pa.int64()),
        }
    )


@pytest.fixture
def catalogue(database: str) -> Any:
    engine = connect(database)
    yield engine
    engine.dispose()


def show(catalogue: sa.Engine, wanted: Publication, affected: list[int] | None = None) -> Published:
    some = None if affected is None else pa.array(affected, pa.int64())
    with catalogue.begin() as connection:
        return publish(connection, msgspec.structs.replace(wanted, affected=some), [])


def log(catalogue: sa.Engine) -> list[tuple[int, str, str]]:
    table = serving.changes.c
    with catalogue.connect() as connection:
        rows = connection.execute(sa.select(table.movie, table.kind, table.fields).order_by(table.number))
        return [(movie, kind, fields) for movie, kind, fields in rows]


def titles(catalogue: sa.Engine) -> dict[int, str]:
    with catalogue.connect() as connection:
        rows = connection.execute(sa.select(movies.movies.c.movie, movies.movies.c.title))
        return dict(rows.all())


def test_what_is_published_again_touches_nothing(catalogue: sa.Engine) -> None:
    films = {1: {"title": "Heat"}, 2: {"title": "Léon"}, 3: {"title": ""}}
    first = show(catalogue, publication(films))
    assert first.changes == {"created": 3} and first.last == 3
    again = show(catalogue, publication(films))
    assert again.changes == {} and again.last == 3
    assert all(one.written == one.removed == 0 for one in again.touched.values())


def test_one_film_that_changed_touches_its_rows_only(catalogue: sa.Engine) -> None:
    show(catalogue, publication({n: {"title": f"Film {n}"} for n in range(1, 200)}))
    done = show(catalogue, publication({7: {"title": "Seven", "year": 1995}}), affected=[7])
    assert {name: one.written for name, one in done.touched.items() if one.written} == {
        "movies": 1,
        "titles": 1,
        "changes": 1,
    }
    assert sum(one.removed for one in done.touched.values()) == 0
    assert log(catalogue)[-1] == (7, "updated", '{"title":["Film 7","Seven"],"year":[null,1995]}')
    assert len(titles(catalogue)) == 199


def test_a_film_that_is_merged_leaves_its_rows_and_is_logged(catalogue: sa.Engine) -> None:
    show(catalogue, publication({1: {"title": "Heat"}, 2: {"title": "Heat (1995)"}}))
    identities = ledger({1: ("live", None), 2: ("merged", 1)})
    records = held({("imdb", "tt2"): 2, ("kaggle", "9"): 2})
    wanted = publication({1: {"title": "Heat"}}, identities=identities, merged=records)
    done = show(catalogue, wanted, affected=[1, 2])
    assert done.changes == {"merged": 1}
    assert titles(catalogue) == {1: "Heat"}
    assert log(catalogue)[-1] == (
        2,
        "merged",
        '{"successor":[null,"mc1"],"records":[["imdb:tt2","kaggle:9"],null]}',
    )
    with catalogue.connect() as connection:
        assert connection.execute(sa.select(identity.identities.c.successor)).scalars().all() == [None, 1]


def test_the_documents_of_any_instant_are_kept(catalogue: sa.Engine) -> None:
    def stood(at: str) -> dict[int, str]:
        now, before = serving.documents.c, serving.document_versions.c
        with catalogue.connect() as connection:
            live = connection.execute(sa.select(now.movie, now.document).where(now.since <= at))
            past = connection.execute(
                sa.select(before.movie, before.document).where(before.since <= at, before.until > at)
            )
            return {movie: msgspec.json.decode(text)["title"] for movie, text in [*live, *past]}

    def instant() -> str:
        with catalogue.connect() as connection:
            return str(connection.scalar(sa.select(sa.func.max(serving.changes.c.at))))

    states: list[tuple[str, dict[int, str]]] = []
    for films in ({1: "A", 2: "B"}, {1: "A", 2: "C"}, {1: "A"}, {1: "D", 2: "C"}, {}):
        show(catalogue, publication({number: {"title": title} for number, title in films.items()}))
        states.append((instant(), films))
    assert [stood(at) for at, _ in states] == [films for _, films in states]
    assert log(catalogue)[2:] == [
        (2, "updated", '{"title":["B","C"]}'),
        (2, "withdrawn", "{}"),
        (1, "updated", '{"title":["A","D"]}'),
        (2, "created", "{}"),
        (1, "withdrawn", "{}"),
        (2, "withdrawn", "{}"),
    ]


def test_a_publication_that_fails_shows_nothing(catalogue: sa.Engine) -> None:
    show(catalogue, publication({1: {"title": "Heat"}}))
    wrong = publication({1: {"title": "Heat"}, 2: {"title": "Léon"}})
    stray = pa.table({"movie": [9], "genre": [99], "position": [0], "confidence": [1]})
    broken = msgspec.structs.replace(wrong, tables={**wrong.tables, "movie_genres": stray})
    with pytest.raises(sa.exc.IntegrityError):
        show(catalogue, broken)
    assert titles(catalogue) == {1: "Heat"} and len(log(catalogue)) == 1


@pytest.mark.parametrize(
    ("name", "stray", "said"),
    [
        ("movie_genres", {"movie": [9], "genre": [1], "position": [0], "confidence": [1]}, "movie_genres.genre refers to 1, which genres lacks"),
        ("titles", {"movie": [1, 9], "position": [0, 0], "title": ["Heat", "?"], "folded": ["heat", "?"]}, "titles.movie refers to 9, which movies lacks"),
    ],
)  # fmt: skip
def test_references_are_checked_where_the_database_does_not(
    catalogue: sa.Engine, name: str, stray: dict[str, list[Any]], said: str
) -> None:
    wanted = publication({1: {"title": "Heat"}})
    broken = msgspec.structs.replace(wanted, tables={**wanted.tables, name: pa.table(stray)})
    enforced = catalogue.dialect.name == "postgresql"
    refused = pytest.raises(sa.exc.IntegrityError, match="violates foreign key" if enforced else said)
    with refused, writing(catalogue, enforced=False) as connection:
        publish(connection, broken, [])
    assert titles(catalogue) == {} and log(catalogue) == []
    with writing(catalogue, enforced=False) as connection:
        publish(connection, wanted, [])
    with writing(catalogue, enforced=False) as connection:
        publish(connection, publication({1: {"title": "Heat"}, 2: {"title": "Léon"}}), [])
    assert titles(catalogue) == {1: "Heat", 2: "Léon"}
    with pytest.raises(sa.exc.IntegrityError), writing(catalogue) as connection:
        connection.execute(sa.insert(movies.titles).values(movie=9, position=0, title="?", folded="?"))


def test_text_that_a_database_cannot_hold_is_published_without_it(catalogue: sa.Engine) -> None:
    show(catalogue, publication({1: {"title": 'a\0b "c", d\n'}}))
    assert titles(catalogue)[1].replace("\0", "") == 'ab "c", d\n'
