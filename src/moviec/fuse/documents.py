"""Fused movies as JSON, one document per movie, which readers get byte by byte; built in SQL, with the unknown left out."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pyarrow as pa

from moviec.engine import Engine
from moviec.fuse.canon import genre_table
from moviec.fuse.fields import Rule, rule_table
from moviec.fuse.movies import Fused
from moviec.fuse.statements import run

#: Columns that parties add, with NULL where they are not known (yet).
_PARTIES = (("credits", "person"), ("companies", "company"))


def documents(engine: Engine, fused: Fused, rules: Mapping[str, Rule]) -> pa.Table:
    """Return movie, document (JSON text), in order of movie.

    `fused.credits` may have a column `person` and `fused.companies` one `company`: their ids, shown as `id`.
    """
    for table, column in _PARTIES:
        given: pa.Table = getattr(fused, table)
        if column not in given.column_names:
            given = given.append_column(column, pa.nulls(given.num_rows, pa.int64()))
            fused = msgspec.structs.replace(fused, **{table: given})
    _open(engine, fused, rules)
    run(engine, "documents.sql", "doc_titles_json", "doc_documents")
    return engine.query("SELECT movie, document FROM doc_documents ORDER BY movie")


def _open(engine: Engine, fused: Fused, rules: Mapping[str, Rule]) -> None:
    for name in fused.__struct_fields__:
        engine.table(f"doc_{name}", getattr(fused, name))
    engine.table("doc_rules", rule_table(rules))
    engine.table("genre_list", genre_table())
