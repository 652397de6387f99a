"""What a file of somebody's is: a delivery of a known source, a layout that many share, or a list of one's own with usual columns.

Of the last two the mapping is written as a source's facts, which a person may then change.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb
import msgspec

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.errors import PayloadError, UsageError
from moviec.reading.layouts import Layout, Scale, layout_beside, layout_of
from moviec.reading.nested import unfold
from moviec.reading.opening import is_json_list, readable
from moviec.reading.ratings import rating
from moviec.reading.tables import stage_list
from moviec.reading.usual_names import ALIASES, MORE_ALIASES, bare_name, plain_name, usual_columns
from moviec.sources.registry import find_sources

#: What a column of usual name feeds.
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

#: The tops of scales that a column of one's own ratings is taken for: the first that none of its values passes.
_TOPS = (5, 10, 100)


#: What a person should know whose list has ratings of nobody in particular.
_PUBLIC = (
    "; everybody sees it, its ratings as those of 'me': private = true in its mapping keeps it to yourself"
)

#: Columns that hold what one person gave.
_OWN_RATINGS = (
    "myrating", "yourrating", "yourated", "myscore", "yourscore", "userrating", "bewertung", "meinebewertung", "manote", "mivaloracion", "mojaocena"
)  # fmt: skip


class Recognised(msgspec.Struct, frozen=True):
    """What a file was taken for: the source's name, and the mapping of a list without a source, which is to be kept.

    `role`: it is no list of films, but goes with one.
    """

    source: str
    layout: Layout | None = None
    used: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    role: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        if self.role:
            return f"goes with {self.source}, as its {self.role}"
        if self.layout is None:
            return f"a delivery of {self.source}"
        columns = {column: self.layout.columns[column] for column in self.used}
        fed = ", ".join(f"{feeds[0]} = {column}" for column, feeds in columns.items() if feeds)
        left = f"; not used: {', '.join(self.unused)}" if self.unused else ""
        change = "" if self.layout.needs else "; --columns FIELD=COLUMN changes it"
        shown = "" if self.layout.private or "me" not in self.layout.raters else _PUBLIC
        return f"{self.layout.title} ({fed}{left}){change}{shown}"


def recognise_file(
    path: Path, work: Path, home: Path | None, told: Mapping[str, str] | None = None, place: str = ""
) -> Recognised:
    """Say what a plain file is; raises PayloadError where it is no table of films that is known or can be guessed.

    `told` says which column is what (field: column), before usual names; `place` is the file's name with its folder.
    """
    told = told or {}
    with DuckEngine() as engine:
        columns = columns_of(engine, path, work, told.values())
        if missing := [column for column in told.values() if column not in columns]:
            raise UsageError(
                f"no column '{missing[0]}'", "--columns", f"the file has {', '.join(columns)[:300]}"
            )
        if source := None if told else _known_source(path, columns, home):
            return Recognised(source)
        if beside := None if told else layout_beside(columns):
            return Recognised(beside[0].name, role=beside[1])
        layout = None if told else layout_of(columns, place or path.name)
        if layout and layout.each:
            name = f"{layout.name}-{slug(path)}"[:28].strip("-")
            layout = msgspec.structs.replace(layout, name=name)
        layout = layout or _guessed(engine, columns, path, told)
    there = {column.casefold(): column for column in columns}
    fed = {there.get(name.casefold(), name): feeds for name, feeds in layout.columns.items()}
    used = tuple(name for name in fed if name.casefold() in there)
    heads = {name.partition(".")[0] for name in used}
    unused = tuple(
        column for column in columns if column not in used and column.partition(".")[0] not in heads
    )
    key = tuple(there.get(name.casefold(), name) for name in layout.key)
    layout = msgspec.structs.replace(layout, columns=fed, key=key)
    return Recognised(layout.name, layout, used, unused)


def columns_of(engine: DuckEngine, path: Path, work: Path, names: Collection[str] = ()) -> list[str]:
    """Make a file's rows known as `listed`; return the names of its columns, those inside objects with their path.

    `names` are columns that somebody named.
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


def _known_source(path: Path, columns: list[str], home: Path | None) -> str | None:
    """Return the source whose main file this is, by its name and by the columns that it must have."""
    for name, source in find_sources(home).items():
        file = next(iter(source.spec.files.values()))
        needed = {file.key, *file.with_key, *file.required}
        named = any(path.name.lower().startswith(start) for start in file.names)
        told = len(needed) > 2 or file.names != ("films",)
        if named and told and needed <= set(columns) and layout_of(columns, path.name) is None:
            return name
    return None


