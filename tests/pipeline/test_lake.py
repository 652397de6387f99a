"""Deliveries into the lake: only what changed is written, fresher data hold, nothing is lost, crashes leave no trace."""

from __future__ import annotations

import datetime as dt
import random
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from moviec.catalog.deliveries import Delivery, all_batches, all_deliveries, rejected
from moviec.cli.delivery_messages import print_delivery
from moviec.config import open_home
from moviec.errors import DamagedError, PayloadError, StoreError, WithdrawError
from moviec.lake.batches import name_known
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.rebuild import rebuild_source, replay
from moviec.sources.registry import find_source
from tests.commands import forks
from tests.conftest import real
from tests.engines import new_engine
from tests.examples import some

FACTS = """
name = "club"
title = "The film club's list"
home_page = "https://club.example"
licence = "CC0-1.0"
attribution = "the club"
complete = true
shrink = 0.5

[empty]
default = "clear"
runtime = "keep"

[files.films]
names = ["films"]
format = "csv"
key = "no"
key_pattern = "[0-9]+"
required = ["no", "title"]

[files.films.columns]
no = ["key"]
title = ["title"]
year = ["year"]
minutes = ["runtime"]
"""
MONDAY, TUESDAY, WEDNESDAY = (dt.datetime(2026, 11, day, tzinfo=dt.UTC) for day in (2, 3, 4))


class Club:
    """A home with a source of its own, added by one file from outside the package."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = open_home(folder / "home", {})
        self.facts(FACTS)

    def facts(self, text: str) -> None:
        place = self.home.folder / "sources/club"
        place.mkdir(parents=True, exist_ok=True)
        (place / "source.toml").write_text(text)

    def deliver(
        self, at: dt.datetime, *rows: str, accept: bool = False, header: str = "no,title,year,minutes"
    ) -> Delivery:
        inbox = self.folder / "inbox"
        inbox.mkdir(exist_ok=True)
        path = inbox / "films.csv"
        path.write_text("\n".join([header, *rows]) + "\n")
        with open_run(self.home, alone=True) as context:
            return ingest(context, Order(find_source("club", self.home.folder), [path], at, accept))

    def known(self, *columns: str) -> list[tuple[Any, ...]]:
        """What holds now, tombstones left out."""
        with open_run(self.home) as context, new_engine() as engine:
            files = [
                context.store.path(b.records_file)
                for b in all_batches(context.catalogue, "club")
                if b.records_file
            ]
            name_known(engine, files)
            rows = engine.query(f"SELECT {', '.join(columns)} FROM known WHERE NOT deleted ORDER BY key")
        return [tuple(row.values()) for row in rows.to_pylist()]

    def files(self) -> dict[str, bytes]:
        """The lake's record files, by delivery: the folder changes with each rebuild, the bytes must not."""
        found = sorted((self.home.folder / "lake/records").rglob("*.parquet"))
        return {path.name: path.read_bytes() for path in found}

    def rebuild(self) -> None:
        with open_run(self.home, alone=True) as context:
            rebuild_source(context, find_source("club", self.home.folder))


@pytest.fixture
def club(tmp_path: Path) -> Iterator[Club]:
    yield Club(tmp_path)


def batch(delivery: Delivery) -> dict[str, int]:
    return delivery.report["batch"]  # type: ignore[no-any-return]


def test_a_refused_delivery_leaves_no_bytes_and_takes_none_that_others_brought(club: Club) -> None:
    for _ in range(2):
        with pytest.raises(PayloadError, match="no column title"):
            club.deliver(MONDAY, "1,1979", header="no,year")
        assert not [path for path in (club.home.folder / "lake/raw").rglob("*") if path.is_file()]
    club.deliver(MONDAY, "1,Alien,1979,117")
    kept = [path for path in (club.home.folder / "lake/raw").rglob("*") if path.is_file()]
    rival = club.home.folder / "sources/rival"
    rival.mkdir()
    facts = FACTS.replace('"club"', '"rival"').replace('minutes = ["runtime"]', 'studio = ["companies"]')
    (rival / "source.toml").write_text(facts.replace('"no", "title"]', '"no", "title", "studio"]'))
    with open_run(club.home, alone=True) as context, pytest.raises(PayloadError, match="no column studio"):
        order = Order(find_source("rival", club.home.folder), [club.folder / "inbox/films.csv"], MONDAY)
        ingest(context, order)
    assert kept == [path for path in (club.home.folder / "lake/raw").rglob("*") if path.is_file()]


