"""Online sources by schedule: due once however often they were missed, never twice at a time, and no source keeps another waiting."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.deliveries import all_deliveries
from moviec.catalog.leases import holding_if_free
from moviec.catalog.online import all_online
from moviec.catalog.schema.arrivals import online
from moviec.config import open_home
from moviec.jobs import worker
from moviec.jobs.worker import _schedules
from moviec.loopback.server import Response, status
from moviec.pipeline import asking
from moviec.pipeline.due import SourceState, source_states
from moviec.sources.registry import find_sources
from moviec.transient import Patience
from tests.online.desk import Desk, desk


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(asking, "PATIENCE", Patience(timeout=5, pauses=()))
    monkeypatch.setattr(worker, "PAUSE", 0.0)
    with desk(tmp_path, count=4) as found:
        found.settings(tmdb="online = true", wikidata="online = true", omdb='online = true\ncron = ""')
        yield found


def _catalogue(at: Desk) -> sa.Engine:
    return connect(open_home(at.home, {}).catalogue)


def _states(at: Desk, now: dt.datetime) -> dict[str, SourceState]:
    home, catalogue = open_home(at.home, {}), _catalogue(at)
    found = source_states(
        home, find_sources(home.folder), all_deliveries(catalogue), now, all_online(catalogue)
    )
    catalogue.dispose()
    return {state.source: state for state in found}


def test_a_round_makes_up_for_all_that_were_missed(at: Desk) -> None:
    assert [one["source"] for one in json.loads(at.moviec("run", "--json").stdout)] == ["tmdb", "wikidata"]
    assert json.loads(at.moviec("run", "--json").stdout) == []
    now = dt.datetime.now(dt.UTC)
    assert {name: bool(state.due_since) for name, state in _states(at, now).items()} == {
        "omdb": False,
        "tmdb": False,
        "wikidata": False,
    }
    later = now + dt.timedelta(days=40)
    due = _states(at, later)
    assert due["tmdb"].due_since and later - due["tmdb"].due_since < dt.timedelta(days=1)
    with writing(engine := _catalogue(at)) as connection:
        ago = (now - dt.timedelta(days=40)).isoformat()
        connection.execute(sa.text("UPDATE deliveries SET received_at = :ago"), {"ago": ago})
        connection.execute(online.update().values(done_at=ago, since=ago))
    engine.dispose()
    rounds = at.served.times("tmdb", "/3/movie/changes")
    assert [one["state"] for one in json.loads(at.moviec("run", "--json").stdout)] == [
        "done",
        "nothing new",
    ], "nothing changed of films; of tmdb's the companies are known now that they are published"
    assert at.served.times("tmdb", "/3/movie/changes") == rounds + 3, "41 days, 14 at a time"
    assert json.loads(at.moviec("run", "--json").stdout) == [], "a round in which nothing changed is a round"


def test_jitter_comes_after_the_cron_and_is_always_the_same(at: Desk) -> None:
    now = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    plain = _states(at, now)["tmdb"].next
    at.settings(tmdb="online = true\njitter = 60")
    late = {_states(at, now)["tmdb"].next for _ in range(3)}
    [one] = late
    assert plain and one
    assert dt.timedelta(0) < one - plain < dt.timedelta(hours=1)


def test_a_source_that_another_process_asks_is_left_to_it(at: Desk) -> None:
    catalogue = _catalogue(at)
    with holding_if_free(catalogue, "online-tmdb"):
        done = json.loads(at.moviec("run", "--json").stdout)
        assert [(one["source"], one["state"]) for one in done] == [
            ("tmdb", "nothing new"),
            ("wikidata", "done"),
        ]
        assert at.served.times("tmdb") == 0
        assert "another run is querying this source" in at.fails("ingest", "tmdb")
    catalogue.dispose()


def test_a_source_that_is_down_stops_no_other_and_status_says_so(at: Desk) -> None:
    at.served.faults.add(*[status(503)] * 2)
    waiting = {each.name: each for each in _schedules(open_home(at.home, {}), find_sources(at.home))}
    assert sorted(waiting) == ["schedule", "schedule of omdb", "schedule of tmdb", "schedule of wikidata"]
    ask = waiting["schedule of tmdb"].step
    assert [one.state for one in ask(lambda _: None)] == ["failed"]
    assert [one.state for one in waiting["schedule of wikidata"].step(lambda _: None)] == ["failed"]
    assert [one.state for one in waiting["schedule of wikidata"].step(lambda _: None)] == ["done"]
    said = at.moviec("status", "--check")
    assert said.exit_code == 3
    assert "tmdb has failed since" in said.output
    assert [one.state for one in ask(lambda _: None)] == ["done"]
    assert "has failed since" not in at.moviec("status").output
    assert at.served.times("tmdb", "/3/movie/") == 4


def test_one_that_is_down_for_days_catches_up_once_and_the_others_go_on(at: Desk) -> None:
    """Three days on which TMDB answers nothing; on the fourth it has all that changed meanwhile, each film asked for once."""
    at.ingest("tmdb")
    at.ingest("wikidata")
    at.served.asked.clear()
    today = dt.datetime.now(dt.UTC)
    ago = (today - dt.timedelta(days=4)).isoformat()
    with writing(engine := _catalogue(at)) as connection:
        connection.execute(sa.text("UPDATE deliveries SET received_at = :ago"), {"ago": ago})
        connection.execute(online.update().values(done_at=ago, since=ago))
    for day, place in zip((3, 2, 0), (0, 1, 0), strict=True):
        at.tmdb.changed.setdefault((today - dt.timedelta(days=day)).date(), []).append(
            at.films[place].ids.tmdb
        )
    for film in at.films[:2]:
        at.tmdb.films[film.ids.tmdb] = msgspec.structs.replace(film, title=f"{film.title} (restored)")
    original = at.tmdb.__call__
    at.served_by("tmdb", lambda _: Response(b"", 503))
    known = None
    for day in range(3):
        done = at.moviec("run", "--json")
        assert done.exit_code == 1
        found = {one["source"]: one["state"] for one in json.loads(done.stdout)}
        assert found["tmdb"] == "failed"
        assert found.get("wikidata") == ("nothing new" if day == 0 else None), (
            "it was due once, and is not held up"
        )
        with writing(engine) as connection:
            failing = connection.scalar(sa.select(online.c.failing_since).where(online.c.source == "tmdb"))
        known = known or failing
        assert failing == known, "since when it fails is kept"
        assert "tmdb has failed since" in at.moviec("status").output
    at.served_by("tmdb", original)
    at.served.asked.clear()
    [done] = json.loads(at.moviec("run", "--json").stdout)
    assert (done["source"], done["state"]) == ("tmdb", "done")
    assert at.served.times("tmdb", "/3/movie/changes") == 1
    wanted = {f"/3/movie/{film.ids.tmdb}" for film in at.films[:2]}
    assert (
        set(at.served.asked_of("tmdb", "/3/movie/")) - set(at.served.asked_of("tmdb", "/3/movie/changes"))
        == wanted
    )
    assert all(at.served.times("tmdb", path) == 1 for path in wanted), (
        "a film that changed twice is asked for once"
    )
    assert at.shown(f"tmdb:{at.films[0].ids.tmdb}")["title"].endswith("(restored)")
    with engine.connect() as connection:
        twice = sa.text("SELECT movie FROM changes GROUP BY movie, delivery HAVING count(*) > 1")
        assert connection.execute(twice).all() == []
    engine.dispose()
    assert json.loads(at.moviec("run", "--json").stdout) == []
    assert "fails since" not in at.moviec("status").output


def test_the_worker_asks_what_is_due(at: Desk) -> None:
    assert at.moviec("worker", "--once").exit_code == 0
    assert at.shown(f"tmdb:{at.films[0].ids.tmdb}")["sources"] == ["tmdb", "wikidata"]
