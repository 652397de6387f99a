"""CSV files with faults: every row is kept, merged or rejected, with its physical line, its reason and its text."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from moviec.engine import DuckEngine
from moviec.engine.textfile.rows import copy_rows
from moviec.errors import PayloadError
from moviec.sources.readers.lines import name_lines
from moviec.sources.readers.scan import read_header
from moviec.sources.readers.tabular import stage
from moviec.sources.spec import FileSpec, Staged, Wanted
from tests.examples import some

SPEC = FileSpec(
    names=("films",),
    key="id",
    key_pattern="[0-9]+",
    columns={"id": ("key",), "title": ("title",), "note": ("overview",)},
    required=("id", "title"),
)


def read(
    engine: DuckEngine, folder: Path, data: bytes
) -> tuple[Staged, list[tuple[str, str | None, str | None]]]:
    path = folder / "films.csv"
    path.write_bytes(data)
    staged = stage(engine, "films", SPEC, path, Wanted(folder))
    rows = engine.query("SELECT id, title, note FROM films ORDER BY _position").to_pylist()
    return staged, [(row["id"], row["title"], row["note"]) for row in rows]


def rejected(staged: Staged) -> list[tuple[int, str]]:
    return [(row["line"], row["text"]) for row in staged.rejected.to_pylist()]


def test_whole_rows_come_through_with_quotes_commas_and_line_breaks(
    engine: DuckEngine, tmp_path: Path
) -> None:
    staged, rows = read(engine, tmp_path, 'id,title,note\n1,"A, B","say ""x""\ntwice"\n2,Ça,\n'.encode())
    assert rows == [("1", "A, B", 'say "x"\ntwice'), ("2", "Ça", None)]
    assert (staged.count.read, staged.count.kept) == (2, 2)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"2,short", "too few columns"),
        (b"2,b,c,d,e", "too many columns"),
        (b'2,"' + b"b" * 20_000 + b'",c,d,e', "too many columns"),
        (b'2,"b"x,c', "a quote that does not close, or text after a closing quote"),
        (b"2,caf\xe9,c", "not UTF-8"),
        (b"x2,b,c", "id is 'x2', which is not a valid key"),
        (b",b,c", "id is empty, which is not a valid key"),
    ],
)
def test_one_bad_row_costs_no_other(engine: DuckEngine, tmp_path: Path, bad: bytes, reason: str) -> None:
    data = 'id,title,note\n1,é,"two\nlines"\n'.encode() + bad + b"\n3,c,d\n"
    staged, rows = read(engine, tmp_path, data)
    assert [row[0] for row in rows] == ["1", "3"]
    assert [(row["line"], row["reason"]) for row in staged.rejected.to_pylist()] == [(4, reason)]
    assert rejected(staged) == [(4, bad.decode("utf-8", "backslashreplace"))]


def test_an_unclosed_quote_gives_back_the_rows_it_swallowed(engine: DuckEngine, tmp_path: Path) -> None:
    staged, rows = read(engine, tmp_path, b'id,title,note\n1,a,b\n2,"open,c\n3,c,d\n4,"e",f\n5,g,h\n')
    assert [row[0] for row in rows] == ["1", "3", "4", "5"]
    assert rejected(staged) == [(3, '2,"open,c')]
    assert staged.count.repaired == 0
    assert staged.count.read == 5


@pytest.mark.parametrize("rows", [150, 60_000, 300_000])
def test_an_unclosed_quote_gives_back_all_it_swallowed_however_much(
    engine: DuckEngine, tmp_path: Path, rows: int
) -> None:
    head = [*(f"{n},a,b" for n in range(500)), '500,"open,c', *(f"{n},c,d" for n in range(501, 700))]
    tail = ['700,"two', 'lines",e', *(f"{n},{'x' * 70},d" for n in range(701, rows + 700))]
    staged, _ = read(engine, tmp_path, "\n".join(["id,title,note", *head, *tail]).encode())
    assert rejected(staged) == [(502, '500,"open,c')]
    assert staged.count.kept == rows + 699


def test_many_open_quotes_in_a_row_cost_their_own_lines(engine: DuckEngine, tmp_path: Path) -> None:
    lines = [f'{n},"open,c' if n % 3 else f'{n},"fine, and ""well""",c' for n in range(3_000)]
    staged, rows = read(engine, tmp_path, "\n".join(["id,title,note", *lines]).encode())
    assert [row[0] for row in rows] == [str(n) for n in range(0, 3_000, 3)]
    assert rejected(staged) == [(n + 2, f'{n},"open,c') for n in range(3_000) if n % 3]


