"""Files that are too large or too strange are refused in one line, in little time and memory, wherever files are read."""

from __future__ import annotations

import gzip
import os
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviec.bounds import SMALL, Bounds, check_bounds, check_regular
from moviec.engine import DuckEngine
from moviec.errors import PayloadError, UsageError
from moviec.memory_guard import guarded_memory, over
from moviec.pipeline.read_delivery import ended_after
from moviec.storage.archives import unpack
from tests.commands import moviec

CHUNK = b"Heat,1995\n" * 100_000


def gzip_bomb(path: Path) -> None:
    with gzip.open(path, "wb", compresslevel=9) as file:
        file.write(b"title,year\n")
        for _ in range(SMALL // len(CHUNK) + 2):
            file.write(CHUNK)


def zip_bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive,
        archive.open("films.csv", "w") as file,
    ):
        file.write(b"title,year\n")
        for _ in range(SMALL // len(CHUNK) + 2):
            file.write(CHUNK)


def long_cell(path: Path) -> None:
    pq.write_table(pa.table({"title": ["a" * 20_000_000], "year": [1999]}), path, compression="zstd")


def repeated_cell(path: Path) -> None:
    titles = pa.DictionaryArray.from_arrays(pa.array([0] * 1000), pa.array(["a" * 20_000_000]))
    pq.write_table(pa.table({"title": titles}), path, compression="zstd")


def wide(path: Path) -> None:
    names = ["title", "year", *(f"c{n}" for n in range(10_000))]
    path.write_text(f"{','.join(names)}\n{','.join(['Heat', '1995', *['x'] * 10_000])}\n")


def wide_parquet(path: Path) -> None:
    pq.write_table(pa.table({"title": ["Heat"], **{f"c{n}": ["x"] for n in range(3_000)}}), path)


def many_rows(path: Path) -> None:
    pq.write_table(pa.table({"title": pa.nulls(5_000_000, pa.string())}), path)


def deep(path: Path) -> None:
    path.write_text("[" * 100_000 + "]" * 100_000)


def deep_lines(path: Path) -> None:
    path.write_text('{"title":"Heat","year":1995,"x":' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}\n")


def long_line(path: Path) -> None:
    path.write_text('title,year\n"' + "a" * 20_000_000 + '",1999\n')


def many_files(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(1_100):
            archive.writestr(f"films{number}.csv", "title,year\n")


def wide_letters(path: Path) -> None:
    path.write_bytes("title,year\nHeat,1995\n".encode("utf-32-le"))


HOSTILE: list[tuple[str, Callable[[Path], None], str]] = [
    ("films.csv.gz", gzip_bomb, "it unpacks to more than"),
    ("films.zip", zip_bomb, "it unpacks to more than"),
    ("films.parquet", long_cell, "has cells of more than 16,000,000 bytes"),
    ("films.parquet", repeated_cell, "has cells of more than 16,000,000 bytes"),
    ("films.csv", wide, "it has 10,002 columns, more than 2,000"),
    ("films.parquet", wide_parquet, "it has 3,001 columns"),
    ("films.parquet", many_rows, "it has 5,000,000 rows in"),
    ("films.json", deep, "cannot be read"),
    ("films.jsonl", deep_lines, "nested without end"),
    ("films.csv", long_line, "line 2 is longer than"),
    ("films.zip", many_files, "the zip has 1,100 files, more than 1,000"),
    ("films.csv", wide_letters, "zero bytes"),
]


@pytest.mark.parametrize(("name", "make", "message"), HOSTILE, ids=[make.__name__ for _, make, _ in HOSTILE])
def test_a_hostile_file_is_refused_in_one_line_and_leaves_nothing(
    tmp_path: Path, name: str, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / name
    make(path)
    done = moviec("ingest", path, "--home", tmp_path / "home")
    assert done.returncode in (1, 2), done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("moviec: ")]
    assert len(told) == 1 and message in told[0] and "Traceback" not in done.stderr
    assert not [file for file in (tmp_path / "home/lake").rglob("raw/*/*") if file.is_file()]


def test_what_is_no_file_with_an_end_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "films.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/zero"), Path("/proc/self/status"), tmp_path / "none.csv"):
        with pytest.raises(UsageError):
            check_regular(path)
        for words in (
            ("ingest", "imdb", path),
            ("ingest", path),
            ("rollup", path, "--out", tmp_path / "out"),
        ):
            done = moviec(*words, "--home", tmp_path / "home") if words[0] == "ingest" else moviec(*words)
            assert done.returncode == 2 and done.stderr.count("moviec: ") == 1, (words, done.stderr)


def test_bounds_are_settings(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "moviec.toml").write_text("[bounds]\ncolumns = 3\n")
    path = tmp_path / "films.csv"
    path.write_text("title,year,director,cast\nHeat,1995,Michael Mann,Al Pacino\n")
    assert "it has 4 columns, more than 3" in moviec("ingest", path, "--home", home).stderr
    (home / "moviec.toml").write_text("[bounds]\ncolumns = 0\n")
    done = moviec("status", "--home", home)
    assert done.returncode == 2 and "a bound must be above 0" in done.stderr


def test_what_many_people_have_passes(tmp_path: Path) -> None:
    path = tmp_path / "films.csv"
    path.write_text("title,year\n" + "Heat,1995\n" * 1000)
    packed = tmp_path / "films.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    (tmp_path / "work").mkdir()
    assert unpack(packed, tmp_path / "work")[0].read_bytes() == path.read_bytes()
    titles = [f"film {n % 5000} " + "x" * 200 for n in range(100_000)]
    pq.write_table(pa.table({"title": titles}), tmp_path / "films.parquet", compression="zstd")
    check_bounds(tmp_path / "films.parquet")
    with pytest.raises(PayloadError, match="unpacks to more than"):
        unpack(packed, tmp_path / "work", Bounds(unpacked=100))


def test_reading_without_end_is_ended() -> None:
    with (
        DuckEngine() as engine,
        pytest.raises(PayloadError, match=r"took longer than 0\.0001 hours"),
        ended_after(engine, 0.0001, "club"),
    ):
        engine.query(
            "SELECT count(*) FROM range(100000000) a, range(100000000) b WHERE a.range * b.range % 7 = 3"
        )


def test_a_process_stops_before_the_machine_has_no_memory_left() -> None:
    gigabyte = 1 << 30
    assert not over(2 * gigabyte, 16 * gigabyte, 100)
    assert over(15 * gigabyte, 16 * gigabyte, gigabyte)
    assert over(9 * gigabyte, 16 * gigabyte, 100 << 20)
    assert not over(9 * gigabyte, 16 * gigabyte, 5 * gigabyte)


def test_memory_is_watched_while_a_command_runs_and_no_longer() -> None:
    def watching() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "memory"]

    with guarded_memory():
        [watch] = watching()
    watch.join(10)
    assert not watching()
    moviec("--version")
    for thread in watching():
        thread.join(10)
    assert not watching()
