"""What is removed is needed by nobody: the records that hold, and a rebuild from raw, are the same before and after."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.deliveries import all_batches, all_deliveries, payloads_of
from moviec.catalog.ingest_queue import RECORDS
from moviec.catalog.leases import last_runs
from moviec.config import Home, Settings
from moviec.home.context import RunContext
from moviec.jobs.retention import tidy, tidy_daily
from moviec.lake.batches import view_current_records
from moviec.lake.payloads import payload_name
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.pipeline.rebuild import rebuild_source
from moviec.sources.registry import find_source
from tests.engines import new_engine
from tests.pipeline.test_lake import FACTS, MONDAY

NOW = MONDAY + dt.timedelta(days=30)

#: Eight deliveries: films that stay, change, go, come back; a runtime that is learned once and kept.
WEEKS = [
    ["1,Alien,1979,117", "2,Heat,1995,170", "3,Up,2009,", "4,Ran,1985,160"],
    *(["1,Alien,1979,", f"2,Heat {week},1995,170", "3,Up,2009,96" if week == 2 else "3,Up,2009,"] for week in range(2, 7)),
    ["1,Alien,1979,", "3,Up,2009,", "4,Ran again,1985,"],
    ["1,Alien,1979,", "3,Up!,2009,", "4,Ran again,1985,", "broken"],
]  # fmt: skip


class Shelf:
    """A home of the source `club` under some settings."""

    def __init__(self, context: RunContext, inbox: Path) -> None:
        self.context, self.inbox = context, inbox

    def settings(self, **values: Any) -> None:
        settings = msgspec.structs.replace(self.context.home.settings, **values)
        self.context = msgspec.structs.replace(self.context, home=Home(self.context.home.folder, settings))

    def deliver(self) -> None:
        for week, rows in enumerate(WEEKS):
            path = self.inbox / f"{week}" / "films.csv"
            path.parent.mkdir(parents=True)
            path.write_text("no,title,year,minutes\n" + "\n".join(rows) + "\n")
            source = find_source("club", self.context.home.folder)
            at = MONDAY + dt.timedelta(days=week)
            ingest(self.context, Order(source, [path], at, accept_shrink=True))
            with self.context.catalogue.begin() as connection:
                connection.execute(sa.text("UPDATE batches SET published = true"))

    def holds(self) -> list[dict[str, Any]]:
        with new_engine() as engine:
            batches = self.context.record_files(all_batches(self.context.catalogue))
            view_current_records(engine, batches, RECORDS.empty_table())
            return engine.query("SELECT * EXCLUDE (payload, line) FROM live ORDER BY key").to_pylist()

    def raw(self) -> list[bool]:
        """Say of each delivery in order whether its payload is there."""
        store, catalogue = self.context.store, self.context.catalogue
        sums = [payloads_of(catalogue, one.id)[0].sha256 for one in all_deliveries(catalogue)]
        return [store.has(payload_name(one)) for one in sums]


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home in which the eight deliveries have been published."""
    home = tmp_path_factory.mktemp("delivered")
    place = home / "sources" / "club"
    place.mkdir(parents=True)
    (place / "source.toml").write_text(FACTS)
    with open_run(Home(home, Settings()), alone=True) as context:
        Shelf(context, home / "inbox").deliver()
    return home


@pytest.fixture
def match_features(tmp_path: Path, delivered: Path) -> Iterator[Shelf]:
    shutil.copytree(delivered, tmp_path / "home")
    with open_run(Home(tmp_path / "home", Settings()), alone=True) as context:
        yield Shelf(context, tmp_path)


@pytest.mark.parametrize("keeps", [True, False])
def test_many_batches_become_one_that_holds_the_same(match_features: Shelf, keeps: bool) -> None:
    if not keeps:
        facts = match_features.context.home.folder / "sources" / "club" / "source.toml"
        facts.write_text(FACTS.replace('runtime = "keep"', ""))
    before, files = (
        match_features.holds(),
        [one.records_file for one in all_batches(match_features.context.catalogue)],
    )
    match_features.settings(compact_after=3, keep_history=26)
    done = tidy(match_features.context, NOW)
    left = [one.records_file for one in all_batches(match_features.context.catalogue) if one.records_file]
    assert done.compacted == {"club": len([one for one in files if one])}
    assert len(left) == 1 and match_features.context.store.names("records").count(left[0]) == 1
    assert match_features.holds() == before
    with new_engine() as engine:
        engine.parquet("every", [match_features.context.store.path(left[0])])
        titles = [row["title"] for row in engine.query("SELECT title FROM every WHERE key = '2' AND NOT deleted ORDER BY delivery").to_pylist()]  # fmt: skip
    # 26 days before NOW came Heat 5: what was superseded before that goes, but where values outlive empty ones.
    assert titles == (
        ["Heat", *(f"Heat {n}" for n in range(2, 7))] if keeps else [f"Heat {n}" for n in range(4, 7)]
    )
    assert tidy(match_features.context, NOW).compacted == {}


