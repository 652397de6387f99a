"""No payload, however damaged, ends in anything but rows, rejected rows or one clear error; and no row goes missing."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moviec.engine import DuckEngine
from moviec.errors import PayloadError
from moviec.model import FIELDS
from moviec.sources.readers.tabular import stage_all
from moviec.sources.registry import find_sources
from moviec.sources.spec import FileSpec, Format, Staged, Wanted
from tests.engines import new_engine
from tests.examples import some
from tests.sources.reading import on_disk
from tests.sources.test_stage import source_of

ROWS = [{"id": str(n), "title": f'A "film", číslo {n}', "year": str(1900 + n)} for n in range(1, 8)]

quick = settings(
    max_examples=some(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _parquet() -> bytes:
    file = BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), file)
    return file.getvalue()


PAYLOADS: dict[Format, bytes] = {
    "csv": b"id,title,year\n"
    + b"".join(
        f'{r["id"]},"{r["title"].replace(chr(34), chr(34) * 2)}",{r["year"]}\n'.encode() for r in ROWS
    ),
    "tsv": b"id\ttitle\tyear\n" + b"".join("\t".join(r.values()).encode() + b"\n" for r in ROWS),
    "jsonl": b"".join(json.dumps(r).encode() + b"\n" for r in ROWS),
    "json": json.dumps(ROWS, indent=1).encode(),
    "parquet": _parquet(),
}


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    with new_engine() as engine:
        yield engine


def stage(engine: DuckEngine, spec: FileSpec, payload: bytes) -> Staged:
    with tempfile.TemporaryDirectory() as folder:
        path = on_disk(Path(folder), "films", payload)
        staged = stage_all(engine, source_of(spec), {"films": path}, Wanted(Path(folder), (*FIELDS, "line")))[
            0
        ]
        rows = engine.query("SELECT count(*) AS rows, count(_line) AS lines FROM films").to_pylist()[0]
        assert rows == {"rows": staged.count.kept, "lines": staged.count.kept}
    return staged


def spec_of(format: Format, unique: bool = True) -> FileSpec:
    columns: dict[str, tuple[str, ...]] = {"id": ("key",), "title": ("title",), "year": ("year",)}
    return FileSpec(("films",), "id", columns, ("title",), "[0-9]+", unique, format=format)


def accounted(staged: Staged) -> bool:
    count = staged.count
    return (
        count.read == count.kept + count.merged + count.skipped + count.rejected
        and count.rejected == staged.rejected.num_rows
        and count.repaired == staged.repaired.num_rows
        and all(row["line"] >= 1 for row in staged.rejected.to_pylist())
    )


edits = st.lists(
    st.tuples(
        st.integers(0, 2000),
        st.integers(0, 30),
        st.binary(max_size=12)
        | st.sampled_from([b'"', b"\n", b"\r\n", b"\r", b"\0", b"}", b"[", b"\xff", b"\\"]),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("format", list(PAYLOADS))
@quick
@given(edits=edits)
def test_damaged_bytes_give_rows_rejected_rows_or_one_clear_error(
    engine: DuckEngine, format: Format, edits: list[tuple[int, int, bytes]]
) -> None:
    payload = PAYLOADS[format]
    for at, cut, put in edits:
        at %= len(payload) + 1
        payload = payload[:at] + put + payload[at + cut :]
    try:
        staged = stage(engine, spec_of(format), payload)
    except PayloadError as error:
        assert "\n" not in str(error)
        assert "films.payload" in str(error)
    else:
        assert accounted(staged)


@pytest.mark.parametrize("format", list(PAYLOADS))
@quick
@given(payload=st.binary(max_size=200))
def test_any_bytes_at_all(engine: DuckEngine, format: Format, payload: bytes) -> None:
    try:
        assert accounted(stage(engine, spec_of(format), payload))
    except PayloadError as error:
        assert "\n" not in str(error)


lines = st.lists(
    st.one_of(
        st.builds(
            lambda n, t: json.dumps({"id": str(n), "title": t}).encode(), st.integers(0, 10**9), st.text()
        ),
        st.binary(max_size=30).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"")),
        st.sampled_from(
            [b"", b"  ", b"[]", b"3", b"null", b"{}", b'{"id": null}', b'{"id": "1", "title": "\\ud800"}']
        ),
    ),
    max_size=12,
)


@quick
@given(lines=lines)
def test_every_line_of_json_lines_is_a_row_or_blank(engine: DuckEngine, lines: list[bytes]) -> None:
    lines = [b'{"id": "1", "title": "first"}', *lines]
    staged = stage(engine, spec_of("jsonl", unique=False), b"\n".join(lines))
    filled = [number for number, line in enumerate(lines, 1) if line.strip(b" \t\0")]
    assert staged.count.read == len(filled)
    assert {row["line"] for row in staged.rejected.to_pylist()} <= set(filled)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r\0"), max_size=8)


@quick
@given(rows=st.lists(st.lists(cells, min_size=1, max_size=5), max_size=12))
def test_every_line_of_a_tsv_is_a_row_or_blank(engine: DuckEngine, rows: list[list[str]]) -> None:
    rows = [["id", "title", "year"], ["1", 'first "quoted', ""], *rows]
    text = "\n".join("\t".join(row) for row in rows)
    staged = stage(engine, spec_of("tsv", unique=False), text.encode())
    repaired = [int(row["reason"].split()[2]) for row in staged.repaired.to_pylist()]
    filled = sum(row != [""] for row in rows) - 1
    assert staged.count.read == filled - sum(repaired) + len(repaired)


@quick
@given(
    keys=st.lists(st.integers(0, 10**6), min_size=1, max_size=10),
    title=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
    broken=st.lists(
        st.tuples(st.integers(0, 10), st.sampled_from(["x", "1,2", "9,a,b,c", "," * 7])), max_size=4
    ),
)
def test_every_row_of_a_csv_is_read_whatever_stands_between(
    engine: DuckEngine, keys: list[int], title: str, broken: list[tuple[int, str]]
) -> None:
    quoted = '"' + title.replace('"', '""') + '"'
    rows = [f"{key},{quoted},1999" for key in keys]
    for at, line in broken:
        rows.insert(at % (len(rows) + 1), line)
    text = "id,title,year\n" + "".join(f"{row}\n" for row in rows)
    staged = stage(engine, spec_of("csv", unique=False), text.encode())
    assert staged.count.kept >= len(keys)
    assert accounted(staged)


@pytest.mark.parametrize("name", list(find_sources()))
def test_every_source_refuses_an_empty_file_with_one_line(
    engine: DuckEngine, name: str, tmp_path: Path
) -> None:
    source = find_sources()[name]
    role = next(iter(source.spec.files))
    with pytest.raises(PayloadError, match="the file is empty"):
        source.read(engine, {role: on_disk(tmp_path, role, b"")}, Wanted(tmp_path))
