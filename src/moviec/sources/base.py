"""What a source is: the facts in its `source.toml`, and the reading that turns a delivery into records."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.model import FIELDS


class RaterSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rater whose ratings the source carries: its panel and the ends of its scale."""

    panel: Literal["critics", "audience"]
    lowest: float
    highest: float


class GenreSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one of the source's genre labels means here; `id` is the source's own number for it."""

    name: str
    facet: Literal["genre", "form", "audience", "format"] = "genre"
    id: int | None = None


class FileSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a delivery, known by its `names`: its columns, its key and what a key looks like.

    `columns` says which fields of a record each column feeds; `required` ones must be there.
    `unique` files hold one row per key: of two alike the later counts.
    """

    names: tuple[str, ...]
    key: str
    columns: dict[str, tuple[str, ...]]
    required: tuple[str, ...] = ()
    key_pattern: str = ".+"
    unique: bool = True
    optional: bool = False

    def feeding(self, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Name the columns that feed any of the fields of a record."""
        return tuple(name for name, feeds in self.columns.items() if set(feeds) & set(fields))


class SourceSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The facts of a source, as its `source.toml` has them."""

    name: str
    title: str
    home_page: str
    licence: str
    attribution: str
    files: dict[str, FileSpec]
    genres: dict[str, GenreSpec] = {}
    raters: dict[str, RaterSpec] = {}
    numeric_keys: bool = False


class FileCount(msgspec.Struct, frozen=True):
    """What became of a file's rows: `read` = `kept` + `merged` + `rejected`, always; `repaired` are among kept."""

    read: int
    kept: int
    merged: int
    rejected: int
    repaired: int


class Staged(msgspec.Struct, frozen=True):
    """A staged file: counts, what was rejected or mended (REJECTED columns), columns the facts do not name."""

    role: str
    count: FileCount
    rejected: pa.Table
    repaired: pa.Table
    unknown_columns: tuple[str, ...]


class Reading(msgspec.Struct, frozen=True):
    """What reading a delivery gave. The records are the engine's view `records`, which runs where it is used:
    `key`, the wanted fields, `_position` in the main file, `problems` and `list_problems` (what was set to unknown
    in the row, by rule; list_problems are those of nested cells, which cost more to find).
    """

    files: dict[str, Staged]


class Source(Protocol):
    """A provider: its facts and its reader. Reading is pure: no network, no catalogue."""

    spec: SourceSpec

    def read(self, engine: DuckEngine, files: Mapping[str, Path], wanted: Wanted) -> Reading:
        """Read plain files, by role, into records."""


class Wanted(msgspec.Struct, frozen=True):
    """Which fields of the records are wanted (besides `key`), and the folder where the work may be done.

    The files stay in use until the last query of the view `records`.
    """

    work: Path
    fields: tuple[str, ...] = FIELDS


def load_spec(folder: Traversable) -> SourceSpec:
    """Read the `source.toml` in a source's folder; a wrong one is named with the place that is wrong."""
    path = folder.joinpath("source.toml")
    try:
        return msgspec.toml.decode(path.read_bytes(), type=SourceSpec)
    except msgspec.DecodeError as error:
        raise UsageError(str(error), str(path)) from error
