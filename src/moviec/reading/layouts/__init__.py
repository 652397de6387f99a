"""Layouts that many people's files share, one data file each, and which of them a table has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from typing import Literal

import msgspec


class Scale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rater in a layout: its panel and the ends of its scale."""

    panel: Literal["critics", "audience"]
    lowest: float
    highest: float


class Beside(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A further file of a layout: the columns that it is known by, its key, which is the films', and what its columns feed."""

    name: str
    needs: tuple[str, ...]
    key: str
    columns: dict[str, tuple[str, ...]]

    def fits(self, columns: Iterable[str]) -> bool:
        """Return whether a table with these columns is such a file."""
        there = {column.casefold() for column in columns}
        return all(column.casefold() in there for column in self.needs)


class Layout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A layout: the columns it is known by (`needs`), a pattern of file names where these are not enough (`named`), and what
    each column feeds, as in a source's facts. `key` names the columns that tell rows apart; of a `private` one the rows are
    one person's own. `beside` are further files of it by their role. Of a layout that a person has several files of (`each`) the
    file's name goes into the source's; of one that comes as several files (`keeps`), what a later file is silent of stays.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    named: str = ""
    key: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    raters: dict[str, Scale] = {}
    separator: str = ""
    dates: str = ""
    private: bool = True
    beside: dict[str, Beside] = {}
    each: bool = False
    keeps: bool = False

    def fits(self, columns: Iterable[str], file: str) -> bool:
        """Return whether a table with these columns, in a file of this name, has the layout."""
        there = {column.casefold() for column in columns}
        known = all(column.casefold() in there for column in self.needs)
        return known and re.search(self.named, file, re.IGNORECASE) is not None

    def feeding(self, feed: str, columns: Sequence[str]) -> str | None:
        """Return the column that feeds a field, as the table has it."""
        names = {column.casefold(): column for column in columns}
        for column, feeds in self.columns.items():
            if feed in feeds and column.casefold() in names:
                return names[column.casefold()]
        return None


@lru_cache(maxsize=1)
def layouts() -> tuple[Layout, ...]:
    """Return every layout, those with more telling columns first."""
    folder = resources.files("moviec.reading.layouts")
    found = [
        msgspec.toml.decode(file.read_bytes(), type=Layout)
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda layout: (-len(layout.needs), not layout.named, layout.name)))


def layout_of(columns: Sequence[str], file: str) -> Layout | None:
    """Return the layout of a table; None where it has none that is known."""
    return next((layout for layout in layouts() if layout.fits(columns, file)), None)


def layout_beside(columns: Sequence[str]) -> tuple[Layout, str] | None:
    """Return the layout, and the role in it, of a table that stands beside a table of films; None where it is none."""
    for layout in layouts():
        for role, beside in layout.beside.items():
            if beside.fits(columns):
                return layout, role
    return None
