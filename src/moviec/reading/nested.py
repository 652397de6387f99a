"""Objects inside cells, unfolded: a column `movie` of objects gives the columns `movie.title`, `movie.ids.imdb`, ….

Sites export lists so (Trakt, Simkl): what is told of a film stands under one name, beside what is told of its watching.
"""

from __future__ import annotations

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted

#: Objects inside objects inside objects are unfolded, and no deeper.
DEEPEST = 3
#: Columns that one column of objects may become: beyond, its keys are no names of columns.
MOST_KEYS = 60

_IS_OBJECT = (
    "CASE WHEN {cell}[1] = '{{' AND json_valid({cell}) THEN json_type({cell}) = 'OBJECT' ELSE false END"
)


def unfold(engine: DuckEngine, rows: str, columns: list[str]) -> list[str]:
    """Add to the table `rows` the columns inside its columns of objects; return all of its columns' names."""
    every, fresh = list(columns), list(columns)
    for _ in range(DEEPEST):
        found = _objects(engine, rows, fresh)
        paths = {
            f"{column}.{key}": (column, key)
            for column in found
            for key in _keys(engine, rows, column)
            if f"{column}.{key}".lower() not in {name.lower() for name in every}
        }
        if not paths:
            break
        added = ", ".join(
            f"CASE WHEN {_IS_OBJECT.format(cell=identifier(column))} THEN"
            f" json_extract_string({identifier(column)}, {quoted(path_of(key))}) END AS {identifier(name)}"
            for name, (column, key) in paths.items()
        )
        engine.materialize(f"{rows}_unfolded", f"SELECT *, {added} FROM {rows}")
        engine.materialize(rows, f"SELECT * FROM {rows}_unfolded")
        fresh = list(paths)
        every += fresh
    return every


def path_of(key: str) -> str:
    """Return the JSON path of a key, whatever stands in it."""
    escaped = key.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _objects(engine: DuckEngine, rows: str, columns: list[str]) -> list[str]:
    """Return the columns of which all filled cells are JSON objects."""
    tests = ", ".join(
        f"coalesce(bool_and({_IS_OBJECT.format(cell=identifier(column))}) FILTER ({identifier(column)} IS NOT NULL), false) AS c{at}"
        for at, column in enumerate(columns)
    )
    found = engine.query(f"SELECT {tests} FROM {rows}").to_pylist()[0]
    return [column for at, column in enumerate(columns) if found[f"c{at}"]]


def _keys(engine: DuckEngine, rows: str, column: str) -> list[str]:
    cell = identifier(column)
    found = engine.query(
        f"SELECT DISTINCT unnest(json_keys({cell})) AS key FROM {rows} WHERE {cell} IS NOT NULL ORDER BY key LIMIT {MOST_KEYS + 1}"
    )["key"].to_pylist()
    return [str(key) for key in found] if len(found) <= MOST_KEYS else []
