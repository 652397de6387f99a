"""A catalogue that is lost, or older than its lake, comes back from the lake alone; and so does what version 0.1 made."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from moviec.catalog.arrow import columns_of
from moviec.catalog.schema import metadata
from moviec.config import Home, open_home
from moviec.home.ledger_copy import compact, name_copies
from moviec.pipeline.opening import open_run
from tests.commands import moviec
from tests.engines import new_engine
from tests.pipeline.old_home import (
    FRESH,
    deliver,
    documents,
    export,
    has_key,
    in_order,
    ledger,
    select,
    with_catalogue,
)


def test_a_home_of_version_0_1_gives_what_it_gave(old: Path, tmp_path: Path) -> None:
    then = open_home(old, {})
    instant = str(select(then, "SELECT max(at) FROM changes")[0][0])
    ids = dict(select(then, "SELECT movie, title FROM movies"))
    exported = (old.parent / "movies.jsonl").read_bytes()
    assert export(old, tmp_path / "opened") == exported
    assert moviec("rebuild", "--home", old).returncode == 0
    assert export(old, tmp_path / "then", "--as-of", instant) == exported
    now = export(old, tmp_path / "now")
    assert moviec("rebuild", "--from-raw", "--home", old).returncode == 0
    assert export(old, tmp_path / "read again") == now
    assert dict(select(then, "SELECT movie, title FROM movies")) == ids
    corrected = "SELECT budget FROM movies WHERE title = 'The Big Sleep'"
    assert select(then, corrected) == [(123466,)], (
        "of two deliveries of one instant the later holds, not the greater sum"
    )
    assert [row[0] for row in select(then, "SELECT who FROM decisions WHERE undone IS NULL")] == ["ann"]
    assert len(select(then, "SELECT 1 FROM rejected_rows WHERE state = 'open'")) == 1
    assert has_key(then, old)
    in_order(then)


def test_a_lost_catalogue_comes_back_from_its_lake(brought_up: Home, tmp_path: Path, database: str) -> None:
    deliver(brought_up, tmp_path)
    assert moviec(
        "review",
        "different",
        "festival:1",
        "imdb:tt0081505",
        "--by",
        "ben",
        "--yes",
        "--home",
        brought_up.folder,
    )
    before, shown, last = (
        ledger(brought_up),
        documents(brought_up),
        select(brought_up, "SELECT max(number) FROM changes")[0][0],
    )
    (brought_up.folder / "catalogue.db").unlink()
    lost = with_catalogue(brought_up, database)
    refused = moviec("ingest", "festival", tmp_path / "festival", "--home", brought_up.folder)
    assert (
        refused.returncode == 1
        and "rebuild --from-lake" in refused.stderr
        and refused.stderr.count("\n") == 1
    )
    assert "rebuild --from-lake" in moviec("doctor", "--repair", "--home", brought_up.folder).stdout
    done = moviec("rebuild", "--from-lake", "--home", brought_up.folder)
    assert done.returncode == 0, done.stderr
    assert documents(lost) == shown
    assert ledger(lost) == before
    assert select(lost, "SELECT min(number) FROM changes") == [(last + 1,)], "nobody misses a change"
    in_order(lost)
    deliver(lost, tmp_path, FRESH + "Up;2009;Pete Docter;96;8.0\n", "2026-11-21")
    in_order(lost)


def test_an_older_catalogue_is_told_and_brought_up(brought_up: Home, tmp_path: Path) -> None:
    shutil.copy(brought_up.folder / "catalogue.db", tmp_path / "older.db")
    deliver(brought_up, tmp_path)
    shown, before = documents(brought_up), ledger(brought_up)
    last = select(brought_up, "SELECT max(number) FROM changes")[0][0]
    for file in brought_up.folder.glob("catalogue.db*"):
        file.unlink()
    shutil.copy(tmp_path / "older.db", brought_up.folder / "catalogue.db")
    files = sorted(path for path in (brought_up.folder / "lake").rglob("*") if path.is_file())
    for words in (
        ("ingest", "festival", tmp_path / "festival"),
        ("rebuild",),
        ("review", "same", "kaggle:10098", "imdb:tt0012349", "--yes"),
    ):
        refused = moviec(*words, "--home", brought_up.folder)
        assert refused.returncode == 1
        assert "older than its lake" in refused.stderr.splitlines()[-1]
    found = moviec("doctor", "--repair", "--home", brought_up.folder)
    assert found.returncode == 3 or "older than its lake" in found.stdout + found.stderr
    assert sorted(path for path in (brought_up.folder / "lake").rglob("*") if path.is_file()) == files
    assert moviec("rebuild", "--from-lake", "--home", brought_up.folder).returncode == 0
    assert documents(brought_up) == shown
    assert ledger(brought_up) == before
    assert select(
        brought_up, f"SELECT count(*) FROM changes WHERE number <= {last} AND number > {last - 1}"
    ) == [(0,)]
    in_order(brought_up)


def test_a_lake_without_a_copy_says_so(old: Path, tmp_path: Path) -> None:
    (old / "catalogue.db").unlink()
    done = moviec("rebuild", "--from-lake", "--home", old)
    assert done.returncode == 1
    assert "no copy of the ledger" in done.stderr


def test_another_lakes_catalogue_is_never_written_over(brought_up: Home, tmp_path: Path) -> None:
    other = tmp_path / "other"
    deliver_words = ("ingest", "festival", tmp_path / "festival", "--accept-shrink", "--home", other)
    shutil.copytree(brought_up.folder / "sources", other / "sources")
    (tmp_path / "festival").mkdir()
    (tmp_path / "festival" / "films.csv").write_text(FRESH)
    assert moviec(*deliver_words).returncode == 0
    shown = documents(open_home(other, {}))
    (other / "moviec.toml").write_text(f'lake = "{brought_up.folder}/lake"\n')
    assert moviec("rebuild", "--from-lake", "--home", other).returncode == 1
    assert documents(open_home(other, {})) == shown


def test_what_a_transaction_leaves_that_was_taken_back_is_moved_aside(brought_up: Home) -> None:
    with open_run(brought_up, alone=True) as context:
        before = set(context.store.names("ledger"))
        with pytest.raises(ZeroDivisionError), context.writing() as copy:
            copy.connection.execute(metadata.tables["records"].delete())
            copy.table("records")
            raise ZeroDivisionError
        (left,) = set(context.store.names("ledger")) - before
        with context.writing() as copy:
            copy.table("records")
        assert left not in context.store.names("ledger")
        assert any(name.endswith(left) for name in context.store.names("lost+found"))
    in_order(brought_up)


def test_many_files_of_the_copy_become_one(brought_up: Home, tmp_path: Path) -> None:
    for day in range(10, 14):
        deliver(brought_up, tmp_path, FRESH.replace("9.1", f"9.{day - 8}"), f"2026-11-{day}")
    with open_run(brought_up, alone=True) as context:
        assert compact(context.copies, context.catalogue, 2) >= 2
        for name in ("deliveries", "batches", "delivery_payloads"):
            assert len(context.store.names(f"ledger/{name}")) == 1
    in_order(brought_up)


def test_a_copy_without_its_beginning_is_no_copy(brought_up: Home, tmp_path: Path) -> None:
    deliver(brought_up, tmp_path)
    (whole,) = (brought_up.folder / "lake" / "ledger" / "records").glob("*-whole.parquet")
    whole.unlink()
    found = moviec("doctor", "--home", brought_up.folder)
    assert (found.returncode, "ledger/records" in found.stdout) == (3, True)
    refused = moviec("rebuild", "--from-lake", "--home", brought_up.folder)
    assert (refused.returncode, "lacks files" in refused.stderr) == (1, True)
    assert moviec("doctor", "--repair", "--home", brought_up.folder).returncode == 0
    in_order(brought_up)
    shutil.rmtree(brought_up.folder / "lake" / "ledger" / "committed")
    assert moviec("doctor", "--repair", "--home", brought_up.folder).returncode == 0
    assert (brought_up.folder / "lake" / "ledger" / "committed").exists()


@pytest.mark.parametrize("lost", ["decisions/*", "identities/*", "records/{last}*"])
def test_a_copy_that_lacks_what_was_committed_is_no_copy(brought_up: Home, tmp_path: Path, lost: str) -> None:
    deliver(brought_up, tmp_path)
    copies = brought_up.folder / "lake" / "ledger"
    last = max((copies / "records").glob("*.parquet")).name
    for file in copies.glob(lost.format(last=last)):
        file.unlink()
    assert moviec("doctor", "--home", brought_up.folder).returncode == 3
    (brought_up.folder / "catalogue.db").rename(tmp_path / "catalogue.db")
    refused = moviec("rebuild", "--from-lake", "--home", brought_up.folder)
    assert (refused.returncode, "lacks files" in refused.stderr) == (1, True)


def test_a_damaged_or_missing_file_of_the_copy_is_found_and_written_anew(
    brought_up: Home, tmp_path: Path
) -> None:
    deliver(brought_up, tmp_path)
    copies = brought_up.folder / "lake" / "ledger"
    for name in ("deliveries", "records"):
        file = max((copies / name).glob("*.parquet"))
        if name == "records":
            file.write_bytes(b"x" + file.read_bytes()[1:])
        else:
            file.unlink()
        assert moviec("doctor", "--home", brought_up.folder).returncode == 3
        mended = moviec("doctor", "--repair", "--home", brought_up.folder)
        assert mended.returncode == 0, mended.stdout
        in_order(brought_up)


@pytest.mark.parametrize("how", ["deleted", "damaged"])
def test_a_lake_that_lost_its_name_and_its_catalogue_comes_back(
    brought_up: Home, tmp_path: Path, how: str
) -> None:
    before = documents(brought_up)
    assert moviec("backup", tmp_path / "vault", "--home", brought_up.folder).returncode == 0
    identity = brought_up.folder / "lake" / "identity"
    identity.write_text("nobody") if how == "damaged" else identity.unlink()
    assert moviec("status", "--home", brought_up.folder).returncode == 0
    found = moviec("doctor", "--home", brought_up.folder)
    assert "identity" in found.stdout + found.stderr or how == "deleted"
    shutil.copytree(brought_up.folder, tmp_path / "copy")
    for folder in (brought_up.folder, tmp_path / "copy"):
        for file in folder.glob("catalogue.db*"):
            file.unlink()
    assert moviec("rebuild", "--from-lake", "--home", brought_up.folder).returncode == 0
    assert moviec("restore", tmp_path / "vault", "--home", tmp_path / "copy").returncode == 0
    for folder in (brought_up.folder, tmp_path / "copy"):
        assert documents(open_home(folder, {})) == before
        in_order(open_home(folder, {}))


def test_status_says_that_the_catalogue_is_lost(brought_up: Home) -> None:
    for file in brought_up.folder.glob("catalogue.db*"):
        file.unlink()
    told = moviec("status", "--check", "--home", brought_up.folder)
    assert told.returncode == 3
    assert "the catalogue has none" in told.stdout and "rebuild --from-lake" in told.stdout


def test_a_damaged_copy_and_no_catalogue_say_what_is_left_to_do(brought_up: Home) -> None:
    copied, *_ = sorted((brought_up.folder / "lake" / "ledger" / "records").glob("*.parquet"))
    copied.write_bytes(b"x" + copied.read_bytes()[1:])
    for file in brought_up.folder.glob("catalogue.db*"):
        file.unlink()
    done = moviec("rebuild", "--from-lake", "--home", brought_up.folder)
    assert done.returncode == 1 and "restore a backup" in done.stderr and "doctor" not in done.stderr


def test_a_column_that_the_copy_does_not_have_yet_is_unknown(
    brought_up: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("moviec.home.ledger_copy.columns_of", lambda name: [*columns_of(name), "later"])
    with open_run(brought_up) as context, new_engine() as engine:
        assert "decisions" in name_copies(engine, context.store)
        rows = engine.query("SELECT who, later FROM decisions").to_pylist()
    assert rows and all(row["who"] and row["later"] is None for row in rows)
