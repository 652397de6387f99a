"""What analysts point their tools at, made from the export's and the catalogue's own columns: python -m tools.exports

Writes analysts/ (DDL, COPY and views for ClickHouse, Snowflake and Redshift; sources for dbt; metadata for Datasette; a Cube model; the
ER diagram as DBML) and the tables of docs/analysts.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from moviec.catalog.schema import metadata
from moviec.export.tables import Gathered, Wanted, pass_on, table_names

#: What each table of an export holds; a row is one of these.
TABLES = {
    "movies": "one film",
    "titles": "another title of a film",
    "genres": "a genre of a film",
    "people": "a credit: a person and what they did in a film",
    "companies": "a production company of a film",
    "countries": "a country of production of a film",
    "languages": "a spoken language of a film",
    "keywords": "a keyword of a film",
    "ids": "an id of a film elsewhere",
    "ratings": "a rater's rating of a film, as delivered",
    "claims": "what one source says of one field of a film",
    "rollups": "figures of a genre or company in a month, or with month 0 in a year",
}

#: What columns mean that the catalogue's tables of the same name do not have, or call otherwise.
_OWN = {
    "id": "the film's public id, mc and digits",
    "c_low": "lower end of the C-rating's interval",
    "c_high": "upper end of the C-rating's interval",
    "critics": "C-rating by critics alone, 0 to 100",
    "audience": "C-rating by the audience alone, 0 to 100",
    "method": "version of the C-rating's model",
    "overview": "what it is about, in a few sentences",
    "tagline": "its slogan",
    "poster": "address of the poster's picture",
    "trailer": "address of the trailer",
    "homepage": "its own page",
    "sources": "who lists it, by name, with blanks between",
    "popularity": "how much it is looked at now, as TMDB counts",
    "language": "of the title or spoken, ISO 639-1",
    "country": "of production, ISO 3166-1",
    "keyword": "as delivered",
    "genre": "id of the genre",
    "facet": "genre, form, audience or format",
    "person": "id of the person",
    "company": "id of the company",
    "external_id": "the id there",
    "space": "whose id it is: imdb, tmdb, wikidata, …",
    "field": "name of the field",
    "value": "the value as delivered; in `claims` as text",
    "weight": "what the claim counts for: log odds that the source is right about this field",
    "chosen": "whether the film has this value",
    "source": "who says so",
    "name": "its name",
    "kind": "in `movies` feature, short, tv_movie or video; in `rollups` genres or production_companies",
    "votes": "number of votes; in `movies` the largest of any rater",
    "confidence": "how sure, 0 to 1",
    "raters": "how many raters stand behind the C-rating",
}


def columns() -> dict[str, list[tuple[str, pa.DataType, str]]]:
    """Return every table of an export with its columns: name, type and meaning."""
    nothing = {"movie": pa.int64(), "document": pa.string(), "claims": pa.string()}
    empty = pa.table({name: pa.array([], kind) for name, kind in nothing.items()})
    passed = pass_on(empty, None, Wanted(table_names()))
    gathered = Gathered()
    gathered.add(passed.tables)
    found = {**passed.tables, "rollups": gathered.rollups()}
    return {
        name: [(field.name, field.type, _meaning(name, field.name)) for field in table.schema]
        for name, table in found.items()
    }


def _meaning(table: str, column: str) -> str:
    same = {"people": "credits", "companies": "movie_companies", "ids": "external_ids"}.get(table, table)
    is_told = (
        same in metadata.tables and column in metadata.tables[same].c and column not in ("id", "name", "kind")
    )
    if is_told and not (table == "movies" and column in _OWN):
        return str(metadata.tables[same].c[column].comment)
    return _OWN[column]


def page() -> str:
    """Write the tables of the handbook's page."""
    lines = []
    for name, some in columns().items():
        lines += [f"### `{name}`\n", f"A row is {TABLES[name]}.\n", "| column | type | |", "|---|---|---|"]
        lines += [f"| `{column}` | {_plain(kind)} | {about} |" for column, kind, about in some] + [""]
    return "\n".join(lines)


def _plain(kind: pa.DataType) -> str:
    return {"string": "text", "int32": "integer", "int64": "integer (64 bits)", "double": "number", "bool": "true or false", "date32[day]": "date"}[str(kind)]  # fmt: skip


#: Types by dialect.
_TYPES = {
    "clickhouse": {"string": "String", "int32": "Int32", "int64": "Int64", "double": "Float64", "bool": "Bool", "date32[day]": "Date32"},
    "snowflake": {"string": "VARCHAR", "int32": "INTEGER", "int64": "BIGINT", "double": "DOUBLE", "bool": "BOOLEAN", "date32[day]": "DATE"},
    "redshift": {"string": "VARCHAR(65535)", "int32": "INTEGER", "int64": "BIGINT", "double": "DOUBLE PRECISION", "bool": "BOOLEAN", "date32[day]": "DATE"},
}  # fmt: skip

