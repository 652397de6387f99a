"""Rankings of genres and companies by measure and span: over the films behind a rollup, or stored for the catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from moviec.engine import DuckEngine, Engine
from moviec.measures import KEPT_AS, SPLITS, Question, refuse_nonsense
from moviec.model import BEFORE_RELEASE, GIVEN_UP, status_is
from moviec.rollup.monthly import SQL, name_catalogue, name_splits
from moviec.sql import filled
from moviec.text import Column, pc

#: Films whose years are summed together: their rows, medians and lists take some 300 MB (of 700,000 made-up films).
FILMS_AT_ONCE = 50_000

#: Entries kept from each end.
PLACES = 100

#: The columns of the rollups by which years are ranked.
MEASURES = (
    "movies", "budget", "revenue", "profit", "votes", "popularity_sum", "popularity_mean", "popularity_median",
    "popularity_max", "c_rating_mean", "c_rating_median", "c_rating_max",
)  # fmt: skip


def leading(engine: Engine, totals: pa.Table) -> pa.Table:
    """Rank the years of `totals` (as the rollups have them) by each of MEASURES.

    Returns kind, split, year, measure, entries (their number), valued (those with a value), and as JSON lists of ids
    first_entries (the largest value first, unknown last) and last_entries (the smallest value last).
    """
    engine.register("totals", totals)
    engine.register("measures", pa.table({"measure": list(MEASURES)}))
    values = " ".join(f"WHEN '{name}' THEN {name}" for name in MEASURES)
    ranked = engine.query(filled(SQL["ranked"], {"values": values, "places": str(PLACES)}))
    for name in ("first_entries", "last_entries"):
        ranked = ranked.set_column(ranked.schema.get_field_index(name), name, _as_json(ranked[name]))
    return ranked


def _as_json(lists: Column) -> Column:
    """Return lists of ids as JSON; none is an empty one."""
    texts = pc.binary_join(lists.cast(pa.list_(pa.string())), ",")
    return pc.binary_join_element_wise("[", pc.fill_null(texts, ""), "]", "")


def spans(films: Mapping[int, int]) -> list[list[int]]:
    """Split years (with the films of each) into spans to be summed one after another, so that memory stays flat; in
    order, at least one.
    """
    parted: list[list[int]] = [[]]
    filled_to = 0
    for year in sorted(films):
        if parted[-1] and filled_to + films[year] > FILMS_AT_ONCE:
            parted.append([])
            filled_to = 0
        parted[-1].append(year)
        filled_to += films[year]
    return parted


#: The condition that a film of a table counts in a year: it is released, by its status, and its year is known.
COUNTS = (
    f"NOT coalesce({status_is('status', (*BEFORE_RELEASE, *GIVEN_UP))}, false)"
    " AND coalesce(year(released), year) IS NOT NULL"
)


def totals_by_span(beside: DuckEngine) -> Iterator[pa.Table]:
    """Yield the totals of the engine's `counted_films` by its `named_entries`, both as `totals` takes them, some years at a
    time; at least once.
    """
    counted = beside.query("SELECT year, count(*) AS films FROM counted_films GROUP BY year").to_pylist()
    for years in spans({row["year"]: row["films"] for row in counted}):
        beside.register("span_years", pa.table({"year": pa.array(years, pa.int32())}))
        films = beside.query("SELECT * FROM counted_films SEMI JOIN span_years USING (year)")
        beside.register("span_films", films)
        entries = beside.query("SELECT * FROM named_entries SEMI JOIN span_films USING (movie)")
        with DuckEngine(beside=beside) as engine:
            yield totals(engine, films, entries)


def totals(engine: Engine, films: pa.Table, entries: pa.Table) -> pa.Table:
    """Sum films (movie, year, month, budget, revenue, popularity, votes, c_rating) by the entries they count for.

    `entries`: kind, entry, name, movie, place. Returns the columns of rollup.sql (totals), `movie_ids` as a JSON list; whole dollars,
    millionths of popularity and of films, hundredths of a point.
    """
    name_catalogue(engine, films, entries)
    name_splits(engine, SPLITS)
    summed = engine.query(SQL["totals"])
    return summed.set_column(
        summed.schema.get_field_index("movie_ids"), "movie_ids", _as_json(summed["movie_ids"])
    )


#: The amount of a measure without a column of that name: in sums a film counts with its part.
_SUMMED = {"profit": "(revenue_part - budget_part)", "movies": "film_part"}
_WHOLE = {"profit": "(revenue - budget)"}

_SUMS = {
    "sum": "TRY_CAST(sum({amount}) AS BIGINT)",
    "mean": "TRY_CAST(floor(CAST(sum({amount}) AS DOUBLE) / count({amount}) + 0.5) AS BIGINT)",
    "median": "TRY_CAST(floor(median({amount})) AS BIGINT)",
    "max": "max({amount})",
}


def answer(engine: Engine, question: Question, each_year: bool = False) -> pa.Table:
    """Query the engine's view `parts`. Returns id, name, year (NULL unless `each_year`), movies, known, value.

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
    """Drop the rows with fewer films behind the value than `least`."""
    return table.filter(pc.field("known") >= least)


def choose(table: pa.Table, top: int | None, bottom: int | None) -> pa.Table:
    """Return the first `top` rows with a value and the last `bottom` ones; all when neither is given."""
    if top is None and bottom is None:
        return table
    valued = table.filter(pc.is_valid(table["value"]))
    first = min(top or 0, valued.num_rows)
    last = min(bottom or 0, valued.num_rows - first)
    return pa.concat_tables([valued.slice(0, first), valued.slice(valued.num_rows - last)])