def test_only_what_changed_is_written(club: Club) -> None:
    first = club.deliver(MONDAY, "1,Alien,1979,117", "2,Heat,1995,170")
    second = club.deliver(TUESDAY, "1,Alien,1979,117", "2,Heat,1995,171", "3,Up,2009,96")
    assert batch(first) == {"changed": 2, "tombstones": 0, "outdated": 0}
    assert batch(second) == {"changed": 2, "tombstones": 0, "outdated": 0}
    assert club.known("key", "runtime", "delivery", "line") == [
        ("1", 117, first.id, 2),
        ("2", 171, second.id, 3),
        ("3", 96, second.id, 4),
    ]


def test_the_same_bytes_again_write_nothing(club: Club) -> None:
    first = club.deliver(MONDAY, "1,Alien,1979,117")
    files = club.files()
    again = club.deliver(TUESDAY, "1,Alien,1979,117")
    assert (again.state, again.same_as) == ("unchanged", first.id)
    assert club.files() == files
    assert club.deliver(MONDAY, "1,Alien,1979,117").id == first.id, "the very same delivery is known"
    with open_run(club.home) as context:
        assert len(all_deliveries(context.catalogue)) == 2


def test_a_film_a_complete_delivery_no_longer_lists_is_gone_and_may_come_back(club: Club) -> None:
    club.deliver(MONDAY, "1,Alien,1979,117", "2,Heat,1995,170")
    assert batch(club.deliver(TUESDAY, "1,Alien,1979,117"))["tombstones"] == 1
    assert club.known("key") == [("1",)]
    assert batch(club.deliver(WEDNESDAY, "1,Alien,1979,117", "2,Heat,1995,170"))["changed"] == 1
    assert club.known("key") == [("1",), ("2",)]


def test_an_empty_value_clears_or_keeps_as_the_facts_say(club: Club) -> None:
    club.deliver(MONDAY, "1,Alien,1979,117")
    club.deliver(TUESDAY, "1,Alien,,")
    assert club.known("year", "runtime") == [(None, 117)]


def test_a_shrunken_delivery_is_held_until_it_is_accepted(club: Club) -> None:
    club.deliver(MONDAY, *(f"{n},Film {n},1999,90" for n in range(10)))
    held = club.deliver(TUESDAY, "1,Film 1,1999,90")
    assert held.state == "held"
    assert held.report["held"] == ["1 film where the delivery before had 10: 90.0% fewer, more than 50%"]
    assert len(club.known("key")) == 10
    assert club.deliver(TUESDAY, "1,Film 1,1999,90", accept=True).state == "applied"
    assert len(club.known("key")) == 1


def test_a_backfilled_delivery_never_overwrites_fresher_data(club: Club) -> None:
    club.deliver(TUESDAY, "1,Alien,1979,117", "2,Heat,1995,170")
    backfill = club.deliver(MONDAY, "1,Alein,1980,100", "3,Gone,1990,90")
    assert batch(backfill) == {"changed": 0, "tombstones": 0, "outdated": 2}
    assert club.known("key", "title") == [("1", "Alien"), ("2", "Heat")]


