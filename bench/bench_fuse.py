"""Fusing and rating made-up movies of five sources each, documents and claims among it, as a ratio to copying their records.

Say how many movies (1,000,000 unless told). Also the cost per movie of a tenth of them: it must not depend on how many
there are.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pyarrow as pa

from measure import python, run
from members import facts, load_members
from moviec.engine import DuckEngine, Limits
from moviec.fusion.documents import documents
from moviec.fusion.model import shipped_model
from moviec.fusion.model_reports import outline
from moviec.fusion.movies import fuse_movies
from moviec.pipeline.fusing import Sliced, work_in_slices
from rating_data import DATA

COPY = "import sys, bench_fuse; bench_fuse.copy(*sys.argv[1:])"
FUSE = "import sys, bench_fuse; bench_fuse.fuse_all(*sys.argv[1:])"
JUDGE = "import sys, bench_fuse; bench_fuse.judge_all(*sys.argv[1:])"


def grow(films: int, path: Path) -> None:
    """Write made-up members (see grown_members.sql), in order of movie."""
    text = Path(__file__).with_name("grown_members.sql").read_text("utf-8")
    with DuckEngine(Limits(memory="3GB")) as engine:
        load_members(engine)
        engine.materialize("real_members", "SELECT * FROM members")
        engine.register("wanted", pa.table({"films": [films]}))
        engine.write(f"{text} ORDER BY movie, source", path)


def copy(members: str, target: str) -> None:
    """Copy the records: the floor."""
    with DuckEngine() as engine:
        engine.parquet("members", [members])
        engine.write("SELECT * FROM members", Path(target))


def fuse_all(members: str, folder: str) -> None:
    """Fuse every slice as a run of the pipeline would, and write documents and claims."""

    def work(engine: DuckEngine) -> int:
        fused = fuse_movies(engine, shipped_model(), facts())
        engine.register("shown", documents(engine, fused, facts().rules))
        engine.register("why", fused.claims)
        first = fused.claims["movie"][0]
        return engine.write("SELECT * FROM shown JOIN why USING (movie)", Path(folder) / f"{first}.parquet")

    with DuckEngine() as engine:
        work_in_slices(engine, Sliced(Path(members), {}), work)


def judge_all(members: str) -> None:
    """Do only what is decided: fields, genres, C-ratings; no lists, credits, documents or claims."""

    def work(engine: DuckEngine) -> int:
        return outline(engine, shipped_model(), facts()).values.num_rows

    with DuckEngine() as engine:
        work_in_slices(engine, Sliced(Path(members), {}), work)


def main() -> None:
    """Print the ratio, memory, and the cost per movie."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    films = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for count in (films // 10, films):
        with tempfile.TemporaryDirectory() as folder:
            members, out = Path(folder) / "members.parquet", Path(folder) / "out"
            out.mkdir()
            grow(count, members)
            floor = run(python(COPY, members, Path(folder) / "copy.parquet"))
            costs = {"whole": run(python(FUSE, members, out)), "decided only": run(python(JUDGE, members))}
        for name, cost in costs.items():
            print(
                f"{count:,} movies x 5 sources, {name}: {cost.seconds:.0f} s ({cost.cpu:.0f} s CPU),"
                f" {cost.cpu / floor.cpu:.0f} x the CPU of copying the records ({floor.cpu:.1f} s); {cost.megabytes:.0f} MB;"
                f" {1e6 * cost.cpu / count:.0f} µs CPU a movie"
            )


if __name__ == "__main__":
    main()
