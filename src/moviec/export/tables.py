"""From documents and their claims to what an export holds of them: the documents that may be passed on, flat tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.statements import make, statements

#: Names are compared without accents, capitals and punctuation.
_SPELLED = "CREATE MACRO spelled(name) AS regexp_replace(strip_accents(lower(name)), '[^\\pL\\pN]+', '', 'g')"

_SOURCES = "SELECT DISTINCT unnest(from_json(document->'sources', '[\"VARCHAR\"]')) AS source FROM held"


class Passed(msgspec.Struct, frozen=True):
    """What is passed on of some films: `documents` (movie, document), flat tables by name, films left out, and all
    sources behind the films, allowed or not.

    The tables' columns are in tables.sql; each has the film's id, and they come in its order.
    """

    documents: pa.Table
    tables: dict[str, pa.Table]
    left_out: int
    sources: frozenset[str]


class Wanted(msgspec.Struct, frozen=True):
    """The flat tables that are wanted, as rows or with each row as one `line` of JSON."""

    names: Sequence[str]
    as_lines: bool = False


def pass_on(held: pa.Table, allowed: Sequence[str] | None, wanted: Wanted) -> Passed:
    """Give what may be passed on of documents (movie, document, claims) by the `allowed` sources; None: all of it."""
    with DuckEngine() as engine:
        engine.connection.execute(_SPELLED)
        engine.table("given", held)
        engine.keep("held", "SELECT movie, document::JSON AS document, claims::JSON AS claims FROM given")
        engine.keep("sources", _SOURCES)
        if allowed is None:
            engine.view("allowed", "SELECT source FROM sources")
            engine.view("documents", "SELECT movie, document FROM given")
        else:
            engine.table("allowed", pa.table({"source": pa.array(allowed, pa.string())}))
            make(engine, statements("moviec.export", "licensed.sql"))
        documents = engine.query(
            "SELECT movie, CAST(document AS VARCHAR) AS document FROM documents ORDER BY movie"
        )
        tables = dict(_flat(engine, wanted))
        sources = frozenset(map(str, engine.query("SELECT source FROM sources")["source"].to_pylist()))
    return Passed(documents, tables, held.num_rows - documents.num_rows, sources)


def table_names() -> list[str]:
    """List the flat tables."""
    return [one.name for one in statements("moviec.export", "tables.sql") if one.kind == "view"]


def _flat(engine: DuckEngine, wanted: Wanted) -> Iterator[tuple[str, pa.Table]]:
    shape = resources.files("moviec.export").joinpath("shape.json").read_text("utf-8").replace("\n", "")
    make(engine, statements("moviec.export", "tables.sql", {"shape": shape}))
    columns = "CAST(to_json(t) AS VARCHAR) AS line" if wanted.as_lines else "*"
    for name in wanted.names:
        yield name, engine.query(f"SELECT {columns} FROM {name} t")