#: What years before this one made: materialised, since they change little; the running year is added up when it is asked for.
_PRIOR = {
    "clickhouse": (
        "CREATE MATERIALIZED VIEW prior_years ENGINE = MergeTree ORDER BY (kind, year, entry) POPULATE AS\n"
        "SELECT kind, year, entry, name, films, revenue, revenue_known, budget, budget_known FROM rollups\n"
        "WHERE month = 0 AND split = 'full' AND year < toYear(today());"
    ),
    "snowflake": (
        "CREATE MATERIALIZED VIEW prior_years AS\n"
        "SELECT kind, year, entry, name, films, revenue, revenue_known, budget, budget_known FROM rollups\n"
        "WHERE month = 0 AND split = 'full';  -- current_date may not stand in one: ask for year < year(current_date)"
    ),
    "redshift": (
        "CREATE MATERIALIZED VIEW prior_years AUTO REFRESH YES AS\n"
        "SELECT kind, year, entry, name, films, revenue, revenue_known, budget, budget_known FROM rollups\n"
        "WHERE month = 0 AND split = 'full';  -- ask for year < extract(year FROM current_date)"
    ),
}

_HEAD = """-- An export's tables in {title}: made by `make generated` from the export's own columns.
-- `moviec export out` writes the files; put them where {place} reads them.
"""


def clickhouse() -> str:
    """Write tables and loading for ClickHouse; {{files}} is the folder of the export as ClickHouse sees it."""
    parts = [_HEAD.format(title="ClickHouse", place="the server (user_files, or s3() in place of file())")]
    for name, some in columns().items():
        first = "kind, split, year, month, entry" if name == "rollups" else "id"
        keys = {part.strip() for part in first.split(",")}
        rows = ",\n".join(
            f"  `{column}` {_for_clickhouse(kind, column in keys)} COMMENT {_quoted(about)}"
            for column, kind, about in some
        )
        parts.append(f"CREATE TABLE {name} (\n{rows}\n) ENGINE = MergeTree ORDER BY ({first});\n")
        parts.append(f"INSERT INTO {name} SELECT * FROM file('out/{name}.parquet', Parquet);\n")
    return "\n".join([*parts, _PRIOR["clickhouse"], ""])


def _for_clickhouse(kind: pa.DataType, is_key: bool) -> str:
    name = _TYPES["clickhouse"][str(kind)]
    return name if is_key else f"Nullable({name})"


def snowflake() -> str:
    """Write tables and loading for Snowflake."""
    parts = [_HEAD.format(title="Snowflake", place="the stage @moviec")]
    for name, some in columns().items():
        rows = ",\n".join(f"  {column} {_TYPES['snowflake'][str(kind)]} COMMENT {_quoted(about)}" for column, kind, about in some)  # fmt: skip
        parts.append(f"CREATE OR REPLACE TABLE {name} (\n{rows}\n);\n")
        parts.append(f"COPY INTO {name} FROM @moviec/{name}.parquet FILE_FORMAT = (TYPE = PARQUET) MATCH_BY_COLUMN_NAME = CASE_INSENSITIVE;\n")  # fmt: skip
    return "\n".join([*parts, _PRIOR["snowflake"], ""])


def redshift() -> str:
    """Write tables and loading for Redshift."""
    parts = [_HEAD.format(title="Redshift", place="COPY does: s3://BUCKET/out, with a role that may read it")]
    for name, some in columns().items():
        rows = ",\n".join(f"  {column} {_TYPES['redshift'][str(kind)]}" for column, kind, _ in some)
        key = (
            "DISTSTYLE ALL SORTKEY (kind, year, month)" if name == "rollups" else "DISTKEY (id) SORTKEY (id)"
        )
        parts.append(f"CREATE TABLE {name} (\n{rows}\n) {key};\n")
        parts.append(
            f"COPY {name} FROM 's3://BUCKET/out/{name}.parquet' IAM_ROLE default FORMAT AS PARQUET;\n"
        )
    return "\n".join([*parts, _PRIOR["redshift"], ""])


def dbt() -> str:
    """Write the sources of a dbt project: every table and column with its meaning, and tests of the keys."""
    lines = ["# Sources for dbt (dbt-duckdb reads the Parquet files as they are). Made by `make generated`.", "version: 2", "sources:",
             "  - name: moviec", "    description: An export of MovieC", "    config:", "      external_location: \"{{ env_var('MOVIEC_EXPORT', 'out') }}/{name}.parquet\"", "    tables:"]  # fmt: skip
    for name, some in columns().items():
        lines += [f"      - name: {name}", f"        description: {json.dumps('A row is ' + TABLES[name], ensure_ascii=False)}", "        columns:"]  # fmt: skip
        for column, _, about in some:
            lines.append(
                f"          - {{name: {column}, description: {json.dumps(about, ensure_ascii=False)}}}"
            )
            if (name, column) == ("movies", "id"):
                lines[-1] = lines[-1][:-1] + ", data_tests: [unique, not_null]}"
    return "\n".join([*lines, ""])


