"""Every reader, facts of sources, and every route on bytes that a coverage-guided fuzzer makes up (atheris, libFuzzer's for Python).

`fuzz_guided.py [SECONDS [TARGET]]`: each target in a process of its own, ended where it takes more than 3 GB or 30 seconds for
one input. What is no MovieCError, and an answer of 500 or more, is a fault: it stops the target, and the input is kept.
Prints by target how many inputs were tried, how many of them led to new code, and what was found.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import atheris

MEMORY_MB, LONGEST_S, LONGEST_INPUT = 3_000, 30, 8_192

TARGETS = ("cells", "listed", "recognised", "delivered", "ratings", "claims", "facts", "route")


def fuzz(name: str, seconds: int, folder: Path) -> None:
    """Try a target for so long; ends the process."""
    with atheris.instrument_imports(include=["moviec"]):
        from fuzz_targets import SEEDS, Target
        from moviec.errors import MovieCError
    attempt: Callable[[bytes], None] = getattr(Target(folder), name)

    def once(data: bytes) -> None:
        with contextlib.suppress(MovieCError):
            attempt(data)

    corpus = folder / "corpus"
    corpus.mkdir()
    for seed, text in SEEDS.items():
        (corpus / seed).write_bytes(text)
        (corpus / f"{seed}-1").write_bytes(b"\x01" + text)
    options = [
        f"-max_total_time={seconds}", f"-rss_limit_mb={MEMORY_MB}", f"-timeout={LONGEST_S}", f"-max_len={LONGEST_INPUT}",
        "-print_final_stats=1", f"-artifact_prefix={folder}/", "-seed=17", "-detect_leaks=0",
    ]  # fmt: skip
    atheris.Setup([sys.argv[0], *options, str(corpus)], once)
    atheris.Fuzz()


def main() -> None:
    """Try each target in a process of its own, and print what came of it."""
    seconds = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    failed = 0
    for name in sys.argv[2:] or TARGETS:
        with tempfile.TemporaryDirectory() as folder:
            if name == "route":
                films = Path(folder) / "films.csv"
                films.write_bytes(
                    b"title,year,director\n"
                    + b"".join(b"Film %d,%d,Ann Lee\n" % (n, 1950 + n) for n in range(60))
                )
                ingest = [sys.executable, "-m", "moviec", "ingest", str(films), "--home", f"{folder}/home"]
                subprocess.run(ingest, check=True, capture_output=True)
            begun = time.monotonic()
            done = subprocess.run(
                [sys.executable, __file__, "--one", name, str(seconds), folder], capture_output=True, text=True, check=False, errors="replace"
            )  # fmt: skip
            said = done.stdout + done.stderr
            stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", said))
            covered = re.findall(r"cov: (\d+)", said)
            peak = stats.get("peak_rss_mb", "?")
            print(
                f"{name}: {int(stats.get('number_of_executed_units', 0)):,} inputs in {time.monotonic() - begun:.0f} s,"
                f" {int(stats.get('new_units_added', 0)):,} led to new code, {covered[-1] if covered else '?'} places reached,"
                f" {peak} MB at most",
                flush=True,
            )
            if done.returncode:
                failed += 1
                print("\n".join(said.strip().splitlines()[-40:]), flush=True)
                for kept in Path(folder).glob("*-[0-9a-f]*"):
                    if kept.is_file():
                        print(f"{kept.name}: {kept.read_bytes()!r}", flush=True)
    raise SystemExit(failed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        fuzz(sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
    else:
        main()
