"""Which sources are due and which are stale, and a run over them in which one fails."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from moviec.catalog.deliveries import all_deliveries
from moviec.cli import build
from moviec.config import open_home
from moviec.errors import UsageError
from moviec.pipeline.due import Outcome, rounds, run_due, source_states
from moviec.pipeline.opening import open_run
from moviec.sources.registry import find_sources

FACTS = """
name = "{name}"
title = "The film club's list"
home_page = "https://club.example"
licence = "CC0-1.0"
attribution = "the club"
complete = true
cron = "0 6 * * 0"

[files.films]
names = ["films"]
key = "no"

[files.films.columns]
no = ["key"]
title = ["title"]
"""
SUNDAY = dt.datetime(2026, 11, 8, 6, tzinfo=dt.UTC)


class Desk:
    """A home with the sources `club` and `pub` and a folder where their deliveries lie."""

    def __init__(self, folder: Path) -> None:
        self.home, self.inbox = folder / "home", folder / "inbox"
        for name in ("club", "pub"):
            place = self.home / "sources" / name
            place.mkdir(parents=True)
            (place / "source.toml").write_text(FACTS.format(name=name))

    def settings(self, text: str) -> None:
        (self.home / "moviec.toml").write_text(text)

    def drop(self, name: str, *titles: str) -> str:
        path = self.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("no,title\n" + "".join(f"{no},{title}\n" for no, title in enumerate(titles)))
        return str(path)

    def moviec(self, *words: str) -> Result:
        return CliRunner().invoke(build(words), [*words, "--home", str(self.home)], catch_exceptions=False)

    def run_later(self, days: int) -> list[Outcome]:
        """Run what is due so many days from now."""
        home = open_home(self.home, {})
        sources = find_sources(home.folder)
        now = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
        with open_run(home, alone=True) as context:
            found = source_states(home, sources, all_deliveries(context.catalogue), now)
            return run_due(context, sources, [one for one in found if one.due_since], lambda _: None)

    def states(self, *words: str) -> dict[str, tuple[str, int]]:
        done = json.loads(self.moviec("run", "--json", *words).stdout)
        return {one["source"]: (one["state"], len(one["deliveries"])) for one in done}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("0 6 * * 0", ["2026-11-08 06:00", "2026-11-01 06:00"]),
        ("0 6 * * 7", ["2026-11-08 06:00", "2026-11-01 06:00"]),
        ("0 5 1 * *", ["2026-11-01 05:00", "2026-10-01 05:00"]),
        ("*/30 * * * *", ["2026-11-10 12:00", "2026-11-10 11:30"]),
    ],
)
def test_the_last_rounds_of_a_cron_with_sunday_as_0_and_7(cron: str, expected: list[str]) -> None:
    now = dt.datetime(2026, 11, 10, 12, 0, 1, tzinfo=dt.UTC)
    assert [f"{at:%Y-%m-%d %H:%M}" for at in rounds("club", cron, now, 2)] == expected


def test_what_is_no_cron_is_named() -> None:
    with pytest.raises(UsageError, match=r"club: 'daily' is not a cron expression"):
        rounds("club", "daily", SUNDAY, 1)


def test_a_source_is_due_once_a_round_and_one_that_fails_stops_no_other(desk: Desk) -> None:
    desk.drop("club/films.csv", "Alien")
    desk.settings(f"[sources.club]\npath = '{desk.inbox}/none'\n[sources.pub]\npath = '{desk.inbox}/club'\n")
    done = desk.moviec("run")
    assert done.exit_code == 1
    assert f"moviec: club: {desk.inbox}/none: no such file or folder" in done.stderr
    assert "1 record: 1 new or changed" in done.stdout
    assert desk.states() == {"club": ("failed", 0)}
    dry = {
        one["source"]: one["due_since"]
        for one in json.loads(desk.moviec("run", "--dry-run", "--json").stdout)
    }
    assert dry["club"]
    assert dry["pub"] is None
    assert desk.states("pub") == {}


def test_a_source_without_place_or_cron_is_not_due(desk: Desk) -> None:
    desk.settings("[sources.club]\npath = '/nowhere'\ncron = ''\n")
    assert desk.moviec("run").exit_code == 0
    assert desk.states("club") == {}
    with pytest.raises(UsageError, match="pub: this source has no place in the settings"):
        desk.moviec("run", "pub")
    desk.settings("[sources.clubb]\npath = '/nowhere'\n")
    with pytest.raises(UsageError, match="there is no source 'clubb'"):
        desk.moviec("run")


def test_of_a_dated_place_each_delivery_is_taken_once_with_its_own_date(desk: Desk) -> None:
    for day, titles in (
        ("2026-10-25", ["Alien"]),
        ("2026-11-01", ["Alien", "Heat"]),
        ("2026-11-08", ["Heat", "Up"]),
    ):
        desk.drop(f"{day}/films.csv", *titles)
    desk.settings(f"[sources.club]\npath = '{desk.inbox}/{{date}}'\ncron = '* * * * *'\n")
    since = json.loads(desk.moviec("ingest", "club", "--since", "2026-10-26", "--json").stdout)
    assert [(one["delivered_at"][:10], one["report"]["batch"]["changed"]) for one in since] == [
        ("2026-11-01", 2),
        ("2026-11-08", 2),
    ]
    again = json.loads(
        desk.moviec("ingest", "club", str(desk.inbox), "--since", "2026-10-26", "--json").stdout
    )
    assert [one["number"] for one in again] == [1, 2], "what is known is not taken again"
    desk.drop("2026-11-15/films.csv", "Up")
    newest = json.loads(desk.moviec("ingest", "club", "--json", "--accept-shrink").stdout)
    assert newest["delivered_at"][:10] == "2026-11-15"
    assert json.loads(desk.moviec("ingest", "club", "--since", "2026-11-16", "--json").stdout) == []


def test_a_run_takes_what_is_dated_later_than_the_last(desk: Desk) -> None:
    desk.drop("2026-10-25/films.csv", "Alien")
    desk.drop("2026-11-01/films.csv", "Alien", "Heat")
    desk.settings(f"[sources.club]\npath = '{desk.inbox}/{{date}}'\n")
    [first] = desk.run_later(0)
    assert [one.delivered_at[:10] for one in first.deliveries] == ["2026-11-01"], "the first time the newest"
    assert desk.run_later(0) == [], "not due again"
    assert [one.state for one in desk.run_later(8)] == ["nothing new"]
    desk.drop("2026-11-08/films.csv", "Alien", "Heat", "Up")
    desk.drop("2026-11-15/films.csv", "Alien")
    [held] = desk.run_later(8)
    assert [one.state for one in held.deliveries] == ["applied", "held"]
    assert "is held: 1 film where the delivery before had 3" in held.looks[0]


def test_an_event_names_the_files_and_the_time(desk: Desk, tmp_path: Path) -> None:
    desk.drop("films.csv", "Alien")
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "drops"}))
    done = desk.moviec("ingest", "club", "--event", str(event))
    assert (done.exit_code, done.stdout) == (0, "nothing to ingest\n")
    assert "nothing to ingest in a test event of the bucket drops" in done.stderr
    with pytest.raises(UsageError, match="an event names its own files"):
        desk.moviec("ingest", "club", "films.csv", "--event", str(event))
    with pytest.raises(UsageError, match="the event cannot be read"):
        desk.moviec("ingest", "club", "--event", str(tmp_path / "none.json"))


def test_a_date_to_come_is_refused(desk: Desk) -> None:
    path = desk.drop("films.csv", "Alien")
    with pytest.raises(UsageError, match="2126-01-01 is in the future"):
        desk.moviec("ingest", "club", path, "--delivered-at", "2126-01-01")


def test_an_entry_dated_to_come_stops_none_of_the_others(desk: Desk) -> None:
    for day in ("2026-10-25", "2026-11-01", "2126-11-08"):
        desk.drop(f"{day}/films.csv", "Alien", day)
    desk.settings(f"[sources.club]\npath = '{desk.inbox}/{{date}}'\n")
    [first] = desk.run_later(0)
    assert [one.delivered_at[:10] for one in first.deliveries] == ["2026-11-01"]
    done = desk.moviec("backfill", "--from", "2026-10", "--to", "2026-10")
    assert done.exit_code == 0, done.stderr
    assert "left out" in done.stderr and "is dated 2126-11-08, which is in the future" in done.stderr
    since = desk.moviec("ingest", "club", "--since", "2026-11-01")
    assert since.exit_code == 0 and "is dated 2126-11-08" in since.stderr


def test_a_source_that_missed_a_round_is_stale(desk: Desk) -> None:
    path = desk.drop("films.csv", "Alien")
    desk.moviec("ingest", "club", path)
    assert desk.moviec("status", "--check").exit_code == 0
    desk.moviec("ingest", "pub", path, "--delivered-at", "2026-01-01")
    late = desk.moviec("status", "--check")
    assert late.exit_code == 3
    assert "pub is stale: its last delivery is dated 2026-01-01, one was due by" in late.stdout
    assert "club is stale" not in late.stdout
    desk.settings("[sources.pub]\ncron = ''\n")
    assert desk.moviec("status", "--check").exit_code == 0
