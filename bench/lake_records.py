"""The public deliveries in ../shared/data as records, read by the sources' own readers, as a lake would hold them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pyarrow as pa

from known_pairs import DATA
from moviec.engine import DuckEngine
from moviec.matching.match_features import features_of_rows
from moviec.matching.model import Model
from moviec.model import FIELDS, RECORD
from moviec.sources.registry import find_source
from moviec.sources.spec import Wanted, assign_roles
from moviec.storage.archives import unpack

SOURCES = ("imdb", "kaggle", "movielens", "rottentomatoes", "wikipedia")


def read_records(name: str, data: Path = DATA) -> pa.Table:
    """Read one source's delivery into RECORD columns, ordered by key; leaves with a clear word where it is absent."""
    if not data.is_dir():
        sys.exit(f"no data at {data}: this measures on public film lists that are not shipped")
    source = find_source(name)
    with tempfile.TemporaryDirectory() as folder, DuckEngine() as engine:
        work = Path(folder)
        paths = [path for file in sorted((data / name).iterdir()) for path in unpack(file, work)]
        roles, _ = assign_roles([path for path in paths if path.name != "broken.csv"], source.spec)
        source.read(engine, roles, Wanted(work, FIELDS))
        given = {"source": f"'{name}'", "delivery": "'1'", "deleted": "false", "key": "key"}
        columns = ", ".join(
            f"{given.get(column, column if column in FIELDS else 'NULL')} AS {column}"
            for column in RECORD.names
        )
        return engine.query(f"SELECT {columns} FROM records ORDER BY key").cast(RECORD)


def hide_ids(records: pa.Table) -> pa.Table:
    """Give the records without their ids."""
    none = pa.array([[]] * len(records), RECORD.field("ids").type)
    return records.set_column(records.schema.get_field_index("ids"), "ids", none)


def features_of_all(records: list[pa.Table], model: Model) -> pa.Table:
    """Shelve the records of several sources."""
    return pa.concat_tables(features_of_rows(some, model) for some in records)
