"""Where a host's index is, what it holds, and how it is opened; `moviec.search.index` makes it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec
import tantivy

from moviec.decoding import decodable
from moviec.errors import StoreError
from moviec.search.summaries import Scale
from moviec.units import MILLION

#: The version of the index's schema: an index with another one is rebuilt.
LAYOUT = 5

#: Fields that films are ordered by, each holding a value and the movie's number (`ordered`).
ORDERS = (
    "by_popularity", "by_rating", "by_year", "by_votes", "by_revenue", "by_released", "by_runtime",
)  # fmt: skip

#: Files of an index that every commit rewrites.
CHANGING = ("meta.json", ".managed.json")

#: Prefixes of words up to this length are indexed as words: such a short one may begin tens of thousands
#: of words, whose films would have to be collected for every query.
BEGINNING = 3


@decodable
class Position(msgspec.Struct, frozen=True):
    """What an index holds: the change log up to `change`, of a schema's `layout`; `files`: SHA-256 of each of its files.

    It was rebuilt at the change `built`, with films ranked by `scale`.
    """

    change: int
    layout: int
    built: int = 0
    scale: Scale = Scale()
    files: dict[str, str] = {}


def ordered(value: int, movie: int) -> int:
    """Join a value to sort by, highest first, with the movie's number, lowest first: no two films share it."""
    return (max(value, 0) << 32) | (0xFFFFFFFF - movie)


def value_of(order: int) -> float:
    """Return the value in `ordered`, as a share of a million."""
    return (order >> 32) / MILLION


def slug(folded: str) -> str:
    """Return the id of a collection from its folded name: hyphens for blanks."""
    return folded.replace(" ", "-")


def certificate_form(certificate: str) -> str:
    """Return an age rating in the form for filters: in capitals, without surrounding blanks."""
    return certificate.strip().upper()


def current(folder: Path) -> Path | None:
    """Return the name of the index in use, or None."""
    try:
        found = folder / (folder / "current").read_text("utf-8").strip()
    except OSError:
        return None
    return found if found.is_dir() else None


def position(index: Path) -> Position | None:
    """Return what an index holds; None if unreadable, or of another layout."""
    try:
        found = msgspec.json.decode((index / "position.json").read_bytes(), type=Position)
    except (OSError, msgspec.DecodeError):
        return None
    return found if found.layout == LAYOUT else None


def sums(index: Path, known: Mapping[str, str]) -> dict[str, str]:
    """Hash an index's files; segments never change, so `known` ones are not read again."""
    return {
        name: known[name] if name in known and name not in CHANGING else _sha256(index / name)
        for name in sorted(path.name for path in index.iterdir() if path.is_file())
        if name.partition(".")[0] != "position" and not name.endswith(".lock")
    }


def damaged_files(index: Path, expected: Mapping[str, str]) -> list[str]:
    """Return the files of an index that are missing or changed."""
    found = sums(index, {})
    return sorted(name for name, sha256 in expected.items() if found.get(name) != sha256)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_index(folder: Path) -> tantivy.Index:
    """Open an index for reading or writing. Raises StoreError if it is damaged."""
    try:
        index = tantivy.Index.open(str(folder))
        _ = index.searcher().num_docs
        return index
    except (ValueError, OSError) as error:
        raise StoreError("the search index is damaged", str(folder), "it is rebuilt") from error
