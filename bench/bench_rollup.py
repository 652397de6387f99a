"""The one-shot job on 900,000 rows, against DuckDB copying the same CSV to Parquet and the usual pandas script.

Bars: at most 1.25 times the copy, under 600 MB, at least 8 times faster than pandas.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from measure import REAL, Cost, grown_movies, in_turn, python, run, without_peers

ROWS = 900_000

FLOOR = """
import csv, duckdb, sys
columns = {name: "VARCHAR" for name in next(csv.reader(open(sys.argv[1], encoding="utf-8", newline="")))}
rows = duckdb.read_csv(sys.argv[1], columns=columns, auto_detect=False, header=True, sep=",", quotechar='"', escapechar='"')
rows.write_parquet(sys.argv[2])
"""

PANDAS = """
import ast, sys
import pandas as pd
films = pd.read_csv(sys.argv[1], dtype=str)
films["revenue"] = pd.to_numeric(films["revenue"], errors="coerce")
films["budget"] = pd.to_numeric(films["budget"], errors="coerce")
films["popularity"] = pd.to_numeric(films["popularity"], errors="coerce")
films["date"] = pd.to_datetime(films["release_date"], errors="coerce")
films = films[(films["status"] == "Released") & (films["revenue"] > 0) & films["date"].notna()].copy()
films["year"], films["month"] = films["date"].dt.year, films["date"].dt.month
films["profit"] = films["revenue"] - films["budget"]
for column in ("genres", "production_companies"):
    films[column] = films[column].map(lambda cell: [item["id"] for item in ast.literal_eval(cell)])
    rows = films.explode(column)
    sums = rows.groupby([column, "year", "month"]).agg(
        {"budget": "sum", "revenue": "sum", "profit": "sum", "popularity": ["sum", "mean", "median", "max"], "id": list})
    sums.to_pickle(f"{sys.argv[2]}/{column}")
"""


def show(name: str, cost: Cost, floor: Cost) -> None:
    """Print one line of the table."""
    ratio = cost.seconds / floor.seconds
    print(f"{name:28}{cost.seconds:8.1f} s{cost.cpu:8.1f} cpu{cost.megabytes:8.0f} MB{ratio:8.2f} × floor")


def main() -> None:
    """Measure and print."""
    if not REAL.exists():
        print("bench_rollup: skipped, the real deliveries are not beside the project")
        return
    movies = grown_movies(ROWS)
    with TemporaryDirectory() as folder:
        out, plain = Path(folder), without_peers()
        costs = in_turn(
            {
                "DuckDB CSV → Parquet (floor)": python(FLOOR, movies, out / "floor.parquet", program=plain),
                "moviec rollup": [
                    plain,
                    "-m",
                    "moviec",
                    "rollup",
                    str(movies),
                    "--out",
                    str(out / "rollup"),
                ],
            },
            rounds=5,
        )
        floor, job = costs.values()
        pandas = run(python(PANDAS, movies, out))
    print(f"one-shot job, {ROWS:,} rows, {movies.stat().st_size / 1e6:,.0f} MB; medians of 5, in turn")
    show("DuckDB CSV → Parquet (floor)", floor, floor)
    show("moviec rollup", job, floor)
    show("pandas + ast.literal_eval", pandas, floor)
    print(f"rollup is {pandas.seconds / job.seconds:.1f} × as fast as pandas")


if __name__ == "__main__":
    main()
