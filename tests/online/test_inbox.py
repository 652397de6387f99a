"""Inboxes here, over SFTP and in S3: half-written files are left alone, each is taken once, and moved to where it says what became of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from moviec.cli import build
from tests.pipeline.test_downloads import FACTS
from tests.servers import s3, sftp

FILMS = b"no,title\n1,Alien\n2,Heat\n"


class Desk:
    """A home whose source `club` has an inbox."""

    def __init__(self, folder: Path, inbox: str, extra: str = "") -> None:
        self.home = folder / "home"
        place = self.home / "sources" / "club"
        place.mkdir(parents=True)
        (place / "source.toml").write_text(FACTS)
        self.settle(0, inbox, extra)

    def settle(self, seconds: int, inbox: str, extra: str = "") -> None:
        text = f'[sources.club]\ninbox = "{inbox}"\nsettle = {seconds}\n{extra}'
        (self.home / "moviec.toml").write_text(text)

    def run(self) -> Result:
        return CliRunner().invoke(build(["run"]), ["run", "--json", "--home", str(self.home)])

    def ran(self) -> list[dict[str, Any]]:
        done = self.run()
        assert done.exit_code in (0, 3), f"{done.exception!r} {done.output}"
        found: list[dict[str, Any]] = json.loads(done.stdout)
        return found


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    found = tmp_path / "in"
    found.mkdir()
    return found


def _below(folder: Path, name: str) -> list[str]:
    """Name what lies below a folder, without the time of day before the names."""
    found = [path for path in (folder / name).rglob("*") if path.is_file()]
    return sorted(path.name.split("-", 1)[1] for path in found)


def test_a_file_is_taken_once_and_moved(tmp_path: Path, inbox: Path) -> None:
    desk = Desk(tmp_path, str(inbox))
    (inbox / "films.csv").write_bytes(FILMS)
    (inbox / "scores.csv").write_bytes(b"no,runtime\n1,117\n")
    [done] = desk.ran()
    assert [len(one["report"]["rows"]) for one in done["deliveries"]] == [2], "both files are one delivery"
    assert _below(inbox, "processed") == ["films.csv", "scores.csv"]
    assert desk.ran() == []
    (inbox / "films.csv").write_bytes(FILMS)
    (inbox / "scores.csv").write_bytes(b"no,runtime\n1,117\n")
    [done] = desk.ran()
    assert [one["state"] for one in done["deliveries"]] == ["unchanged"], "the same bytes are recognised"
    assert _below(inbox, "processed") == ["films.csv", "films.csv", "scores.csv", "scores.csv"]


def test_a_file_that_is_written_to_is_left_alone(tmp_path: Path, inbox: Path) -> None:
    desk = Desk(tmp_path, str(inbox))
    desk.settle(3600, str(inbox))
    file = inbox / "films.csv"
    file.write_bytes(FILMS[:10])
    (inbox / "other.csv.part").write_bytes(b"x")
    (inbox / ".films.csv.swp").write_bytes(b"x")
    assert desk.ran() == []
    memory = desk.home / "downloads" / "club.inbox.json"
    assert list(json.loads(memory.read_text())) == ["films.csv"]
    _an_hour_passes(memory)
    with file.open("ab") as more:
        more.write(FILMS[10:])
    assert desk.ran() == [], "it has grown since"
    _an_hour_passes(memory)
    [done] = desk.ran()
    assert [one["records"] for one in done["deliveries"]] == [2]


def test_what_cannot_be_read_lies_in_failed_beside_why(tmp_path: Path, inbox: Path) -> None:
    desk = Desk(tmp_path, str(inbox))
    (inbox / "films.csv").write_bytes(b"number,name\n1,Alien\n")
    (inbox / "holiday.jpg").write_bytes(b"x")
    done = desk.run()
    assert done.exit_code == 3
    assert "it was moved to failed/" in done.stderr
    assert _below(inbox, "failed") == ["films.csv", "films.csv.why.txt", "holiday.jpg", "holiday.jpg.why.txt"]
    why = sorted(path.read_text() for path in inbox.rglob("*.why.txt"))
    assert any("no column no" in text for text in why)
    assert any("no file of club has this name" in text for text in why)
    assert desk.ran() == []


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def _an_hour_passes(memory: Path) -> None:
    seen = json.loads(memory.read_text())
    memory.write_text(json.dumps({name: {**one, "since": one["since"] - 3601} for name, one in seen.items()}))


@pytest.fixture(params=["sftp", "s3"])
def elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[Desk, Callable[[str, bytes], None], Callable[[], list[str]]]]:
    if request.param == "sftp":
        root = tmp_path / "root"
        (root / "in").mkdir(parents=True)
        with sftp(root, tmp_path / "known_hosts", "p@ss") as port:
            options = f'options = {{ known_hosts = "{tmp_path / "known_hosts"}", allow_agent = false, look_for_keys = false }}'
            desk = Desk(tmp_path, f"sftp://films:p%40ss@127.0.0.1:{port}/in", options)
            yield (
                desk,
                lambda name, data: _write(root / "in" / name, data),
                lambda: sorted(
                    os.fsdecode(path.relative_to(root / "in"))
                    for path in (root / "in").rglob("*")
                    if path.is_file()
                ),
            )
    else:
        with s3() as bucket:
            options = f"options = {{ {', '.join(f'{key} = {json.dumps(text)}' for key, text in bucket.options.items())} }}"
            desk = Desk(tmp_path, f"{bucket.url}/in", options)
            yield (
                desk,
                lambda name, data: bucket.put(f"in/{name}", data),
                lambda: sorted(name.removeprefix("in/") for name in bucket.names()),
            )


def test_inboxes_elsewhere(
    elsewhere: tuple[Desk, Callable[[str, bytes], None], Callable[[], list[str]]],
) -> None:
    desk, put, names = elsewhere
    put("films.csv", FILMS)
    [done] = desk.ran()
    assert [one["records"] for one in done["deliveries"]] == [2]
    [name] = names()
    assert name.startswith("processed/") and name.endswith("-films.csv")
    assert desk.ran() == []
    put("films.csv", b"number,name\n1,Alien\n")
    assert desk.run().exit_code == 3
    assert [name.partition("/")[0] for name in names()] == ["failed", "failed", "processed"]
