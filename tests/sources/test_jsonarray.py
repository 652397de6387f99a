"""JSON lists cut into elements: many at once or one by one, the same pieces, and not a character lost."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moviec.sources.readers import json_files as jsonarray
from moviec.sources.readers.json_files import Piece, cut
from tests.conftest import real

VALUE = st.recursive(
    st.none()
    | st.integers()
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]) | st.sampled_from('},{\n"\\')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
FILM = st.dictionaries(st.text(max_size=3), VALUE, max_size=3)
GAP = st.sampled_from([",", ", ", ",\n", "\n,\n", ",\n\n  ", " , "])


def pieces(text: str, chunk: int, one_by_one: bool) -> list[Piece]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setattr(jsonarray, "_CHUNK", chunk)
        if one_by_one:
            patch.setattr(jsonarray, "_run", lambda window: [])
        path = Path(folder) / "films.json"
        path.write_bytes(text.encode())
        return list(cut(path))


@given(st.lists(FILM, min_size=1, max_size=12), GAP, GAP, st.integers(1, 200), st.sampled_from([None, 0, 2]))
def test_at_once_or_one_by_one_the_pieces_are_the_same(
    films: list[Any], gap: str, other: str, chunk: int, indent: int | None
) -> None:
    texts = [json.dumps(film, indent=indent, ensure_ascii=False) for film in films]
    half = len(texts) // 2
    text = "[\n" + gap.join(texts[: half + 1])
    text += "".join(other + one for one in texts[half + 1 :]) + "\n]\n"
    found = pieces(text, chunk, one_by_one=False)
    assert [piece.text for piece in found] == texts
    assert found == pieces(text, chunk, one_by_one=True)
    lines = text.split("\n")
    assert all(piece.text.split("\n")[0] in lines[piece.line - 1] for piece in found)


@given(
    st.lists(FILM, min_size=3, max_size=12), GAP, st.integers(1, 400), st.data(), st.sampled_from(["}", '"', "{", "x", ","])
)  # fmt: skip
def test_of_a_broken_list_nothing_is_lost(
    films: list[Any], gap: str, chunk: int, data: st.DataObject, junk: str
) -> None:
    text = "[" + gap.join(json.dumps(film, ensure_ascii=False) for film in films) + "]"
    at = data.draw(st.integers(1, len(text)))
    text = text[:at] + junk + text[at:]
    found = pieces(text, chunk, one_by_one=False)
    kept = "".join(piece.text for piece in found if not piece.text.startswith("(the file ends"))
    assert [c for c in kept if c not in ", \n[]"] == [c for c in text if c not in ", \n[]"]


def test_the_real_listing_is_cut_alike() -> None:
    text = real("rottentomatoes/movie_info.json").read_text("utf-8")
    found = pieces(text, 1 << 16, one_by_one=False)
    assert found == pieces(text, 1 << 16, one_by_one=True)
    assert [json.loads(piece.text) for piece in found] == json.loads(text)
