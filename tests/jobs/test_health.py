"""What needs attention is found, named and counted; what is broken is found, and mended where that loses nothing."""

from __future__ import annotations

import datetime as dt
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.ingest_queue import RecordChange, append, set_aside
from moviec.catalog.leases import CATALOGUE, holding_if_free
from moviec.catalog.queries import set_checkpoint
from moviec.config import open_home
from moviec.errors import UnpublishedError, UsageError
from moviec.jobs import health
from moviec.jobs.health import check_all
from moviec.jobs.worker import work
from moviec.pipeline.opening import open_run
from moviec.search.index import build
from moviec.search.location import current
from moviec.sources.registry import find_sources
from tests.pipeline.test_due import Desk

NAMES = [f"Film {number}" for number in range(120)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.settings(f"[sources.club]\npath = '{made.inbox}/{{date}}'\n")
    return made


def concerns(desk: Desk, now: str) -> dict[str, str]:
    """Give every concern at an instant by the name of its check and whose it is."""
    home = open_home(desk.home, {})
    with open_run(home) as context:
        found = check_all(context, find_sources(home.folder), dt.datetime.fromisoformat(f"{now}T00:00+00:00"))
    return {f"{one.name} {one.of}": one.concern for one in found if one.concern}


def catalogue_of(desk: Desk) -> sa.Engine:
    return connect(open_home(desk.home, {}).catalogue)


def moviec(desk: Desk, *words: str) -> Any:
    return json.loads(desk.moviec(*words, "--json").stdout)


def test_months_that_are_missing_are_named_and_taken_again(desk: Desk) -> None:
    for day in ("2026-07-05", "2026-08-02", "2026-09-06", "2026-11-01"):
        desk.drop(f"{day}/films.csv", "Alien", day)
    for day in ("2026-07-05", "2026-11-01"):
        desk.moviec("ingest", "club", f"{desk.inbox}/{day}", "--delivered-at", day)
    assert concerns(desk, "2026-11-05") == {
        "source_missing_months club": "club: nothing was delivered in 2026-08, 2026-09, 2026-10; see `moviec backfill`"
    }
    done = desk.moviec("backfill", "--from", "2026-08", "--to", "2026-10")
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1] == "moviec: club: nothing found for 2026-10"
    assert concerns(desk, "2026-11-05") == {
        "source_missing_months club": "club: nothing was delivered in 2026-10; see `moviec backfill`"
    }
    [shown] = moviec(desk, "backfill", "--from", "2026-07", "--to", "2026-09", "club")
    assert [(one["delivered_at"][:7], one["state"]) for one in shown["deliveries"]] == [
        ("2026-07", "applied"), ("2026-08", "applied"), ("2026-09", "applied"),
    ]  # fmt: skip
    assert moviec(desk, "status")["deliveries"]["club"]["id"].startswith("20261101"), "the freshest still is"


