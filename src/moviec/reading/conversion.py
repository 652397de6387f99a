"""Converts people's files for the readers: to UTF-8 text with a header, or a JSON list.

A file in that form is passed on unchanged; others are copied into a folder of the run: UTF-16 and other encodings,
workbooks (first sheet), XML (Kodi), tables with lines before their header or without one, MovieLens' and Netflix'
files, a JSON object around one list (Simkl), a folder of films as a list of their names.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
import shutil
from collections import Counter
from collections.abc import Collection
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree

from moviec.bounds import check_bounds
from moviec.errors import PayloadError, UsageError
from moviec.reading.encodings import encoding_of
from moviec.reading.table_start import EACH_LINE, is_markdown, markdown_as_csv, start_of

#: In no export are films nested deeper than this.
DEEPEST = 3
#: Documents may define entities, which can expand without limit: no export does.
_ENTITIES = re.compile(rb"<!ENTITY", re.IGNORECASE)

Tree: TypeAlias = str | list["Tree"] | dict[str, "Tree"]


def films_in_xml(path: Path, copy: Path) -> Path:
    """Write a document's repeated elements as a JSON list; raises PayloadError if it has none."""
    data = path.read_bytes()
    if _ENTITIES.search(data):
        raise PayloadError("the XML defines entities of its own", path.name, "save it without them")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - entities are rejected above
    except (ElementTree.ParseError, RecursionError) as error:
        raise PayloadError(
            f"this is not a readable list ({error})", path.name, "save it as CSV or JSON"
        ) from error
    films = _repeated(root)
    if not films:
        raise PayloadError("the XML has no list of films", path.name, "save it as CSV or JSON")
    copy.write_text(
        json.dumps([_tree(film) for film in films], ensure_ascii=False, indent=0), encoding="utf-8"
    )
    return copy


def _repeated(root: ElementTree.Element) -> list[ElementTree.Element]:
    """Return the elements that stand for films: `movie` if present, else the most frequent with child elements."""
    level = [root]
    for _ in range(DEEPEST):
        if len(level) == 1 and level[0].tag.lower() == "movie":
            return level
        level = [child for element in level for child in element]
        filled = [element for element in level if len(element)]
        movies = [element for element in filled if element.tag.lower() in ("movie", "film", "item", "video")]
        if movies:
            return movies
        counts = Counter(element.tag for element in filled)
        if counts and counts.most_common(1)[0][1] > 1:
            tag = counts.most_common(1)[0][0]
            return [element for element in filled if element.tag == tag]
    return []


def _tree(element: ElementTree.Element, depth: int = 0) -> Tree:
    """Return an element as text, or as an object of its children; repeated ones become a list."""
    if not len(element) or depth > DEEPEST:
        return (element.text or "").strip()
    found: dict[str, Tree] = {name: value for name, value in element.attrib.items() if depth == 0}
    for child in element:
        value = _tree(child, depth + 1)
        if kind := child.get("type"):  # <uniqueid type="imdb">tt0113277</uniqueid>
            inside = found.setdefault(child.tag, {})
            if isinstance(inside, dict):
                inside[kind] = value
        elif child.tag not in found:
            found[child.tag] = value
        else:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
    return found


#: Patterns of the first lines of files without a header, their delimiter, and their columns.
_HEADERLESS = (
    (re.compile(r"\d+::\d+::[\d.]+::\d+"), "::", ("userId", "movieId", "rating", "timestamp")),
    (re.compile(r"\d+::\d+::[^:].*::\d+"), "::", ("userId", "movieId", "tag", "timestamp")),
    (re.compile(r"\d+::.*::.*"), "::", ("movieId", "title", "genres")),
    (re.compile(r"\d+,(?:\d{4}|NULL),.+"), ",", ("netflix_id", "year", "title")),
)

_JSON_LIST = re.compile(r"\s*\[\s*(?:[{\[\"\]]|$)")

#: The sheet of a workbook may be given after its path: films.xlsx#Sheet2.
WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


