"""Whoever has seen a change is given nothing older: by any worker of any server, over either database."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.schema.movies import genres
from tests.conftest import new_database
from tests.web.catalogue import FILMS, Made, publish
from tests.web.conftest import Api, await_filters, made_home, serving
from tests.web.server import Server, running

#: Publications, readers of each, and documents that a reader asks for after each change.
ROUNDS, READERS, ASKED = 15, 4, 8


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_no_worker_of_any_server_gives_a_document_older_than_a_change_that_was_seen(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path, database: str
) -> None:
    """Two servers of two workers: over one SQLite file, or each with a home of its own over one PostgreSQL."""
    settings, homes = {}, [tmp_path / "a", tmp_path / "a"]
    if database == "postgres":
        original = sa.make_url(request.getfixturevalue("postgres_template"))
        settings["catalogue"] = new_database(request.getfixturevalue("postgres"), original.database)
        homes = [tmp_path / "a", tmp_path / "b"]
    made = [made_home(template, home, **settings) for home in dict.fromkeys(homes)]
    published = threading.Barrier(READERS + 1)
    with ExitStack() as stack:
        catalogue = connect(made[0].catalogue)
        stack.callback(catalogue.dispose)
        servers = [stack.enter_context(running(home, "--workers", "2")) for home in homes]
        pool = stack.enter_context(ThreadPoolExecutor(READERS))
        reading = [pool.submit(_read, servers, random.Random(seed), published) for seed in range(READERS)]
        with suppress(threading.BrokenBarrierError):  # a reader that fails says why below
            for number in range(1, ROUNDS + 1):
                with writing(catalogue) as connection:
                    _publish_round(connection, number)
                published.wait(60)
        older = [line for each in reading for line in each.result(60)]
    assert older == []


def _publish_round(connection: sa.Connection, number: int) -> None:
    """Publish a film that has been asked for often, and one that nobody knows."""
    known, new = (
        msgspec.structs.replace(FILMS[0], title=f"Round {number}"),
        Made(1000 + number, f"Round {number}", 2024),
    )
    publish(connection, [known, new], f"2026-11-10T08:00:{number:02}+00:00")


def _read(servers: Sequence[Server], chance: random.Random, published: threading.Barrier) -> list[str]:
    """Follow the changes and ask for each film, of any server at a connection of its own; give what was older."""
    older, after = [], len(FILMS)
    try:
        for number in range(1, ROUNDS + 1):
            while after < len(FILMS) + 2 * number:
                page = json.loads(_get(chance.choice(servers), f"/v1/changes?after={after}")[0])
                for entry in page["items"]:
                    after = entry["number"]
                    for _ in range(ASKED):
                        older += _older(entry, *_get(chance.choice(servers), f"/v1/movies/{entry['id']}"))
            published.wait(60)
    except BaseException:
        published.abort()
        raise
    return older


def _older(entry: dict[str, Any], body: str, change: int) -> list[str]:
    """Say in what a document is older than a change of it, if it is."""
    title = json.loads(body).get("title", "Round 0")
    wanted = entry["fields"]["title"][1]
    is_older = (
        int(title.removeprefix("Round ")) < int(wanted.removeprefix("Round ")) or change < entry["number"]
    )
    return [f"change {entry['number']} ({wanted}): got {title}, MovieC-Change {change}"] if is_older else []


def _get(server: Server, path: str) -> tuple[str, int]:
    """Give an answer's body and its MovieC-Change; that a film does not exist is an answer, too."""
    with closing(HTTPConnection(server.url.removeprefix("http://"), timeout=60)) as connection:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        assert answer.status in (200, 404), body
        return body, int(answer.headers["MovieC-Change"] or -1)


def test_while_the_database_is_away_nothing_is_vouched_for(
    postgres: str, postgres_template: str, template: Path, tmp_path: Path
) -> None:
    """What is held ready may be old by now: 503, until the database is back."""
    url = sa.make_url(new_database(postgres, sa.make_url(postgres_template).database))
    home = made_home(template, tmp_path, catalogue=url.render_as_string(hide_password=False))
    maker = sa.create_engine(postgres, isolation_level="AUTOCOMMIT")
    end = sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name")
    with serving(home) as api, maker.connect() as connection:
        await_filters(api)  # no session is ended half-way
        assert api.get("/v1/movies/mc1").status_code == 200
        connection.execute(sa.text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false"))
        connection.execute(end, {"name": url.database})
        away = api.get("/v1/movies/mc1")
        assert (away.status_code, away.json()["error"]["code"]) == (503, "service_unavailable")
        assert away.json()["error"]["message"] == "the catalogue cannot be reached at the moment"
        connection.execute(sa.text(f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true"))
        assert api.get("/v1/movies/mc1").status_code == 200
    maker.dispose()


def test_what_is_held_ready_goes_with_the_first_request_after_a_change(either: Api) -> None:
    """Documents, the reference lists and figures are held; each is asked for, changed, and asked for again at once."""
    title, name = either.json("/v1/movies/mc1")["title"], either.json("/v1/genres/1")["name"]
    leading = either.json("/v1/genres/year/1999?metadata=true&top=5")["items"][0]["name"]
    assert (title, name, leading) == ("The Matrix", "Action", "Action")
    with writing(either.server.catalogue) as connection:
        connection.execute(sa.update(genres).where(genres.c.id == 1).values(name="Fights"))
        publish(connection, [msgspec.structs.replace(FILMS[0], title="Matrix")], "2026-11-10T08:00:00+00:00")
    assert either.json("/v1/movies/mc1")["title"] == "Matrix"
    assert either.json("/v1/genres/1")["name"] == "Fights"
    assert either.json("/v1/genres/year/1999?metadata=true&top=5")["items"][0]["name"] == "Fights"


def test_an_answer_names_the_change_that_it_is_at_least_as_new_as(either: Api) -> None:
    def change(path: str, **options: Any) -> int | None:
        found = either.get(path, **options).headers.get("MovieC-Change")
        return None if found is None else int(found)

    end = len(FILMS)
    etag = {"If-None-Match": either.get("/v1/movies/mc1").headers["etag"]}
    documents = [
        "/v1/movies/mc1",
        "/v1/movies/mc1/claims",
        "/v1/movies/mc50",
        "/v1/movies/mc51",
        "/v1/genres",
    ]
    lists = ["/v1/movies?limit=1", "/v1/movies/search?query=heat", "/", "/search?query=heat"]
    assert {change(path) for path in [*documents, *lists, "/v1/changes", "/v1/nothing"]} == {end}
    with writing(either.server.catalogue) as connection:
        publish(connection, [msgspec.structs.replace(FILMS[0], number=900)], "2026-11-10T08:00:00+00:00")
    assert {change(path) for path in [*documents, "/movies/mc1", "/v1/changes"]} == {end + 1}
    assert (
        either.get("/v1/movies/mc1", headers=etag).status_code,
        change("/v1/movies/mc1", headers=etag),
    ) == (304, end + 1)
    assert {change(path) for path in lists} == {end}, "the index has not followed yet"
    either.refresh_index()
    assert {change(path) for path in lists} == {end + 1}
    for path in ("/healthz", "/readyz", "/openapi.json", "/static/site.css"):
        assert change(path) is None, path
    refused = either.get("/v1/movies/mc1", headers={"X-API-Key": "mc_wrong"})
    assert (refused.status_code, "MovieC-Change" in refused.headers) == (401, False)