def test_a_partial_source_backfills_only_what_nothing_fresher_speaks_of(club: Club) -> None:
    club.facts(FACTS.replace("complete = true", "complete = false"))
    club.deliver(TUESDAY, "1,Alien,1979,117")
    club.deliver(WEDNESDAY, "2,Heat,1995,170")
    backfill = club.deliver(MONDAY, "1,Alein,1980,100", "2,Heta,1995,170", "3,Up,2009,96")
    assert batch(backfill) == {"changed": 1, "tombstones": 0, "outdated": 2}
    assert club.known("key", "title") == [("1", "Alien"), ("2", "Heat"), ("3", "Up")]


def test_a_rebuild_from_raw_gives_the_same_bytes_after_all_that_may_happen(club: Club) -> None:
    club.deliver(TUESDAY, "1,Alien,1979,117", "2,Heat,1995,170", "x,no key,,")
    club.deliver(MONDAY, "1,Alein,1980,100", "3,Gone,1990,90")
    club.deliver(WEDNESDAY, "1,Alien,,", "3,Up,2009,96")
    club.deliver(WEDNESDAY + dt.timedelta(days=1), "9,Held,2000,90", "y,no key,,")
    club.deliver(WEDNESDAY + dt.timedelta(days=2), "1,Alien,,", "3,Up,2009,96")
    files, known = club.files(), club.known("*")
    club.rebuild()
    assert club.files() == files
    assert club.known("*") == known
    club.rebuild()
    assert club.files() == files


def test_a_damaged_payload_stops_a_rebuild_and_is_mended_by_its_redelivery(
    club: Club, capsys: pytest.CaptureFixture[str]
) -> None:
    club.deliver(MONDAY, "1,Alien,1979,117", "2,Heat,1995,170")
    files = club.files()
    payload = next(path for path in (club.home.folder / "lake/raw").rglob("*") if path.is_file())
    good = payload.read_bytes()
    for other in (MONDAY, TUESDAY):  # known already, and known by its bytes
        payload.write_bytes(good.replace(b"1979", b"1989"))
        with pytest.raises(DamagedError, match=r"the payload 'films\.csv' is damaged .*ingest the same file"):
            club.rebuild()
        assert club.files() == files, "nothing was made of it"
        print_delivery(club.deliver(other, "1,Alien,1979,117", "2,Heat,1995,170"))
        assert "films.csv: its bytes in the lake were damaged; replaced by these" in capsys.readouterr().out
        assert payload.read_bytes() == good
    club.rebuild()
    assert club.files() == files
    print_delivery(club.deliver(MONDAY, "1,Alien,1979,117", "2,Heat,1995,170"))
    assert "damaged" not in capsys.readouterr().out


def test_rows_that_could_not_be_read_are_read_after_a_fix(club: Club) -> None:
    delivered = club.deliver(MONDAY, "1,Alien,1979,117", "A2,Heat,1995,170", "broken")
    club.deliver(TUESDAY, "1,Alien 1,1979,117")
    with open_run(club.home) as context:
        assert [(row.line, row.text) for row in rejected(context.catalogue)] == [
            (3, "A2,Heat,1995,170"),
            (4, "broken"),
        ]
    club.facts(FACTS.replace('"[0-9]+"', '"[A-Z]?[0-9]+"').replace("complete = true", "complete = false"))
    with open_run(club.home, alone=True) as context:
        assert replay(context, find_source("club", club.home.folder), delivered) == 1
    assert club.known("key", "title") == [("1", "Alien 1"), ("A2", "Heat")]
    with open_run(club.home, alone=True) as context:
        assert [row.line for row in rejected(context.catalogue)] == [4]
        assert replay(context, find_source("club", club.home.folder), delivered) == 0


def test_of_two_deliveries_of_one_instant_the_later_one_holds(club: Club) -> None:
    for number in range(6):  # six corrections: by their sums, three of six would lose
        club.deliver(MONDAY, f"1,Alien {number},1979,117")
        assert club.known("title") == [(f"Alien {number}",)]
    club.deliver(MONDAY, "1,Alien 2,1979,117")
    assert club.known("title") == [("Alien 2",)], (
        "the same bytes once more are a correction of the correction"
    )
    before = club.known("*")
    club.rebuild()
    assert club.known("*") == before


