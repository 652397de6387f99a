"""The rollups of the catalogue, and from them who leads and who trails in each year: kept ready for rankings."""

from __future__ import annotations

import pyarrow as pa

from moviec.engine import Engine
from moviec.rollup.monthly import SQL, name_catalogue, name_parts
from moviec.sql import filled
from moviec.text import pc

#: Entries kept from each end.
PLACES = 100

#: The columns of the rollups that years are ranked by.
MEASURES = (
    "movies", "budget", "revenue", "profit", "votes", "popularity_sum", "popularity_mean", "popularity_median",
    "popularity_max", "c_rating_mean", "c_rating_median", "c_rating_max",
)  # fmt: skip

_GROUP = ["kind", "split", "year", "measure", "entries", "valued"]


def leading(engine: Engine, totals: pa.Table) -> pa.Table:
    """Rank the years of `totals` (as the rollups have them) by each of MEASURES.

    Returns kind, split, year, measure, entries (how many), valued (those with a value), and as JSON lists of ids
    first_entries (the largest value first, unknown last) and last_entries (the smallest value last).
    """
    engine.register("totals", totals)
    engine.register("measures", pa.table({"measure": list(MEASURES)}))
    values = " ".join(f"WHEN '{name}' THEN {name}" for name in MEASURES)
    placed = engine.query(filled(SQL["ranked"], {"values": values, "places": str(PLACES)}))
    first = _lists(placed.filter(pc.less_equal(placed["place"], PLACES)), "first_entries")
    upward = placed["upward"]
    ends = pc.and_(pc.greater_equal(upward, 0), pc.less(upward, PLACES))
    joined = first.join(_lists(placed.filter(ends), "last_entries"), _GROUP, join_type="left outer")
    none = pc.fill_null(joined["last_entries"], "[]")
    return joined.set_column(joined.schema.get_field_index("last_entries"), "last_entries", none)


def _lists(placed: pa.Table, name: str) -> pa.Table:
    """Return each group's entries, in the order of the rows, as a JSON list."""
    as_text = placed.set_column(
        placed.schema.get_field_index("entry"), "entry", placed["entry"].cast(pa.string())
    )
    grouped = as_text.group_by(_GROUP, use_threads=False).aggregate([("entry", "list")])
    lists = pc.binary_join_element_wise("[", pc.binary_join(grouped["entry_list"], ","), "]", "")
    return grouped.select(_GROUP).append_column(name, lists)


def totals(engine: Engine, films: pa.Table, entries: pa.Table) -> pa.Table:
    """Sum films (movie, year, month, budget, revenue, popularity, votes, c_rating) by what they count for.

    `entries`: kind, entry, name, movie, place. Returns the columns of rollup.sql (totals), `movie_ids` as a JSON list; whole dollars,
    millionths of popularity and of films, hundredths of a point.
    """
    name_catalogue(engine, films, entries)
    name_parts(engine, ["full", "even"])
    summed = engine.query(SQL["totals"])
    at = summed.schema.get_field_index("movie_ids")
    numbers = pc.binary_join(summed["movie_ids"].cast(pa.list_(pa.string())), ",")
    return summed.set_column(at, "movie_ids", pc.binary_join_element_wise("[", numbers, "]", ""))
