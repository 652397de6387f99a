"""The relational tables of films, whole, as Arrow tables: for programs that go on with them."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.schema import metadata

#: The tables that describe films; those of accounts and of the work are nobody's business here.
TABLES = (
    "movies", "titles", "genres", "movie_genres", "companies", "movie_companies", "people", "credits", "languages",
    "movie_languages", "countries", "movie_countries", "movie_keywords", "external_ids", "ratings", "rollups",
)  # fmt: skip


def read_table(connection: sa.Connection, name: str) -> pa.Table:
    """Return one of TABLES, in the order of its key."""
    table = metadata.tables[name]
    return read(connection, sa.select(table).order_by(*table.primary_key.columns))