def test_what_waits_what_fails_and_who_is_behind_is_a_concern(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.drop("2026-11-01/films.csv", "Alien", "Heat", "Up")
    desk.moviec("ingest", "club", path, "--delivered-at", "2026-11-01")
    assert concerns(desk, "2026-11-05") == {}
    small = desk.drop("2026-11-04/films.csv", "Alien")
    desk.moviec("ingest", "club", small, "--delivered-at", "2026-11-04")
    assert "1 film where the delivery before had 3" in concerns(desk, "2026-11-05")["source_held club"]
    catalogue = catalogue_of(desk)
    with writing(catalogue) as connection:
        append(connection, [RecordChange("decision", source="club", key="0")])
        set_aside(connection, "webhooks", [{"webhook": 1}], "answered 500", 33)
        set_checkpoint(connection, "mirror", -20_000, "2026-11-01T00:00:00+00:00")
    catalogue.dispose()
    found = concerns(desk, "2126-11-05")
    assert re.fullmatch(
        "1 record changes wait since 20.* is a worker running\\?", found["queue_seconds catalogue"]
    )
    assert found["follower_behind mirror"].startswith("mirror is 20,003 changes behind")
    assert found["set_aside webhooks"] == "1 set aside by webhooks (answered 500); see `moviec failures`"
    assert "club is stale" in found["source_age_days club"]
    done = desk.moviec("status", "--check")
    assert done.exit_code == 3 and "club" in done.stdout
    figures = desk.moviec("status", "--metrics").stdout
    assert 'moviec_queue_changes{of="catalogue"} 1\n' in figures
    assert 'moviec_source_held_concern{of="club"} 1\n' in figures


def test_a_share_of_unmatched_records_that_jumps_is_a_concern(desk: Desk) -> None:
    pub = desk.drop("pub/films.csv", *NAMES)
    desk.moviec("ingest", "pub", pub, "--delivered-at", "2026-11-01")
    for day, names in (
        ("2026-11-01", NAMES),
        ("2026-11-03", [f"Other {name[5:]} {name[::-1]}" for name in NAMES]),
    ):
        path = desk.drop(f"{day}/films.csv", *names)
        desk.moviec("ingest", "club", path, "--delivered-at", day)
    home = open_home(desk.home, {})
    with open_run(home) as context:
        checks = check_all(context, find_sources(home.folder), dt.datetime(2026, 11, 5, tzinfo=dt.UTC))
    shares = {one.of: one for one in checks if one.name == "source_unmatched_jump"}
    assert shares["club"].value > health.JUMP
    now = {one.of: one.value for one in checks if one.name == "source_unmatched_share"}
    assert now["club"] == now["pub"] == 1.0, "as things stand, of a source that was matched when it came, too"
    told = desk.moviec("status").stdout
    assert "pub: 100.0% of its records match no other source" in told
    assert re.fullmatch(
        r"club: [\d.]+% of the records are unmatched, up from [\d.]+%", shares["club"].concern
    )


def test_what_is_broken_is_found_and_mended(desk: Desk) -> None:
    for day, names in (("2026-11-01", ["Alien", "Heat"]), ("2026-11-02", ["Alien", "Heat", "Up"])):
        path = desk.drop(f"{day}/films.csv", *names)
        desk.moviec("ingest", "club", path, "--delivered-at", day)
    home, catalogue = open_home(desk.home, {}), catalogue_of(desk)
    build(catalogue, home.search)
    assert desk.moviec("doctor", "--bytes").stdout == "all is well\n"
    lake = desk.home / "lake"
    records = sorted(path for path in (lake / "records").rglob("*.parquet") if "keys" not in path.name)
    records[-1].unlink()
    (lake / "records" / "club" / "1" / "stray.parquet").write_text("x")
    (lake / "raw" / "ab").mkdir(exist_ok=True)
    (lake / "raw" / "ab" / "ab00").write_text("x")
    with writing(catalogue) as connection:
        set_checkpoint(connection, "mirror", 1_000, "2026-11-01T00:00:00+00:00")
        connection.execute(sa.text("DELETE FROM documents WHERE movie = 1"))
    index = current(home.search)
    assert index
    (index / "position.json").unlink()
    found = moviec(desk, "doctor")["found"]
    assert sorted(one["what"] for one in found) == [
        "a batch's file is missing", "a checkpoint is beyond the end of its log", "films without a document",
        "live records of films that are not shown", "no batch names this file", "no delivery names this payload",
        "the search index is ahead of the catalogue, or made by another version",
    ]  # fmt: skip
    assert desk.moviec("doctor").exit_code == 3
    done = desk.moviec("doctor", "--repair")
    assert (done.exit_code, done.stdout.count("(repaired)")) == (0, 7)
    aside = {path.name for path in (lake / "lost+found").rglob("*") if path.is_file()}
    assert {"stray.parquet", "ab00"} <= aside
    assert desk.moviec("doctor", "--bytes").stdout == "all is well\n"
    with catalogue.connect() as connection:
        titles = connection.scalars(sa.text("SELECT title FROM movies ORDER BY title")).all()
    assert titles == ["Alien", "Heat", "Up"]
    catalogue.dispose()


def test_bytes_that_are_not_what_was_delivered_are_found_and_left_to_a_person(desk: Desk) -> None:
    path = desk.drop("2026-11-01/films.csv", "Alien")
    desk.moviec("ingest", "club", path, "--delivered-at", "2026-11-01")
    [payload] = [one for one in (desk.home / "lake" / "raw").rglob("*") if one.is_file()]
    payload.write_text("no,title\n0,Aliens\n")
    assert desk.moviec("doctor", "--no-bytes").exit_code == 0
    done = desk.moviec("doctor", "--repair")
    assert done.exit_code == 3
    assert (
        "a payload's bytes are not those that were delivered" in done.stdout and "repaired" not in done.stdout
    )


def test_the_first_delivery_is_the_cause_of_what_it_brings(desk: Desk) -> None:
    for day, names in (("2026-11-01", ["Alien"]), ("2026-11-02", ["Alien", "Heat"])):
        path = desk.drop(f"{day}/films.csv", *names)
        desk.moviec("ingest", "club", path, "--delivered-at", day)
    for movie in ("mc1", "mc2"):
        [created] = json.loads(desk.moviec("history", movie, "--json").stdout)
        assert (created["kind"], created["source"]) == ("created", "club")
        assert created["delivery"]


def test_a_publisher_that_gets_no_further_is_told_to_those_who_wait(
    desk: Desk, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOVIEC_CATALOGUE", database)
    catalogue = connect(database)
    path = desk.drop("2026-11-01/films.csv", "Alien")
    monkeypatch.setenv("MOVIEC_PATIENCE", "0")
    with holding_if_free(catalogue, CATALOGUE) as held:
        assert held
        with pytest.raises(
            UnpublishedError, match=r":\d+: another process holds the lease to publish and makes no progress"
        ) as told:
            desk.moviec("ingest", "club", path, "--delivered-at", "2026-11-01")
    assert told.value.exit_status == 3
    assert desk.moviec("worker", "--once").exit_code == 0
    assert "Alien" in desk.moviec("show", "mc1").stdout
    catalogue.dispose()


def test_a_source_whose_facts_are_gone_is_found_and_named(desk: Desk) -> None:
    path = desk.drop("2026-11-01/films.csv", "Alien", "Heat")
    desk.moviec("ingest", "club", path, "--delivered-at", "2026-11-01")
    assert moviec(desk, "doctor") == {"found": [], "left": [], "unchecked": [], "reasons": [], "doubtful": {}}
    folder = desk.home / "sources" / "club"
    folder.rename(desk.home / "away")
    done = desk.moviec("doctor", "--deep", "--repair")
    assert done.exit_code == 3
    assert "an unknown source (put its folder back into HOME/sources): club" in done.stdout
    assert "rows were not compared with the records (--deep)" in done.stderr
    lost = "club: this home has its records but not its facts; put sources/club back"
    assert concerns(desk, "2026-11-02") == {"source_unknown club": lost}
    (desk.home / "away").rename(folder)
    (folder / "source.toml").write_text("name = ", "utf-8")
    assert "this source cannot be read: " in desk.moviec("doctor").stdout
    assert list(concerns(desk, "2026-11-02")) == ["source_faulty club"]
    assert "source.toml" in desk.moviec("sources").stderr
    assert "Alien" in desk.moviec("show", "mc1").stdout
    again = desk.moviec("rebuild")
    assert again.exit_code == 0, "what is known of the source holds until its facts are mended"
    assert "Alien" in desk.moviec("show", "mc1").stdout


def test_what_came_too_late_to_count_and_a_backfill_of_nowhere_are_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    path = desk.drop("films.csv", "Alien", "Heat")
    desk.moviec("ingest", "club", path, "--delivered-at", "2026-11-01T12:00")
    corrected = desk.moviec(
        "ingest", "club", desk.drop("new.csv", "Aliens", "Heat"), "--delivered-at", "2026-11-01"
    )
    assert "nothing of it applies: deliveries later than 2026-11-01T00:00" in corrected.stdout
    with pytest.raises(UsageError, match="no source has a dated place"):
        desk.moviec("backfill", "--from", "2026-08", "--to", "2026-10")


def test_a_worker_says_at_once_that_the_catalogue_is_lost(desk: Desk) -> None:
    desk.moviec("ingest", "club", desk.drop("films.csv", "Alien"), "--delivered-at", "2026-11-01")
    (desk.home / "catalogue.db").unlink()
    stop = threading.Event()
    told: list[str] = []
    stop.set()
    work(open_home(desk.home, {}), stop, told.append)
    assert any("this lake holds deliveries and the catalogue has none" in line for line in told)
