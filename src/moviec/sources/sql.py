"""A source that is a folder with facts and one query: its files staged, its `read.sql` run over them."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources.abc import Traversable
from pathlib import Path

from moviec.engine import DuckEngine
from moviec.sources.normalise import normalise
from moviec.sources.readers.cells import ColumnsOf, declared_columns
from moviec.sources.readers.tabular import stage_all
from moviec.sources.spec import Reading, SourceSpec, Wanted, load_spec


class SqlSource:
    """A source read by the query in its folder, over one view per role."""

    def __init__(self, spec: SourceSpec, read_sql: str, columns: ColumnsOf = declared_columns) -> None:
        """Hold the facts, the query, and which columns of the files are read before it runs."""
        self.spec = spec
        self.read_sql = read_sql
        self.columns = columns

    def read(self, engine: DuckEngine, files: Mapping[str, Path], wanted: Wanted) -> Reading:
        """Read plain files, by role, into the view `records`."""
        staged = stage_all(engine, self.spec, files, wanted, self.columns)
        return normalise(engine, self.read_sql, staged, wanted)


def load_sql_source(folder: Traversable) -> SqlSource:
    """Load a source from its folder."""
    return SqlSource(load_spec(folder), folder.joinpath("read.sql").read_text("utf-8"))
