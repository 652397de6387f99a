"""Rows of one list that say the same film in the same words: matched once, and what is found holds for each of them.

Without this, two equal rows would be rivals, and a film that fits two equally well is never accepted.
"""

from __future__ import annotations

import duckdb
import msgspec
import pyarrow as pa

# Rows that name neither year nor director may be films of one title, so they stay as they are.
_FIRST = """
SELECT row, key, first_value(row) OVER same AS first_row, row_number() OVER same = 1 AS leads
FROM (SELECT *, printf('%012d', row_number() OVER ()) AS row FROM films)
WINDOW same AS (
  PARTITION BY titles, year, released, runtime, kind, directors, "cast", genres, ids::VARCHAR,
               CASE WHEN coalesce(year, year(released)) IS NULL AND coalesce(len(directors), 0) = 0 THEN row END
  ORDER BY CAST(row AS BIGINT))
ORDER BY CAST(row AS BIGINT)
"""

_EACH = """
SELECT DISTINCT p.* REPLACE (l.key AS left_key, r.key AS right_key) FROM pairs p
JOIN left_rows l ON l.first_row = p.left_key JOIN right_rows r ON r.first_row = p.right_key
ORDER BY p.probability DESC, p.weight DESC, left_key, right_key
"""


class Rows(msgspec.Struct, frozen=True):
    """`films`: the first of each alike rows (FEATURES), its number in the list as its key, since a list may use an id twice.
    `rows`: of every row its own key, and the first_row that is like it.
    """

    films: pa.Table
    rows: pa.Table


def first_of_alike(films: pa.Table) -> Rows:
    """Leave out rows (FEATURES columns) that repeat an earlier one in all but the key."""
    with duckdb.connect() as connection:
        connection.register("films", films)
        found = connection.sql(_FIRST).to_arrow_table()
    numbered = films.set_column(films.column_names.index("key"), "key", found["row"])
    return Rows(numbered.filter(found["leads"]), found.select(["key", "first_row"]))


def for_each(pairs: pa.Table, left: Rows, right: Rows) -> pa.Table:
    """Give pairs of first rows for every row that is like them, best first."""
    with duckdb.connect() as connection:
        for name, table in (("pairs", pairs), ("left_rows", left.rows), ("right_rows", right.rows)):
            connection.register(name, table)
        found: pa.Table = connection.sql(_EACH).to_arrow_table()
    return found
