"""Finds where a table of text begins: its delimiter, the lines before its header, and a header if it has none.

Spreadsheets put a title over a table ("My films 2024"), sites a line about the export; lists of names have no header at
all.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from moviec.reading.dates import date, year_in
from moviec.reading.ids import imdb
from moviec.reading.layouts import ALIASES, MORE_ALIASES, plain_name, usual_columns

DELIMITERS = "\t,;|"
#: The delimiter of files without one: each line is one cell.
ONE_COLUMN = "\x1f"

#: The number of first lines that may contain the header, and by which a table is judged.
DEEPEST, LOOKED_AT = 20, 200

#: The share of cells by which a column is of a kind: the first line may be of a table without a header then.
MOST = 0.8

#: The name of the only column of a list of titles or files.
EACH_LINE = "title (each line)"

_FILE = re.compile(r"\.(?:mkv|mp4|m4v|avi|mov|wmv|mpe?g|ts|m2ts|iso|webm|flv)$", re.IGNORECASE)
_YEAR_BEHIND = re.compile(r"\S.*[(\[](?:18|19|20)\d\d[)\]]\s*$")
_NUMBER = re.compile(r"-?\d+(?:[.,]\d+)?")
_DAY = re.compile(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{2,4}")


class Start(NamedTuple):
    """The lines before a table's own, and the header that it gets where it has none."""

    lines: int = 0
    header: str | None = None


def is_video(name: str) -> bool:
    """Return whether a file is a film by its name."""
    return _FILE.search(name) is not None


def delimiter_of(line: str) -> str:
    """Return the delimiter of a header: the most frequent candidate outside quotes, by default a comma."""
    bare = re.sub(r'"[^"]*"', "", line)
    return max(DELIMITERS, key=lambda mark: (bare.count(mark), mark == ","))


def start_of(text: str, names: Collection[str] = (), suffix: str = "") -> Start:
    """Return where a table begins, given its first bytes `text`. `names`: columns named by the user."""
    lines = text.splitlines(keepends=True)[:LOOKED_AT]
    if text and not text.endswith("\n") and len(lines) > 1:
        lines = lines[:-1]
    if not lines or _is_header(_cells(lines[0], delimiter_of(lines[0])), names):
        return Start()
    headers = [
        at
        for at, line in enumerate(lines[1:DEEPEST], 1)
        if len(_filled(cells := _cells(line, delimiter_of(line)))) > 1 and _is_header(cells, names, fields=2)
    ]
    if headers:  # the last: a site's information on a list precedes the list
        return Start(headers[-1])
    made = _made_header(lines, suffix)
    ours = made and (not names or {*made} & {*names})
    return Start(0, (_steady_delimiter(lines) or "\t").join(made)) if made and ours else Start()


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter), [])]
    except csv.Error:
        return []


def _filled(cells: list[str]) -> list[str]:
    return [cell for cell in cells if cell]


def _is_header(cells: list[str], names: Collection[str], fields: int = 1) -> bool:
    """Return whether a line's cells name columns: those named by the user, else a title column and enough others."""
    there = {cell.casefold() for cell in cells}
    if names and sum(name.casefold() in there for name in names) >= min(fields, len(names)):
        return True
    found = usual_columns(cells, ALIASES | MORE_ALIASES)
    return ("title" in found or "original_title" in found) and len({*found.values()}) >= fields


def _made_header(lines: list[str], suffix: str) -> list[str] | None:
    """Return names of columns for a table whose first line is an ordinary row; None if the first line may be its
    header.
    """
    mark = _steady_delimiter(lines)
    if mark is None:
        return _of_names([line.strip() for line in lines if line.strip()], suffix)
    rows = [cells for line in lines if (cells := _cells(line, mark)) and _filled(cells)]
    width = len(rows[0])
    columns = [[row[at] for row in rows if len(row) == width and row[at]] for at in range(width)]
    kinds = [_kind(column) for column in columns]
    has_values = any(kind and rows[0][at] and _KINDS[kind](rows[0][at]) for at, kind in enumerate(kinds))
    if not has_values or len(rows) < 2:
        return None
    named = _named(kinds, columns)
    return named or None


