"""The data dictionary: every table and column of the catalogue with its explanation, as a page of Markdown.

`python -m moviec.catalog.dictionary FILE` writes it; a test compares docs/data-dictionary.md with it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from moviec.catalog.schema import arrivals, identity, metadata, movies, operations, serving

#: The areas of the schema, in the order of the page.
AREAS = {
    "Films": movies,
    "Which record is which film": identity,
    "What arrived": arrivals,
    "Work under way and work that failed": operations,
    "What is served, and to whom": serving,
}

HEADING = """# Data dictionary

Every table of the catalogue, the same on SQLite and PostgreSQL. Made from the schema by `make docs`; `moviec.catalog.schema`
is where a table or a column is added, with the line that explains it. NULL is unknown, never zero. How the tables are
joined, and what to point a dashboard at: [bi.md](bi.md).
"""


def dictionary() -> str:
    """Write the page."""
    return "\n".join([HEADING, *_lines()])


def _lines() -> Iterator[str]:
    for title, module in AREAS.items():
        yield f"## {title}\n"
        yield f"{(module.__doc__ or '').strip()}\n"
        for table in metadata.tables.values():
            if any(value is table for value in vars(module).values()):
                yield from _table(table)


def _table(table: sa.Table) -> Iterator[str]:
    yield f"### `{table.name}`\n"
    yield f"{table.comment}\n"
    yield "| column | type | | |"
    yield "|---|---|---|---|"
    for column in table.columns:
        yield f"| `{column.name}` | {_type(column)} | {_role(column)} | {column.comment} |"
    yield ""


def _type(column: sa.Column[Any]) -> str:
    return {"BIGINT": "integer (64 bits)"}.get(str(column.type), str(column.type).lower())


def _role(column: sa.Column[Any]) -> str:
    """Return for a column whether it is the key, what it refers to, and whether it may be NULL."""
    pointers = [f"→ `{key.target_fullname}`" for key in column.foreign_keys]
    key = ["key"] if column.primary_key else []
    unknown = ["may be NULL"] if column.nullable else []
    return ", ".join([*key, *pointers, *unknown])


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(dictionary(), "utf-8")
