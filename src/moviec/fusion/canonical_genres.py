"""The canonical genres, from genres.toml: ids that are never renumbered, names, facets, aliases, ids at sources.

Returns the list itself, and what every source's labels mean in it, as the genre model reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Literal

import msgspec
import pyarrow as pa

from moviec.fusion.source_facts import SourceFacts

Facet = Literal["genre", "form", "audience", "format"]

_MEANINGS: list[tuple[str, pa.DataType]] = [
    ("source", pa.string()),
    ("label", pa.string()),
    ("genre", pa.string()),
    ("facet", pa.string()),
    ("parts", pa.int64()),
]
#: What a source's label means: one row per genre it may name; `parts` of them, more than one for a composite.
MEANINGS = pa.schema(_MEANINGS)


class Genre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One canonical genre; `ids` are its ids at other sources, by their names (tmdb: "16")."""

    id: int
    name: str
    facet: Facet
    aliases: tuple[str, ...] = ()
    ids: dict[str, str] = {}


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    genre: tuple[Genre, ...]


@cache
def genres() -> tuple[Genre, ...]:
    """Read the canonical genres, once, in order of id."""
    text = resources.files("moviec.fusion").joinpath("genres.toml").read_bytes()
    return msgspec.toml.decode(text, type=_File).genre


def by_name() -> dict[str, Genre]:
    """Return every genre by its name and aliases in small letters; a name comes before an alias."""
    aliases = {alias.lower(): genre for genre in genres() for alias in genre.aliases}
    return aliases | {genre.name.lower(): genre for genre in genres()}


def meanings(sources: Iterable[SourceFacts]) -> pa.Table:
    """Return what every label of the sources means (MEANINGS columns; labels in small letters).

    A source that maps no labels uses the canonical names and aliases. Names outside the list mean nothing.
    """
    known = by_name()
    rows = []
    for source in sources:
        maps = source.genres or {name: (genre.name,) for name, genre in known.items()}
        for label, names in maps.items():
            parts = [known[name.lower()] for name in names if name.lower() in known]
            rows += [
                {
                    "source": source.name,
                    "label": label.lower(),
                    "genre": part.name,
                    "facet": part.facet,
                    "parts": len(parts),
                }
                for part in parts
                if part.name not in source.unable
            ]
    return pa.Table.from_pylist(rows, MEANINGS)


def limits(sources: Iterable[SourceFacts]) -> pa.Table:
    """Return the sources whose genre lists are cut off: source, most."""
    capped = [source for source in sources if source.genre_limit]
    columns = {
        "source": pa.array([source.name for source in capped], pa.string()),
        "most": pa.array([source.genre_limit for source in capped], pa.int64()),
    }
    return pa.table(columns)


def genre_table() -> pa.Table:
    """Return the canonical genres as a table: genre (id), name, facet."""
    known = genres()
    columns = {
        "genre": pa.array([genre.id for genre in known], pa.int64()),
        "name": pa.array([genre.name for genre in known], pa.string()),
        "facet": pa.array([genre.facet for genre in known], pa.string()),
    }
    return pa.table(columns)