def _guessed(
    engine: DuckEngine, columns: list[str], path: Path, told: Mapping[str, str] | None = None
) -> Layout:
    """Make a layout of columns with usual names, or as they were told; rows are told apart by an id, else by title and year."""
    told = told or {}
    found = {
        field: column
        for field, column in usual_columns(columns, ALIASES | MORE_ALIASES).items()
        if column not in told.values()
    } | dict(told)
    found = {
        field: column
        for field, column in found.items()
        if field != "people" or field in told or not _are_stars(engine, column)
    }
    if "imdb_rating" not in found:
        found.pop("imdb_votes", None)
    if "title" not in found:
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
    """Return whether a column called Stars holds those of a rating, not those of a film."""
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
    """Return the columns that tell rows apart: an id that is in every row and in no two, else title and year."""
    for field in ("id", "imdb_id", "tmdb_id", "wikidata_id"):
        if field in found:
            cell = identifier(found[field])
            told = engine.query(
                f"SELECT count(*) = count(DISTINCT {cell}) AND count(*) = count(nullif(trim({cell}), '')) AS told FROM listed"
            )
            if told["told"][0].as_py():
                return (found[field],)
    dated = found.get("year") or found.get("released")
    return (found["title"], dated) if dated and dated != found["title"] else (found["title"],)


def slug(path: Path) -> str:
    """Make a source's name of a file's: small letters, digits and hyphens, a letter first."""
    stem = path.name.partition(".")[0]
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:28].strip("-")
    return name if name[:1].isalpha() else f"list-{name}".rstrip("-")


def facts_text(layout: Layout) -> str:
    """Write a layout as a source's facts (`source.toml`)."""
    lines = [
        f"# Written by `moviec ingest`: {layout.title}. Change what you like; see docs/sources.md.",
        f"name = {_quoted(layout.name)}",
        f"title = {_quoted(layout.title)}",
        'home_page = ""',
        'licence = "the owner\'s"',
        'attribution = ""',
        f"private = {str(layout.private).lower()}"
        + ("  # matched and shown to you, published to nobody" if layout.private else ""),
    ]
    if layout.keeps:
        lines += ["", "[empty]", 'default = "keep"  # of two files of one film each tells its part']
    for name, scale in layout.raters.items():
        lines += [
            "",
            f"[raters.{name}]",
            f"panel = {_quoted(scale.panel)}",
            f"lowest = {scale.lowest}",
            f"highest = {scale.highest}",
        ]
    first, *more = layout.key
    columns = dict(layout.columns)
    if not more and "key" not in columns.get(first, ()):
        columns[first] = ("key", *columns.get(first, ()))
    for name in more:
        columns.setdefault(name, ())
    columns = {
        name: tuple(feed for feed in feeds if feed != "key" or not more) for name, feeds in columns.items()
    }
    lines += [
        "",
        "[files.films]",
        f"names = [{_quoted(layout.name)}]",
        'format = "any"',
        f"key = {_quoted(first)}",
    ]
    if more:
        lines.append(f"with_key = [{', '.join(map(_quoted, more))}]")
    if layout.separator:
        lines.append(f"separator = {_quoted(layout.separator)}")
    if layout.dates:
        lines.append(f"dates = {_quoted(layout.dates)}")
    lines += ["", "[files.films.columns]", *_fed(columns)]
    for role, beside in layout.beside.items():
        lines += [
            "",
            f"[files.{role}]",
            f"names = [{_quoted(beside.name)}]",
            'format = "any"',
            f"key = {_quoted(beside.key)}",
            "optional = true",
            'of = "films"',
            "",
            f"[files.{role}.columns]",
            *_fed(beside.columns),
        ]
    return "\n".join(lines) + "\n"


def _fed(columns: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [f"{_quoted(name)} = [{', '.join(map(_quoted, feeds))}]" for name, feeds in columns.items()]


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def keep_mapping(layout: Layout, home: Path, anew: bool) -> Path:
    """Write a layout's facts into MOVIEC_HOME/sources; one of that name that is there already stays, unless it is made anew."""
    folder = home / "sources" / layout.name
    path = folder / "source.toml"
    if path.exists() and not anew:
        return path
    built_in = find_sources(None)
    if layout.name in built_in:
        raise UsageError(
            f"there is a source called '{layout.name}'", layout.name, "give the file another name"
        )
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(facts_text(layout), encoding="utf-8")
    return path
