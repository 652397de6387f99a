"""What two documents of one film disagree on, field by field, as the change log tells it."""

from __future__ import annotations

import pyarrow as pa

from moviec.engine import DuckEngine

_DIFFERENCES = """
WITH sides AS (
  SELECT movie, key, CAST(value AS VARCHAR) AS old, NULL AS new FROM given, json_each(before)
  UNION ALL SELECT movie, key, NULL, CAST(value AS VARCHAR) FROM given, json_each(after)),
fields AS (
  SELECT movie, key, max(old) AS old, max(new) AS new FROM sides GROUP BY movie, key
  HAVING max(old) IS DISTINCT FROM max(new))
SELECT given.movie, '{' || coalesce(string_agg(
         to_json(key) || ':[' || coalesce(old, 'null') || ',' || coalesce(new, 'null') || ']', ',' ORDER BY key), '') || '}' AS fields
FROM given LEFT JOIN fields ON fields.movie = given.movie
GROUP BY given.movie ORDER BY given.movie
"""


def differences(documents: pa.Table, beside: DuckEngine | None = None) -> pa.Table:
    """Compare documents (movie, before, after: JSON objects), beside an engine that is open.

    Gives movie, fields: {"year":[1994,1995],…} by name.
    """
    with DuckEngine(beside=beside) as engine:
        engine.table("given", documents)
        return engine.query(_DIFFERENCES)