def test_a_cell_of_megabytes_is_rejected_line_by_line(engine: DuckEngine, tmp_path: Path) -> None:
    cell = "\n".join(["x" * 500] * 5_000)
    staged, rows = read(engine, tmp_path, f'id,title,note\n1,a,b\n2,"{cell}",c\n3,d,e\n'.encode())
    assert [row[0] for row in rows] == ["1", "3"]
    assert "\n".join(text for _, text in rejected(staged)) == f'2,"{cell}",c'


def test_a_file_that_the_engine_passes_over_in_part_is_refused(engine: DuckEngine, tmp_path: Path) -> None:
    junk = "\n".join(["x" * 400] * 50_000)
    with pytest.raises(PayloadError, match="lines can be neither read nor rejected"):
        read(engine, tmp_path, f"id,title,note\n1,a,b\n{junk}\n3,d,e\n".encode())


def test_an_unclosed_quote_at_the_end_of_the_file(engine: DuckEngine, tmp_path: Path) -> None:
    staged, rows = read(engine, tmp_path, b'id,title,note\n1,a,b\n2,"open,c\n3,c,d\n4,e,f')
    assert [row[0] for row in rows] == ["1", "3", "4"]
    assert rejected(staged) == [(3, '2,"open,c')]


def test_a_torn_row_is_rejoined(engine: DuckEngine, tmp_path: Path) -> None:
    staged, rows = read(engine, tmp_path, b"id,title,note\n1,a,b\n2,torn\n here,c\n3,d,e\n")
    assert rows == [("1", "a", "b"), ("2", "torn\n here", "c"), ("3", "d", "e")]
    assert [row["line"] for row in staged.repaired.to_pylist()] == [3]
    assert staged.rejected.num_rows == 0


def test_pieces_that_are_not_adjacent_or_have_no_key_stay_rejected(
    engine: DuckEngine, tmp_path: Path
) -> None:
    staged, rows = read(engine, tmp_path, b"id,title,note\n2,torn\n1,a,b\n here,c\nx,torn\n here,c\n")
    assert [row[0] for row in rows] == ["1"]
    assert rejected(staged) == [(2, "2,torn"), (4, " here,c"), (5, "x,torn"), (6, " here,c")]


def test_of_two_rows_with_one_key_the_later_is_kept(engine: DuckEngine, tmp_path: Path) -> None:
    staged, rows = read(engine, tmp_path, b"id,title,note\n1,old,b\n2,x,y\n1,new,b\n 1 ,newest,b\n")
    assert sorted(rows) == [("1", "newest", "b"), ("2", "x", "y")]
    assert (staged.count.read, staged.count.kept, staged.count.merged) == (4, 2, 2)


def test_a_mended_row_takes_its_place_among_the_others(engine: DuckEngine, tmp_path: Path) -> None:
    _, rows = read(engine, tmp_path, b"id,title,note\n1,first,b\n1,torn\n second,c\n1,third,e\n")
    assert rows == [("1", "third", "e")]
    _, rows = read(engine, tmp_path, b"id,title,note\n1,first,b\n1,torn\n second,c\n")
    assert rows == [("1", "torn\n second", "c")]


def test_lines_that_end_now_one_way_now_another(engine: DuckEngine, tmp_path: Path) -> None:
    staged, rows = read(engine, tmp_path, b'id,title,note\n1,a,"b\r\nc"\r\n2,b,c\n3,short\r\n')
    assert rows == [("1", "a", "b\nc"), ("2", "b", "c")]
    assert rejected(staged) == [(5, "3,short")]


