"""Recognise a person's file: a delivery of a known source, a layout that many share, or a list with usual column names.

For the last two the mapping is written as a source's facts, which a person may then change.
"""

from __future__ import annotations

import gzip
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb
import msgspec

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.errors import PayloadError, UsageError
from moviec.reading.conversion import is_json_list, readable
from moviec.reading.film_table import stage_list, unfold
from moviec.reading.layouts import (
    ALIASES,
    MORE_ALIASES,
    Layout,
    Scale,
    bare_name,
    layout_beside,
    layout_of,
    plain_name,
    usual_columns,
)
from moviec.reading.ratings import rating
from moviec.reading.table_start import delimiter_of
from moviec.sources.own_mapping import slug
from moviec.sources.registry import find_sources
from moviec.sources.spec import FileSpec, Source, SourceSpec

#: The field that each usual column name feeds.
_FEEDS = {
    "title": "title",
    "original_title": "original_title",
    "other_titles": "other_titles",
    "year": "year",
    "released": "released",
    "people": "people.actor",
    "directors": "people.director",
    "writers": "people.writer",
    "runtime": "runtime",
    "genres": "genres",
    "kind": "kind",
    "imdb_id": "ids.imdb",
    "tmdb_id": "ids.tmdb",
    "wikidata_id": "ids.wikidata",
    "letterboxd": "ids.letterboxd",
    "companies": "companies",
    "countries": "countries",
    "languages": "languages",
    "keywords": "keywords",
    "budget": "budget",
    "revenue": "revenue.worldwide",
    "gross": "revenue",
    "domestic": "revenue.domestic",
    "overview": "overview",
    "certificate": "certificate",
    "trailer": "trailer",
    "imdb_rating": "ratings.imdb",
    "imdb_votes": "ratings.imdb.votes",
    "metacritic": "ratings.metacritic",
    "rottentomatoes": "ratings.rottentomatoes",
    "rating": "ratings.me",
}
_RATERS = {
    "imdb": Scale("audience", 1, 10),
    "metacritic": Scale("critics", 0, 100),
    "rottentomatoes": Scale("critics", 0, 100),
}

#: The tops of the scales tried for a column of a person's own ratings: the first that no value exceeds.
_TOPS = (5, 10, 100)

#: Columns of German school grades (1 best, 6 worst); elsewhere columns of these names hold points.
_GRADES = ("note", "noten", "schulnote", "schulnoten")

#: The rater in layouts and in the fields above that means the list's owner. A mapping names it after its list, so that
#: each list keeps its own value.
_OWNER = "me"

#: Names of columns with one person's ratings.
_OWN_RATINGS = (
    "myrating", "yourrating", "yourated", "myscore", "yourscore", "userrating", "bewertung", "meinebewertung", "manote", "mivaloracion", "mojaocena"
)  # fmt: skip


class Recognised(msgspec.Struct, frozen=True):
    """What a file was recognised as: the source's name, and for a list without a source the mapping to write.

    `role`: set where the file is not a list of films but belongs to one. `guessed`: recognised by usual column names,
    or by columns that the user named. `undecided`: what is not read until the user says what it means. `why`: why it is
    private, or is not.
    """

    source: str
    layout: Layout | None = None
    used: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    role: str = ""
    guessed: bool = False
    undecided: str = ""
    why: str = ""

    def __str__(self) -> str:
        """Return the description in one line."""
        if self.role:
            return f"goes with {self.source}, as its {self.role}"
        if self.layout is None:
            return f"a delivery of {self.source}"
        columns = {column: self.layout.columns[column] for column in self.used}
        fed = ", ".join(f"{feeds[0]} = {column}" for column, feeds in columns.items() if feeds)
        left = f"; not used: {', '.join(self.unused)}" if self.unused else ""
        change = "" if self.layout.needs else "; --columns FIELD=COLUMN changes it"
        return f"{self.layout.title} ({fed}{left}){change}{self.undecided}"