def readable(path: Path, folder: Path, sheet: str = "", names: Collection[str] = ()) -> Path:
    """Return the file, or a converted copy in `folder`. Raises PayloadError for one beyond the bounds.

    `names`: columns named by the user: the line with them is the header.
    """
    check_bounds(path)
    if path.suffix.lower() in WORKBOOKS:
        book = _from_workbook(path, folder / f"sheet-{path.stem}.csv", sheet)
        return _from_its_header(book, folder / f"table-{path.stem}.csv", names)
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if start.startswith((b"PAR1", b"\x1f\x8b", b"PK\x03\x04")):
        return path
    encoding = _encoding(path, start)
    if encoding != "utf-8":
        path = _recoded(path, folder / f"utf8-{path.name}", encoding)
        with path.open("rb") as file:
            start = file.read(1 << 16)
    text = start.decode("utf-8-sig", errors="replace")
    return _with_names(path, text, folder, names)


def is_json_list(text: str) -> bool:
    """Return whether a file with this beginning is a JSON list, not a list of titles that starts with "[REC]"."""
    return _JSON_LIST.match(text) is not None


def _with_names(path: Path, text: str, folder: Path, names: Collection[str]) -> Path:
    """Return the file of a text in UTF-8 that begins with `text`, or a copy whose columns have names."""
    bare = text.lstrip()
    first = bare.splitlines()[0] if bare else ""
    for pattern, delimiter, columns in _HEADERLESS:
        if pattern.fullmatch(first):
            return _with_header(path, folder / f"headed-{path.stem}.csv", delimiter, columns)
    if is_json_list(bare):
        return path
    if bare.startswith("{"):
        return _unwrapped(path, folder / f"list-{path.name}", first)
    if bare.startswith("<"):
        return films_in_xml(path, folder / f"list-{path.stem}.json")
    if is_markdown(text):
        return markdown_as_csv(path, folder / f"markdown-{path.stem}.csv")
    return _from_its_header(path, folder / f"table-{path.name}", names)


def _from_its_header(path: Path, copy: Path, names: Collection[str]) -> Path:
    """Copy a table that does not begin with its header: from the header on, or with a generated one."""
    with path.open("rb") as file:
        text = file.read(1 << 16).decode("utf-8-sig", errors="replace")
    start = start_of(text, names, path.suffix.lower())
    if not start.lines and start.header is None:
        return path
    if start.header == EACH_LINE:
        return _from_lines(path, copy)
    with path.open("rb") as source, copy.open("wb") as target:
        if start.header is not None:
            target.write(start.header.encode() + b"\n")
            head = source.read(3)
            target.write(head.removeprefix(codecs.BOM_UTF8))
        for _ in range(start.lines):
            source.readline()
        shutil.copyfileobj(source, target)
    return copy


#: Lines of a list of titles that are not titles: a heading of Markdown.
_HEADING = re.compile(r"#{1,6}\s+\D")
_BULLET = re.compile(r"[-*+•]\s+(?:\[[ xX]\]\s+)?(?=\S)")
_NUMBERED_LINE = re.compile(r"\d{1,4}[.)]\s+\S")
_COMMA_YEAR = re.compile(r",\s*((?:18|19|20)\d\d)$")


def _from_lines(path: Path, copy: Path) -> Path:
    """Copy a list of titles, one a line: without empty lines, headings and bullets; ", 1995" at the end of a numbered
    line is the year.
    """
    with (
        path.open(encoding="utf-8-sig", errors="replace") as source,
        copy.open("w", encoding="utf-8") as target,
    ):
        target.write(f"{EACH_LINE}\n")
        for line in map(str.strip, source):
            if line and not _HEADING.match(line):
                bare = _BULLET.sub("", line, count=1) if _BULLET.match(line) else line
                target.write((_COMMA_YEAR.sub(r" (\1)", bare) if _NUMBERED_LINE.match(bare) else bare) + "\n")
    return copy


def _encoding(path: Path, start: bytes) -> str:
    """Return a text file's encoding: by its mark, by the zeros of UTF-16, else UTF-8 unless nothing beyond ASCII is.

    Then it is detected from the words (`encodings`).
    """
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"  # first, since its mark begins like that of UTF-16
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    some = start[:2000]
    if len(some) > 3 and some.count(0) > len(some) // 4:
        return "utf-16-le" if some[1::2].count(0) > some[::2].count(0) else "utf-16-be"
    wrong = right = 0
    with path.open("rb") as file:
        for line in file:
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                right += 1
            except UnicodeDecodeError:
                wrong += 1
    if not wrong or right:
        return "utf-8"
    with path.open("rb") as file:
        return encoding_of(line for line in file if not line.isascii())