def test_reading_again_under_stricter_rules_says_first_what_would_go_and_then_why_it_went(club: Club) -> None:
    club.deliver(MONDAY, *(f"{n},Film {n},1999,90" for n in range(8)), "A8,Film 8,1999,90")
    club.facts(FACTS.replace('"[0-9]+"', '"[0-2]"'))
    with open_run(club.home, alone=True) as context:
        source = find_source("club", club.home.folder)
        files = context.store.names("records")
        with pytest.raises(WithdrawError, match=r"would withdraw 5 of 8 records \(3, 4, 5, 6, 7, …\)"):
            rebuild_source(context, source)
        assert context.store.names("records") == files
        assert [row.line for row in rejected(context.catalogue)] == [10]
        rebuild_source(context, source, accept_shrink=True)
        assert sorted(row.line for row in rejected(context.catalogue)) == [5, 6, 7, 8, 9, 10]
        assert all_deliveries(context.catalogue)[0].records == 3
    assert club.known("key") == [("0",), ("1",), ("2",)]
    club.facts(FACTS.replace('"[0-9]+"', '"[A-Z]?[0-9]+"'))
    club.rebuild()
    assert len(club.known("key")) == 9
    with open_run(club.home) as context:
        assert rejected(context.catalogue) == []


def test_a_lake_and_a_catalogue_that_do_not_belong_together_are_not_written_to(
    club: Club, tmp_path: Path
) -> None:
    club.deliver(MONDAY, "1,Alien,1979,117")
    before = lake(club.home.folder)
    lost = tmp_path / "lost.db"
    for file in club.home.folder.glob("catalogue.db*"):
        file.rename(lost.with_name(file.name.replace("catalogue", "lost")))
    with pytest.raises(StoreError, match="this lake holds deliveries and the catalogue has none"):
        club.deliver(TUESDAY, "1,Alien,1979,117", "2,Heat,1995,170")
    kept = lake(club.home.folder)
    assert {name: kept[name] for name in before} == before
    other = Club(tmp_path / "other")
    other.deliver(MONDAY, "1,Up,2009,96")
    for file in club.home.folder.glob("catalogue.db*"):
        file.unlink()
    shutil.copy(other.home.folder / "catalogue.db", club.home.folder / "catalogue.db")
    with pytest.raises(StoreError, match="this is the lake of another catalogue"):
        club.deliver(TUESDAY, "1,Alien,1979,117", "2,Heat,1995,170")
    for file in tmp_path.glob("lost.db*"):
        file.rename(club.home.folder / file.name.replace("lost", "catalogue"))
    assert club.deliver(TUESDAY, "1,Alien,1979,117", "2,Heat,1995,170").state == "applied"


