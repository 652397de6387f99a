"""Packs: whatever a killed process left, the next goes on with what was whole, and comes to the same file."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from moviec.storage.packs import Pack
from tests.examples import some

WORDS = st.lists(st.lists(st.text("ab \U0001f600", max_size=5), max_size=3), min_size=1, max_size=8)


def write(folder: Path, asks: list[list[str]]) -> None:
    """Write what is not there yet: each ask's lines, and how many asks are done."""
    with Pack(folder, "answers") as pack:
        for done in range(int(pack.reached.at or 0), len(asks)):
            pack.add([line.encode() for line in asks[done]], done + 1)


def whole(asks: list[list[str]]) -> bytes:
    return b"".join(line.encode() + b"\n" for lines in asks for line in lines)


@given(WORDS, st.data())
@settings(max_examples=some(200))
def test_a_pack_that_was_cut_anywhere_is_completed(asks: list[list[str]], data: st.DataObject) -> None:
    """The lines and the journal may each end anywhere behind what was flushed last, as a kill leaves them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, asks[: data.draw(st.integers(0, len(asks)))])
        for file in ("answers.lines", "answers.journal"):
            text = (folder / file).read_bytes()
            (folder / file).write_bytes(
                text[: data.draw(st.integers(0, len(text)))]
                + data.draw(st.sampled_from([b"", b'{"by', b"x\n"]))
            )
        write(folder, asks)
        with Pack(folder, "answers") as pack:
            packed = pack.finish("films")
            assert pack.reached.lines == 0
        if whole(asks):
            assert packed and gzip.decompress(packed.read_bytes()) == whole(asks)


def test_packs_are_numbered_and_the_same_lines_are_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        with Pack(tmp_path / name, "answers") as pack:
            for number in range(3):
                pack.add([b'{"id":"%d"}' % number], number)
                packed = pack.finish("films")
                assert packed
            assert pack.finish("films") is None
            made.append([(path.name, path.read_bytes()) for path in pack.finished("films")])
    assert [name for name, _ in made[0]] == [
        "films-0001.jsonl.gz",
        "films-0002.jsonl.gz",
        "films-0003.jsonl.gz",
    ]
    assert made[0] == made[1]


def test_a_pack_whose_process_died_between_file_and_journal_is_made_once(tmp_path: Path) -> None:
    with Pack(tmp_path, "answers") as pack:
        pack.add([b"a", b"b"], 2)
    lines, journal = (tmp_path / "answers.lines").read_bytes(), (tmp_path / "answers.journal").read_bytes()
    with Pack(tmp_path, "answers") as pack:
        first = pack.finish("films")
    (tmp_path / "answers.lines").write_bytes(lines)
    (tmp_path / "answers.journal").write_bytes(journal)
    with Pack(tmp_path, "answers") as pack:
        assert pack.finish("films") == first
        assert len(pack.finished("films")) == 1