def _recoded(path: Path, copy: Path, encoding: str) -> Path:
    """Copy a text as UTF-8; bytes that Windows-1252 does not define are those of Latin-1."""
    try:
        data = path.read_bytes().decode(
            encoding, errors="latin1-rest" if encoding == "cp1252" else _errors(encoding)
        )
    except UnicodeError as error:
        raise PayloadError(
            "the file is neither UTF-8 nor UTF-16 nor an 8-bit text", path.name, "save it as UTF-8"
        ) from error
    copy.write_text(data.removeprefix("\ufeff"), encoding="utf-8", newline="")
    return copy


def _errors(encoding: str) -> str:
    """Return the handling of invalid bytes: if words decided the encoding, a later invalid byte must not reject the
    file.
    """
    return "strict" if encoding.startswith("utf") else "replace"


def _latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("latin1-rest", _latin1)


def _with_header(path: Path, copy: Path, delimiter: str, columns: tuple[str, ...]) -> Path:
    """Copy a file without a header as CSV with one; the last column gets the rest of a line."""
    with (
        path.open(encoding="utf-8", errors="replace", newline="\n") as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        writer = csv.writer(target, lineterminator="\n")
        writer.writerow(columns)
        for line in source:
            if cells := line.rstrip("\r\n"):
                parts = (
                    cells.split(delimiter) if delimiter == "::" else cells.split(delimiter, len(columns) - 1)
                )
                writer.writerow(["" if part == "NULL" else part for part in parts])
    return copy


def _unwrapped(path: Path, copy: Path, first: str) -> Path:
    """Copy the only list in a JSON object; JSON lines and other objects are passed on."""
    try:
        json.loads(first)
        several = True  # the first line is complete: one object per line, or everything on one line
    except ValueError:
        several = False
    except RecursionError as error:
        raise PayloadError("its values are nested without end", path.name) from error
    if several and path.stat().st_size > len(first.encode()) + 2:
        return path
    try:
        whole = json.loads(path.read_text("utf-8-sig"))
    except ValueError:
        return path
    except RecursionError as error:
        raise PayloadError("its values are nested without end", path.name) from error
    films: object = _by_name(whole)
    lists = [
        value for value in whole.values() if isinstance(value, list) and value and isinstance(value[0], dict)
    ]
    if not films:
        films = (
            whole["movies"]
            if isinstance(whole.get("movies"), list)
            else lists[0]
            if len(lists) == 1
            else None
        )
    if films is None:
        return path
    copy.write_text(json.dumps(films, ensure_ascii=False, indent=0), encoding="utf-8")
    return copy


def _by_name(whole: dict[str, object]) -> list[dict[str, object]]:
    """Return the objects of an object that holds one for each film ({"tt0113277": {"title": "Heat"}, …}); None for
    others.
    """
    films = [value for value in whole.values() if isinstance(value, dict)]
    if len(films) < 2 or len(films) < len(whole):
        return []
    alike = set.intersection(*(set(film) for film in films))
    return [{"id": name, **film} for name, film in zip(whole, films, strict=True)] if alike else []


def _from_workbook(path: Path, copy: Path, sheet: str) -> Path:
    """Copy a sheet of a workbook as CSV: days as dates, whole numbers without decimals."""
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise UsageError(
            "reading workbooks needs a library that is not installed",
            path.name,
            "pip install 'moviec[excel]', or save it as CSV",
        ) from error
    try:
        book = CalamineWorkbook.from_path(str(path))
        if sheet and sheet not in book.sheet_names:
            raise UsageError(
                f"there is no sheet '{sheet}'", path.name, f"there are {', '.join(book.sheet_names)}"
            )
        rows = book.get_sheet_by_name(sheet or book.sheet_names[0]).to_python()
    except CalamineError as error:
        raise PayloadError(
            f"the workbook cannot be read ({str(error).splitlines()[0]})", path.name
        ) from error
    filled = [row for row in rows if any(cell != "" for cell in row)]
    with copy.open("w", encoding="utf-8", newline="") as target:
        csv.writer(target, lineterminator="\n").writerows([[_cell(cell) for cell in row] for row in filled])
    return copy


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text.removesuffix(" 00:00:00")
