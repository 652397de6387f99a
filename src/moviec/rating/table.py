"""The C-rating of every film in a table, and what a change of raters would do to it.

A film's score is its conditional expectation under the rating model, given what its raters say. A missing rater is filled in
by what the others make likely; no score is just the mean of the available ratings. The score is linear in every rater's
value, so each rater's contribution in points is exact.
"""

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
from moviec.rating.calibration import ROUNDING, Wide, noise, straightened
from moviec.rating.model import Bools, Floats, RatingModel
from moviec.rating.training import learn
from moviec.rating.voices import Questions, merged, questions

#: The most numbers in the largest array of a chunk of films.
CHUNK = 2_000_000

#: Half the width of a 90% interval in standard deviations of a normal distribution.
NINETY = 1.6448536269514722


class Scores(msgspec.Struct, frozen=True):
    """Answers in points on the common scale, films x questions, with their standard deviation.

    `contributions` (films x raters) are of the first question: its answer is `base` plus their sum.
    """

    value: Floats
    error: Floats
    contributions: Floats
    base: float


def score(model: RatingModel, wide: Wide, asked: Questions) -> Scores:
    """Answer the questions for every film; one without ratings gets the common mean and the widest error."""
    size = max(1, CHUNK // (len(model.raters) ** 2))
    starts = range(0, max(len(wide.points), 1), size)
    parts = [_score(model, wide.take(slice(start, start + size)), asked) for start in starts]
    return Scores(
        value=np.concatenate([part.value for part in parts]),
        error=np.concatenate([part.error for part in parts]),
        contributions=np.concatenate([part.contributions for part in parts]),
        base=asked.mean,
    )


def _score(model: RatingModel, wide: Wide, asked: Questions) -> Scores:
    spread = model.column("spread")
    values = (straightened(wide.points, model.raters) - model.column("mean")) / spread
    present = ~np.isnan(values)
    sampling = noise(wide, model.sampling)
    precision = np.where(present, spread**2 / (ROUNDING + sampling), 0.0)
    evidence = np.where(present, precision * values, 0.0)
    inverse = np.linalg.inv(np.array(model.correlation))
    asks = (inverse * asked.covariance[:, None, :]).sum(axis=2)
    exact = inverse + precision[:, :, None] * np.eye(len(spread))
    pulls = np.linalg.solve(exact, np.broadcast_to(asks.T, (len(values), *asks.T.shape)))
    answers = (pulls * evidence[:, :, None]).sum(axis=1)
    foretold = (asks * asked.covariance).sum(axis=1) - (pulls * asks.T).sum(axis=1)
    return Scores(
        value=asked.mean + asked.spread * answers,
        error=asked.spread * np.sqrt(np.maximum(asked.variance - foretold, 0.0)),
        contributions=asked.spread * pulls[:, :, 0] * evidence,
        base=asked.mean,
    )


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

#: The normal distribution as a table: standard deviations, and the share below.
STEPS = np.linspace(-8, 8, 6401)
BELOW = np.array([NormalDist().cdf(step) for step in STEPS])


class Change(msgspec.Struct, frozen=True):
    """A what-if: raters left out, and raters whose pull is multiplied (1 changes nothing)."""

    without: tuple[str, ...] = ()
    weights: Mapping[str, float] = {}

    def check(self, model: RatingModel) -> None:
        """Raise UsageError for a rater unknown to the model, or a weight out of range."""
        for names, known in ((self.without, model.columns), (self.weights, model.names)):
            for name in names:
                if name not in known:
                    raise UsageError(f"no rater '{name}'", hint=f"there are {', '.join(known)}")
        for name, weight in self.weights.items():
            if not 0 < weight <= 10:
                raise UsageError(f"the weight {weight:g} of '{name}'", hint="give one above 0, at most 10")


def fit(engine: Engine, raters: Raters) -> RatingModel:
    """Fit a model to the prepared table; the fewer films raters share, the more the shipped priors count."""
    if not raters.names:
        raise UsageError(
            "no rating could be used",
            "ratings",
            "give rows with a number on a scale; rejected ones are written next to --out with the reasons",
        )
    return learn(sample(engine, len(raters.names)), raters.names, raters.priors)


def rated(
    engine: Engine, raters: Raters, model: RatingModel, change: Change | None = None
) -> Iterator[pa.Table]:
    """Rate the prepared table under the model: RATED tables, ordered by film and aspect, with flat memory.

    A film without a rater that counts has `sources` 0 and no rating. Raters unknown to the model do not count.
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
    """Return the 5% and 95% points of a normal distribution truncated at 0 and 100.

    Truncated, not clipped: clipped ends would all be 100 among good films, which makes sorting by them useless.
    """
    error = np.maximum(error, 1e-6)
    least, most = (np.interp((end - mean) / error, STEPS, BELOW) for end in (0, 100))
    points = (np.interp(least + share * (most - least), BELOW, STEPS) for share in (0.05, 0.95))
    low, high = (np.clip(mean + error * point, 0, 100) for point in points)
    return low, high


def _hundredths(points: Floats) -> Floats:
    return np.rint(points * 100)


#: Number of films listed as having moved most.
NAMED = 10


class Moved(msgspec.Struct, frozen=True):
    """Films in both runs, how many moved, mean and largest move of the rating in points, mean move of the rank.

    `most`, those that moved most, has columns movie, before, after, rank_before, rank_after; `lost` films no longer have a rater.
    """

    films: int
    moved: int
    lost: int
    mean_points: float
    most_points: float
    mean_ranks: float
    most: pa.Table


def compare(engine: Engine, before: pa.Table, after: pa.Table) -> Moved:
    """Compare two runs (movie, c_rating); ranks are among the films of both, 1 the best, equal ratings by name."""
    engine.register("rated_before", before.select(["movie", "c_rating"]))
    engine.register("rated_after", after.select(["movie", "c_rating"]))
    engine.materialize(
        "rated_moved",
        "SELECT b.movie, b.c_rating AS before, a.c_rating AS after,"
        " ROW_NUMBER() OVER (ORDER BY b.c_rating DESC, b.movie) AS rank_before,"
        " ROW_NUMBER() OVER (ORDER BY a.c_rating DESC, b.movie) AS rank_after"
        " FROM rated_before b JOIN rated_after a ON a.movie = b.movie"
        " WHERE b.c_rating IS NOT NULL AND a.c_rating IS NOT NULL",
    )
    totals = engine.query(
        "SELECT COUNT(*) AS films, COALESCE(SUM(CAST(ROUND(100 * ABS(after - before)) AS BIGINT)), 0) AS points,"
        " COALESCE(SUM(CASE WHEN after <> before THEN 1 ELSE 0 END), 0) AS moved,"
        " COALESCE(MAX(ABS(after - before)), 0) AS most, COALESCE(SUM(ABS(rank_after - rank_before)), 0) AS ranks"
        " FROM rated_moved"
    ).to_pylist()[0]
    films = totals["films"]
    most = engine.query(
        "SELECT * FROM rated_moved WHERE before <> after ORDER BY ABS(rank_after - rank_before) DESC, movie"
        f" LIMIT {NAMED}"
    )
    return Moved(
        films=films,
        moved=int(totals["moved"]),
        lost=before.num_rows - before.column("c_rating").null_count - films,
        mean_points=float(totals["points"]) / 100 / max(films, 1),
        most_points=round(float(totals["most"]), 2),
        mean_ranks=float(totals["ranks"]) / max(films, 1),
        most=most,
    )