def test_one_run_at_a_time(club: Club, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVIEC_PATIENCE", "0")
    home = open_home(club.home.folder)
    with (
        open_run(home, alone=True),
        pytest.raises(StoreError, match="another run"),
        open_run(home, alone=True),
    ):
        pass


def test_a_role_that_is_missing_reuses_its_latest(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", {})
    source = find_source("movielens")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    (inbox / "movies.csv").write_text("movieId,title,genres\n1,Alien (1979),Horror\n")
    (inbox / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0078748,348\n")
    (inbox / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n2,1,5.0,964982703\n"
    )
    with open_run(home, alone=True) as context:
        files = sorted(inbox.iterdir())
        ingest(context, Order(source, files, MONDAY, accept_shrink=True))
        (inbox / "movies.csv").write_text("movieId,title,genres\n1,Alien (1979),Horror|Sci-Fi\n")
        done = ingest(context, Order(source, [inbox / "movies.csv"], TUESDAY, accept_shrink=True))
        assert done.state == "applied"
        with new_engine() as engine:
            name_known(
                engine,
                [
                    context.store.path(b.records_file)
                    for b in all_batches(context.catalogue)
                    if b.records_file
                ],
            )
            row = engine.query("SELECT genres, ids, ratings FROM known").to_pylist()[0]
    assert row["genres"] == ["Horror", "Sci-Fi"]
    assert dict(row["ids"])["imdb"] == "tt0078748"
    assert (row["ratings"][0]["value"], row["ratings"][0]["votes"]) == (4.5, 2)


def lake(home: Path) -> dict[str, bytes]:
    """The lake's files, but for its own name and for what dead runs left, which is moved aside."""
    files = sorted(path for path in (home / "lake").rglob("*") if path.is_file())
    names = {str(path.relative_to(home)): path for path in files}
    return {
        name: path.read_bytes()
        for name, path in names.items()
        if not name.startswith(("lake/identity", "lake/ledger", "lake/lost+found"))
    }


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    """Write the beginnings of the real files of MovieLens: 1,500 films and 60,000 ratings."""
    folder = tmp_path / "listed"
    folder.mkdir()
    for name, lines in (("movies", 1_500), ("links", 1_500), ("tags", 1_500), ("ratings", 60_000)):
        with real(f"movielens/{name}.csv").open(encoding="utf-8") as file:
            (folder / f"{name}.csv").write_text("".join(islice(file, 1 + lines)), "utf-8")
    return folder


def test_once_out_of_space_and_killed_at_random_moments_the_lake_is_the_same(
    tmp_path: Path, listed: Path
) -> None:
    words = ("ingest", "movielens", str(listed), "--delivered-at", "2026-11-02")
    calm, torn = tmp_path / "calm", tmp_path / "torn"
    with forks("moviec.pipeline.demo", *words) as command:
        status, whole = command.run("--home", str(calm))
        assert status == 0
        # Room for an empty catalogue, which comes first, and not for the file of ratings.
        full = subprocess.run(
            [sys.executable, "-m", "moviec", *words, "--home", str(torn)],
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_200_000, 1_200_000)),
        )
        assert full.returncode == 1 and "File too large" in full.stderr and "Traceback" not in full.stderr
        dice = random.Random(11)
        ends = [
            command.run("--home", str(torn), kill_after=dice.uniform(0.01, whole * 0.4))[0]
            for _ in range(some(10))
        ]
        assert -signal.SIGALRM in ends
        assert command.run("--home", str(torn))[0] == 0
    assert lake(torn) == lake(calm)


@pytest.mark.parametrize("name", ["kaggle", "imdb", "movielens", "rottentomatoes", "wikipedia"])
def test_the_real_deliveries_reconcile_and_come_a_second_time_for_nothing(tmp_path: Path, name: str) -> None:
    files = {
        "kaggle": ["movies_metadata.csv", "credits.csv", "keywords.csv"],
        "imdb": ["title.basics.tsv.gz", "title.ratings.tsv.gz", "title.crew.tsv.gz", "name.basics.tsv.gz"],
        "movielens": ["movies.csv", "links.csv", "ratings.csv", "tags.csv"],
        "rottentomatoes": ["movie_info.json"],
        "wikipedia": ["movies.jsonl"],
    }[name]
    paths = [real(f"{name}/{file}") for file in files]
    home = open_home(tmp_path / "home", {})
    with open_run(home, alone=True) as context:
        done = ingest(context, Order(find_source(name), paths, MONDAY))
        for role in done.report["rows"].values():
            assert role["read"] == role["kept"] + role["merged"] + role["skipped"] + role["rejected"]
        assert batch(done)["changed"] == done.records
        before = lake(home.folder)
        assert ingest(context, Order(find_source(name), paths, TUESDAY)).state == "unchanged"
        assert lake(home.folder) == before
        rebuild_source(context, find_source(name))
    after = lake(home.folder)
    assert {Path(name).name: data for name, data in after.items()} == {
        Path(name).name: data for name, data in before.items()
    }
