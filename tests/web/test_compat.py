"""Programs for OMDb and TMDB work with another base URL: real clients ask, and what they make of it is what is known."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import omdb
import pytest
import sqlalchemy as sa
import tmdbv3api

from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.connect import connect
from moviec.catalog.schema.serving import documents
from tests.web.conftest import Api, made_home, serving
from tests.web.server import Server, running

CLIENTS = Path(__file__).parent / "clients"


class Served:
    """A server that takes keys, and a key."""

    def __init__(self, server: Server, key: str) -> None:
        self.url, self.key, self.log = server.url, key, server.log


@pytest.fixture(scope="module")
def served(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("compat")
    home = made_home(template, folder, anonymous=False)
    catalogue = connect(home.catalogue)
    key, _ = create_key(catalogue, NewKey("compat"))
    catalogue.dispose()
    with running(folder) as server:
        yield Served(server, key)


@pytest.fixture
def omdb_client(served: Served) -> omdb.OMDBClient:
    client = omdb.OMDBClient(apikey=served.key)
    client.url = f"{served.url}/omdb/"
    return client


def test_omdbs_client_reads_a_film(omdb_client: omdb.OMDBClient) -> None:
    film = omdb_client.imdbid("tt0000003", fullplot=True)
    assert {name: film[name] for name in ("title", "year", "rated", "released", "runtime", "genre", "director", "actors", "imdb_rating", "imdb_votes", "imdb_id", "type", "country", "language")} == {
        "title": "The Godfather", "year": "1972", "rated": "R", "released": "15 Mar 1972", "runtime": "175 min",
        "genre": "Crime, Drama", "director": "Francis Ford Coppola", "actors": "Al Pacino", "imdb_rating": "8.0",
        "imdb_votes": "1,900,000", "imdb_id": "tt0000003", "type": "movie", "country": "United States",
        "language": "English",
    }  # fmt: skip
    assert film["ratings"] == [{"source": "Internet Movie Database", "value": "8.0/10"}]
    assert film["box_office"] == "N/A"  # revenue of the whole world is not what OMDb calls box office
    assert omdb_client.title("Heat", year=1986)["imdb_id"] == "tt0000012"
    assert omdb_client.imdbid("tt9999999") == {}
    assert omdb_client.imdbid("nonsense") == {}


def test_omdbs_client_searches(omdb_client: omdb.OMDBClient) -> None:
    assert [film["title"] for film in omdb_client.search("godfather")] == [
        "The Godfather",
        "The Godfather: Part II",
    ]
    first, second = (omdb_client.search("chronicle", page=page) for page in (1, 2))
    assert len(first) == len(second) == 10
    assert not {film["imdb_id"] for film in first} & {film["imdb_id"] for film in second}
    assert omdb_client.search_series("godfather") == []
    assert omdb_client.search("heat", year=1995)[0]["imdb_id"] == "tt0000011"


@pytest.fixture
def tmdb(served: Served, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("TMDB_API_KEY", served.key)
    monkeypatch.setenv("TMDB_LANGUAGE", "en-US")
    monkeypatch.setenv("TMDB_CACHE_ENABLED", "False")
    for name in ("page", "total_results", "total_pages"):
        monkeypatch.setenv(name, "0")

    def made(kind: type[Any]) -> Any:
        client = kind()
        client._base = f"{served.url}/3"
        return client

    return made


def test_tmdbs_client_reads_a_film(tmdb: Any) -> None:
    movie = tmdb(tmdbv3api.Movie)
    film = movie.details(3)
    assert (film.title, film.release_date, film.runtime, film.imdb_id, film.revenue) == (
        "The Godfather", "1972-03-15", 175, "tt0000003", 245_066_411,
    )  # fmt: skip
    assert [(genre.id, genre.name) for genre in film.genres] == [(80, "Crime"), (18, "Drama")]
    assert film.belongs_to_collection["name"] == "The Godfather Collection"
    credits = movie.credits(3)
    assert [(each.name, each.character, each.order) for each in credits.cast] == [
        ("Al Pacino", "Michael Corleone", 0)
    ]
    assert [(each.name, each.job, each.department) for each in credits.crew] == [
        ("Francis Ford Coppola", "Director", "Directing")
    ]
    assert [each.name for each in movie.keywords(3).keywords] == ["mafia"]
    assert movie.external_ids(3)["imdb_id"] == "tt0000003"
    assert next(each.id for each in movie.similar(3)) == 4
    assert next(each.title for each in movie.popular()) == "The Godfather"
    with pytest.raises(tmdbv3api.exceptions.TMDbException, match="could not be found"):
        movie.details(999_999)


def test_tmdbs_client_searches_and_discovers(tmdb: Any) -> None:
    found = tmdb(tmdbv3api.Search).movies("godfather")
    assert [(each.id, each.title) for each in found] == [(3, "The Godfather"), (4, "The Godfather: Part II")]
    discover = tmdb(tmdbv3api.Discover)
    crime = discover.discover_movies({"with_genres": "80", "sort_by": "primary_release_date.asc"})
    assert [each.id for each in crime] == [3, 4, 15, 11]
    some = discover.discover_movies(
        {"with_genres": "28|878", "primary_release_date.gte": "1999-01-01", "primary_release_date.lte": "2002-12-31", "vote_average.gte": "8"}
    )  # fmt: skip
    assert [each.title for each in some] == ["The Matrix"]
    assert len(discover.discover_movies({"page": 3})) == 20
    assert [each.name for each in tmdb(tmdbv3api.Genre).movie_list()][:3] == ["Action", "Comedy", "Crime"]
    by_imdb = tmdb(tmdbv3api.Find).find_by_imdb_id("tt0000003")
    assert [each["id"] for each in by_imdb.movie_results] == [3]


def test_a_wrong_key_is_refused_in_their_words(served: Served, tmdb: Any) -> None:
    import requests

    told = requests.get(f"{served.url}/omdb/", {"i": "tt0000003", "apikey": "mc_wrong"}, timeout=30)
    assert (told.status_code, told.json()) == (401, {"Response": "False", "Error": "Invalid API key!"})
    told = requests.get(f"{served.url}/3/movie/3", {"api_key": "mc_wrong"}, timeout=30)
    assert (told.status_code, told.json()["status_code"], told.json()["success"]) == (401, 7, False)
    assert requests.get(f"{served.url}/v1/movies/mc3", {"api_key": served.key}, timeout=30).status_code == 401


def test_no_key_is_in_the_log(served: Served, omdb_client: omdb.OMDBClient) -> None:
    import requests

    omdb_client.imdbid("tt0000003")
    requests.get(f"{served.url}/3/movie/3", {"api_key": served.key}, timeout=30)
    log = served.log.read_text("utf-8")
    assert '"/omdb' in log
    assert served.key not in log
    assert served.key not in requests.get(f"{served.url}/metrics", timeout=30).text


def test_clients_from_npm(served: Served) -> None:
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules").is_dir():
        pytest.skip("no node, or no clients: npm install --prefix tests/web/clients")
    asked = subprocess.run(
        [node, CLIENTS / "ask.cjs", served.url, served.key], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    told = json.loads(asked.stdout)
    assert told["omdb"] == {
        "title": "The Godfather", "year": 1972, "rating": 8, "runtime": "175 min",
        "ratings": [{"source": "Internet Movie Database", "value": "8.0/10"}],
        "search": ["The Godfather", "The Godfather: Part II"], "total": 2,
        "missing": told["omdb"]["missing"],
    }  # fmt: skip
    assert "not found" in told["omdb"]["missing"]
    assert told["tmdb"]["search"] == ["The Godfather", "The Godfather: Part II"]
    assert told["tmdb"]["discover"] == ["The Godfather", "Heat", "The Godfather: Part II", "Léon"]
    assert (told["tmdb"]["cast"], told["tmdb"]["find"], told["tmdb"]["runtime"]) == (["Al Pacino"], [3], 175)


def test_a_film_without_a_tmdb_id_is_absent_and_counted(template: Path, tmp_path: Path) -> None:
    with serving(made_home(template, tmp_path)) as api:
        with api.server.catalogue.begin() as connection:
            text = connection.scalar(sa.select(documents.c.document).where(documents.c.movie == 4))
            document = json.loads(text or "")
            del document["ids"]["tmdb"]
            connection.execute(
                sa.update(documents).where(documents.c.movie == 4).values(document=json.dumps(document))
            )
            connection.execute(sa.text("DELETE FROM external_ids WHERE movie = 4 AND space = 'tmdb'"))
        shutil.rmtree(api.home.search)
        api.refresh_index()
        found = api.get("/3/search/movie?query=godfather")
        assert [film["id"] for film in found.json()["results"]] == [3]
        assert (found.json()["total_results"], found.headers["moviec-left-out"]) == (1, "1")
        assert api.json("/3/find/tt0000004?external_source=imdb_id")["movie_results"] == []
        assert api.get("/3/movie/tt0000004").json()["status_code"] == 34
        assert 'moviec_left_out_total{service="tmdb"} 3.0' in api.get("/metrics").text


@pytest.mark.parametrize(
    "path",
    [
        "/3/movie/0",
        "/3/movie/abc",
        "/3/movie/3/nothing",
        "/3/nothing",
        "/3/movie/99999999999999999999",
        "/3/movie/tt1",
    ],
)
def test_what_is_not_there_is_told_as_tmdb_tells_it(read_api: Api, path: str) -> None:
    told = read_api.get(path, headers={"accept": "text/html"})
    assert (told.status_code, told.json()["status_code"]) == (404, 34)


@pytest.mark.parametrize(
    "query",
    ["", "i=", "i=tt1", "i=tt0000003&plot=odd", "s=x&page=0", "s=x&page=999", "t=%00", "s=%F0%9F%98%80", "t=x&y=abc", "s=a&type=game",
     "s=a&y=99999999999", "i=rottentomatoes:m/x", "t=" + "x" * 3000],
)  # fmt: skip
def test_odd_questions_to_omdb_are_answered(read_api: Api, query: str) -> None:
    told = read_api.get(f"/omdb/?{query}")
    assert told.status_code == 200
    assert told.json()["Response"] in ("True", "False")


@pytest.mark.parametrize(
    "path",
    ["search/movie?query=", "search/movie?query=a&page=501", "search/movie?query=%00", "discover/movie?with_genres=x",
     "discover/movie?with_genres=99999", "discover/movie?with_people=1,2|3", "discover/movie?sort_by=nonsense",
     "discover/movie?vote_average.gte=nan&with_runtime.gte=-1&year=0", "discover/movie?primary_release_date.gte=2000-13-45",
     "discover/movie?vote_count.gte=99999999999999999999&with_runtime.lte=99999999999", "discover/movie?page=x",
     "find/x?external_source=facebook_id", "find/nm1", "movie/3?append_to_response=credits,odd,similar,,images&language=xx-YY",
     "discover/movie?with_origin_country=|&certification=|&with_original_language=,", "configuration"],
)  # fmt: skip
def test_odd_questions_to_tmdb_are_answered(read_api: Api, path: str) -> None:
    told = read_api.get(f"/3/{path}")
    assert told.status_code in (200, 400, 404, 422)
    assert isinstance(told.json(), dict)
