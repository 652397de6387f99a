"""TMDB, OMDb and Wikidata asked over the loopback: what is asked for, what comes of it, and what is never asked twice."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from moviec.catalog.connect import connect, writing
from moviec.catalog.schema.arrivals import online
from moviec.config import open_home
from moviec.loopback.server import Request, Response, as_json, broken_off, serving, slow, status
from moviec.pipeline import asking
from moviec.transient import Patience
from tests.online.desk import OMDB_KEY, TMDB_KEY, Desk, desk


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(asking, "PATIENCE", Patience(timeout=5, pauses=(0.01, 0.02)))
    with desk(tmp_path) as found:
        yield found


def test_tmdb_becomes_the_catalogue_and_is_not_asked_again_for_what_did_not_change(at: Desk) -> None:
    done = at.ingest("tmdb")
    assert "12 records: 12 new or changed" in done.stdout
    assert "TMDB: TMDB API terms" in done.stderr
    film = at.films[0]
    shown = at.shown(f"tmdb:{film.ids.tmdb}")
    assert (shown["title"], shown["year"], shown["runtime"]) == (film.title, film.year, film.runtime)
    assert shown["ids"] == {"imdb": film.ids.imdb, "tmdb": str(film.ids.tmdb)}
    assert [rating["rater"] for rating in shown["ratings"]] == ["tmdb"]
    assert shown["certificate"] == "PG-13"
    assert at.served.times("tmdb", "/3/movie/") == 12
    assert at.served.times("tmdb", "/p/exports/") == 1

    at.tmdb.films[film.ids.tmdb] = msgspec.structs.replace(film, title="The Kid (restored)")
    at.tmdb.changed[dt.datetime.now(dt.UTC).date()] = [
        film.ids.tmdb,
        at.films[1].ids.tmdb,
        at.films[2].ids.tmdb,
    ]
    at.tmdb.gone.add(at.films[1].ids.tmdb)
    at.tmdb.merged[at.films[2].ids.tmdb] = at.films[3].ids.tmdb
    done = at.ingest("tmdb")
    assert at.served.times("tmdb", "/3/movie/changes") == 1
    assert at.served.times("tmdb", "/p/exports/") == 1, "the list of all ids is for the first time"
    assert at.served.times("tmdb", "/3/movie/") == 12 + 1 + 3
    assert "1 new or changed, 2 gone" in done.stdout
    assert at.shown(f"tmdb:{film.ids.tmdb}")["title"] == "The Kid (restored)"
    assert at.moviec("show", f"tmdb:{at.films[1].ids.tmdb}").exception is not None
    assert at.moviec("show", f"tmdb:{at.films[2].ids.tmdb}").exception is not None
    assert _nothing_left(at)
    assert at.moviec("rebuild", "--from-raw").exit_code == 0
    assert at.shown(f"tmdb:{film.ids.tmdb}")["title"] == "The Kid (restored)"
    assert at.moviec("show", f"tmdb:{at.films[1].ids.tmdb}").exception is not None, "what is gone stays gone"


def test_what_was_asked_for_is_read_again_from_the_packs(at: Desk) -> None:
    at.ingest("tmdb")
    before = at.shown(f"tmdb:{at.films[0].ids.tmdb}")
    times = sum(at.served.asked.values())
    assert at.moviec("rebuild", "--from-raw").exit_code == 0
    assert at.shown(f"tmdb:{at.films[0].ids.tmdb}") == before
    assert sum(at.served.asked.values()) == times
    packs = [path.read_bytes() for path in (at.home / "lake" / "raw").rglob("*") if path.is_file()]
    answers = [[json.loads(line) for line in gzip.decompress(pack).splitlines()] for pack in packs]
    lines, companies = sorted(answers, key=lambda some: "parent_company" in some[0]["body"])
    assert {int(line["id"]) for line in companies} == set(at.tmdb.companies)
    assert [line["id"] for line in lines] == [
        str(number) for number, _ in sorted(at.tmdb.ids, key=lambda each: -each[1])
    ]
    assert lines[0]["body"]["id"] == int(lines[0]["id"])


def test_omdb_is_asked_for_films_that_lack_it_most_wanted_first_within_the_allowance(at: Desk) -> None:
    at.ingest("tmdb")
    at.settings(omdb="allowance = 5")
    del at.omdb.films[at.films[4].ids.imdb]
    done = at.ingest("omdb")
    wanted = sorted(at.films, key=lambda film: (-film.votes, -film.popularity, film.ids.imdb))
    assert {f"/?i={film.ids.imdb}" for film in wanted[:5]} == set(at.served.asked_of("omdb"))
    assert "5 requests" in done.stdout
    first = next(film for film in wanted[:5] if film.ids.imdb != at.films[4].ids.imdb)
    raters = {rating["rater"]: rating for rating in at.shown(f"imdb:{first.ids.imdb}")["ratings"]}
    assert set(raters) == {"tmdb", "imdb", "rottentomatoes", "metacritic"}
    assert raters["rottentomatoes"]["value"] == round(first.critics)
    assert raters["imdb"]["source"] == "omdb"
    assert raters["imdb"]["votes"] == first.votes

    assert "the day's allowance is used up" in at.ingest("omdb").stdout
    assert at.served.times("omdb") == 5
    _days_pass(at, "omdb", 1)
    at.ingest("omdb")
    assert {f"/?i={film.ids.imdb}" for film in wanted[:10]} == set(at.served.asked_of("omdb"))
    assert at.served.times("omdb") == 10, "none is asked for twice, nor one that OMDb does not know"


def test_omdb_that_says_its_limit_is_reached_is_left_alone_until_tomorrow(at: Desk) -> None:
    at.ingest("tmdb")
    at.omdb.allowance = 3
    done = at.ingest("omdb")
    assert "the day's allowance is used up; it goes on tomorrow (UTC)" in done.stdout
    assert "3 records: 3 new or changed" in done.stdout
    asked = at.served.times("omdb")
    at.ingest("omdb")
    assert at.served.times("omdb") == asked


def test_answers_that_overtake_a_refused_request_are_kept_and_only_that_one_is_asked_for_again(
    at: Desk,
) -> None:
    at.ingest("tmdb")
    at.settings(omdb="allowance = 5")
    wanted = sorted(at.films, key=lambda film: (-film.votes, -film.popularity, film.ids.imdb))
    refused, omdb, third = wanted[1].ids.imdb, at.omdb, threading.Event()

    def overtaken(request: Request) -> Response:
        if request.query["i"] == wanted[2].ids.imdb:
            third.set()
        if request.query["i"] == refused:
            assert third.wait(20)
            return as_json({"Response": "False", "Error": "Request limit reached!"}, 401)
        return omdb(request)

    at.served_by("omdb", overtaken)
    done = at.ingest("omdb")
    assert "the day's allowance is used up" in done.stdout
    sent = {asked.removeprefix("/?i=") for asked in at.served.asked_of("omdb")}
    assert f"{len(sent) - 1} records: {len(sent) - 1} new or changed" in done.stdout
    assert {wanted[0].ids.imdb, wanted[2].ids.imdb} <= sent
    at.served_by("omdb", omdb)
    _days_pass(at, "omdb", 1)
    assert f"{5 + 1 - len(sent)} record" in at.ingest("omdb").stdout
    assert set(at.served.asked_of("omdb")) == {f"/?i={film.ids.imdb}" for film in wanted[:5]}
    assert at.served.times("omdb") == 5 + 1
    assert at.served.times("omdb", f"/?i={refused}") == 2


def test_a_film_that_cannot_be_had_does_not_cost_the_answers_about_others(at: Desk) -> None:
    wanted = [number for number, _ in sorted(at.tmdb.ids, key=lambda each: -each[1])]
    tmdb, bad = at.tmdb, {f"/3/movie/{wanted[place]}" for place in (4, 7)}

    def without_some(request: Request) -> Response:
        return Response(b"", 500) if request.path in bad else tmdb(request)

    at.served_by("tmdb", without_some)
    assert "500" in at.fails("ingest", "tmdb")
    bad.remove(f"/3/movie/{wanted[4]}")
    assert "500" in at.fails("ingest", "tmdb")
    at.served_by("tmdb", tmdb)
    at.ingest("tmdb")
    times = {number: at.served.times("tmdb", f"/3/movie/{number}") for number in wanted}
    assert {number for number, count in times.items() if count > 1} == {wanted[4], wanted[7]}
    assert "12 records" in at.moviec("status").stdout


def test_wikidata_joins_ids_titles_people_and_companies(at: Desk) -> None:
    done = at.ingest("wikidata")
    assert "12 records: 12 new or changed" in done.stdout
    film = next(film for film in at.films if film.original_title and film.countries)
    shown = at.shown(f"imdb:{film.ids.imdb}")
    assert shown["title"] == film.title
    assert shown["original_title"] == film.original_title
    assert shown["released"] == film.released.isoformat()
    assert (shown["runtime"], shown.get("budget")) == (film.runtime, film.budget)
    assert shown["ids"]["tmdb"] == str(film.ids.tmdb)
    assert shown["ids"]["rottentomatoes"] == f"m/{film.ids.rottentomatoes}"
    assert shown["ids"]["wikidata"].startswith("Q")
    assert [each["name"] for each in shown["people"] if each["role"] == "director"] == [
        each.name for each in film.directors
    ]
    assert [each["name"] for each in shown["companies"]] == [each.name for each in film.companies]
    assert at.served.times("wikidata") == 2, "a page of ids, and one group of details"

    number = shown["ids"]["wikidata"]
    at.wikidata.changed = {number}
    del at.wikidata.films[number]
    done = at.ingest("wikidata")
    assert "1 gone" in done.stdout


def test_sources_that_are_asked_meet_in_one_film(at: Desk) -> None:
    for source in ("tmdb", "wikidata", "omdb"):
        at.ingest(source)
    shown = at.shown(f"tmdb:{at.films[0].ids.tmdb}")
    assert shown["sources"] == ["omdb", "tmdb", "wikidata"]


def test_nothing_at_all_is_no_success(at: Desk) -> None:
    assert at.fails("ingest", "omdb") == (
        "omdb: no film of the catalogue has an id of imdb to request; ingest a source that gives such ids first: imdb, tmdb or wikidata"
    )
    at.wikidata.films.clear()
    assert "wikidata: the list of ids is empty" in at.fails("ingest", "wikidata")
    ids = list(at.tmdb.ids)
    at.tmdb.ids.clear()
    assert "tmdb: the list of ids is empty" in at.fails("ingest", "tmdb")
    at.tmdb.ids = ids
    assert "12 records: 12 new or changed" in at.ingest("tmdb").stdout, "what came wrong is asked for anew"


def test_what_may_not_be_passed_on_is_in_no_public_catalogue(at: Desk) -> None:
    for source in ("tmdb", "wikidata"):
        at.ingest(source)
    film = f"tmdb:{at.films[0].ids.tmdb}"
    assert at.shown(film)["certificate"] == "PG-13"
    at.settings("public = true")
    at.moviec("rebuild")
    shown = at.shown(film)
    assert shown["sources"] == ["wikidata"]
    assert not {"certificate", "ratings", "overview", "poster"} & set(shown)
    at.settings()
    at.ingest("wikidata")
    assert at.shown(film)["sources"] == ["tmdb", "wikidata"], (
        "all is worked out again where the setting changed"
    )


def test_what_passes_is_waited_for(at: Desk) -> None:
    at.served.faults.add(status(503), status(429, Retry_After="0"), slow(0), broken_off, status(500))
    assert "12 records" in at.ingest("tmdb").stdout


def test_a_limit_of_the_provider_is_kept_to(tmp_path: Path) -> None:
    with desk(tmp_path, rate=20) as at:
        at.settings()
        assert "12 records" in at.ingest("tmdb").stdout


def test_a_wrong_key_stops_the_source_with_one_line(at: Desk) -> None:
    wrong = TMDB_KEY.replace("0", "f")
    settings = (at.home / "moviec.toml").read_text()
    (at.home / "moviec.toml").write_text(settings.replace(TMDB_KEY, wrong))
    said = at.fails("ingest", "tmdb")
    assert re.fullmatch(
        r"http://127\.0\.0\.1:\d+/tmdb/3/movie/\d+: the key is not accepted \(401\); see `moviec sources tmdb` for the key that it takes",
        said,
    )
    assert at.served.times("tmdb", "/3/movie/") <= 12
    assert not list((at.home / "lake").rglob("*raw*/*")), "nothing came"


def test_no_key_says_what_to_get_and_how_to_give_it(at: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = (at.home / "moviec.toml").read_text()
    (at.home / "moviec.toml").write_text(settings.replace(f'key = "{OMDB_KEY}"', ""))
    said = at.fails("ingest", "omdb")
    assert said.startswith(
        "omdb: a key is needed; set MOVIEC_OMDB_KEY, or key under [sources.omdb] in moviec.toml; a free key"
    )
    at.ingest("tmdb")
    monkeypatch.setenv("MOVIEC_OMDB_KEY", OMDB_KEY)
    assert "12 requests" in at.ingest("omdb").stdout


def test_the_key_is_nowhere_but_in_the_request(at: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """Neither in the lake, the catalogue and the record of runs, nor in what an answer that repeats it leaves."""
    echo = at.tmdb.detail

    def repeating(number: int) -> dict[str, object] | None:
        film = echo(number)
        return film | {"overview": f"asked with api_key={TMDB_KEY}"} if film else None

    at.tmdb.detail = repeating
    with caplog.at_level("INFO"):
        at.ingest("tmdb")
    assert TMDB_KEY not in caplog.text
    assert at.shown(f"tmdb:{at.films[0].ids.tmdb}")["overview"] == "asked with api_key=***"
    at.served.faults.add(*[status(500)] * 40)
    at.tmdb.changed[dt.datetime.now(dt.UTC).date()] = [at.films[0].ids.tmdb]
    assert "cannot be fetched (500 Internal Server Error)" in at.fails("ingest", "tmdb")
    held = [path for path in at.home.rglob("*") if path.is_file() and path.name != "moviec.toml"]
    assert len(held) > 5
    for path in held:
        data = path.read_bytes()
        found = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        assert TMDB_KEY.encode() not in found, path


def test_a_source_that_is_down_says_so_and_catches_up(at: Desk) -> None:
    at.served.faults.add(*[status(503)] * 300)
    failure = at.fails("ingest", "tmdb")
    assert "503" in failure
    at.served.faults._waiting.clear()
    with connect(open_home(at.home).catalogue).connect() as connection:
        [row] = connection.execute(online.select()).all()
    assert row.failing_since and "503" in row.error
    assert "12 records: 12 new or changed" in at.ingest("tmdb").stdout
    with connect(open_home(at.home).catalogue).connect() as connection:
        [row] = connection.execute(online.select()).all()
    assert (row.failing_since, row.error) == (None, None)


def test_a_fetch_that_is_killed_again_and_again_asks_for_nothing_that_is_there(tmp_path: Path) -> None:
    with desk(tmp_path, count=150) as at:
        at.served.faults.add(*[slow(0.02)] * 2000)
        command = [sys.executable, "-m", "moviec", "ingest", "tmdb", "--home", str(at.home)]
        kills = 0
        for enough in (30, 70, 110):
            with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as killed:
                deadline = time.monotonic() + 60
                while len(at.served.asked_of("tmdb", "/3/movie/")) < enough and time.monotonic() < deadline:
                    time.sleep(0.005)
                killed.send_signal(signal.SIGKILL)
            kills += killed.returncode == -signal.SIGKILL
        assert kills == 3
        assert "150 records: 150 new or changed" in at.ingest("tmdb").stdout
        times = [times for (_, path), times in at.served.asked.items() if path.startswith("/3/movie/")]
        assert len(times) == 150
        assert sum(times) - 150 <= kills * 8 * asking.AHEAD, "only what was under way when it was killed"
        assert at.served.times("tmdb", "/p/exports/") == 1
        assert _nothing_left(at)


CLUB = """
name = "club"
title = "The film club"
home_page = "https://club.example"
licence = "CC0-1.0"
attribution = "The film club"
least_rows = 0
redistribute = true

