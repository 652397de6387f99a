"""Made-up ratings whose truth is known: two panels of raters, each with its own scale, level, spread and votes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.rating.arrays import Raters, prepare
from moviec.rating.model import RatingModel
from moviec.rating.table import Change, fit, rated
from tests.engines import new_engine

#: movie, source, value, votes, panel
Rating: TypeAlias = tuple[str, str, float, int | None, str | None]

#: rater, panel, correlation with its panel's truth, mean, spread, whether it gives votes
WORLD = (
    ("imdb", "audience", 0.97, 60.0, 11.0, True),
    ("viewers", "audience", 0.93, 65.0, 20.0, True),
    ("press", "critics", 0.95, 50.0, 28.0, False),
    ("review", "critics", 0.95, 62.0, 15.0, False),
)
DEVIATION = 20.0
BETWEEN = 0.75
CROWD = 64.0


def ratings(films: int = 1500, seed: int = 1, present: float = 0.7, friends: float = 0.0) -> pa.Table:
    """Return movie, source, value, lowest, highest, votes, panel on a scale of 0-100.

    `friends`: points by which the choice of its first voters moves a film at the raters that give votes, until
    CROWD of them have come.
    """
    random = np.random.default_rng(seed)
    audience = random.normal(size=films)
    critics = BETWEEN * audience + np.sqrt(1 - BETWEEN**2) * random.normal(size=films)
    rows: list[Rating] = []
    for name, panel, alike, mean, spread, votes_given in WORLD:
        truth = audience if panel == "audience" else critics
        own = alike * truth + np.sqrt(1 - alike**2) * random.normal(size=films)
        votes = np.ceil(np.exp(random.normal(4, 2, films)))
        drawn = DEVIATION**2 / votes + friends**2 / (1 + (votes / CROWD) ** 2)
        noise = random.normal(size=films) * np.sqrt(drawn) if votes_given else 0.0
        value = np.clip(np.round(mean + spread * own + noise, 2), 0, 100)
        for film in np.flatnonzero(random.random(films) < present):
            count = int(votes[film]) if votes_given else None
            rows.append((f"m{film:05}", name, float(value[film]), count, panel))
    return table(rows)


def table(rows: Sequence[Rating]) -> pa.Table:
    """Return rows of movie, source, value, votes and panel as a table of ratings on a scale of 0-100."""
    movie, source, value, votes, panel = zip(*rows, strict=True)
    columns: dict[str, Any] = {
        "movie": pa.array(movie, pa.string()),
        "source": pa.array(source, pa.string()),
        "value": pa.array(value, pa.float64()),
        "lowest": pa.array([0.0] * len(rows)),
        "highest": pa.array([100.0] * len(rows)),
        "votes": pa.array(votes, pa.int64()),
        "panel": pa.array(panel, pa.string()),
    }
    return pa.table(columns)


def prepared(engine: DuckEngine, data: pa.Table) -> Raters:
    """Make the table ready to be fitted and rated."""
    engine.register("made_up", data)
    return prepare(engine, data.column_names, "made_up")


def run(data: pa.Table, change: Change | None = None, model: RatingModel | None = None) -> pa.Table:
    """Fit (unless a model is given) and rate."""
    with new_engine() as engine:
        raters = prepared(engine, data)
        return pa.concat_tables(rated(engine, raters, model or fit(engine, raters), change))


def by_movie(scores: pa.Table, column: str = "c_rating") -> dict[str, float]:
    """Return one column of the overall ratings by movie."""
    rows = scores.select(["movie", "aspect", column]).to_pylist()
    return {row["movie"]: row[column] for row in rows if row["aspect"] == "overall"}
