"""Every format is staged alike: the same rows whatever they are written in, and what is broken kept with its line."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from moviec.errors import PayloadError, UsageError
from moviec.model import FIELDS
from moviec.sources.readers.tabular import stage_all
from moviec.sources.registry import find_source
from moviec.sources.spec import FileSpec, Format, SourceSpec, Staged, Wanted
from moviec.sources.sql import film_columns
from tests.engines import new_engine
from tests.sources.reading import on_disk

COLUMNS: dict[str, tuple[str, ...]] = {"id": ("key",), "title": ("title",), "cast": ("people",)}


def source_of(spec: FileSpec) -> SourceSpec:
    return SourceSpec(name="films", title="", home_page="", licence="", attribution="", files={"films": spec})


def stage(spec: FileSpec, payload: str | bytes) -> tuple[Staged, list[dict[str, Any]]]:
    with tempfile.TemporaryDirectory() as folder, new_engine() as engine:
        path = on_disk(Path(folder), "films", payload)
        staged = stage_all(engine, source_of(spec), {"films": path}, Wanted(Path(folder), (*FIELDS, "line")))[
            0
        ]
        rows = engine.query("SELECT * EXCLUDE (_position) FROM films ORDER BY _position").to_pylist()
    return staged, rows


def of(format: Format, **facts: Any) -> FileSpec:
    return FileSpec(("films",), "id", COLUMNS, key_pattern="[0-9]+", format=format, **facts)


def rejected(staged: Staged) -> list[tuple[int, str, str]]:
    return [(row["line"], row["reason"], row["text"]) for row in staged.rejected.to_pylist()]


def parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return sink.getvalue().to_pybytes()


ROWS: list[dict[str, Any]] = [
    {"id": 1, "title": "Amélie", "cast": ["Audrey Tautou", 'Jamel "J" Debbouze']},
    {"id": 2, "title": None, "cast": None},
    {"id": 3, "title": "Play, Time", "cast": []},
]
WRITTEN: dict[Format, str | bytes] = {
    "csv": 'id,title,cast\n1,Amélie,"[""Audrey Tautou"",""Jamel \\""J\\"" Debbouze""]"\n2,,\n3,"Play, Time",[]\n',
    "tsv": 'id\ttitle\tcast\n1\tAmélie\t["Audrey Tautou","Jamel \\"J\\" Debbouze"]\n2\t\\N\t\\N\n3\tPlay, Time\t[]\n',
    "jsonl": "".join(json.dumps(row) + "\n" for row in ROWS),
    "json": json.dumps(ROWS),
    "parquet": parquet(ROWS),
}


@pytest.mark.parametrize("format", list(WRITTEN))
def test_the_format_makes_no_difference(format: Format) -> None:
    staged, rows = stage(of(format), WRITTEN[format])
    assert [(row["id"], row["title"]) for row in rows] == [("1", "Amélie"), ("2", None), ("3", "Play, Time")]
    assert [json.loads(row["cast"] or "null") for row in rows] == [ROWS[0]["cast"], None, []]
    assert (staged.count.read, staged.count.kept, staged.count.rejected) == (3, 3, 0)


@pytest.mark.parametrize("format", list(WRITTEN))
def test_a_format_is_told_by_bytes_or_name(format: Format, tmp_path: Path) -> None:
    path = on_disk(tmp_path, "films", WRITTEN[format]).rename(tmp_path / f"films.{format}")
    with new_engine() as engine:
        stage_all(engine, source_of(of("any")), {"films": path}, Wanted(tmp_path))
        assert engine.query("SELECT title FROM films WHERE id = '3'").to_pylist() == [{"title": "Play, Time"}]


def test_a_bad_line_of_json_lines_is_one_rejected_row_with_its_physical_line() -> None:
    payload = b'{"id": 1}\n\n{"id": 2, \n  \n[3]\n{"title": "no id"}\n{"id": 4, "title": "b\xff"}\n{"id": 5}'
    staged, rows = stage(of("jsonl"), payload)
    assert [(row["id"], row["_line"]) for row in rows] == [("1", 1), ("5", 8)]
    assert rejected(staged) == [
        (3, "not valid JSON", '{"id": 2, '),
        (5, "not a JSON object", "[3]"),
        (6, "id is empty, which is not a valid key", '{"title": "no id"}'),
        (7, "not UTF-8", '{"id": 4, "title": "b\\xff"}'),
    ]


def test_a_broken_object_in_a_pretty_printed_list_does_not_take_its_neighbours_along() -> None:
    payload = '[\n {"id": 1,\n  "title": "a"},\n {"id": 2,\n  "title": "b},\n {"id": 3,\n  "title": "c"}\n]\n'
    staged, rows = stage(of("json"), payload)
    assert [(row["id"], row["_line"]) for row in rows] == [("1", 2), ("3", 6)]
    assert [(line, reason) for line, reason, _ in rejected(staged)] == [(4, "not valid JSON")]
    assert '"title": "b}' in rejected(staged)[0][2]


def test_a_list_that_breaks_off_says_so() -> None:
    staged, rows = stage(of("json"), '[{"id": 1},\n{"id": 2},\n{"id": 3, "ti')
    assert [row["id"] for row in rows] == ["1", "2"]
    assert rejected(staged)[0] == (3, "not valid JSON", '{"id": 3, "ti')
    assert "the file ends before the list does" in rejected(staged)[1][2]


def test_a_minified_list_reads_as_a_pretty_one() -> None:
    many = [{"id": n, "title": "x" * (n % 50), "cast": [{"name": "[{}]"}]} for n in range(40_000)]
    _, pretty = stage(of("json"), json.dumps(many, indent=2))
    _, minified = stage(of("json"), json.dumps(many, separators=(",", ":")))
    assert [row["_line"] for row in pretty[:2]] == [2, 11]
    assert [{**row, "_line": 1} for row in pretty] == minified
    assert len(minified) == 40_000


def test_a_tsv_cell_may_hold_bare_quotes() -> None:
    staged, rows = stage(of("tsv"), 'id\ttitle\tcast\n1\t"Swing it" magistern\t"\n2\ttoo few\n3\t"\t\\N\n')
    assert [(row["id"], row["title"], row["cast"]) for row in rows] == [
        ("1", '"Swing it" magistern', '"'),
        ("3", '"', None),
    ]
    assert rejected(staged) == [(3, "too few columns", "2\ttoo few")]


def test_a_row_torn_by_a_line_break_in_a_tsv_is_won_back() -> None:
    staged, rows = stage(of("tsv"), "id\ttitle\tcast\n1\ta\tb\n2\ttorn\nin two\tc\n3\td\te\n")
    assert [(row["id"], row["title"], row["_line"]) for row in rows] == [
        ("1", "a", 2),
        ("2", "torn\nin two", 3),
        ("3", "d", 5),
    ]
    assert staged.count.repaired == 1


def test_a_row_without_a_key_in_parquet_is_rejected_with_its_values() -> None:
    staged, rows = stage(of("parquet"), parquet([{"id": 1, "title": "a"}, {"id": None, "title": "b"}]))
    assert [row["id"] for row in rows] == ["1"]
    assert rejected(staged)[0][:2] == (2, "id is empty, which is not a valid key")
    assert json.loads(rejected(staged)[0][2])["title"] == "b"


def test_rows_that_are_no_films_are_skipped_and_counted() -> None:
    payload = "id\ttitle\tcast\n1\ta\tmovie\n2\tb\ttvSeries\n3\tc\t\\N\nx\td\tmovie\n"
    staged, rows = stage(of("tsv", only={"cast": ("movie", "short")}), payload)
    assert [row["id"] for row in rows] == ["1"]
    count = staged.count
    assert (count.read, count.kept, count.skipped, count.rejected) == (4, 1, 2, 1)


def test_rows_are_alike_by_key_or_by_the_columns_the_facts_name() -> None:
    payload = '{"id": 1, "title": "a", "cast": "x"}\n{"id": 1, "title": "b", "cast": "x"}\n{"id": 2, "title": "b", "cast": "x"}\n{"id": 3, "cast": "x"}\n{"id": 4, "cast": "x"}'
    staged, rows = stage(of("jsonl"), payload)
    assert [(row["id"], row["title"]) for row in rows][:2] == [("1", "b"), ("2", "b")]
    assert staged.count.merged == 1
    staged, rows = stage(of("jsonl", alike=("title", "cast")), payload)
    assert [row["id"] for row in rows] == ["1", "2", "3", "4"], "a missing title is like no other"
    assert staged.count.merged == 1


def test_columns_that_the_facts_do_not_know_are_named() -> None:
    for format, payload in (
        ("csv", 'id,title,cast,,new "one"\n1,a,b,c,d\n'),
        ("jsonl", '{"id": 1}\n{"id": 2, "new \\"one\\"": 1, "unnamed column 4": 2}\n'),
        ("json", '[{"id": 1}, {"id": 2, "new \\"one\\"": 1, "unnamed column 4": 2}]'),
        ("parquet", parquet([{"id": 1, "unnamed column 4": 2, 'new "one"': 3}])),
    ):
        staged, _ = stage(of(format), payload)  # type: ignore[arg-type]
        assert set(staged.unknown_columns) == {"unnamed column 4", 'new "one"'}, format


def test_a_payload_of_another_kind_gives_one_clear_error() -> None:
    for format, payload, message in (
        ("json", '{"id": 1}', "the file is not a JSON list"),
        ("jsonl", '[{"id": 1}]', "no row of it has the column id"),
        ("parquet", "id,title\n1,a\n", "the Parquet file is damaged"),
        ("tsv", "id,title,cast\n1,a,b\n", "no column id"),
        ("csv", "\xff\xfei\0d\0".encode("latin-1"), "UTF-16"),
        ("jsonl", "  \n", "the file is empty"),
        ("json", "[]", "no row of it has the column id"),
        ("csv", "id,title,Title\n1,a,b\n", "occurs twice"),
    ):
        with pytest.raises(PayloadError, match=message):
            stage(of(format), payload)  # type: ignore[arg-type]


def test_a_delivery_without_its_files_is_a_wrong_call(tmp_path: Path) -> None:
    with new_engine() as engine, pytest.raises(UsageError, match="no file of this source"):
        stage_all(engine, source_of(of("csv", optional=True)), {}, Wanted(tmp_path))


@pytest.mark.parametrize(
    ("source", "roles", "keys"),
    [
        ("imdb", ("basics", "names", "akas"), {"basics": "tconst", "akas": "titleId"}),  # names are looked up
        ("kaggle", ("movies", "credits"), {"movies": "id", "credits": "id"}),
        ("rottentomatoes", ("movies",), {"movies": "rotten_tomatoes_link"}),
        ("rottentomatoes", ("movies", "listing"), {}),  # a film has other keys in each
        ("tmdb", ("movies", "companies"), {"movies": "id"}),
    ],
)
def test_rows_are_divided_by_film_where_each_file_has_its_key(
    source: str, roles: tuple[str, ...], keys: dict[str, str]
) -> None:
    assert film_columns(find_source(source).spec, roles) == keys
