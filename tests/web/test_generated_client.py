"""A client made from the API's description works, and what it is answered is of the shapes that are described."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiopenapi3
import pytest

from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.connect import connect
from tests.web.catalogue import person_id
from tests.web.conftest import made_home
from tests.web.server import running


@pytest.fixture(scope="module")
def client(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("generated")
    catalogue = connect(made_home(template, folder, anonymous=False).catalogue)
    key, _ = create_key(catalogue, NewKey("generated", scope="admin", per_minute=100_000))
    catalogue.dispose()
    with running(folder) as server:
        made = aiopenapi3.OpenAPI.load_sync(f"{server.url}/openapi.json")
        made.authenticate(header=key)
        yield made


def plain(value: Any) -> Any:
    """Take a value out of the model that this client puts around what may be null."""
    while hasattr(value, "root"):
        value = value.root
    return value


def test_films_are_read(client: Any) -> None:
    film = client._.get_movie(parameters={"movie_id": "imdb:tt0000003", "include": "claims"})
    assert (film.title, film.year, plain(film.rating).c_rating, film.people[1].character) == (
        "The Godfather", 1972, 95.0, "Michael Corleone",
    )  # fmt: skip
    assert plain(film.claims)["year"].claims[0].source == "imdb"
    found = client._.search_movies(parameters={"query": "godfather", "limit": 1})
    assert (found.items[0].title, found.total, plain(found.facets).genres[0].name) == (
        "The Godfather",
        2,
        "Crime",
    )
    following = client._.search_movies(parameters={"query": "godfather", "limit": 1, "cursor": found.next})
    assert following.items[0].title == "The Godfather: Part II"
    assert [
        each.title for each in client._.similar_movies(parameters={"movie_id": "mc3", "limit": 1}).items
    ] == ["The Godfather: Part II"]
    assert (
        plain(client._.get_movie_claims(parameters={"movie_id": "mc3"}).fields)["year"].rule
        == "weighted_vote"
    )
    assert client._.get_movie_ratings(parameters={"movie_id": "mc3"}).ratings[0].points == 77.78


def test_persons_figures_and_changes_are_read(client: Any) -> None:
    person = client._.get_person(parameters={"person_id": str(person_id("Al Pacino"))})
    assert [credit.title for credit in person.credits] == ["Heat", "The Godfather: Part II", "The Godfather"]
    assert client._.list_collections().items[0].films == 2
    figures = client._.genres_of_year(parameters={"year": 1999, "metadata": True})
    assert figures.items[0].name
    assert plain(client._.list_changes(parameters={"limit": 1}).items[0].fields) == {
        "title": [None, "The Matrix"]
    }
    assert client._.list_sources().items[0].name
    assert client._.get_usage().scope == "admin"


def test_bodies_are_sent(client: Any) -> None:
    wanted = client._.match_movies.data.get_type().model_validate(
        {"films": [{"title": "Heat", "year": 1995}]}
    )
    assert client._.match_movies(data=wanted).items[0].match == "mc11"
    hook = {
        "url": "https://example.org/hook",
        "filter": {"fields": ["rating"], "genres": [1], "kinds": ["updated"]},
    }
    made = client._.create_webhook(data=hook)
    assert plain(made.filter).fields == ["rating"]
    assert client._.list_webhook_deliveries(parameters={"number": made.id}).items == []
    assert client._.delete_webhook(parameters={"number": made.id}).done
    for name in ("list_review", "list_quarantine", "list_failures", "list_runs", "list_held"):
        assert client._[name]().items == []
