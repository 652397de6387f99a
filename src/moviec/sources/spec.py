"""A source: the facts in its `source.toml`, and the reader that turns a delivery into records."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from cronsim import CronSim, CronSimError

from moviec.config import Downloads
from moviec.decoding import LIKE, decodable, plain
from moviec.engine import DuckEngine
from moviec.engine.unreadable_cells import Unread
from moviec.errors import PayloadError, UsageError
from moviec.model import FIELDS
from moviec.reading.kinds import KINDS, LISTS
from moviec.reading.list_cells import USUAL
from moviec.sources.fetch_spec import FetchSpec
from moviec.spelling import SPACE_PATTERN

#: The ends of a scale are at most this far from 0, and at least this far apart: real scales go from 4 stars to 1,000
#: points, and beyond a few more digits calculations with their values mean nothing.
FARTHEST, SHORTEST = 1_000_000, 0.01

#: The most characters of a regular expression in facts.
LONGEST_PATTERN = 500


class RaterSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rater whose ratings the source carries: its panel and the ends of its scale."""

    panel: Literal["critics", "audience"]
    lowest: float
    highest: float

    def __post_init__(self) -> None:
        """Reject an implausible scale."""
        ends = (self.lowest, self.highest)
        if not all(math.isfinite(end) and abs(end) <= FARTHEST for end in ends):
            raise ValueError(f"the ends of a scale are numbers between -{FARTHEST:,} and {FARTHEST:,}")
        if self.highest - self.lowest < SHORTEST:
            raise ValueError(f"lowest must be below highest, by {SHORTEST} at least")


class GenreSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The meaning of one of the source's genre labels; `id` is the source's own number for it.

    A composite label ("Mystery & Suspense") means at least one of `name` and its `alternatives`.
    """

    name: str
    alternatives: tuple[str, ...] = ()
    facet: Literal["genre", "form", "audience", "format"] = "genre"
    id: int | None = None


@lru_cache(maxsize=1024)
def check_pattern(pattern: str) -> None:
    """Raise ValueError for an invalid regular expression of the engine (RE2)."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a regular expression has {LONGEST_PATTERN} characters at most")
    try:
        pc.match_substring_regex(pa.array([""]), pattern)  # Arrow uses the same syntax
    except pa.ArrowInvalid as error:
        raise ValueError(f"'{pattern}' is not a regular expression ({error})") from error


#: What a row about a company may contain: its name, its country (ISO 3166-1), the id and the name of the company that
#: owns it, and its other names (a list of objects with a `name`).
COMPANY = ("name", "country", "parent", "parent_name", "names")

Format = Literal["csv", "tsv", "jsonl", "json", "parquet", "any"]


class FileSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a delivery, recognised by its `names`: its columns, its key and the form of a key.

    `columns` says which fields of a record each column feeds; `required` ones must exist.
    `format` is detected by name and bytes if it is `any`; `delimiter` is that of `csv` (`tsv` has no quoting).
    `unique` files hold one row per key, or per the values of the `alike` columns: of two equal ones the later counts.
    `of` names the role whose films the rows are about, where the key is that role's key. In a `lookup` rows of other files
    find theirs by its key (people by id).
    `separator`, a regular expression, separates lists inside a cell, if a mapping reads the file.
    `only` names, by column, the values of rows that are films; the others are counted as skipped.
    `with_key` names the columns that identify rows together with `key`, where a mapping reads the file: "Heat (1995)".
    `sheet` names the sheet of a workbook that is read, where it is not the first.
    `cells` gives the kind of cells by column (moviec.reading.kinds), where a query of the source's own reads the file:
    it finds them in the one spelling that SQL casts. `dates` ("dmy", "mdy") and `decimal` ("." or ",") decide what the
    cells of a column may leave open.
    `joins` names, where a mapping reads a further file, the column of the first file that its key is; without it, its key.
    `joined_by` are these columns, in the first file; a mapping works them out.
    `gone` names the column that is "true" in rows of deleted films: such a row withdraws the film.
    `filled` is, by column, the least share of the first few hundred rows with a value, for `moviec sources check`.
    `about` companies: a row is a company by its id at the source, and its columns feed COMPANY.
    """

    names: tuple[str, ...]
    key: str
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...] = ()
    key_pattern: str = ".+"
    unique: bool = True
    optional: bool = False
    format: Format = "csv"
    delimiter: str = ","
    alike: tuple[str, ...] = ()
    separator: str = USUAL
    of: str = ""
    lookup: bool = False
    only: dict[str, tuple[str, ...]] = {}
    cells: dict[str, str] = {}
    with_key: tuple[str, ...] = ()
    sheet: str = ""
    dates: Literal["dmy", "mdy", ""] = ""
    decimal: Literal[".", ",", ""] = ""
    gone: str = ""
    joins: str = ""
    joined_by: tuple[str, ...] = ()
    about: Literal["films", "companies"] = "films"
    filled: dict[str, float] = {}

    def __post_init__(self) -> None:
        """Reject facts by which no file can be read."""
        if not self.names:
            raise ValueError("a file needs a name to be recognised by")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n\0':
            raise ValueError("a delimiter must be one character, and neither a quote nor a line end")
        for pattern in (self.key_pattern, self.separator):
            check_pattern(pattern)

    def convention(self, kind: str) -> str | None:
        """Return the convention that the facts give for columns of a kind; None where the cells decide."""
        if kind == "date":
            return self.dates or None
        if kind in ("money", "count", "number", "rating"):
            return self.decimal or None
        return self.separator if kind in LISTS and self.separator != USUAL else None

    def feeding(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Return the columns that feed any of the fields of a record; `people.director` feeds `people`."""
        wanted = set(fields)
        return tuple(
            name
            for name, feeds in self.columns.items()
            if wanted & {feed.partition(".")[0] for feed in feeds}
        )

    def needed(self, fields: tuple[str, ...]) -> set[str]:
        """Return the columns needed to read these fields."""
        if self.about == "companies":
            return set(self.columns)
        gone = (self.gone,) if self.gone else ()
        return {
            self.key,
            *self.with_key,
            *self.joined_by,
            *self.alike,
            *self.only,
            *gone,
            *self.feeding(fields),
        }


class PosterSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a source's pictures are (`base` precedes a path), the licence they are shown under, and for how many
    days.
    """

    licence: str
    base: str = ""
    days: int = 180


@decodable
class SourceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The facts of a source, as its `source.toml` has them.

    A delivery is `complete` when a film it no longer lists is gone. It is held when it has fewer than `least_rows`
    or more than `most_rows` records, or when more than the share `shrink` of the known ones are gone.
    `empty` says field by field whether a value that is no longer delivered is kept or cleared, `default` for the rest.
    `unable` lists genres (names as in `genres`) the source has no label for, `genre_limit` how many a film can have.
    `order` is the source's place in the prior order of reliability, field by field, 1 first, `default` for the rest.
    `space` names the ids of its people and companies, where it is not the source's own name (kaggle's are TMDB's).
    `repeating`: it may list a film under two keys.
    `redistribute`: its licence lets one pass on what it delivers; exports leave out the others' values.
    `private`: one person's own. It is matched and shown to its owner; none of its values, ratings or films are published.
    `download` is where the provider publishes its files for everyone, `fetch` how it is queried online, `poster` where
    its pictures are.
    """

    name: str
    title: str
    home_page: str
    licence: str
    attribution: str
    redistribute: bool = False
    private: bool = False
    files: dict[str, FileSpec]
    genres: dict[str, GenreSpec] = {}
    raters: dict[str, RaterSpec] = {}
    numeric_keys: bool = False
    complete: bool = False
    least_rows: int = 1
    most_rows: int = 1_000_000_000
    shrink: float = 0.1
    cron: str = ""
    empty: dict[str, Literal["keep", "clear"]] = {}
    unable: tuple[str, ...] = ()
    genre_limit: int | None = None
    order: dict[str, int] = {}
    space: str = ""
    repeating: bool = False
    download: Downloads = Downloads()
    fetch: FetchSpec | None = None
    poster: PosterSpec | None = None

    def __post_init__(self) -> None:
        """Reject names that cannot begin an id, and facts that name an unknown field; msgspec reports where."""
        if not re.fullmatch(SPACE_PATTERN, self.name) or self.name != self.name.lower():
            raise ValueError(
                f"'{self.name}' cannot name a source: use lower-case letters, digits, _ and -, a letter first, 30 at most"
            )
        if not self.files:
            raise ValueError("a delivery needs at least one file")
        if not 0 <= self.shrink <= 1 or not 0 <= self.least_rows <= self.most_rows:
            raise ValueError("shrink must be from 0 to 1, and least_rows at most most_rows")
        feeds: dict[str, set[str]] = {"films": {*self.empty, *self.order} - {"default"}, "companies": set()}
        for file in self.files.values():
            feeds[file.about] |= {
                feed.partition(".")[0] for column in file.columns.values() for feed in column
            }
        if strange := sorted(feeds["films"] - {"key", *FIELDS}):
            raise ValueError(f"no record has the field {', '.join(strange)}{_meant(strange[0])}")
        if strange := sorted(feeds["companies"] - {"key", *COMPANY}):
            raise ValueError(f"of a company there is no {', '.join(strange)}: there are {', '.join(COMPANY)}")
        for role, file in self.files.items():
            if strange := sorted(file.needed(()) - {*file.columns}):
                raise ValueError(
                    f"the column {', '.join(strange)} is not listed under [files.{role}.columns]"
                )
        if self.fetch and self.fetch.role not in self.files:
            raise ValueError(f"answers are of the role {self.fetch.role}, which is not among the files")
        asks = self.fetch.companies if self.fetch else None
        if asks and (asks.role not in self.files or self.files[asks.role].about != "companies"):
            raise ValueError(
                f"answers about companies are of the role {asks.role}, which is not a file about companies"
            )
        kinds = {kind for file in self.files.values() for kind in file.cells.values()}
        if strange := sorted(kinds - {*KINDS, *LISTS}):
            raise ValueError(
                f"there is no kind of cells {', '.join(strange)}; there are {', '.join([*KINDS, *LISTS])}"
            )

    def keeps(self, field: str) -> bool:
        """Return whether an older value of the field outlives a delivery that no longer has one."""
        return self.empty.get(field, self.empty.get("default", "clear")) == "keep"

    def place(self, field: str) -> int:
        """Return the source's place in the prior order of reliability for a field; 100 if the facts do not state it."""
        return self.order.get(field, self.order.get("default", 100))


class FileCount(msgspec.Struct, frozen=True):
    """What became of a file's rows: `read` = `kept` + `merged` + `skipped` + `rejected`, always.

    `repaired` are among the kept; `skipped` ones are readable but not films.
    """

    read: int
    kept: int
    merged: int
    rejected: int
    repaired: int
    skipped: int = 0


class Staged(msgspec.Struct, frozen=True):
    """A staged file: counts, what was rejected or repaired (REJECTED columns), columns the facts do not name, those of
    the facts that the file lacks, and columns with cells that could not be read.
    """

    role: str
    count: FileCount
    rejected: pa.Table
    repaired: pa.Table
    unknown_columns: tuple[str, ...]
    absent_columns: frozenset[str] = frozenset()
    unread: tuple[Unread, ...] = ()


class Reading(msgspec.Struct, frozen=True):
    """The result of reading a delivery. The records are the engine's view `records`, which runs on use:
    `key`, `role` (the file it was read from), the wanted fields, `_position` in that file, `problems` and `list_problems` (what was set to unknown
    in the row, by rule; list_problems are those of nested cells, which cost more to find). `kept`: tables that this view
    reads.
    """

    files: dict[str, Staged]
    kept: tuple[str, ...] = ()


class Source(Protocol):
    """A provider: its facts and its reader. Reading is pure: no network, no catalogue."""

    spec: SourceSpec

    def read(self, engine: DuckEngine, files: Mapping[str, Path], wanted: Wanted) -> Reading:
        """Read plain files, by role, into records."""