def test_unknown_columns_are_named_and_order_does_not_matter(engine: DuckEngine, tmp_path: Path) -> None:
    staged, rows = read(engine, tmp_path, b"new,title,id\nx,a,1\n")
    assert staged.unknown_columns == ("new",)
    assert rows == [("1", "a", None)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "films.csv: the file is empty"),
        (b"\n \n", "films.csv: the file is empty"),
        (b"id,title,note\n", "films.csv: no rows"),
        ("id,title,note\n1,a,b\n".encode("utf-16"), "films.csv: the file is in UTF-16; save it as UTF-8"),
        (b"<html><body>Not found</body></html>", "films.csv: no column id, title; its first line reads: <html><body>Not found</body></html>"),
        (b"id;title;note\n1;a;b\n", "films.csv: no column id, title; its first line reads: id;title;note"),
        (b"id,note\n1,b\n", "films.csv: no column title; its first line reads: id, note"),
        (b"id,title,title\n1,b,c\n", "films.csv: column title occurs twice in the header"),
        (b"id,title,note\nx,a,b\n", "films.csv: not one of 1 row could be read; the first: id is 'x', which is not a valid key"),
        (
            "id,title,note\n1,a,b\n2,café,c\n".encode("latin-1"),
            "films.csv: not UTF-8 (1 line, the first is line 3); save it as UTF-8; it looks like an 8-bit encoding such as Latin-1",
        ),
    ],
)  # fmt: skip
def test_a_file_that_is_something_else_is_refused_in_one_line(
    engine: DuckEngine, tmp_path: Path, data: bytes, message: str
) -> None:
    with pytest.raises(PayloadError) as error:
        read(engine, tmp_path, data)
    assert str(error.value) == message


def test_good_rows_know_their_physical_line(engine: DuckEngine, tmp_path: Path) -> None:
    text = 'id,title,note\n1,"a\nb",c\n2,short\n3,d,"e\n\nf"\n4,"open,c\n5,g,h\n6,"i",j\n7,k,l\n'
    path = tmp_path / "films.csv"
    path.write_text(text)
    file = copy_rows(engine, read_header(path, SPEC), ("id",), tmp_path / "rows.parquet")
    name_lines(engine, file, "places")
    ids = [
        str(row["id"]) for row in engine.query(f"SELECT id FROM read_parquet('{file.staged}')").to_pylist()
    ]
    lines = engine.query("SELECT line FROM places ORDER BY k").column(0).to_pylist()
    starts = {line.split(",")[0]: number for number, line in enumerate(text.split("\n"), start=1)}
    assert dict(zip(ids, lines, strict=True)) == {key: starts[key] for key in ids}


def test_blank_lines_are_counted(engine: DuckEngine, tmp_path: Path) -> None:
    staged, rows = read(engine, tmp_path, b"id,title,note\n\n1,a,b\n\n\nx,c,d\n")
    assert [row[0] for row in rows] == ["1"]
    assert rejected(staged) == [(6, "x,c,d")]


CELLS = st.text(alphabet="ab,\"\n'éß漢 ;\\", max_size=8)


@settings(max_examples=some(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=30))
def test_whatever_python_writes_is_read_back(
    engine: DuckEngine, tmp_path: Path, rows: list[tuple[str, str]]
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [("id", "title", "note"), *((n, *row) for n, row in enumerate(rows))]
    )
    staged, found = read(engine, tmp_path, text.getvalue().encode())
    assert staged.count.kept == len(rows)
    assert found == [(str(n), title or None, note or None) for n, (title, note) in enumerate(rows)]


JUNK = st.binary(max_size=300) | st.text(alphabet="1234,\"\n\r'éx ", max_size=300).map(
    lambda text: text.encode()
)


@settings(max_examples=some(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=JUNK)
@example(junk=b'\n0\n,,"')
def test_whatever_stands_in_a_file_no_row_is_lost_without_a_word(
    engine: DuckEngine, tmp_path: Path, junk: bytes
) -> None:
    try:
        staged, rows = read(engine, tmp_path, b"id,title,note\n1,a,b\n" + junk)
    except PayloadError as error:
        assert "\n" not in str(error)
        return
    count = staged.count
    assert count.read == count.kept + count.merged + count.rejected
    assert len(rows) == count.kept
    assert staged.rejected.num_rows == count.rejected


def test_a_line_too_long_for_the_engine_is_refused_before_it_is_lost(
    engine: DuckEngine, tmp_path: Path
) -> None:
    long = b"id,title,note\n1,a,b\n2,b," + b"x" * 34_000_000 + b"\n3,c,d\n"
    with pytest.raises(PayloadError, match="line 3 is longer than 16,000,000 bytes"):
        read(engine, tmp_path, long)


def test_bytes_that_are_no_text_do_not_reach_the_terminal(engine: DuckEngine, tmp_path: Path) -> None:
    with pytest.raises(PayloadError) as error:
        read(engine, tmp_path, b"PK\x05\x06\x00\x00\x1b[31m")
    assert str(error.value).isprintable()
