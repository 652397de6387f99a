"""Questions over the films behind the rollups: which genres or companies lead, by which measure, when."""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from moviec.engine import Engine
from moviec.errors import UsageError
from moviec.model import MILLION
from moviec.rollup.monthly import SQL
from moviec.sql import filled
from moviec.units import LEAST_FILMS

#: Each measure: the amount in `parts`, and how it is added up unless one says otherwise. Popularity is heavy-tailed,
#: so that a mean says little: its default is the median.
MEASURES: dict[str, tuple[str, str]] = {
    "revenue": ("revenue", "sum"),
    "budget": ("budget", "sum"),
    "profit": ("(revenue - budget)", "sum"),
    "movies": ("film_part", "sum"),
    "votes": ("votes", "sum"),
    "popularity": ("popularity", "median"),
    "c_rating": ("c_rating", "median"),
}

#: What one unit of a measure is kept as.
_UNITS = {"movies": MILLION, "popularity": MILLION, "c_rating": 100}

_SUMS = {
    "sum": "TRY_CAST(sum({amount}) AS BIGINT)",
    "mean": "TRY_CAST(floor(CAST(sum({amount}) AS DOUBLE) / count({amount}) + 0.5) AS BIGINT)",
    "median": "TRY_CAST(floor(median({amount})) AS BIGINT)",
    "max": "max({amount})",
}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: genres or production_companies, from year to year, a month of each or all, a measure."""

    kind: str
    first_year: int = 1
    last_year: int = 9999
    month: int | None = None
    measure: str = "revenue"
    by: Literal["sum", "mean", "median", "max"] | None = None

    def added_up(self) -> str:
        """Return how the measure is added up."""
        return self.by or MEASURES[self.measure][1]


def answer(engine: Engine, question: Question, each_year: bool = False) -> pa.Table:
    """Ask the engine's view `parts`. Returns id, name, year (NULL unless `each_year`), movies, known, value.

    The largest value first, unknown last; values are dollars, votes, films, points of the C-rating, or popularity in its usual decimals.
    """
    amount, _ = MEASURES[question.measure]
    by = question.added_up()
    if question.measure == "movies" and by != "sum":
        raise UsageError(f"movies are counted, they have no {by}", "--by", "leave --by out")
    if question.measure == "c_rating" and by == "sum":
        raise UsageError("C-ratings are not summed", "--by", "ask for mean, median or max")
    if question.measure == "popularity" and by == "sum":
        amount = "popularity_part"
    parts = {
        "kind": question.kind,
        "year": "year" if each_year else "CAST(NULL AS INT)",
        "first_year": str(question.first_year),
        "last_year": str(question.last_year),
        "month": f"month = {question.month}" if question.month else "true",
        "amount": amount,
        "value": _SUMS[by].format(amount=amount),
    }
    sql = filled(SQL["report"], parts)
    table = engine.query(f"{sql} ORDER BY value IS NULL, value DESC, movies DESC, name, year")
    if unit := _UNITS.get(question.measure):
        decimals = pc.divide(pc.cast(table["value"], pa.float64()), float(unit))
        table = table.set_column(table.schema.get_field_index("value"), "value", decimals)
    return table


def least_films(question: Question) -> int:
    """Return how many films must be behind a value unless one says otherwise: LEAST_FILMS for C-ratings, else 1."""
    return LEAST_FILMS if question.measure == "c_rating" else 1


def with_films(table: pa.Table, least: int) -> pa.Table:
    """Leave out the rows of an answer with fewer films behind the value than `least`."""
    return table.filter(pc.field("known") >= least)


def choose(table: pa.Table, top: int | None, bottom: int | None) -> pa.Table:
    """Take the first `top` rows with a value and the last `bottom` ones; all when neither is given."""
    if top is None and bottom is None:
        return table
    valued = table.filter(pc.is_valid(table["value"]))
    first = min(top or 0, valued.num_rows)
    last = min(bottom or 0, valued.num_rows - first)
    return pa.concat_tables([valued.slice(0, first), valued.slice(valued.num_rows - last)])
