"""Texts that the database keeps compressed come back as they were, and damage to one is told."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import pyarrow as pa
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.catalog.arrow import replace_rows, rows_of
from moviec.catalog.compression import NEWEST, compress, compress_all, decompress, decompress_sound
from moviec.catalog.connect import connect
from moviec.catalog.queries import documents_from
from moviec.catalog.schema.serving import documents
from moviec.config import Home
from moviec.errors import DamagedError
from tests.examples import some


@settings(max_examples=some(40))
@given(st.lists(st.none() | st.text(), max_size=5), st.sampled_from(sorted(NEWEST)))
def test_texts_come_back_as_they_were(texts: list[str | None], kind: str) -> None:
    frames = compress_all(pa.chunked_array([pa.array(texts, pa.string())]), kind).to_pylist()
    assert [None if frame is None else decompress(frame).decode() for frame in frames] == texts
    assert frames == [None if text is None else compress(text, kind) for text in texts]


def test_what_is_damaged_is_told() -> None:
    frame = compress('{"id":"mc1","title":"Heat"}', "films")
    for damaged in (b"", b"{}", frame[:-3], frame[:6] + b"\0\0" + frame[8:]):
        assert decompress_sound(damaged) == ""
        with pytest.raises(DamagedError, match="doctor --repair"):
            decompress(damaged)


def test_dictionaries_stay_as_they_were_shipped() -> None:
    """A catalogue needs the dictionary that its texts were compressed with: a changed one would make them unreadable."""
    folder = files("moviec.catalog").joinpath("dictionaries")
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in folder.iterdir()}
    assert found == {
        "credits-1.zdict": "aa961a55e599a872",
        "evidence-1.zdict": "a76bec6309f97f5b",
        "films-1.zdict": "2ae553b09904c5ac",
    }


def test_documents_are_stored_small_and_copied_as_they_are(demo_home: Home) -> None:
    """A seventh on made-up films; on the sample's, which are sparser, at most a quarter."""
    catalogue = connect(demo_home.catalogue)
    with catalogue.connect() as connection:
        stored = rows_of(connection, "documents")
        texts = dict(documents_from(connection, 0, 1_000))
        assert stored.schema.field("document").type == pa.binary()
        plain = sum(len(text.encode()) for text in texts.values())
        assert sum(len(frame or b"") for frame in stored["document"].to_pylist()) < plain / 4
        sums = dict(connection.execute(sa.select(documents.c.movie, documents.c.hash)).all())
    catalogue.dispose()
    assert {movie: hashlib.sha256(text.encode()).hexdigest() for movie, text in texts.items()} == sums


def test_a_copy_is_put_back_as_it_was(database: str, demo_home: Home) -> None:
    original, other = connect(demo_home.catalogue), connect(database)
    names = ("movies", "languages", "documents")
    with original.connect() as connection:
        parts = {name: rows_of(connection, name) for name in names}
        texts = documents_from(connection, 0, 1_000)
    with other.begin() as connection:
        replace_rows(connection, names, lambda name: [parts[name]])
        assert documents_from(connection, 0, 1_000) == texts
    original.dispose()
    other.dispose()
