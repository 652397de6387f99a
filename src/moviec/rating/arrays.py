"""Converts a table of ratings to arrays: checked and de-duplicated by SQL, one row per film and aspect, a column per
rater.

Returns tables `rating_wide` (movie, aspect, given, p0…, v0…, d0…, place) and `rating_rejected` (file_row, movie, source, value,
reason), and arrays of films x raters.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moviec.engine import Engine
from moviec.errors import UsageError
from moviec.rating.calibration import Wide
from moviec.rating.model import Floats, Prior, prior_of
from moviec.sql import materialize, read_sql, run, view

_RATINGS_SQL = read_sql("moviec.rating", "ratings.sql")
_PREPARED = (
    view("rating_judged", "rating_typed"),
    materialize("rating_ranked", "rating_spelled", "rating_sources"),
    view("rating_kept"),
    view("rating_rejected"),
)


REQUIRED = ("movie", "source", "value", "lowest", "highest")
OPTIONAL = ("votes", "panel", "aspect", "deviation", "file_row")

#: The most films to fit a model on: beyond, no correlation changes by .01. Fewer with many raters,
#: as a round takes time with the cube of their number.
FITTED_FILMS = 30_000
FITTED_CELLS = 4_000_000

#: The most raters of a table: a round inverts films x raters x raters, and 100 take a minute.
MOST_RATERS = 100

#: Films rated at a time.
AT_ONCE = 100_000

WIDE_NAMES = (("p", "points"), ("v", "votes"), ("d", "deviation"))


class Raters(msgspec.Struct, frozen=True):
    """The raters of a table in the order of every array, with their priors and numbers of ratings."""

    names: tuple[str, ...]
    priors: tuple[Prior, ...]
    ratings: tuple[int, ...]
    rejected: int


def prepare(engine: Engine, columns: list[str], source: str) -> Raters:
    """Check the rows of the table `source` and create the views; raises UsageError for too many raters.

    `columns` are the table's: the REQUIRED ones and any of the OPTIONAL.
    """
    chosen = [*REQUIRED, *(name if name in columns else f"NULL AS {name}" for name in OPTIONAL)]
    engine.view("rating_rows", f"SELECT {', '.join(chosen)} FROM {source}")
    run(engine, _RATINGS_SQL, _PREPARED)
    found = engine.query(
        "SELECT rater, MIN(panel) AS panel, MIN(hundred) AS hundred, COUNT(*) AS ratings FROM rating_kept GROUP BY rater ORDER BY rater"
    ).to_pylist()
    names = tuple(row["rater"] for row in found)
    if len(names) > MOST_RATERS:
        raise UsageError(
            f"{len(names):,} sources, at most {MOST_RATERS} are possible",
            hint="for single viewers give one row per film: their mean, and their number as votes",
        )
    rejected = engine.query("SELECT COUNT(*) AS bad FROM rating_rejected").column(0)[0].as_py()
    priors = tuple(prior_of(row["rater"], row["panel"], row["hundred"] == 1) for row in found)
    _widen(engine, names)
    return Raters(names, priors, tuple(row["ratings"] for row in found), rejected)


def _widen(engine: Engine, names: tuple[str, ...]) -> None:
    """Make `rating_wide`: one row per film and aspect, and per rater its points, votes and deviation."""
    numbers = pa.table(
        {"rater": pa.array(names, pa.string()), "number": pa.array(range(len(names)), pa.int64())}
    )
    engine.register("rating_raters", numbers)
    cells = [
        f"MAX(CASE WHEN number = {at} THEN {field} END) AS {letter}{at}"
        for letter, field in WIDE_NAMES
        for at in range(len(names))
    ]
    engine.materialize(
        "rating_wide",
        "SELECT *, ROW_NUMBER() OVER (ORDER BY movie, aspect) AS place FROM ("
        f"SELECT movie, aspect, COUNT(*) AS given, {', '.join(cells)}"
        " FROM rating_kept k JOIN rating_raters r ON r.rater = k.rater GROUP BY movie, aspect) w",
    )


def wide_rows(engine: Engine) -> Iterator[pa.Table]:
    """Yield `rating_wide` in order, some films at a time, so that memory stays flat."""
    rows = engine.query("SELECT COUNT(*) AS rows FROM rating_wide").column(0)[0].as_py()
    for start in range(0, rows, AT_ONCE):
        yield engine.query(
            f"SELECT * FROM rating_wide WHERE place > {start} AND place <= {start + AT_ONCE} ORDER BY place"
        )


def sample(engine: Engine, raters: int) -> Wide:
    """Return the films to fit a model on: those with two raters first, then by a hash of the film's id."""
    films = min(FITTED_FILMS, max(500, FITTED_CELLS // raters**2))
    table = engine.query(
        "SELECT * FROM rating_wide WHERE aspect = 'overall'"
        f" ORDER BY CASE WHEN given > 1 THEN 0 ELSE 1 END, MD5(movie), movie LIMIT {films}"
    )
    return arrays(table, raters)


def arrays(rows: pa.Table, raters: int) -> Wide:
    """Return the wide rows as arrays of films x raters."""

    def columns(letter: str) -> Floats:
        found = [pc.cast(rows.column(f"{letter}{at}"), pa.float64()) for at in range(raters)]
        return np.stack([column.to_numpy() for column in found], axis=1)

    return Wide(*(columns(letter) for letter, _ in WIDE_NAMES))


def aligned(wide: Wide, names: tuple[str, ...], columns: tuple[str, ...]) -> Wide:
    """Return the columns for other raters: missing ones become NaN, extra ones are dropped."""
    at = [names.index(column) if column in names else len(names) for column in columns]
    silent = np.full((len(wide.points), 1), np.nan)
    return Wide(*(np.hstack([each, silent])[:, at] for each in (wide.points, wide.votes, wide.deviation)))
