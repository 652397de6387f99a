"""The row behind a record: found in files of every form, whole where it goes over lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from moviec.config import Home
from moviec.pipeline.opening import open_run
from moviec.pipeline.read_delivery import MOST_LETTERS, raw_row, row_at

CSV = 'id,title,overview\r\n1,Heat,"A thief\nand a ""cop"".\n"\r\n2,Ran,An old lord\r\n'
JSON_LIST = '[\n{\n"title": "Heat",\n"note": "{ not the end"\n},\n{"title": "Ran"}\n]\n'


@pytest.mark.parametrize(
    ("text", "line", "row"),
    [
        (CSV, 2, '1,Heat,"A thief\nand a ""cop"".\n"'),
        (CSV, 5, "2,Ran,An old lord"),
        (JSON_LIST, 2, '{\n"title": "Heat",\n"note": "{ not the end"\n}'),
        (JSON_LIST, 6, '{"title": "Ran"}'),
        ('a\tb\n1\tsaid "so\n2\tx\n', 2, '1\tsaid "so'),
        ("one\n", 7, ""),
    ],
)
def test_a_row_is_found_by_its_line(tmp_path: Path, text: str, line: int, row: str) -> None:
    plain, packed = tmp_path / "plain", tmp_path / "packed"
    plain.write_bytes(text.encode())
    packed.write_bytes(gzip.compress(text.encode()))
    assert row_at(plain, line) == row_at(packed, line) == row


def test_of_a_row_that_never_ends_the_beginning_is_given(tmp_path: Path) -> None:
    endless = tmp_path / "endless.csv"
    endless.write_text('1,"' + "word " * 100_000 + "\n" * 1_000)
    assert 0 < len(row_at(endless, 1)) <= MOST_LETTERS


def test_every_source_of_the_sample_shows_the_row_of_a_film(demo_home: Home) -> None:
    with open_run(demo_home) as context:
        kaggle = raw_row(context, "kaggle", "949")
        rotten = raw_row(context, "rottentomatoes", "m/heat_1995")
        imdb = raw_row(context, "imdb", "tt0113277")
        assert raw_row(context, "kaggle", "nobody") is None
    assert kaggle is not None and kaggle.fields["title"] == "Heat"
    assert kaggle.text.count("tt0113277") == 1 and "Heat" in kaggle.text and kaggle.file.startswith("movies")
    assert imdb is not None and imdb.text.startswith("tt0113277\t")
    if rotten is not None and rotten.text.startswith("{"):
        assert json.loads(rotten.text)["title"] == "Heat"