def _steady_delimiter(lines: list[str]) -> str | None:
    """Return the delimiter that splits all lines into equally many cells, or None."""
    for mark in DELIMITERS:
        widths = {len(cells) for line in lines if line.strip() and (cells := _cells(line, mark))}
        if len(widths) == 1 and widths.pop() > 1:
            return mark
    return None


def _of_names(names: list[str], suffix: str) -> list[str] | None:
    """Return the header of a list of titles or of files, one per line."""
    if not names or plain_name(names[0]) in (*ALIASES["title"], *ALIASES["original_title"]):
        return None
    for sign in (_FILE, _YEAR_BEHIND):
        some = sum(bool(sign.search(name)) for name in names)
        if sign.search(names[0]) and some >= MOST * len(names) / 2:
            return [EACH_LINE]
    return [EACH_LINE] if suffix == ".txt" else None


def _is_day(text: str) -> bool:
    return bool(_DAY.fullmatch(text)) and date(text) is not None


#: Kinds of cells in rows but not in headers, in the order in which they are tried.
_KINDS: dict[str, Callable[[str], bool]] = {
    "imdb_id": lambda text: "tt" in text and imdb(text) is not None,
    "year": lambda text: bool(re.fullmatch(r"\(?\d{4}\)?", text)) and year_in(text) is not None,
    "date": _is_day,
    "number": lambda text: bool(_NUMBER.fullmatch(text)),
}


def _kind(cells: list[str]) -> str:
    for name, holds in _KINDS.items():
        if cells and sum(map(holds, cells)) >= MOST * len(cells):
            return name
    return ""


def _named(kinds: list[str], columns: list[list[str]]) -> list[str]:
    """Name the columns by their kinds; titles are the texts with a year behind ("Heat (1995)"), else those of which most are different.

    Without texts there is no list.
    """
    texts = [at for at, kind in enumerate(kinds) if not kind and any(map(str.strip, columns[at]))]
    if not texts:
        return []
    title = max(texts, key=lambda at: (_have_years(columns[at]), len({*columns[at]}), -at))
    names: dict[int, str] = {title: "title"}
    for at, kind in enumerate(kinds):
        if kind in ("imdb_id", "year", "date") and kind not in names.values():
            names[at] = kind
    for at, kind in enumerate(kinds):
        if kind == "number" and "rating" not in names.values() and _are_ratings(columns[at]):
            names[at] = "rating"
    return [
        f"{names[at]} (column {at + 1})" if at in names else f"column {at + 1}" for at in range(len(kinds))
    ]


def _have_years(cells: list[str]) -> bool:
    return sum(bool(_YEAR_BEHIND.search(cell)) for cell in cells) >= MOST * len(cells)


def _are_ratings(cells: list[str]) -> bool:
    """Return whether numbers can be ratings: small, and not row numbers."""
    values = [float(cell.replace(",", ".")) for cell in cells if _NUMBER.fullmatch(cell)]
    if not values or min(values) < 0 or max(values) > 100:
        return False
    return len({*values}) < len(values) or any(value % 1 for value in values) or values != sorted(values)


_RULE = re.compile(r"\|?(?:\s*:?-{2,}:?\s*\|)*\s*:?-{2,}:?\s*\|?\s*")


def is_markdown(text: str) -> bool:
    """Return whether a text is a Markdown table: cells between bars, a rule under the header."""
    lines = [line.strip() for line in text.splitlines()[:LOOKED_AT]]
    rules = [at for at, line in enumerate(lines) if "|" in line and _RULE.fullmatch(line)]
    return bool(rules) and rules[0] > 0 and lines[rules[0] - 1].count("|") > 0


def markdown_as_csv(path: Path, copy: Path) -> Path:
    """Copy the first Markdown table as CSV."""
    lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    rule = next(at for at, line in enumerate(lines) if "|" in line and _RULE.fullmatch(line.strip()))
    rows = [lines[rule - 1]]
    for line in lines[rule + 1 :]:
        if "|" not in line:
            break
        rows.append(line)
    with copy.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, lineterminator="\n")
        for row in rows:
            cells = re.split(r"(?<!\\)\|", row.strip().removeprefix("|").removesuffix("|"))
            bare = [re.sub(r"^(\*\*|__)(\S.*)\1$", r"\2", cell.strip()) for cell in cells]
            writer.writerow([cell.replace("\\|", "|") for cell in bare])
    return copy
