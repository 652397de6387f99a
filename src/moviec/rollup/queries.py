"""Questions over the films behind the rollups: which genres or companies lead, by which measure, when."""

from __future__ import annotations

import pyarrow as pa
from moviec.text import pc

from moviec.engine import Engine
from moviec.measures import KEPT_AS, Question, refuse_nonsense
from moviec.rollup.monthly import SQL
from moviec.sql import filled

#: The amount of a measure where it is no column of that name: added up, a film counts with its part.
_SUMMED = {"profit": "(revenue_part - budget_part)", "movies": "film_part"}
_WHOLE = {"profit": "(revenue - budget)"}

_SUMS = {
    "sum": "TRY_CAST(sum({amount}) AS BIGINT)",
    "mean": "TRY_CAST(floor(CAST(sum({amount}) AS DOUBLE) / count({amount}) + 0.5) AS BIGINT)",
    "median": "TRY_CAST(floor(median({amount})) AS BIGINT)",
    "max": "max({amount})",
}


def answer(engine: Engine, question: Question, each_year: bool = False) -> pa.Table:
    """Ask the engine's view `parts`. Returns id, name, year (NULL unless `each_year`), movies, known, value.

    The largest value first, unknown last. Raises UsageError where the question makes no sense; values are dollars, votes, films, points of the C-rating, or popularity in its usual decimals.
    """
    refuse_nonsense(question)
    by, measure = question.added_up, question.measure
    amount = _SUMMED.get(measure, f"{measure}_part") if by == "sum" else _WHOLE.get(measure, measure)
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
    if unit := KEPT_AS.get(question.measure):
        decimals = pc.divide(pc.cast(table["value"], pa.float64()), float(unit))
        table = table.set_column(table.schema.get_field_index("value"), "value", decimals)
    return table


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
