"""Fusing the shared movies, documents and claims among it, as a ratio to copying the same records into Parquet.

Also per film for a tenth of them: the cost of a movie must not depend on how many there are.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from members import facts, load_members
from moviec.engine import DuckEngine
from moviec.fuse.artifact import shipped_model
from moviec.fuse.documents import documents
from moviec.fuse.movies import fuse_movies
from rating_data import DATA


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds that a piece of work takes, all threads together."""
    started = time.process_time()
    work()
    return time.process_time() - started


def fuse_all(members: Path, where: str) -> int:
    """Fuse some movies, as a run of the pipeline would; return how many."""
    with DuckEngine() as engine:
        engine.parquet("every_member", [members])
        engine.view("members", f"SELECT * FROM every_member WHERE {where}")
        fused = fuse_movies(engine, shipped_model(), facts())
        return documents(engine, fused, facts().rules).num_rows


def main() -> None:
    """Print the ratio and the cost per film."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    with tempfile.TemporaryDirectory() as folder, DuckEngine() as engine:
        members, copy = Path(folder) / "members.parquet", Path(folder) / "copy.parquet"
        records = load_members(engine)
        engine.write("SELECT * FROM members", members)
        movies = int(engine.query("SELECT count(DISTINCT movie) AS n FROM members").column(0)[0].as_py())
        engine.parquet("copied", [members])
        floor = cpu(lambda: engine.write("SELECT * FROM copied", copy))
        whole = cpu(lambda: fuse_all(members, "true"))
        tenth = cpu(lambda: fuse_all(members, "movie % 10 = 0"))
    print(
        f"{records} records, {movies} movies: fused in {whole:.1f} s CPU, {whole / floor:.0f} x copying them ({floor:.2f} s)"
    )
    print(f"per movie: {1e6 * whole / movies:.0f} µs of all, {1e6 * tenth * 10 / movies:.0f} µs of a tenth")


if __name__ == "__main__":
    main()