def recognise_file(
    path: Path,
    work: Path,
    home: Path | None,
    assigned: Mapping[str, str] | None = None,
    place: str = "",
) -> Recognised:
    """Return what a plain file is. Raises PayloadError where it is no table of films, known or guessable.

    `assigned` says which column holds which field (field: column) and takes precedence over usual names; `place` is the
    file's name with its folder. Without a `home` no kept mapping is used.
    """
    assigned = assigned or {}
    sources = {} if assigned else find_sources(home)
    if found := _known_source(path, _header(path, sources), sources):
        return found
    with DuckEngine() as engine:
        columns = columns_of(engine, path, work, assigned.values())
        if missing := [column for column in assigned.values() if column not in columns]:
            raise UsageError(
                f"no column '{missing[0]}'", "--columns", f"the file has {', '.join(columns)[:300]}"
            )
        if found := _known_source(path, columns, sources):
            return found
        if beside := None if assigned else layout_beside(columns):
            return Recognised(beside[0].name, role=beside[1])
        layout = None if assigned else layout_of(columns, place or path.name)
        if layout and layout.each:
            name = f"{layout.name}-{slug(path)}"[:28].strip("-")
            layout = msgspec.structs.replace(layout, name=name)
        guessed = layout is None
        layout = layout or _guessed(engine, columns, path, assigned)
        grades = "" if "rating" in assigned else _grades(engine, columns)
    there = {column.casefold(): column for column in columns}
    fed = {there.get(name.casefold(), name): feeds for name, feeds in layout.columns.items()}
    used = tuple(name for name in fed if name.casefold() in there)
    heads = {name.partition(".")[0] for name in used}
    unused = tuple(
        column for column in columns if column not in used and column.partition(".")[0] not in heads
    )
    key = tuple(there.get(name.casefold(), name) for name in layout.key)
    layout = _with_own_rater(msgspec.structs.replace(layout, columns=fed, key=key))
    undecided = (
        f"; {grades} is not read, since 1 to 6 may be grades of which 1 is best: --columns rating={grades} takes it as points of"
        " which more is better"
        if guessed and grades in unused
        else ""
    )
    return Recognised(
        layout.name, layout, used, unused, guessed=guessed, undecided=undecided, why=_why(layout, guessed)
    )


def _why(layout: Layout, guessed: bool) -> str:
    """Return why a list is private, or is not."""
    if not guessed:
        return "one person exports it" if layout.private else "it is a data set that is published"
    if layout.private:
        column = next(name for name in layout.columns if plain_name(bare_name(name)) in _OWN_RATINGS)
        return f"the column {column} says that the ratings are one person's own"
    return "no column says that it is one person's own"


def _with_own_rater(layout: Layout) -> Layout:
    """Name the rater that is a list's owner after the list."""
    if _OWNER not in layout.raters:
        return layout
    raters = {layout.name if name == _OWNER else name: scale for name, scale in layout.raters.items()}
    columns = {
        name: tuple(f"ratings.{layout.name}" if feed == f"ratings.{_OWNER}" else feed for feed in feeds)
        for name, feeds in layout.columns.items()
    }
    return msgspec.structs.replace(layout, raters=raters, columns=columns)


def _grades(engine: DuckEngine, columns: list[str]) -> str:
    """Return the column of ratings that may be grades as German schools give them, or an empty string."""
    column = usual_columns(columns, ALIASES | MORE_ALIASES).get("rating", "")
    if plain_name(bare_name(column)) not in _GRADES:
        return ""
    cells = engine.query(
        f"SELECT DISTINCT {identifier(column)} AS cell FROM listed WHERE {identifier(column)} IS NOT NULL"
    )
    read = [found for cell in cells["cell"].to_pylist() if (found := rating(str(cell)))]
    inside = read and all(not found.top and 1 <= float(found.value) <= 6 for found in read)
    return column if inside else ""


def _header(path: Path, sources: Mapping[str, Source]) -> list[str]:
    """Return the header of a text file named like one of a source's; empty for other files, which are read whole."""
    starts = tuple(
        name for source in sources.values() for file in source.spec.files.values() for name in file.names
    )
    if not path.name.lower().startswith(starts):
        return []
    with path.open("rb") as plain:
        packed = plain.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            line = file.readline(1 << 16).decode("utf-8-sig").rstrip("\r\n")
    except (OSError, EOFError, UnicodeDecodeError):
        return []
    return [cell.strip('"') for cell in line.split(delimiter_of(line))]


def columns_of(engine: DuckEngine, path: Path, work: Path, names: Collection[str] = ()) -> list[str]:
    """Register a file's rows as `listed`; return its column names, with the path for those inside objects.

    `names` are columns that the user named.
    """
    opened = readable(path, work, names=names)
    with opened.open("rb") as file:
        start = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    kind = "csv"
    if start.startswith(b"PAR1"):
        kind = "parquet"
    elif is_json_list(start.decode("utf-8", errors="replace")):
        kind = "json"
    elif start.startswith(b"{"):
        kind = "jsonl"
    try:
        columns, _ = stage_list(engine, opened, kind, work)
        return unfold(engine, "listed", columns)
    except duckdb.Error as error:
        raise PayloadError(f"cannot be read ({str(error).splitlines()[0]})", path.name) from error


