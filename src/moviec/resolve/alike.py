"""Rows of one list that say the same film in the same words: matched once, and what is found holds for each of them.

Without this, two equal rows would be rivals, and a film that fits two equally well is never accepted.
"""

from __future__ import annotations

import duckdb
import msgspec
import pyarrow as pa

# Rows that name neither year nor director may be films of one title, so they stay as they are.
_FIRST = """
SELECT row, key, first_value(key) OVER same AS first_key, row_number() OVER same = 1 AS leads
FROM (SELECT *, row_number() OVER () AS row FROM films)
WINDOW same AS (
  PARTITION BY titles, year, released, runtime, kind, directors, "cast", genres, ids::VARCHAR,
               CASE WHEN coalesce(year, year(released)) IS NULL AND coalesce(len(directors), 0) = 0 THEN row END
  ORDER BY row)
ORDER BY row
"""

_EACH = """
SELECT DISTINCT p.* REPLACE (l.key AS left_key, r.key AS right_key) FROM pairs p
JOIN left_rows l ON l.first_key = p.left_key JOIN right_rows r ON r.first_key = p.right_key
ORDER BY p.probability DESC, p.weight DESC, left_key, right_key
"""


class Rows(msgspec.Struct, frozen=True):
    """`films`: the first of each alike rows (FEATURES). `rows`: key and first_key of every row."""

    films: pa.Table
    rows: pa.Table


def first_of_alike(films: pa.Table) -> Rows:
    """Leave out rows (FEATURES columns) that repeat an earlier one in all but the key."""
    with duckdb.connect() as connection:
        connection.register("films", films)
        found = connection.sql(_FIRST).to_arrow_table()
    return Rows(films.filter(found["leads"]), found.select(["key", "first_key"]))


def for_each(pairs: pa.Table, left: Rows, right: Rows) -> pa.Table:
    """Give pairs of first rows for every row that is like them, best first."""
    with duckdb.connect() as connection:
        for name, table in (("pairs", pairs), ("left_rows", left.rows), ("right_rows", right.rows)):
            connection.register(name, table)
        found: pa.Table = connection.sql(_EACH).to_arrow_table()
    return found
