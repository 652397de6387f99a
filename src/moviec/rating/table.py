"""The C-rating of every film in a table: table in, table out. Also what a change of raters would do to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import NormalDist
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from moviec.engine import Engine
from moviec.errors import UsageError
from moviec.rating.arrays import Raters, aligned, arrays, sample, wide_rows
from moviec.rating.calibration import Wide
from moviec.rating.copies import merged
from moviec.rating.model import Bools, Floats, RatingModel
from moviec.rating.panels import questions
from moviec.rating.scoring import Scores, score
from moviec.rating.training import learn

CONTRIBUTION = pa.struct([("rater", pa.string()), ("points", pa.float64())])

#: Points 0-100 with two decimals. `base` and the contributions add up to `c_rating`; `sources` counts raters.
_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("movie", pa.string()),
    ("aspect", pa.string()),
    ("c_rating", pa.float64()),
    ("low", pa.float64()),
    ("high", pa.float64()),
    ("critics", pa.float64()),
    ("audience", pa.float64()),
    ("sources", pa.int32()),
    ("base", pa.float64()),
    ("contributions", pa.list_(CONTRIBUTION)),
    ("method", pa.string()),
]
RATED = pa.schema(_COLUMNS)

#: The normal distribution as a table: so many standard deviations, and the share that lies below.
STEPS = np.linspace(-8, 8, 6401)
BELOW = np.array([NormalDist().cdf(step) for step in STEPS])


class Change(msgspec.Struct, frozen=True):
    """A what-if: raters left out, and raters whose pull is multiplied (1 changes nothing)."""

    without: tuple[str, ...] = ()
    weights: Mapping[str, float] = {}

    def check(self, model: RatingModel) -> None:
        """Raise UsageError for a rater that the model does not know, or a weight out of range."""
        for names, known in ((self.without, model.columns), (self.weights, model.names)):
            for name in names:
                if name not in known:
                    raise UsageError(f"no rater '{name}'", hint=f"there are {', '.join(known)}")
        for name, weight in self.weights.items():
            if not 0 < weight <= 10:
                raise UsageError(f"the weight {weight:g} of '{name}'", hint="give one above 0, at most 10")


def fit(engine: Engine, raters: Raters) -> RatingModel:
    """Fit a model to the prepared table; the fewer films raters share, the more the shipped priors decide."""
    if not raters.names:
        raise UsageError(
            "not one rating could be used",
            "ratings",
            "give rows with a number on a scale; rejected ones are written beside --out with why",
        )
    return learn(sample(engine, len(raters.names)), raters.names, raters.priors)


def rated(
    engine: Engine, raters: Raters, model: RatingModel, change: Change | None = None
) -> Iterator[pa.Table]:
    """Rate the prepared table under the model: RATED tables, ordered by film and aspect, with flat memory.

    A film without a rater that is heard has `sources` 0 and no rating. Raters that the model does not know are not heard.
    """
    change = change or Change()
    change.check(model)
    for rows in wide_rows(engine):
        wide = aligned(arrays(rows, len(raters.names)), raters.names, model.columns)
        yield rate_films(model, rows.select(["movie", "aspect"]), wide, change)


def without_aspects(table: pa.Table) -> pa.Table:
    """Return the RATED rows that are a film's overall rating."""
    return table.filter(pc.equal(table.column("aspect"), pa.scalar("overall")))


def rate_films(model: RatingModel, names: pa.Table, wide: Wide, change: Change) -> pa.Table:
    """Rate films (`names`: movie, aspect; `wide`: films x the model's columns) into RATED rows."""
    for name in change.without:
        wide = wide.without(model.columns.index(name))
    wide = merged(wide, model.columns, model.copies, model.constants)
    heard = ~np.isnan(wide.points)
    return _as_rows(model, names, _weighted(model, wide, change.weights), heard)


def _weighted(model: RatingModel, wide: Wide, weights: Mapping[str, float]) -> Scores:
    """Score with raters' pulls multiplied: a weight of 2 doubles the difference that the rater makes."""
    asked = questions(model)
    plain = score(model, wide, asked)
    value, contributions = plain.value.copy(), plain.contributions.copy()
    for name, weight in weights.items():
        left_out = score(model, wide.without(model.names.index(name)), asked)
        value += (weight - 1) * (plain.value - left_out.value)
        contributions += (weight - 1) * (plain.contributions - left_out.contributions)
    return Scores(value, plain.error, contributions, plain.base)


def _as_rows(model: RatingModel, names: pa.Table, scores: Scores, heard: Bools) -> pa.Table:
    """Round to hundredths of a point, in integers, so that base and contributions add up exactly."""
    value = _hundredths(np.clip(scores.value, 0, 100))
    parts = np.where(heard, _hundredths(scores.contributions), 0)
    base = value[:, 0] - parts.sum(axis=1)
    unrated: Bools = np.asarray(~heard.any(axis=1), dtype=np.bool_)
    ends = _interval(scores.value[:, 0], scores.error[:, 0])
    low = np.minimum(_hundredths(ends[0]), value[:, 0])
    high = np.maximum(_hundredths(ends[1]), value[:, 0])
    who = np.array(model.names, dtype=object)[np.nonzero(heard)[1]]
    offsets = np.concatenate([[0], np.cumsum(heard.sum(axis=1))])
    points = pa.array(parts[heard] / 100)
    columns: list[Any] = [
        names.column("movie"),
        names.column("aspect"),
        *(
            pa.array(number / 100, mask=unrated)
            for number in (value[:, 0], low, high, value[:, 1], value[:, 2])
        ),
        pa.array(heard.sum(axis=1), pa.int32()),
        pa.array(base / 100, mask=unrated),
        pa.ListArray.from_arrays(
            pa.array(offsets, pa.int32()),
            pa.StructArray.from_arrays([pa.array(who, pa.string()), points], fields=list(CONTRIBUTION)),
        ),
        pa.array([model.version] * names.num_rows, pa.string()),
    ]
    return pa.Table.from_arrays(columns, schema=RATED)


def _interval(mean: Floats, error: Floats) -> tuple[Floats, Floats]:
    """Return the 5% and 95% points of a normal distribution that is cut off at 0 and 100.

    Cut off, not clipped: clipped ends are all 100 among good films, and sorting by them says nothing.
    """
    error = np.maximum(error, 1e-6)
    least, most = (np.interp((end - mean) / error, STEPS, BELOW) for end in (0, 100))
    points = (np.interp(least + share * (most - least), BELOW, STEPS) for share in (0.05, 0.95))
    low, high = (np.clip(mean + error * point, 0, 100) for point in points)
    return low, high


def _hundredths(points: Floats) -> Floats:
    return np.rint(points * 100)
