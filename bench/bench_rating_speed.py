"""Rates a million films by five raters: seconds and peak memory, as a ratio to copying the same ratings to Parquet."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from moviec.engine import DuckEngine
from moviec.rating.arrays import prepare
from moviec.rating.table import fit, rated

RATERS = ("imdb", "tmdb", "movielens", "rottentomatoes", "metacritic")
COLUMNS = ["movie", "source", "value", "lowest", "highest", "votes"]


def made_up(engine: DuckEngine, films: int, path: Path) -> int:
    """Write films x raters of made-up ratings: a common quality, a rater's own taste, votes from one to many."""
    names = ", ".join(f"'{name}'" for name in RATERS)
    return engine.write(
        "SELECT 'tt' || lpad(film::VARCHAR, 8, '0') AS movie, source, 0.0 AS lowest, 100.0 AS highest,"
        " round(30 + 30 * (hash(film) % 1000) / 1000 + 30 * (hash(film, source) % 1000) / 1000) AS value,"
        " 1 + hash(source, film) % 5000 AS votes"
        f" FROM range({films}) t(film), (SELECT unnest([{names}]) AS source)",
        path,
    )


def main() -> None:
    """Copy, then rate, and print both."""
    films = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as folder, DuckEngine() as engine:
        ratings = Path(folder) / "ratings.parquet"
        made = made_up(engine, films, ratings)
        engine.parquet("made", [ratings])
        start = time.perf_counter()
        engine.write("SELECT * FROM made", Path(folder) / "copy.parquet")
        copied = time.perf_counter() - start
        start = time.perf_counter()
        raters = prepare(engine, COLUMNS, "made")
        model = fit(engine, raters)
        learned = time.perf_counter() - start
        count = sum(table.num_rows for table in rated(engine, raters, model))
        took = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{made} ratings copied in {copied:.1f} s; {count} films rated in {took:.1f} s ({learned:.1f} s of it fitting)"
    )
    print(f"ratio {took / copied:.1f}, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