def _known_source(path: Path, columns: list[str], sources: Mapping[str, Source]) -> Recognised | None:
    """Return the source that this file belongs to, by the file's name and required columns."""
    if not columns or layout_beside(columns) or layout_of(columns, path.name):
        return None
    beside = None
    for name, source in sources.items():
        for place, (role, file) in enumerate(source.spec.files.items()):
            needed = {file.key, *file.with_key, *file.required}
            named = any(path.name.lower().startswith(start) for start in file.names)
            certain = len(needed) > 2 or file.names != ("films",)
            if named and certain and needed <= set(columns):
                if not place or _stands_alone(source.spec, file):
                    return Recognised(name)
                beside = beside or Recognised(name, role=role)
    return beside


def _stands_alone(spec: SourceSpec, file: FileSpec) -> bool:
    """Return whether a file beside the first is a list of films, too: the first may be missing, and this one is not about its films."""
    first = next(iter(spec.files.values()))
    return first.optional and file.about == "films" and not (file.of or file.lookup or file.joins)


def _guessed(
    engine: DuckEngine, columns: list[str], path: Path, assigned: Mapping[str, str] | None = None
) -> Layout:
    """Return a layout of columns with usual names, or `assigned`; an id, else title and year, identifies a row."""
    assigned = assigned or {}
    found = {
        field: column
        for field, column in usual_columns(columns, ALIASES | MORE_ALIASES).items()
        if column not in assigned.values()
    } | dict(assigned)
    found = {
        field: column
        for field, column in found.items()
        if field != "people" or field in assigned or not _are_stars(engine, column)
    }
    if "rating" not in assigned and _grades(engine, columns):
        found.pop("rating", None)
    if "imdb_rating" not in found:
        found.pop("imdb_votes", None)
    if "title" not in found:
        if any(letter == "\ufffd" or (letter < " " and not letter.isspace()) for letter in "".join(columns)):
            raise PayloadError(
                "this is neither text nor a file format that MovieC reads",
                path.name,
                "save it as CSV, JSON or a workbook",
            )
        raise PayloadError(
            f"this is no list of films that MovieC knows: no title column among {', '.join(columns)[:300]}",
            path.name,
            "say which it is with --columns title=NAME, or give the source's name before the file",
        )
    feeds: dict[str, list[str]] = {}
    for field, column in found.items():
        if field in _FEEDS:
            feeds.setdefault(column, []).append(_FEEDS[field])
    raters = {name: scale for name, scale in _RATERS.items() if f"ratings.{name}" in [*_all(feeds)]}
    if "rating" in found:
        raters["me"] = Scale("audience", 0, _top(engine, found["rating"]))
    key = _key(engine, found)
    if len(key) == 1:
        feeds.setdefault(key[0], []).insert(0, "key")
    return Layout(
        name=slug(path),
        title=f"your list {path.name}",
        needs=(),
        key=key,
        columns={name: tuple(feeds[name]) for name in columns if name in feeds},
        raters=raters,
        private=plain_name(bare_name(found.get("rating", ""))) in _OWN_RATINGS,
    )


def _are_stars(engine: DuckEngine, column: str) -> bool:
    """Return whether a column called Stars holds a rating, not the film's actors."""
    first = engine.query(
        f"SELECT {identifier(column)} AS cell FROM listed WHERE {identifier(column)} IS NOT NULL LIMIT 1"
    )
    return bool(first.num_rows) and any(mark in str(first["cell"][0].as_py()) for mark in "★☆⭐½")


def _all(feeds: dict[str, list[str]]) -> list[str]:
    return [feed for some in feeds.values() for feed in some]


def _top(engine: DuckEngine, column: str) -> int:
    cells = engine.query(
        f"SELECT DISTINCT {identifier(column)} AS cell FROM listed WHERE {identifier(column)} IS NOT NULL"
    )
    values = [
        float(read.value)
        for cell in cells["cell"].to_pylist()
        if (read := rating(str(cell))) and not read.top
    ]
    most = max(values, default=0)
    if most <= 1 and any(
        value * 2 % 1 for value in values
    ):  # shares, as a spreadsheet keeps percent; stars come in halves
        return 1
    return next((top for top in _TOPS if most <= top), _TOPS[-1])


def _key(engine: DuckEngine, found: dict[str, str]) -> tuple[str, ...]:
    """Return the columns that identify a row: an id that every row has and no two share, else title and year."""
    for field in ("id", "imdb_id", "tmdb_id", "wikidata_id"):
        if field in found:
            cell = identifier(found[field])
            unique = engine.query(
                f"SELECT count(*) = count(DISTINCT {cell}) AND count(*) = count(nullif(trim({cell}), '')) AS is_unique FROM listed"
            )
            if unique["is_unique"][0].as_py():
                return (found[field],)
    dated = found.get("year") or found.get("released")
    return (found["title"], dated) if dated and dated != found["title"] else (found["title"],)
