"""The worker: does all there is to do, and sets aside what its schedule cannot take in."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from moviec.catalog.connect import connect
from moviec.catalog.ingest_queue import failed, replay
from moviec.config import open_home
from moviec.jobs import worker as schedule
from moviec.jobs.worker import Schedule
from moviec.pipeline.arrivals import IngestRequest, expected, take
from moviec.pipeline.opening import arriving, open_run
from moviec.search.location import current, position
from moviec.sources.registry import find_source
from tests.pipeline.test_due import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_once_publishes_what_a_dead_run_left_and_takes_in_what_is_due(desk: Desk) -> None:
    desk.drop("club/films.csv", "Alien")
    desk.settings(f"[sources.pub]\npath = '{desk.inbox}/club'\ncron = '* * * * *'\n")
    home = open_home(desk.home, {})
    source = find_source("club", home.folder)
    with open_run(home) as context, arriving(context) as alone:  # registered, and then the run dies
        [one] = expected(home, source.spec, IngestRequest([str(desk.inbox / "club")]))
        take(alone, source, one, False, lambda _: None)
    assert desk.moviec("worker", "--once").exit_code == 0
    state = json.loads(desk.moviec("status", "--json").stdout)
    assert sorted(state["deliveries"]) == ["club", "pub"]
    assert {one["name"]: one["value"] for one in state["checks"] if one["of"] == "catalogue"}[
        "queue_changes"
    ] == 0
    index = current(home.search)
    held = position(index) if index else None
    assert held is not None and held.change == 1, "one film, whom both list"


def test_a_source_that_keeps_failing_is_set_aside_until_it_is_replayed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedule, "PAUSE", 0.0)
    desk.drop("club/films.csv", "Alien")
    desk.settings(f"[sources.club]\npath = '{desk.inbox}/none'\n[sources.pub]\npath = '{desk.inbox}/club'\n")
    home = open_home(desk.home, {})
    waiting = Schedule(home)
    states = [[(one.source, one.state) for one in waiting.step(lambda _: None)] for _ in range(6)]
    assert states == [[("club", "failed"), ("pub", "done")], *[[("club", "failed")]] * 3, [], []]
    catalogue = connect(home.catalogue)
    with catalogue.connect() as connection:
        [letter] = failed(connection)
    assert (letter.follower, letter.subject["source"], letter.attempts) == (
        "schedule",
        "club",
        schedule.TRIES,
    )
    assert "no such file or folder" in letter.error
    shown = json.loads(desk.moviec("failures", "show", "1", "--json").stdout)
    assert shown["subject"] == letter.subject
    (desk.inbox / "club").rename(desk.inbox / "none")
    assert replay(catalogue, [letter.number]) == 1
    catalogue.dispose()
    assert [(one.source, one.state) for one in waiting.step(lambda _: None)] == [("club", "done")]


def test_what_failed_is_not_tried_again_before_its_pause(desk: Desk) -> None:
    desk.settings(f"[sources.club]\npath = '{desk.inbox}/none'\n")
    waiting = Schedule(open_home(desk.home, {}))
    assert [one.state for one in waiting.step(lambda _: None)] == ["failed"]
    assert waiting.step(lambda _: None) == []
    assert dt.timedelta(seconds=schedule.PAUSE) > dt.timedelta(0)


@pytest.mark.parametrize("as_service", [True, False])
def test_a_worker_gives_way_to_servers_on_the_same_machine(tmp_path: Path, as_service: bool) -> None:
    """A service, which leads its session, with the session; one that was started from a terminal leaves that as it is."""
    (tmp_path / "moviec.toml").write_text("")
    words = [sys.executable, "-m", "moviec", "worker", "--home", str(tmp_path)]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, start_new_session=as_service) as process:
        assert process.stderr is not None and "working on" in process.stderr.readline()
        assert os.getpriority(os.PRIO_PROCESS, process.pid) >= 10
        session, own = Path(f"/proc/{process.pid}/autogroup"), Path("/proc/self/autogroup")
        if session.exists():  # the kernel shares time out by sessions
            told = session.read_text()
            assert told.endswith(" nice 10\n") if as_service else told == own.read_text()
        process.terminate()


#: The number of the call `setpriority`, by machine, and what the kernel calls the machine.
SETPRIORITY = {"x86_64": (141, 0xC000003E), "aarch64": (140, 0xC00000B7)}

#: Let this process ask for anything but another priority, as `SystemCallFilter=~@resources` does; then be the command that is given.
FILTERED = """
import ctypes, os, struct, sys
call, machine = int(sys.argv[1]), int(sys.argv[2])
steps = ((0x20, 0, 0, 4), (0x15, 1, 0, machine), (0x06, 0, 0, 0x7FFF0000), (0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x00050001),
         (0x06, 0, 0, 0x7FFF0000))
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, program, 0, 0) == 0, os.strerror(ctypes.get_errno())
try:
    os.setpriority(os.PRIO_PROCESS, 0, 10)
except PermissionError:
    os.execv(sys.executable, [sys.executable, *sys.argv[3:]])
"""


@pytest.mark.skipif(
    platform.machine() not in SETPRIORITY, reason="the call's number is not known on this machine"
)
def test_a_worker_that_may_not_change_its_priority_works_all_the_same(tmp_path: Path) -> None:
    """As in the sandbox of deploy/systemd, which sets the priority itself."""
    words = [*map(str, SETPRIORITY[platform.machine()]), "-m", "moviec", "worker", "--home", str(tmp_path)]
    with subprocess.Popen(
        [sys.executable, "-c", FILTERED, *words], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None and "working on" in process.stderr.readline()
        process.terminate()
        assert process.wait(60) == 0, process.stderr.read()
