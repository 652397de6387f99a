"""Made-up records of movies, as fusing takes them, and the facts of the sources they come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from moviec.engine import DuckEngine, Limits
from moviec.fusion.documents import documents
from moviec.fusion.model import FuseModel, shipped_model
from moviec.fusion.movies import Fused, fuse_movies
from moviec.fusion.source_facts import FuseFacts, SourceFacts
from moviec.model import RECORD

MEMBERS = pa.schema([pa.field("movie", pa.int64()), *RECORD])

FACTS = FuseFacts(
    (
        SourceFacts(
            "imdb",
            "imdb",
            order={"default": 2, "title": 1, "year": 1, "people": 1},
            genres={"Drama": ("Drama",), "Sci-Fi": ("Science Fiction",), "Short": ("Short",)},
            genre_limit=3,
            raters={"imdb": "audience"},
        ),
        SourceFacts(
            "kaggle",
            "tmdb",
            order={"default": 3, "budget": 1, "revenue": 1, "companies": 1},
            genres={"Drama": ("Drama",), "Science Fiction": ("Science Fiction",)},
            raters={"tmdb": "audience"},
        ),
        SourceFacts(
            "omdb",
            "imdb",
            order={"default": 4},
            raters={"imdb": "audience", "metacritic": "critics", "rottentomatoes": "critics"},
        ),
        SourceFacts("ours", "ours", order={"default": 50}),
    )
)


def record(movie: int, source: str, key: str, **fields: Any) -> dict[str, Any]:
    """Give one record; `delivery` is of 2026-11-20 unless told."""
    usual = {"delivery": f"20261120T000000Z-{source}", "deleted": False}
    return {**usual, **fields, "movie": movie, "source": source, "key": key}


def person(name: str, role: str, position: int | None, key: str | None = None, **more: str) -> dict[str, Any]:
    return {"name": name, "role": role, "position": position, "key": key, "character": None, **more}


def rating(rater: str, value: float, highest: float = 10.0, **more: Any) -> dict[str, Any]:
    usual = {"panel": None, "aspect": "overall", "lowest": 0.0, "votes": None, "distribution": None}
    return {**usual, "rater": rater, "value": value, "highest": highest, **more}


def fused(
    rows: Sequence[dict[str, Any]], model: FuseModel | None = None, threads: int = 1
) -> tuple[Fused, pa.Table]:
    """Fuse records: the tables and the documents."""
    with DuckEngine(Limits(threads=threads)) as engine:
        engine.register("members", pa.Table.from_pylist(list(rows), MEMBERS))
        found = fuse_movies(engine, model or shipped_model(), FACTS)
        return found, documents(engine, found, FACTS.rules)


def rows_of(table: pa.Table, *columns: str) -> list[Any]:
    """Give a table's rows as tuples of some columns, or as values of one."""
    rows = [tuple(row[name] for name in columns) for row in table.to_pylist()]
    return [row[0] for row in rows] if len(columns) == 1 else rows
