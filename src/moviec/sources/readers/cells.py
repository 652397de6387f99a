"""Which columns of a file hold which kinds of cells: as the facts declare them, or by what each column of a mapping feeds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from moviec.reading.columns import Column
from moviec.reading.kinds import KINDS
from moviec.sources.spec import FileSpec

#: Which columns of a file are read, and how.
ColumnsOf: TypeAlias = Callable[[FileSpec], list[Column]]

#: The kind of the cells of what a mapping feeds.
FED = {
    "title": "title",
    "original_title": "title",
    "year": "year",
    "released": "date",
    "runtime": "duration",
    "budget": "money",
    "revenue": "money",
    "popularity": "number",
    "adult": "flag",
    "genres": "labels",
    "keywords": "labels",
    "languages": "languages",
    "countries": "countries",
    "other_titles": "titles",
    "companies": "companies",
    "people": "names",
    **dict.fromkeys(
        (
            "kind",
            "status",
            "collection",
            "certificate",
            "original_language",
            "overview",
            "tagline",
            "poster",
            "trailer",
            "homepage",
        ),
        "text",
    ),
}


#: A column of objects that tell a name and a job each.
CREW = "people.crew"


def kind_fed(feed: str) -> str | None:
    """Return the kind of the cells that feed a field: "ids.imdb" is of the kind "imdb"; None for what is no cell's value."""
    field, _, part = feed.partition(".")
    if field == "ids":
        return part if part in KINDS else "id"
    if feed == CREW:
        return "objects"
    if field == "ratings":
        return "count" if part.endswith(".votes") else "rating"
    return FED.get(field)


def fed_column(column: str, feed: str) -> str:
    """Name the read column of what a column of a mapping feeds."""
    return f"{column} › {feed}"


def declared_columns(spec: FileSpec) -> list[Column]:
    """Return the columns whose kind the facts declare; what is read takes the cell's place."""
    return [Column(name, kind, name, spec.told(kind)) for name, kind in spec.cells.items()]


def mapped_columns(spec: FileSpec) -> list[Column]:
    """Return the columns of a mapping, one for each thing that they feed; what is read stands beside the cell."""
    return [
        Column(name, kind, fed_column(name, feed), spec.told(kind))
        for name, feeds in spec.columns.items()
        for feed in feeds
        if (kind := kind_fed(feed))
    ]
