"""From documents and their claims to what an export holds of them: the documents that may be passed on, flat tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.sql import materialize, read_sql, run, view

_LICENSED_SQL = read_sql("moviec.export", "licensed.sql")
_TABLES_SQL = read_sql("moviec.export", "tables.sql")

_LICENSED = tuple(
    map(materialize, ("fields", "said", "single", "listed", "named", "lists", "rated", "documents"))
)

#: The flat tables; each reads the table `films`.
_FLAT = (
    "movies", "titles", "genres", "people", "companies", "countries", "languages", "keywords", "ids", "ratings", "claims",
)  # fmt: skip

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
    """Return what may be passed on of documents (movie, document, claims) by the `allowed` sources; None: all of it."""
    with DuckEngine() as engine:
        engine.connection.execute(_SPELLED)
        engine.register("given", held)
        engine.materialize(
            "held", "SELECT movie, document::JSON AS document, claims::JSON AS claims FROM given"
        )
        engine.materialize("sources", _SOURCES)
        if allowed is None:
            engine.view("allowed", "SELECT source FROM sources")
            engine.view("documents", "SELECT movie, document FROM given")
        else:
            engine.register("allowed", pa.table({"source": pa.array(allowed, pa.string())}))
            run(engine, _LICENSED_SQL, _LICENSED)
        documents = engine.query(
            "SELECT movie, CAST(document AS VARCHAR) AS document FROM documents ORDER BY movie"
        )
        tables = dict(_flat(engine, wanted))
        sources = frozenset(map(str, engine.query("SELECT source FROM sources")["source"].to_pylist()))
    return Passed(documents, tables, held.num_rows - documents.num_rows, sources)


def table_names() -> list[str]:
    """List the flat tables."""
    return list(_FLAT)


def _flat(engine: DuckEngine, wanted: Wanted) -> Iterator[tuple[str, pa.Table]]:
    shape = resources.files("moviec.export").joinpath("shape.json").read_text("utf-8").replace("\n", "")
    run(engine, _TABLES_SQL, (materialize("films"), *map(view, _FLAT)), {"shape": shape})
    columns = "CAST(to_json(t) AS VARCHAR) AS line" if wanted.as_lines else "*"
    for name in wanted.names:
        yield name, engine.query(f"SELECT {columns} FROM {name} t")