def datasette() -> str:
    """Write metadata for Datasette over catalogue.db: descriptions of tables and columns, and useful queries."""
    lines = [
        "# datasette catalogue.db -m analysts/datasette.yml --root. Made by `make generated`.",
        "# SQL of one's own reads every table, those of keys and private lists too: it takes the address that --root prints.",
        "databases:",
        "  catalogue:",
        "    allow_sql: {id: root}",
        "    tables:",
    ]
    for table in metadata.sorted_tables:
        lines += [
            f"      {table.name}:",
            f"        description: {json.dumps(table.comment, ensure_ascii=False)}",
        ]
        if table.name in ("keys", "webhooks", "accounts", "usage"):
            lines.append("        allow: false")
        lines.append("        columns:")
        lines += [
            f"          {column.name}: {json.dumps(column.comment, ensure_ascii=False)}"
            for column in table.columns
        ]
    lines += [
        "    queries:", "      revenue_by_genre:", "        title: Revenue by genre and year", "        sql: |-",
        "          SELECT r.year, g.name, r.films, r.revenue, r.revenue_known FROM rollups r JOIN genres g ON g.id = r.entry",
        "          WHERE r.kind = 'genres' AND r.split = 'full' AND r.month = 0 ORDER BY r.year DESC, r.revenue DESC", "",
    ]  # fmt: skip
    return "\n".join(lines)


def cube() -> str:
    """Write a Cube model: films with genres, and the measures of money."""
    return """# A model for Cube over an export's tables. Made by `make generated`.
cubes:
  - name: movies
    sql_table: movies
    joins:
      - {name: genres, relationship: one_to_many, sql: "{CUBE}.id = {genres}.id"}
    dimensions:
      - {name: id, sql: id, type: string, primary_key: true}
      - {name: title, sql: title, type: string}
      - {name: year, sql: year, type: number}
      - {name: released, sql: "CAST(released AS TIMESTAMP)", type: time}
      - {name: kind, sql: kind, type: string}
      - {name: original_language, sql: original_language, type: string}
    measures:
      - {name: films, type: count}
      - {name: revenue, sql: "CASE WHEN coalesce(revenue_scope, 'worldwide') = 'worldwide' THEN revenue END", type: sum}
      - {name: revenue_known, sql: "CASE WHEN revenue IS NOT NULL AND coalesce(revenue_scope, 'worldwide') = 'worldwide' THEN 1 ELSE 0 END", type: sum}
      - {name: budget, sql: budget, type: sum}
      - {name: c_rating, sql: c_rating, type: avg}
  - name: genres
    sql_table: genres
    dimensions:
      - {name: key, sql: "{CUBE}.id || '/' || {CUBE}.name", type: string, primary_key: true}
      - {name: genre, sql: name, type: string}
      - {name: facet, sql: facet, type: string}
"""


def dbml() -> str:
    """Write the catalogue's ER diagram as DBML, for dbdiagram and its kin."""
    lines = ["// The catalogue's tables and what points where. Made by `make generated`.", ""]
    for table in metadata.sorted_tables:
        lines.append(f"Table {table.name} {{")
        for column in table.columns:
            marks = (["pk"] if column.primary_key and len(table.primary_key.columns) == 1 else []) + (
                [] if column.nullable else ["not null"]
            )
            marks.append(f"note: {_quoted(str(column.comment))}")
            lines.append(f"  {column.name} {str(column.type).lower()} [{', '.join(marks)}]")
        if len(table.primary_key.columns) > 1:
            lines.append(
                f"  indexes {{\n    ({', '.join(c.name for c in table.primary_key.columns)}) [pk]\n  }}"
            )
        lines += [f"  Note: {_quoted(str(table.comment))}", "}", ""]
    for table in metadata.sorted_tables:
        for column in table.columns:
            lines += [f"Ref: {table.name}.{column.name} > {link.target_fullname}" for link in sorted(column.foreign_keys, key=lambda each: each.target_fullname)]  # fmt: skip
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "’") + "'"


FILES: dict[str, Callable[[], str]] = {
    "clickhouse.sql": clickhouse, "snowflake.sql": snowflake, "redshift.sql": redshift, "dbt/models/sources.yml": dbt,
    "datasette.yml": datasette, "cube.yml": cube, "catalogue.dbml": dbml,
}  # fmt: skip

#: The heading of the page's part that is made here, to the next of its level.
HEADING = "## The tables of an export\n"


def with_tables(text: str) -> str:
    """Return the handbook's page with its tables made anew."""
    before, _, after = text.partition(HEADING)
    rest = after[after.index("\n## ") :] if "\n## " in after else "\n"
    return f"{before}{HEADING}\n{page()}{rest}"


if __name__ == "__main__":
    for name, write in FILES.items():
        target = Path("analysts") / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(write(), "utf-8")
    written = Path("docs/analysts.md")
    written.write_text(with_tables(written.read_text("utf-8")), "utf-8")