def test_backfills_between_two_compactions_lose_nothing(match_features: Shelf) -> None:
    """By the number of its batches alone the second file would have the first one's name."""
    match_features.settings(compact_after=1, keep_history=0)
    tidy(match_features.context, NOW)
    count = len([one for one in all_batches(match_features.context.catalogue) if one.records_file])
    facts = match_features.context.home.folder / "sources" / "club" / "source.toml"
    facts.write_text(FACTS.replace("complete = true", "complete = false"))
    source = find_source("club", match_features.context.home.folder)
    for day in range(1, len(WEEKS) + 1 - count):
        path = match_features.inbox / f"back-{day}" / "films.csv"
        path.parent.mkdir(parents=True)
        path.write_text(f"no,title,year,minutes\n{100 + day},Film {day},1950,90\n")
        ingest(
            match_features.context, Order(source, [path], MONDAY - dt.timedelta(days=day), accept_shrink=True)
        )
    with match_features.context.catalogue.begin() as connection:
        connection.execute(sa.text("UPDATE batches SET published = true"))
    before = match_features.holds()
    assert len(before) > len(WEEKS)
    tidy(match_features.context, NOW)
    assert match_features.holds() == before


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        # The first and third hold live records, the last one a rejected row.
        ("last 1", [True, False, False, False, False, False, True, True]),
        ("26 days", [True, False, False, False, True, True, True, True]),
    ],
)
def test_raw_payloads_go_by_policy_and_a_rebuild_from_raw_still_comes_to_the_same(
    match_features: Shelf, policy: str, kept: list[bool]
) -> None:
    before = match_features.holds()
    match_features.settings(keep_raw=policy, compact_after=2, keep_history=0)
    done = tidy(match_features.context, NOW)
    assert match_features.raw() == kept
    assert done.payloads == kept.count(False)
    told: list[str] = []
    rebuild_source(
        match_features.context, find_source("club", match_features.context.home.folder), told.append
    )
    assert match_features.holds() == before
    assert sum("are gone" in line for line in told) == kept.count(False)
    rebuild_source(match_features.context, find_source("club", match_features.context.home.folder))
    assert match_features.holds() == before


def test_once_a_day(tmp_path: Path) -> None:
    with open_run(Home(tmp_path, Settings())) as context:
        now = dt.datetime.now(dt.UTC)
        for hours in (0, 1, 23, 25):
            tidy_daily(context, now + dt.timedelta(hours=hours))
        with context.catalogue.connect() as connection:
            assert [one["command"] for one in last_runs(connection, 9)] == ["tidy", "tidy"]


def test_what_the_catalogue_shows_stays(match_features: Shelf) -> None:
    bring_up(match_features.context, Scope(everything=True))
    match_features.settings(keep_raw="last 1", compact_after=2, keep_history=0)
    tidy(match_features.context, NOW)
    assert bring_up(match_features.context, Scope(everything=True)).changes == {}


def test_backfills_that_bring_the_count_of_batches_back_lose_nothing(match_features: Shelf) -> None:
    facts = match_features.context.home.folder / "sources" / "club" / "source.toml"
    facts.write_text(FACTS.replace("complete = true", "complete = false"))
    match_features.settings(compact_after=1)
    tidy(match_features.context, NOW)
    titles = [row["title"] for row in match_features.holds()]
    for number in (1, 2, 3):
        path = match_features.inbox / f"older-{number}" / "films.csv"
        path.parent.mkdir()
        path.write_text(f"no,title,year,minutes\n{number}0,Older {number},1950,90\n")
        source = find_source("club", match_features.context.home.folder)
        ingest(match_features.context, Order(source, [path], MONDAY - dt.timedelta(days=number)))
        with match_features.context.catalogue.begin() as connection:
            connection.execute(sa.text("UPDATE batches SET published = true"))
        assert tidy(match_features.context, NOW).compacted == {"club": 2}
        titles.append(f"Older {number}")
        assert sorted(row["title"] for row in match_features.holds()) == sorted(titles)
