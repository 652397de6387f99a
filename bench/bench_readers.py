"""Reading each source into records, against DuckDB copying the same bytes to Parquet; and peak memory at 1 and 100 times.

The real deliveries are grown with keys of their own. The engine may take MEMORY, whatever the size.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import CACHE, REAL, Cost, in_turn, python, run

MEMORY = "512MB"
TIMES = 10
FLAT = 100

FLOOR = """
import duckdb, sys
out, *files = sys.argv[1:]
engine = duckdb.connect(config={"memory_limit": "MEMORY"})
for number, file in enumerate(files):
    if file.endswith("json"):
        rows = f"read_json('{file}', format = 'array')"
    elif file.endswith("jsonl"):
        rows = f"read_json('{file}', format = 'newline_delimited')"
    else:
        tab = file.endswith("tsv")
        names = open(file, encoding="utf-8").readline().strip().split("\\t" if tab else ",")
        columns = {name: "VARCHAR" for name in names}
        how = "delim = '\\t', quote = '', escape = ''" if tab else "delim = ',', quote = '\\"'"
        rows = f"read_csv('{file}', columns = {columns}, auto_detect = false, header = true, {how})"
    engine.execute(f"COPY (SELECT * FROM {rows}) TO '{out}/{number}.parquet' (COMPRESSION zstd)")
""".replace("MEMORY", MEMORY)

READ = """
import sys
from pathlib import Path
from moviec.engine import DuckEngine, Limits
from moviec.sources.spec import Wanted
from moviec.sources.registry import find_source
name, out, *files = sys.argv[1:]
roles = {file.split("=")[0]: Path(file.split("=")[1]) for file in files}
with DuckEngine(Limits(memory="MEMORY")) as engine:
    find_source(name).read(engine, roles, Wanted(Path(out)))
    engine.write("SELECT * FROM records", Path(out) / "records.parquet")
""".replace("MEMORY", MEMORY)

Grow = Callable[[str, int], str]


def later_numbers(pattern: str, step: int, digits: int = 1) -> Grow:
    """Shift the numbers that stand in a key by a step for each copy."""
    found = re.compile(pattern)
    return lambda line, copy: found.sub(lambda m: f"{m[1]}{int(m[2]) + copy * step:0{digits}}", line)


def later_names(pattern: str) -> Grow:
    """Put the number of the copy behind what a pattern finds."""
    found = re.compile(pattern)
    return lambda line, copy: found.sub(lambda m: f"{m[0]}_{copy}", line)


IMDB = later_numbers(r"(\b(?:tt|nm))([0-9]{7,8})\b", 40_000_000, digits=7)
FIRST = later_numbers(r"^()([0-9]+)", 300_000)
SECOND = later_numbers(r"^([0-9]+,)([0-9]+)", 300_000)
SOURCES: dict[str, dict[str, tuple[str, Grow]]] = {
    "imdb": {
        "basics": ("title.basics.tsv", IMDB),
        "ratings": ("title.ratings.tsv", IMDB),
        "crew": ("title.crew.tsv", IMDB),
        "names": ("name.basics.tsv", IMDB),
    },
    "movielens": {
        "movies": ("movies.csv", FIRST),
        "links": ("links.csv", FIRST),
        "ratings": ("ratings.csv", SECOND),
        "tags": ("tags.csv", SECOND),
    },
    "rottentomatoes": {"listing": ("movie_info.json", later_names(r"/m/[^\"]+"))},
    "wikipedia": {"films": ("movies.jsonl", later_names(r"(?<=\"href\": \")[^\"]+"))},
}


def grown(source: str, name: str, grow: Grow, times: int) -> Path:
    """Write a real file `times` over, each copy with its own keys; kept for the next run."""
    path = CACHE / f"{source}-{times}" / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        ready = path.with_suffix(".new")
        with ready.open("w", encoding="utf-8", newline="") as file:
            file.writelines(_lines(_text(source, name), name, grow, times))
        ready.rename(path)
    return path


def _text(source: str, name: str) -> str:
    path = REAL / source / name
    data = (
        path.read_bytes() if path.exists() else gzip.decompress((REAL / source / f"{name}.gz").read_bytes())
    )
    return data.decode()


def _lines(text: str, name: str, grow: Grow, times: int) -> Iterator[str]:
    if name.endswith(".json"):
        films = [json.dumps(film, indent=0, ensure_ascii=False) for film in json.loads(text)]
        for copy in range(times):
            yield from (
                ("," if copy or at else "[") + "\n" + grow(film, copy) for at, film in enumerate(films)
            )
        yield "\n]\n"
        return
    lines = text.removesuffix("\n").split("\n")
    if not name.endswith(".jsonl"):
        yield lines.pop(0) + "\n"
    for copy in range(times):
        yield from (grow(line, copy) + "\n" for line in lines)


def measure(source: str, times: int, rounds: int) -> tuple[float, Cost, Cost]:
    """Give the megabytes read, and what the plain copy and the reading cost."""
    files = {role: grown(source, name, grow, times) for role, (name, grow) in SOURCES[source].items()}
    with TemporaryDirectory() as out:
        roles = [f"{role}={path}" for role, path in files.items()]
        commands = {"floor": python(FLOOR, out, *files.values()), "read": python(READ, source, out, *roles)}
        costs = in_turn(commands, rounds) if rounds > 1 else {name: run(it) for name, it in commands.items()}
    return sum(path.stat().st_size for path in files.values()) / 1e6, costs["floor"], costs["read"]


def main() -> None:
    """Measure and print."""
    if not REAL.exists():
        print("bench_readers: skipped, the real deliveries are not beside the project")
        return
    print(
        f"reading into records and writing them, engine limited to {MEMORY}; medians of 3 at {TIMES} times, in turn"
    )
    for source in SOURCES:
        size, floor, read = measure(source, TIMES, rounds=3)
        _, _, once = measure(source, 1, rounds=1)
        large, _, many = measure(source, FLAT, rounds=1)
        print(
            f"{source:16}{size:7.0f} MB  copy {floor.seconds:5.1f} s  read {read.seconds:5.1f} s"
            f"  {read.seconds / floor.seconds:5.2f} × copy;  peak {once.megabytes:4.0f} MB at 1 ×,"
            f" {many.megabytes:4.0f} MB at {FLAT} × ({large:.0f} MB, {large / many.seconds:.0f} MB/s)"
        )


if __name__ == "__main__":
    main()
