"""A JSON list of any size cut into its elements' texts, each with its line; broken stretches come out as pieces too.

Where a window of the file holds whole elements with one and the same gap between them, they are cut all at once; else
Python's own scanner finds where each ends. What is in an element is read later, by the engine.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple, TextIO

import msgspec

from moviec.engine.textfile.dialect import LONGEST_RECORD
from moviec.errors import PayloadError

_CHUNK = 1 << 20
_GAP = re.compile(r"[\s,\ufeff]*")
_NEXT = re.compile(r"\}\s*,\s*(?=\{)")
_DECODER = json.JSONDecoder()
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


class Piece(NamedTuple):
    """The text of one element, or of a stretch that is none, and the physical line where it starts."""

    line: int
    text: str


class _Window:
    """The part of the file that is being looked at: `text` from `at` on, which starts on `line`."""

    def __init__(self, file: TextIO) -> None:
        self.file = file
        self.text = ""
        self.at = 0
        self.line = 1
        self.passed = 0  # characters of the file before `text`
        self.ended = False

    def more(self) -> bool:
        """Read on; False when the file has ended."""
        chunk = self.file.read(_CHUNK)
        self.ended = not chunk
        self.passed += self.at
        self.text = self.text[self.at :] + chunk
        self.at = 0
        return not self.ended

    def take(self, end: int) -> Piece:
        """Move on to `end`, and give what was passed."""
        piece = Piece(self.line, self.text[self.at : end])
        self.line += piece.text.count("\n")
        self.at = end
        return piece

    def skip_gap(self) -> str:
        """Move past blanks and commas; return the next character, or nothing at the end of the file."""
        while True:
            found = _GAP.match(self.text, self.at)
            self.take(found.end() if found else self.at)
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""


def cut(path: Path) -> Iterator[Piece]:
    """Yield the elements of a JSON list in order.

    Where an element is no JSON, the stretch up to the next that may begin is one piece; a list without an end gives
    a last piece that says so. Raises PayloadError where the file is no list.
    """
    with path.open(encoding="utf-8", errors="backslashreplace", newline="") as file:
        window = _Window(file)
        if window.skip_gap() != "[":
            raise PayloadError(
                "the file is no JSON list", path.name, "it should begin with [ and hold objects"
            )
        window.take(window.at + 1)
        first = window.skip_gap()
        resync = _start_of_next(window.text[: window.at])
        singly = 0  # up to here in the file the elements have to be cut one by one
        while first not in ("", "]"):
            if window.passed + window.at >= singly:
                yield from (run := _run(window))
                singly = 0 if run else window.passed + len(window.text)
            else:
                yield _element(window, resync)
            first = window.skip_gap()
        if not first:
            yield Piece(window.line, "(the file ends before the list does)")
            return
        window.take(window.at + 1)
        while window.skip_gap():
            yield window.take(len(window.text))


def _start_of_next(before: str) -> re.Pattern[str]:
    """Say how a next element begins: where the first stood on its own line, by the same indentation."""
    indentation = before[before.rfind("\n") + 1 :]
    if "\n" in before and not indentation.strip():
        return re.compile(rf"\n(?={indentation}\{{)")
    return _NEXT


def _run(window: _Window) -> list[Piece]:
    """Cut all whole elements of the window at once; nothing where they are not alike in the gap between them."""
    text, at = window.text, window.at
    try:
        _, end = _DECODER.raw_decode(text, at)
        found = _GAP.match(text, end)
        gap = found[0] if found else ""
        last = text.rfind(gap + text[at], end) if "," in gap else -1
        elements = [bytes(raw) for raw in _ELEMENTS.decode(f"[{text[at:last]}]")] if last > 0 else []
    except (ValueError, RecursionError):  # no JSON here, or not yet
        return []
    between = gap.encode()
    if between.join(elements) != text[at:last].encode():
        return []
    step = between.count(b"\n")
    lines = accumulate((element.count(b"\n") + step for element in elements), initial=window.line)
    window.take(last)
    return [Piece(line, element.decode()) for line, element in zip(lines, elements, strict=False)]


def _element(window: _Window, resync: re.Pattern[str]) -> Piece:
    while True:
        try:
            _, end = _DECODER.raw_decode(window.text, window.at)
            if end < len(window.text) or window.ended or not window.more():
                return window.take(end)
        except (json.JSONDecodeError, RecursionError):
            if len(window.text) - window.at > LONGEST_RECORD or not window.more():
                break
    found = resync.search(window.text, window.at + 1)
    return window.take(found.end() if found else len(window.text))