[fetch]
base = "https://api.club.example"
role = "films"
rate = 50
allowance = 100
needs = "a key from the club's secretary"

[[fetch.keys]]
header = "X-Club-Key"

[fetch.listing]
path = "/films"
query = { after = "{cursor}" }
items = "films"
id = "no"
cursor = "next"

[files.films]
names = ["films"]
format = "jsonl"
key = "id"
key_pattern = "[0-9]+"

[files.films.columns]
id = ["key"]
status = []
"body.name" = ["title"]
"body.minutes" = ["runtime"]
"""
CLUB_SQL = """SELECT _position, 'films' AS role, _line AS line, id AS key, tidy("body.name") AS title,
  try_cast("body.minutes" AS INTEGER) AS runtime, []::VARCHAR[] AS problems, []::VARCHAR[] AS list_problems FROM films"""


def test_a_source_of_ones_own_is_asked_by_its_facts_alone(tmp_path: Path) -> None:
    def club(request: Request) -> Response:
        if request.headers.get("x-club-key") != "secretary":
            return as_json({}, 403)
        page = int(request.query.get("after", "0"))
        some = [{"no": page * 2 + at, "name": f"Film {page * 2 + at}", "minutes": 90 + at} for at in (1, 2)]
        return as_json({"films": some, "next": page + 1 if page < 3 else None})

    home = tmp_path / "home"
    place = home / "sources" / "club"
    place.mkdir(parents=True)
    (place / "source.toml").write_text(CLUB)
    (place / "read.sql").write_text(CLUB_SQL)
    with serving({"club": club}) as served:
        at = Desk(tmp_path, served, [], {"club": club})
        at.settings(club='key = "secretary"')
        assert "8 records: 8 new or changed" in at.ingest("club").stdout
        assert at.shown("club:7")["title"] == "Film 7"
        assert at.served.asked_of("club") == ["/films", "/films?after=1", "/films?after=2", "/films?after=3"]
        seen: list[str | None] = []

        def elsewhere(request: Request) -> Response:
            seen.append(request.headers.get("x-club-key"))
            return as_json({"films": []})

        served.providers["club"] = lambda _: Response(b"", 302, {"Location": f"{served.url}/other/films"})
        served.providers["other"] = elsewhere
        assert "the list is empty" in at.fails("ingest", "club")
        assert seen == [None], "the key does not go to where it is redirected"
        served.providers["club"] = club
        at.settings(club='key = "somebody"')
        assert "the key is not accepted (403)" in at.fails("ingest", "club")


def _nothing_left(at: Desk) -> bool:
    return not (at.home / "downloads" / "tmdb").exists()


def _days_pass(at: Desk, source: str, days: int) -> None:
    """Have it be so many days later for a source's allowance."""
    engine = connect(open_home(at.home).catalogue)
    with writing(engine) as connection:
        then = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        connection.execute(online.update().where(online.c.source == source).values(day=f"{then:%Y-%m-%d}"))
    engine.dispose()
