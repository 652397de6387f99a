"""Temporary folders: a living one is left alone, one of a killed process is removed by the next run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from moviec.work import left_behind, work_folder

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
