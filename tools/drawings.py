"""The handbook's pictures, drawn from text: python -m tools.drawings docs/pictures

Each NAME.txt becomes NAME.svg. A line is a row of boxes joined by arrows, `title: what it is -> title: what it is`; a line that
begins with `->` hangs on the last box of the row before. Colours come from the page (currentColor), so both schemes can read them.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from html import escape
from pathlib import Path

import msgspec

#: Sizes in pixels: a box, the gaps beside and below it, a line of text, letters of a line.
WIDTH, BESIDE, BELOW, LINE, LETTERS = 172, 34, 30, 16, 22


class Box(msgspec.Struct, frozen=True):
    """A box: its title, and lines of what it is."""

    title: str
    lines: tuple[str, ...]


def rows_of(text: str) -> list[tuple[bool, list[Box]]]:
    """Read the rows: whether each hangs on the one before, and its boxes."""
    found = []
    for line in text.splitlines():
        if line.strip():
            words = [part.strip() for part in line.split("->")]
            hangs = not words[0]
            found.append((hangs, [_box(part) for part in words if part]))
    return found


def _box(text: str) -> Box:
    title, _, about = text.partition(":")
    return Box(title.strip(), tuple(textwrap.wrap(about.strip(), LETTERS)))


def draw(text: str) -> str:
    """Return the picture of a text."""
    rows = rows_of(text)
    widest = max(len(boxes) for _, boxes in rows)
    heights = [LINE * (2 + max(len(box.lines) for box in boxes)) for _, boxes in rows]
    width = widest * (WIDTH + BESIDE) - BESIDE + 4
    height = sum(heights) + BELOW * (len(rows) - 1) + 4
    body = "\n".join(_body(rows, heights))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        ' font-family="sans-serif" font-size="13" stroke-width="1.2">\n'
        "<style>svg{color:#333}@media(prefers-color-scheme:dark){svg{color:#bbb}}</style>\n"
        f"{body}\n</svg>\n"
    )


def _body(rows: list[tuple[bool, list[Box]]], heights: list[int]) -> Iterator[str]:
    top, last = 2, 0
    for (hangs, boxes), height in zip(rows, heights, strict=True):
        first = last if hangs and last + len(boxes) <= max(len(each) for _, each in rows) else 0
        if hangs:
            middle = 2 + last * (WIDTH + BESIDE) + WIDTH // 2
            target = 2 + first * (WIDTH + BESIDE) + WIDTH // 2
            yield _arrow(
                f"M{middle} {top - BELOW} V{top - BELOW // 2} H{target} V{top}", target, top, down=True
            )
        for place, box in enumerate(boxes, first):
            left = 2 + place * (WIDTH + BESIDE)
            yield f'<rect x="{left}" y="{top}" width="{WIDTH}" height="{height}" rx="6" fill="none" stroke="currentColor"/>'
            yield _text(left, top + LINE + 4, box.title, bold=True)
            for number, line in enumerate(box.lines, 2):
                yield _text(left, top + LINE * number + 4, line)
            if place > first:
                yield _arrow(
                    f"M{left - BESIDE} {top + height // 2} H{left}", left, top + height // 2, down=False
                )
        top, last = top + height + BELOW, first + len(boxes) - 1


def _text(left: int, y: int, text: str, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{left + WIDTH // 2}" y="{y}" text-anchor="middle" fill="currentColor"{weight}>{escape(text)}</text>'


def _arrow(path: str, x: int, y: int, down: bool) -> str:
    head = (
        f"M{x - 5} {y - 7} L{x} {y} L{x + 5} {y - 7}"
        if down
        else f"M{x - 7} {y - 5} L{x} {y} L{x - 7} {y + 5}"
    )
    return f'<path d="{path} {head}" fill="none" stroke="currentColor"/>'


def pictures(folder: Path) -> dict[Path, str]:
    """Return every picture of a folder by its file."""
    return {file.with_suffix(".svg"): draw(file.read_text("utf-8")) for file in sorted(folder.glob("*.txt"))}


if __name__ == "__main__":
    for target, picture in pictures(Path(sys.argv[1])).items():
        target.write_text(picture, "utf-8")
