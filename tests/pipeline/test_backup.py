"""Everything that is stored comes back from a backup, whatever became of the rest."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.config import Home, open_home
from moviec.home.backup import Backup, backup, backups
from moviec.pipeline.opening import open_run
from tests.commands import moviec, started
from tests.homes import copy_tree
from tests.pipeline.old_home import (
    FRESH,
    deliver,
    documents,
    export,
    has_key,
    in_order,
    ledger,
    select,
)
from tests.servers import Bucket, s3


def damage(path: Path) -> None:
    path.write_bytes(b"x" + path.read_bytes()[1:])


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3() as found:
        yield found


@pytest.mark.parametrize(
    ("database", "place"), [("sqlite", "folder"), ("postgres", "s3")], indirect=["database"]
)
def test_all_that_is_stored_comes_back(
    brought_up: Home, tmp_path: Path, database: str, place: str, bucket: Bucket
) -> None:
    url = str(tmp_path / "vault") if place == "folder" else f"{bucket.url}/{tmp_path.name}{database[:4]}"
    options = "[remote.s3]\n" + "".join(f"{name} = {value!r}\n" for name, value in bucket.options.items())
    (brought_up.folder / "moviec.toml").write_text(options)
    shutil.copytree(brought_up.folder / "sources", tmp_path / "sources")
    assert moviec("backup", url, "--home", brought_up.folder).returncode == 0
    deliver(brought_up, tmp_path)
    assert moviec("backup", url, "--home", brought_up.folder).returncode == 0
    again = moviec("backup", url, "--home", brought_up.folder)
    assert "0 of them new" in again.stdout
    before, shown = ledger(brought_up), documents(brought_up)
    history = select(brought_up, "SELECT number, at, movie, fields FROM changes ORDER BY number")
    for path in brought_up.folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (brought_up.folder / "moviec.toml").write_text(f'catalogue = "{database}"\n{options}')
    shutil.copytree(tmp_path / "sources", brought_up.folder / "sources")
    back = open_home(brought_up.folder, {})
    done = moviec("restore", url, "--home", brought_up.folder)
    assert done.returncode == 0, done.stderr
    assert (documents(back), ledger(back)) == (shown, before)
    assert select(back, "SELECT number, at, movie, fields FROM changes ORDER BY number") == history
    assert has_key(back, brought_up.folder)
    in_order(back)
    assert moviec("restore", url, "--home", brought_up.folder).returncode == 1, "never over what is there"
    for file in brought_up.folder.glob("catalogue.db*"):
        file.unlink()
    if place == "folder":  # what was restored is whole: its lake has a copy of the ledger, too
        assert moviec("rebuild", "--from-lake", "--home", brought_up.folder).returncode == 0
        assert documents(back) == shown


def test_a_backup_is_of_one_moment_while_others_publish(brought_up: Home, tmp_path: Path) -> None:
    stop = threading.Event()

    begun = threading.Event()

    def publish() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            file = tmp_path / "films.csv"
            file.write_text(FRESH.replace("9.1", f"9.{number % 10}"))
            at = f"2026-11-10T00:00:{number:02}"
            words = ("ingest", "festival", file, "--delivered-at", at, "--accept-shrink")
            assert started(*words, "--home", brought_up.folder).returncode == 0
            begun.set()

    publisher = threading.Thread(target=publish)
    publisher.start()
    begun.wait()
    made: list[Backup] = []
    while len(made) < 2 or made[0].manifest.last_change == made[-1].manifest.last_change:
        with open_run(brought_up) as context:
            made.append(backup(context, str(tmp_path / "vault")))
    stop.set()
    publisher.join()
    made = [made[0], made[-1]]
    assert made[0].manifest.last_change < made[-1].manifest.last_change
    for number, one in enumerate(made):
        folder = tmp_path / f"back{number}"
        shutil.copytree(brought_up.folder / "sources", folder / "sources")
        back = open_home(folder, {})
        done = moviec("restore", tmp_path / "vault", "--at", one.name, "--home", folder)
        assert done.returncode == 0, done.stderr
        assert select(back, "SELECT max(number) FROM changes") == [(one.manifest.last_change,)]
        in_order(back)
        (instant,) = select(back, "SELECT max(at) FROM changes")[0]
        assert export(back, tmp_path / f"out{number}") == export(
            brought_up, tmp_path / f"then{number}", "--as-of", str(instant)
        )


def test_old_backups_go_and_no_file_that_another_names(brought_up: Home, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    for number in range(3):
        deliver(brought_up, tmp_path, FRESH.replace("9.1", f"9.{number}"), f"2026-11-1{number}")
        assert moviec("backup", vault, "--home", brought_up.folder).returncode == 0
    assert moviec("backup", vault, "--keep", "2", "--home", brought_up.folder).returncode == 0
    kept = backups(brought_up, str(vault), tmp_path / "work").backups
    assert [path.name for path in sorted((vault / "backups").iterdir())] == [one.name for one in kept]
    assert len(kept) == 2
    for one in kept:
        folder = tmp_path / one.name
        shutil.copytree(brought_up.folder / "sources", folder / "sources")
        assert moviec("restore", vault, "--at", one.name, "--home", folder).returncode == 0
        in_order(open_home(folder, {}))


def test_a_backup_says_what_it_could_not_keep(brought_up: Home, tmp_path: Path) -> None:
    payload = next(path for path in (brought_up.folder / "lake" / "raw").rglob("*") if path.is_file())
    damage(payload)
    done = moviec("backup", tmp_path / "vault", "--home", brought_up.folder)
    assert done.returncode == 3
    assert payload.name in done.stderr
    back = moviec("restore", tmp_path / "vault", "--home", tmp_path / "back")
    assert back.returncode == 3 and "missing when the backup was made" in back.stderr
    assert documents(open_home(tmp_path / "back", {})) == documents(brought_up)


def test_a_damaged_backup_puts_nothing_into_the_catalogue(brought_up: Home, tmp_path: Path) -> None:
    assert moviec("backup", tmp_path / "vault", "--home", brought_up.folder).returncode == 0
    table = next((tmp_path / "vault").rglob("catalogue/documents.parquet"))
    damage(table)
    done = moviec("restore", tmp_path / "vault", "--home", tmp_path / "back")
    assert done.returncode == 1
    assert "documents.parquet" in done.stderr and done.stderr.splitlines()[-1].startswith("moviec: ")
    assert documents(open_home(tmp_path / "back", {})) == {}


def test_a_damaged_manifest_keeps_nobody_from_the_other_backups(brought_up: Home, tmp_path: Path) -> None:
    vault, home = tmp_path / "vault", ("--home", brought_up.folder)
    for number in range(3):
        deliver(brought_up, tmp_path, FRESH.replace("9.1", f"9.{number}"), f"2026-11-1{number}")
        assert moviec("backup", vault, *home).returncode == 0
    first, second, last = sorted(path.name for path in (vault / "backups").iterdir())
    damage(vault / "backups" / last / "manifest.json")
    listed = moviec("restore", vault, "--list", "--home", tmp_path / "nowhere")
    assert listed.returncode == 3 and second in listed.stdout and last in listed.stderr
    assert not (tmp_path / "nowhere").exists(), "who only looks makes nothing"
    newest = moviec("restore", vault, "--home", tmp_path / "back")
    assert newest.returncode == 1 and f"{last} is damaged" in newest.stderr and "--at" in newest.stderr
    assert moviec("backup", vault, "--keep", "1", *home).returncode == 0
    left = {path.name for path in (vault / "backups").iterdir()}
    assert last in left and not left & {first, second} and len(left) == 2
    assert moviec("restore", vault, "--home", tmp_path / "back").returncode == 0
    shutil.copytree(brought_up.folder / "sources", tmp_path / "back" / "sources")
    in_order(open_home(tmp_path / "back", {}))


def test_one_damaged_file_of_a_backup_keeps_nothing_else_from_coming_back(
    brought_up: Home, tmp_path: Path
) -> None:
    vault = tmp_path / "vault"
    assert moviec("backup", vault, "--home", brought_up.folder).returncode == 0
    payload, *_ = (path for path in sorted((vault / "raw").rglob("*")) if path.is_file())
    damage(payload)
    (vault / "identity").unlink()
    done = moviec("restore", vault, "--home", tmp_path / "back")
    assert done.returncode == 3 and payload.name in done.stderr
    back = open_home(tmp_path / "back", {})
    assert documents(back) == documents(brought_up)
    found = moviec("doctor", "--home", back.folder)
    assert payload.name in found.stdout + found.stderr
    assert moviec("backup", vault, "--verify", "--home", brought_up.folder).returncode == 0
    assert moviec("restore", vault, "--home", tmp_path / "whole").returncode == 0
    shutil.copytree(brought_up.folder / "sources", tmp_path / "whole" / "sources")
    in_order(open_home(tmp_path / "whole", {}))


def test_a_worker_does_not_work_on_a_home_that_is_half_restored(brought_up: Home, tmp_path: Path) -> None:
    shutil.copytree(brought_up.folder / "lake", tmp_path / "half" / "lake")
    done = moviec("worker", "--once", "--home", tmp_path / "half")
    assert done.returncode == 1 and "the catalogue has none" in done.stderr


def test_a_place_that_cannot_be_written_is_said_to_be_so(brought_up: Home, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    done = moviec("backup", tmp_path / "file" / "vault", "--home", brought_up.folder)
    assert done.returncode == 1
    assert "Not a directory" in done.stderr and "make room" not in done.stderr


def test_a_place_is_for_one_home(brought_up: Home, demo_home: Home, tmp_path: Path) -> None:
    assert moviec("backup", tmp_path / "vault", "--home", brought_up.folder).returncode == 0
    copy_tree(demo_home.folder, tmp_path / "demo")
    assert moviec("backup", tmp_path / "vault", "--home", tmp_path / "demo").returncode == 1
    refused = moviec("restore", tmp_path / "vault", "--home", tmp_path / "demo")
    assert refused.returncode == 1 and "not empty" in refused.stderr


def test_a_backup_of_a_lake_that_went_on_says_how_to_bring_it_up(brought_up: Home, tmp_path: Path) -> None:
    assert moviec("backup", tmp_path / "vault", "--home", brought_up.folder).returncode == 0
    deliver(brought_up, tmp_path)
    shown, before = documents(brought_up), ledger(brought_up)
    for file in brought_up.folder.glob("catalogue.db*"):
        file.unlink()
    done = moviec("restore", tmp_path / "vault", "--home", brought_up.folder)
    assert done.returncode == 3 and "rebuild --from-lake" in done.stderr
    assert moviec("rebuild", "--from-lake", "--home", brought_up.folder).returncode == 0
    assert (documents(brought_up), ledger(brought_up)) == (shown, before)
    in_order(brought_up)


def test_a_catalogue_that_is_lost_again_comes_back_again(brought_up: Home, tmp_path: Path) -> None:
    assert moviec("backup", tmp_path / "vault", "--home", brought_up.folder).returncode == 0
    shown, place = documents(brought_up), tmp_path / "other"
    shutil.copytree(brought_up.folder / "sources", place / "sources")
    for _ in range(2):  # the lake of the second is that of the first
        assert moviec("restore", tmp_path / "vault", "--home", place).returncode == 0
        again = open_home(place, {})
        assert documents(again) == shown
        in_order(again)
        for file in place.glob("catalogue.db*"):
            file.unlink()
    assert moviec("rebuild", "--from-lake", "--home", place).returncode == 0
    assert documents(again) == shown


def test_nothing_of_others_is_taken_for_a_backups(brought_up: Home, tmp_path: Path) -> None:
    other = tmp_path / "other" / "raw" / "zz" / "precious"
    other.parent.mkdir(parents=True)
    other.write_text("x")
    refused = moviec("backup", tmp_path / "other", "--keep", "1", "--home", brought_up.folder)
    assert (refused.returncode, "holds other files" in refused.stderr) == (1, True)
    vault = tmp_path / "vault"
    assert moviec("backup", vault, "--home", brought_up.folder).returncode == 0
    (vault / "raw" / "own").write_text("x")
    (vault / "backups" / "notes").mkdir()
    (vault / "backups" / "notes" / "x").write_text("x")
    for _ in range(2):
        assert moviec("backup", vault, "--keep", "1", "--home", brought_up.folder).returncode == 0
    assert (vault / "raw" / "own").exists() and (vault / "backups" / "notes" / "x").exists()
    assert other.exists()


@pytest.mark.parametrize("place", ["", "b", "lake", "lake/b"])
def test_a_home_is_no_place_for_its_backups(brought_up: Home, place: str) -> None:
    before = sorted(path for path in brought_up.folder.rglob("*") if path.is_file())
    done = moviec("backup", brought_up.folder / place, "--home", brought_up.folder)
    assert (done.returncode, "outside the home" in done.stderr) == (2, True)
    assert sorted(path for path in brought_up.folder.rglob("*") if path.is_file()) == before


def test_a_lost_catalogue_does_not_push_the_good_backups_out(brought_up: Home, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    assert moviec("backup", vault, "--home", brought_up.folder).returncode == 0
    for file in brought_up.folder.glob("catalogue.db*"):
        file.unlink()
    done = moviec("backup", vault, "--keep", "1", "--home", brought_up.folder)
    assert (done.returncode, "the catalogue has none" in done.stderr) == (1, True)
    assert moviec("restore", vault, "--home", brought_up.folder).returncode == 0


def test_a_damaged_file_of_a_backup_is_copied_again_when_it_is_read(brought_up: Home, tmp_path: Path) -> None:
    vault = tmp_path / "vault"
    assert moviec("backup", vault, "--home", brought_up.folder).returncode == 0
    payload = next(path for path in (vault / "raw").rglob("*") if path.is_file())
    damage(payload)
    assert "1 of them new" in moviec("backup", vault, "--verify", "--home", brought_up.folder).stdout
    assert moviec("restore", vault, "--home", tmp_path / "back").returncode == 0


def test_what_is_no_backup_is_an_error_of_one_line(brought_up: Home, tmp_path: Path) -> None:
    for words in (("restore", tmp_path / "nowhere"), ("restore", tmp_path / "nowhere", "--at", "2026")):
        done = moviec(*words, "--home", tmp_path / "back")
        assert done.returncode == 2
        assert done.stderr.count("\n") == 1
    empty = moviec("backup", tmp_path / "vault", "--home", tmp_path / "empty")
    assert empty.returncode == 1 and "nothing to back up" in empty.stderr
