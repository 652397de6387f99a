"""What the benchmarks share: real deliveries grown to size, and whole processes timed with their peak memory."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

import msgspec

REAL = Path(__file__).resolve().parents[2] / "shared" / "data"
CACHE = Path(os.environ.get("MOVIEC_BENCH", "/tmp/moviec-bench"))  # noqa: S108 - large throw-away files


class Cost(msgspec.Struct, frozen=True):
    """One process: wall seconds, CPU seconds, peak resident memory in MB."""

    seconds: float
    cpu: float
    megabytes: float


def run(command: list[str]) -> Cost:
    """Run a command to its end and say what it cost. Raises CalledProcessError when it fails."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    if code:
        raise subprocess.CalledProcessError(
            code, command, stderr=process.stderr.read() if process.stderr else b""
        )
    return Cost(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


#: How often the processes of a tree are looked at, in seconds: what lives for less is missed.
LOOK = 0.5
_TICK = os.sysconf("SC_CLK_TCK")


def run_tree(command: list[str], accepted: tuple[int, ...] = (0,)) -> Cost:
    """Run a command to its end and say what it and every process that it started cost together (Linux only).

    Memory is the greatest sum of their proportional set sizes: pages that several share are counted once. Raises
    CalledProcessError where its status is none of those accepted.
    """
    started = time.perf_counter()
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=told)
        spent: dict[int, float] = {}
        peak = 0.0
        while process.poll() is None:
            there = _tree(process.pid)
            spent |= {pid: cpu for pid, (cpu, _) in there.items()}
            peak = max(peak, sum(megabytes for _, megabytes in there.values()))
            time.sleep(LOOK)
        seconds = time.perf_counter() - started
        if process.returncode not in accepted:
            told.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, stderr=told.read())
    return Cost(seconds, sum(spent.values()), peak)


def _tree(root: int) -> dict[int, tuple[float, float]]:
    """Return CPU seconds and megabytes of a process and its descendants."""
    parents: dict[int, int] = {}
    cpu: dict[int, float] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents[pid], cpu[pid] = int(fields[1]), (int(fields[11]) + int(fields[12])) / _TICK
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return {pid: (cpu[pid], _megabytes(pid)) for pid in found if pid in cpu}


def _megabytes(pid: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def in_turn(commands: dict[str, list[str]], rounds: int) -> dict[str, Cost]:
    """Run commands in turn, A B C A B C …, and give each one's medians, so that a noisy machine hits all alike."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(run(command))
    return {
        name: Cost(
            median(cost.seconds for cost in found),
            median(cost.cpu for cost in found),
            max(cost.megabytes for cost in found),
        )
        for name, found in costs.items()
    }


def python(code: str, *words: str | Path, program: str = sys.executable) -> list[str]:
    """Give the command that runs a piece of Python, in this environment unless another's `program` is given."""
    return [program, "-c", code, *map(str, words)]


def without_peers() -> str:
    """Give the Python of the project's own environment, or this one where there is none.

    The peers bring pandas, and pyarrow loads pandas where it finds it: half a second for a process that needs none.
    """
    own = Path(__file__).resolve().parents[1] / ".venv/bin/python"
    return str(own) if own.exists() else sys.executable


def grown_movies(rows: int) -> Path:
    """Grow the real movies_metadata.csv to `rows` rows with ids of their own; kept for the next run."""
    path = CACHE / f"movies_metadata-{rows}.csv"
    if path.exists():
        return path
    CACHE.mkdir(parents=True, exist_ok=True)
    with (REAL / "kaggle/movies_metadata.csv").open(encoding="utf-8", newline="") as text:
        header, *films = list(csv.reader(text))
    at = header.index("id")
    ready = path.with_suffix(".new")
    with ready.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(header)
        for number in range(rows):
            film = films[number % len(films)]
            writer.writerow(
                [*film[:at], str(int(film[at]) + 1_000_000 * (number // len(films))), *film[at + 1 :]]
            )
    ready.rename(path)
    return path
