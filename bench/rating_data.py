"""The shared ratings for the benches: one long table on an engine, and arrays of films x raters, split in two halves."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from moviec.engine import DuckEngine
from moviec.rating.arrays import arrays, prepare
from moviec.rating.calibration import Wide
from moviec.rating.model import Bools, Floats, Prior, prior_of

DATA = Path(__file__).parents[2] / "shared" / "data"
COLUMNS = ["movie", "source", "value", "lowest", "highest", "votes", "panel", "deviation"]


class Films(msgspec.Struct, frozen=True):
    """Films x raters in points, and which films the models may be fitted on (the rest is scored)."""

    movies: list[str]
    raters: tuple[str, ...]
    wide: Wide
    fitting: Bools

    def only(self, raters: list[str]) -> Films:
        """Return the films with some raters only; films without any of them stay."""
        at = [self.raters.index(name) for name in raters]
        wide = Wide(self.wide.points[:, at], self.wide.votes[:, at], self.wide.deviation[:, at])
        return Films(self.movies, tuple(raters), wide, self.fitting)

    def pick(self, films: Bools) -> Wide:
        """Return the arrays of some films."""
        return Wide(self.wide.points[films], self.wide.votes[films], self.wide.deviation[films])

    @property
    def priors(self) -> tuple[Prior, ...]:
        """What is known of the raters beforehand."""
        return tuple(prior_of(name) for name in self.raters)


def load(engine: DuckEngine) -> None:
    """Read the shared files into `others` (all but MovieLens) and `stars` (movie, viewer, value)."""
    text = Path(__file__).with_name("rating_data.sql").read_text("utf-8")
    engine.connection.execute("SET VARIABLE data = $data", {"data": str(DATA)})
    engine.connection.execute(text.replace("$data", "getvariable('data')"))


def films(engine: DuckEngine, viewers: str = "true") -> Films:
    """Return the films; MovieLens' mean is that of the viewers for whom the SQL condition holds."""
    engine.view(
        "everything",
        "SELECT *, NULL::DOUBLE AS deviation FROM others UNION ALL"
        " SELECT movie, 'movielens', avg(value::DECIMAL(9, 1)), 0.5, 5.0, count(*), 'audience', stddev_samp(value)"
        f" FROM stars WHERE {viewers} GROUP BY movie",
    )
    raters = prepare(engine, COLUMNS, "everything")
    rows = engine.query("SELECT *, md5_number(movie) % 2 = 0 AS fitting FROM rating_wide ORDER BY place")
    fitting = rows.column("fitting").to_numpy()
    wide = arrays(rows, len(raters.names))
    return Films(
        [str(movie) for movie in rows.column("movie").to_pylist()],
        raters.names,
        wide,
        np.asarray(fitting, dtype=bool),
    )


def as_points(values: Floats, lowest: float, highest: float) -> Floats:
    """Return values of a scale in points 0-100."""
    return 100 * (values - lowest) / (highest - lowest)