class Wanted(msgspec.Struct, frozen=True):
    """Which fields of the records are wanted (besides `key`), and the folder for temporary files.

    `line` may be among them: the physical line, which needs another pass over the rows.
    The files stay in use until the last query of the view `records`. `home` is the folder whose table of exchange rates is used.
    """

    work: Path
    fields: tuple[str, ...] = FIELDS
    home: Path | None = None


def load_spec(folder: Traversable) -> SourceSpec:
    """Read the `source.toml` in a source's folder; for an invalid one the error names the place."""
    path = folder.joinpath("source.toml")
    try:
        spec = _spec(path.read_bytes())
        if spec.cron:  # here, and not where facts are decoded: those kept at the last publication may have been read without this check
            CronSim(spec.cron, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
        return spec
    except CronSimError as error:
        raise UsageError(f"cron: {error}", str(path), "write it like 0 6 * * 1") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(plain(error, SourceSpec), str(path), _where(error)) from error


#: Roles of people that a column may be named after: its field is `people.ROLE`.
_PEOPLE = ("director", "writer", "actor", "producer", "composer", "cinematographer", "editor")


def _where(error: Exception) -> str:
    """Return what helps a person whose facts cannot be read: TOML takes ASCII letters only in names without quotes."""
    if "Expected '=' after a key" in str(error):
        return 'put a name with a blank or a letter like ö in quotes: "Länge" = ["runtime"]'
    return "see docs/sources.md"


def _meant(field: str) -> str:
    """Return what probably was meant by a field that no record has."""
    if (role := field.removesuffix("s")) in _PEOPLE:
        return f"; did you mean 'people.{role}'?"
    near = get_close_matches(field, FIELDS, 1, LIKE)
    return f"; did you mean '{near[0]}'?" if near else ""


@lru_cache(maxsize=256)
def _spec(text: bytes) -> SourceSpec:
    """Decode facts; cached by text, since a worker reads them for every publication."""
    return msgspec.toml.decode(text, type=SourceSpec)


def assign_roles(paths: Iterable[Path], spec: SourceSpec) -> tuple[dict[str, Path], list[Path]]:
    """Return each role's file, and the files without a role.

    A file whose name starts with one of a role's names has that role; a single file with any other name has the first
    role. Raises UsageError when two files claim one role.
    """
    roles: dict[str, Path] = {}
    others: list[Path] = []
    for path in paths:
        role = next((role for role, file in spec.files.items() if _named(path, file.names)), None)
        if role is None:
            others.append(path)
        elif role in roles:
            raise UsageError(f"two files for '{role}'", f"{roles[role].name}, {path.name}", "give one")
        else:
            roles[role] = path
    main = next(iter(spec.files))
    if main not in roles and len(others) == 1:
        roles[main] = others.pop()
    return roles, others


def _named(path: Path, names: tuple[str, ...]) -> bool:
    return any(path.name.lower().startswith(name) for name in names)


def check_columns(path: Path, names: tuple[str, ...], spec: FileSpec, seen_in: str = "it has") -> None:
    """Raise PayloadError when a required column is not there, or the names are not text."""
    if any("\0" in name for name in names):
        raise PayloadError("its first line is not text: it has zero bytes", path.name, "save it as UTF-8")
    heads = {*names, *(f"{name}." for name in names)}
    missing = [
        name
        for name in dict.fromkeys((spec.key, *spec.required))
        if name not in heads and f"{name.partition('.')[0]}." not in heads
    ]
    if missing:
        if not "".join(names).strip():
            raise PayloadError(
                f"no row of it has the {'column' if len(missing) == 1 else 'columns'} {', '.join(missing)}",
                path.name,
                f"it should be a {spec.format} file of this source; `moviec ingest FILE` detects its source",
            )
        shown = ", ".join(names)[:200].encode("ascii", "replace").decode()
        seen = " ".join("".join(letter if letter.isprintable() else " " for letter in shown).split())
        raise PayloadError(f"no column {', '.join(missing)}", path.name, f"{seen_in}: {seen}")
