"""Documents by id: as stored, as they were, where they went, in the reader's language."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.schema.serving import documents
from moviec.web.change_follower import Known
from moviec.web.errors import Problem
from moviec.web.lookups import movie_of
from tests.web.catalogue import FILMS, publish, withdraw
from tests.web.conftest import Api, await_filters


def test_a_document_leaves_as_its_stored_bytes(either: Api) -> None:
    with either.server.catalogue.connect() as connection:
        stored = connection.scalar(sa.select(documents.c.document).where(documents.c.movie == 5))
    answer = either.get("/v1/movies/mc5", headers={"accept-encoding": "identity"})
    assert answer.text == stored
    assert answer.encoding == "utf-8"
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert either.get("/v1/movies/mc5").content == answer.content


@pytest.mark.parametrize(
    "written", ["imdb:tt0000005", "IMDB:TT0000005", "tt0000005", "TT0000005", "tmdb:5", "MC5"]
)
def test_ids_elsewhere_lead_to_the_movie(read_either: Api, written: str) -> None:
    assert read_either.json(f"/v1/movies/{written}")["id"] == "mc5"


def test_a_merged_id_answers_308(read_either: Api) -> None:
    for part in ("", "/claims", "/ratings"):
        answer = read_either.get(f"/v1/movies/mc50{part}")
        assert (answer.status_code, answer.headers["location"]) == (308, f"/v1/movies/mc1{part}")


def test_unknown_and_withdrawn_ids_answer_404(read_either: Api) -> None:
    assert read_either.get("/v1/movies/mc51").json()["error"]["code"] == "withdrawn"
    for written in ("mc4711", "mc0", "mc99999999999", "imdb:tt9999999", "nonsense", "mc1x"):
        answer = read_either.get(f"/v1/movies/{written}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not_found"), written


def test_an_id_that_names_several_movies_alike_answers_409(api: Api) -> None:
    from moviec.catalog.schema.movies import external_ids

    slips = [
        ("imdb", "tt0000001", 1),
        ("tmdb", "3", 0),
    ]  # a second id of mc2; its first, as it is that of mc3
    with api.server.catalogue.begin() as connection:
        for space, id, position in slips:
            row = {"space": space, "id": id, "movie": 2, "position": position}
            connection.execute(sa.insert(external_ids).values(row))
    assert api.json("/v1/movies/imdb:tt0000001")["id"] == "mc1"
    answer = api.get("/v1/movies/tmdb:3")
    assert answer.status_code == 409
    assert answer.json()["error"]["details"] == {"ids": ["mc2", "mc3"]}


def test_as_of_gives_what_stood_then(either: Api) -> None:
    now = "2026-11-10T08:00:00.000000+00:00"
    changed = msgspec.structs.replace(FILMS[0], year=2000)
    with either.server.catalogue.begin() as connection:
        publish(connection, [changed], now)
        withdraw(connection, 12, now)

    def year(at: str) -> int:
        return int(either.json(f"/v1/movies/mc1?as_of={at}")["year"])

    assert year("2026-11-05") == 1999
    assert year("2026-11-10") == 2000
    assert year("2026-11-10T07:59:59Z") == 1999
    assert year("2026-11-10T09:00:00%2B01:00") == 2000
    assert either.get("/v1/movies/mc1?as_of=2026-10-01").status_code == 404
    assert either.json("/v1/movies/mc12?as_of=2026-11-05")["title"] == "Heat"
    assert either.get("/v1/movies/mc12?as_of=2026-11-11").status_code == 404
    assert either.get("/v1/movies/mc1?as_of=yesterday").status_code == 400


def test_a_change_is_seen_at_once(either: Api) -> None:
    assert either.json("/v1/movies/mc1")["year"] == 1999
    with either.server.catalogue.begin() as connection:
        publish(connection, [msgspec.structs.replace(FILMS[0], year=2000)], "2026-11-10T08:00:00+00:00")
    assert either.json("/v1/movies/mc1")["year"] == 2000


def test_a_new_movie_is_never_denied(either: Api) -> None:
    """Asked for in the instant after its publication, wherever that falls between two looks at the log."""
    await_filters(either)
    for number in range(900, 906):
        assert either.get(f"/v1/movies/mc{number}").status_code == 404
        with either.server.catalogue.begin() as connection:
            publish(
                connection,
                [msgspec.structs.replace(FILMS[0], number=number)],
                f"2026-11-10T08:00:0{number - 900}+00:00",
            )
        assert either.get(f"/v1/movies/mc{number}").status_code == 200
        assert either.json(f"/v1/movies/imdb:tt{number:07}")["id"] == f"mc{number}"


def test_a_new_movie_is_not_denied_while_the_filters_learn_of_it(either: Api) -> None:
    """Filters that are behind the log vouch for nothing: the database answers meanwhile."""
    await_filters(either)
    learning, learn = threading.Event(), threading.Event()
    follow = Known.follow

    def slow(self: Known, *words: Any) -> None:
        learning.set()
        learn.wait(30)
        follow(self, *words)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Known, "follow", slow)
        with either.server.catalogue.begin() as connection:
            publish(connection, [msgspec.structs.replace(FILMS[0], number=900)], "2026-11-10T08:00:00+00:00")
        assert learning.wait(30)
        try:
            assert either.get("/v1/movies/mc900").status_code == 200
        finally:
            learn.set()


def test_etags_answer_304(read_api: Api) -> None:
    for path in ("/v1/movies/mc1", "/v1/movies/search?query=heat", "/v1/genres", "/v1/genres/year/1999", "/"):
        etag = read_api.get(path).headers["etag"]
        for asked in (etag, f'"x", {etag}', "*", f"W/{etag}"):
            again = read_api.get(path, headers={"If-None-Match": asked})
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
        assert read_api.get(path, headers={"If-None-Match": '"x"'}).status_code == 200
        assert "cache-control" in read_api.get(path).headers


@pytest.mark.parametrize(
    ("header", "title"),
    [
        ("de", "Der Pate"),
        ("fr-CA, de;q=0.5", "Le Parrain"),
        ("xx, de;q=0.1", "Der Pate"),
        ("en, de", None),
        ("ja", None),
        ("de;q=0, fr", "Le Parrain"),
        ("*", None),
        (";;q=x,,", None),
    ],
)
def test_accept_language_sets_the_display_title_beside(read_api: Api, header: str, title: str | None) -> None:
    plain = read_api.get("/v1/movies/mc3")
    shown = read_api.get("/v1/movies/mc3", headers={"Accept-Language": header})
    assert shown.json() == ({**plain.json(), "display_title": title} if title else plain.json())
    assert (shown.headers["etag"] == plain.headers["etag"]) == (title is None)
    item = read_api.json("/v1/movies/search?query=godfather", headers={"Accept-Language": header})["items"][0]
    assert item.get("display_title") == title


def test_claims_ratings_and_history(read_either: Api) -> None:
    assert read_either.json("/v1/movies/mc1/claims")["fields"]["year"]["claims"][0]["chosen"] is True
    rated = read_either.json("/v1/movies/mc1/ratings")
    assert rated["rating"]["c_rating"] == 86.0
    assert rated["ratings"][0]["points"] == pytest.approx(77.78)
    assert [entry["kind"] for entry in read_either.json("/v1/movies/mc1/history")["changes"]] == ["created"]


def test_lookup_finds_many_and_names_the_unknown(either: Api) -> None:
    asked = {"ids": ["mc1", "imdb:tt0000003", "mc50", "mc4711", "nonsense", "mc51"]}
    found = either.client.post("/v1/movies/lookup", json=asked).json()
    titles = {one: film["title"] for one, film in found["movies"].items()}
    assert titles == {"mc1": "The Matrix", "imdb:tt0000003": "The Godfather", "mc50": "The Matrix"}
    assert found["unknown"] == ["mc4711", "nonsense", "mc51"]
    nothing = either.client.post("/v1/movies/lookup")
    assert (nothing.status_code, nothing.json()["error"]["message"]) == (
        422,
        "this takes a JSON body; /docs shows it",
    )
    assert either.client.post("/v1/movies/lookup", json={"ids": ["mc1"] * 501}).status_code == 422


def test_an_error_tells_where_it_is(either: Api) -> None:
    post, headers = either.client.post, {"content-type": "application/json"}
    missing = post("/v1/movies/lookup", json={}).json()["error"]
    assert missing["details"] == [{"name": "ids", "reason": "this field is required", "in": "body"}]
    cut = post("/v1/movies/lookup", content=b"{", headers=headers)
    assert cut.status_code == 400 and cut.json()["error"]["message"].startswith("the body is no JSON: ")
    nowhere = either.client.get("/v1/nowhere")
    assert nowhere.status_code == 404
    assert nowhere.json()["error"]["message"] == "there is nothing at this address; /docs lists what there is"


def test_random_unknown_ids_do_not_reach_the_database(either: Api) -> None:
    """Neither over HTTP nor from a single caller who asks for one after another."""
    await_filters(either)
    for path in ("mc4711", "imdb:tt4711000"):
        assert either.get(f"/v1/movies/{path}").status_code == 404
    for year in range(100, 110):
        assert either.json(f"/v1/genres/year/{year}")["items"] == []
    asked = _count_queries(either)
    assert either.client.blocking_portal.call(_deny, either, 20_000) == 20_000
    assert len(asked) <= 0.02 * 20_000


async def _deny(api: Api, count: int) -> int:
    """Ask for unknown ids one after another; give how many were denied."""
    denied = 0
    for number in range(1000, 1000 + count):
        try:
            await movie_of(api.server, f"mc{number}" if number % 2 else f"imdb:tt{number:07}")
        except Problem:
            denied += 1
    return denied


def _count_queries(api: Api) -> list[str]:
    """Count every read that reaches the database, whichever way it goes."""
    from moviec.catalog.prepared_statements import Reader

    asked: list[str] = []
    reader: Reader = api.server.reader
    run = reader.run

    def counted(sql: str, values: object) -> list[tuple[object, ...]]:
        asked.append(sql)
        return run(sql, values)

    reader.run = counted  # type: ignore[method-assign]
    sa.event.listen(api.server.catalogue, "before_cursor_execute", lambda *told: asked.append(told[2]))
    return asked


@pytest.mark.parametrize("part", ["", "/claims", "/ratings", "/history", "/similar"])
@pytest.mark.parametrize("written", ["imdb:tt0000001", "tt0000001", "TMDB:1"])
def test_the_parts_of_a_movie_are_found_by_an_id_elsewhere(read_api: Api, written: str, part: str) -> None:
    assert (
        read_api.get(f"/v1/movies/{written}{part}").content == read_api.get(f"/v1/movies/mc1{part}").content
    )


@pytest.mark.parametrize("part", ["", "/claims", "/ratings", "/history", "/similar"])
@pytest.mark.parametrize(
    "written", ["rottentomatoes:m/film_1", "rottentomatoes:m%2Ffilm_1", "RottenTomatoes:m%2ffilm_1"]
)
def test_an_id_with_a_slash_is_found_at_its_url(read_api: Api, written: str, part: str) -> None:
    found = read_api.get(f"/v1/movies/{written}{part}")
    assert found.status_code == 200, found.text
    assert found.content == read_api.get(f"/v1/movies/mc1{part}").content
    assert read_api.get(f"/movies/{written}").status_code == 200
    assert read_api.get(f"/v1/movies/rottentomatoes:m/nobody{part}").status_code == 404
