"""Temporary folders: a living one is left alone, one of a killed process is removed by the next run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from moviec.work import left_behind, work_folder, written_aside

HOLD = "import sys, time; from pathlib import Path; from moviec.work import work_folder\nwith work_folder(Path(sys.argv[1])) as folder: print(folder, flush=True); time.sleep(600)"


def test_the_folder_of_a_killed_process_is_removed_by_the_next_run_and_no_other(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    theirs = Path(process.stdout.readline().strip())
    (theirs / "rows").write_text("some")
    (tmp_path / "another").mkdir()
    with work_folder(tmp_path) as mine:
        assert theirs.exists() and left_behind(tmp_path) == []
    process.kill()
    process.wait()
    process.stdout.close()
    assert left_behind(tmp_path) == [theirs] and not mine.exists()
    with work_folder(tmp_path):
        assert not theirs.exists()
    assert [path.name for path in tmp_path.iterdir()] == ["another"]


def test_two_that_write_one_file_never_write_into_each_others(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("before")
    with written_aside(path) as one, written_aside(path) as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
        assert path.read_text() == "before"
    assert path.read_text() == "one"
    with pytest.raises(ZeroDivisionError), written_aside(path) as failed:
        failed.write_text(str(1 / 0))
    assert path.read_text() == "one"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_process_left_beside_a_file_goes_with_its_next_writing(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    left = tmp_path / ".pairs.csv.part-left"
    left.mkdir()
    (left / "pairs.csv").write_text("half")
    with written_aside(path) as part:
        part.write_text("whole")
    assert list(tmp_path.iterdir()) == [path] and path.read_text() == "whole"
