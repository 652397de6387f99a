"""What an export holds: the documents that may be passed on, their flat tables, and the rollups of only these films."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import resources

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.rollup.ranked import COUNTS, totals_by_span
from moviec.sql import materialize, read_sql, run, view
from moviec.units import MILLION

_LICENSED_SQL = read_sql("moviec.export", "licensed.sql")
_TABLES_SQL = read_sql("moviec.export", "tables.sql")

_LICENSED = tuple(
    map(
        materialize,
        (
            "fields",
            "said",
            "single",
            "listed",
            "given_roles",
            "given_names",
            "named",
            "withheld_titles",
            "lists",
            "rated",
            "documents",
        ),
    )
)

#: The flat tables; each reads the table `films`.
_FLAT = (
    "movies", "titles", "genres", "people", "companies", "countries", "languages", "keywords", "ids", "ratings", "claims",
)  # fmt: skip

#: Names are compared without accents, capitals and punctuation.
_SPELLED = "CREATE MACRO spelled(name) AS regexp_replace(strip_accents(lower(name)), '[^\\pL\\pN]+', '', 'g')"

#: A credit may be passed on under its person's name, where a source gives all roles of the person, or under name and role.
_CREDIT_KEYS = """CREATE MACRO credit_keys(credit) AS
['people:' || spelled(credit->>'name'), 'people:' || spelled(credit->>'name') || ':' || (credit->>'role')]"""

_SOURCES = "SELECT DISTINCT unnest(from_json(document->'sources', '[\"VARCHAR\"]')) AS source FROM held"


class Passed(msgspec.Struct, frozen=True):
    """The exported form of some films: `documents` (movie, document), flat tables by name, films left out, and all
    sources behind the films, allowed or not.

    The tables' columns are in tables.sql; each has the film's id, and they come in its order.
    """

    documents: pa.Table
    tables: dict[str, pa.Table]
    left_out: int
    sources: frozenset[str]


class Wanted(msgspec.Struct, frozen=True):
    """The requested flat tables, as rows or with each row as one `line` of JSON."""

    names: Sequence[str]
    as_lines: bool = False


def pass_on(held: pa.Table, allowed: Sequence[str] | None, wanted: Wanted) -> Passed:
    """Return what may be passed on of documents (movie, document, claims) by the `allowed` sources; None: all of it."""
    with DuckEngine() as engine:
        engine.connection.execute(_SPELLED)
        engine.connection.execute(_CREDIT_KEYS)
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


#: The columns of each flat table for computing figures.
_NEEDED = {
    "movies": (
        "id", "year", "released", "status", "budget", "revenue", "revenue_scope", "popularity", "votes", "c_rating",
    ),
    "genres": ("id", "genre", "name"),
    "companies": ("id", "company", "name"),
}  # fmt: skip

#: Ids are mc and digits. The same films count as in the catalogue (catalog/rollup_films.py), with the same units.
_FILMS = f"""
SELECT CAST(id[3:] AS BIGINT) AS movie, CAST(coalesce(year(released), year) AS INTEGER) AS year,
  CAST(month(released) AS INTEGER) AS month, budget,
  CASE WHEN coalesce(revenue_scope, 'worldwide') = 'worldwide' THEN revenue END AS revenue,
  CAST(round(popularity * {MILLION}) AS BIGINT) AS popularity, votes, CAST(round(c_rating * 100) AS BIGINT) AS c_rating
FROM movies
WHERE {COUNTS}"""

_ENTRIES = """
SELECT kind, entry, min(name) AS name, CAST(id[3:] AS BIGINT) AS movie, min(place) AS place FROM (
  SELECT 'genres' AS kind, genre AS entry, name, id, row_number() OVER () AS place FROM genres
  UNION ALL SELECT 'production_companies', company, name, id, row_number() OVER () FROM companies)
WHERE entry IS NOT NULL GROUP BY kind, entry, id"""


class Gathered:
    """The data for figures, collected slice by slice."""

    def __init__(self) -> None:
        """Start empty."""
        self._parts: dict[str, list[pa.Table]] = {name: [] for name in _NEEDED}

    def add(self, tables: Mapping[str, pa.Table]) -> None:
        """Add the needed columns of a slice's flat tables."""
        for name, columns in _NEEDED.items():
            self._parts[name].append(tables[name].select(columns))

    def rollups(self) -> pa.Table:
        """Return the rows of `rollups` (see the data dictionary), with the name of each genre or company next to its
        id.
        """
        with DuckEngine() as engine:
            for name, parts in self._parts.items():
                engine.register(name, pa.concat_tables(parts))
            engine.materialize("counted_films", _FILMS)
            engine.materialize("named_entries", _ENTRIES)
            engine.register("summed", pa.concat_tables(totals_by_span(engine)))
            return engine.query(
                "SELECT s.kind, split, year, month, s.entry, n.name, s.* EXCLUDE (kind, split, year, month, entry) FROM summed s"
                " JOIN (SELECT kind, entry, min(name) AS name FROM named_entries GROUP BY ALL) n ON n.kind = s.kind AND n.entry = s.entry"
                " ORDER BY s.kind, split, year, month, s.entry"
            )
