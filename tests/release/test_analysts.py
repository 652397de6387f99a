"""What analysts are given is made from the export's own columns, and works on an export."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from tools.exports import FILES, columns, with_tables

from moviec.catalog.schema import metadata
from moviec.config import Home
from tests.commands import moviec
from tests.homes import built_once

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/analysts.md").read_text("utf-8")


@pytest.fixture(scope="module")
def exported(demo_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with `out`, an export of the sample, and the lake that it came of."""

    def export(folder: Path) -> None:
        done = moviec("export", folder / "out", "--own-use", "--home", demo_home.folder)
        assert done.returncode == 0, done.stderr
        (folder / "lake").symlink_to(demo_home.folder / "lake")

    return built_once(tmp_path_factory, "analysts", export)


def test_every_file_and_the_page_are_made_from_the_columns() -> None:
    assert with_tables(PAGE) == PAGE, "run `make generated`"
    for name, write in FILES.items():
        assert (ROOT / "analysts" / name).read_text("utf-8") == write(), f"{name}: run `make generated`"
    sources = yaml.safe_load((ROOT / "analysts/dbt/models/sources.yml").read_text("utf-8"))
    assert {table["name"] for table in sources["sources"][0]["tables"]} == set(columns())
    hidden = yaml.safe_load((ROOT / "analysts/datasette.yml").read_text("utf-8"))["databases"]["catalogue"][
        "tables"
    ]
    assert [
        name for name in ("keys", "webhooks", "accounts", "usage") if hidden[name].get("allow") is not False
    ] == []


def test_an_export_has_these_tables_with_these_columns(exported: Path) -> None:
    for name, some in columns().items():
        schema = pq.read_schema(exported / "out" / f"{name}.parquet")
        assert [(field.name, field.type) for field in schema] == [
            (column, kind) for column, kind, _ in some
        ], name


def test_the_one_liners_run(exported: Path) -> None:
    lines = [
        line for block in re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
    ]
    assert len(lines) > 5
    with duckdb.connect() as connection:
        for line in lines:
            text = line.replace("'out/", f"'{exported}/out/").replace("'lake/", f"'{exported}/lake/")
            assert connection.execute(text).fetchall(), line


def tools_python() -> Path:
    """Return the Python of the environment that `make analysts` makes, or skip the test."""
    python = ROOT / ".venv-analysts/bin/python"
    if not python.exists():
        pytest.skip("ClickHouse, dbt and a reader of DBML are not here: `make analysts` installs them")
    return python


#: Runs the statements in ClickHouse's own engine, in a process of its own.
CLICKHOUSE = """
import sys
from chdb import session
s = session.Session()
s.query("CREATE DATABASE films"); s.query("USE films")
for statement in open(sys.argv[1]).read().split(";\\n"):
    if statement.strip():
        s.query(statement)
print(s.query("SELECT count() FROM movies"), s.query("SELECT count() > 0 FROM prior_years"))
"""


def test_clickhouse_takes_tables_and_data(exported: Path, tmp_path: Path) -> None:
    python = tools_python()
    text = (ROOT / "analysts/clickhouse.sql").read_text("utf-8").replace("'out/", f"'{exported}/out/")
    (tmp_path / "load.sql").write_text(re.sub(r"^--.*\n", "", text, flags=re.MULTILINE))
    done = asked(python, "-c", CLICKHOUSE, tmp_path / "load.sql", cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    films = pq.read_metadata(exported / "out/movies.parquet").num_rows
    assert done.stdout.split() == [str(films), "1"]


def asked(*words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, check=False, **more)


def test_dbt_reads_the_sources_and_builds_upon_them(exported: Path, tmp_path: Path) -> None:
    """A project of one model over the sources file, as the page has it, built and tested by dbt itself."""
    dbt = tools_python().with_name("dbt")
    shutil.copytree(ROOT / "analysts/dbt/models", tmp_path / "models")
    (tmp_path / "dbt_project.yml").write_text(
        "name: films\nversion: '1.0.0'\nconfig-version: 2\nprofile: films\n"
    )
    (tmp_path / "profiles.yml").write_text(
        "films:\n  target: here\n  outputs:\n    here: {type: duckdb, path: films.duckdb}\n"
    )
    (tmp_path / "models/by_year.sql").write_text(
        "SELECT year, count(*) AS films FROM {{ source('moviec', 'movies') }} GROUP BY year"
    )
    where = {**os.environ, "MOVIEC_EXPORT": str(exported / "out"), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    done = asked(dbt, "build", "--profiles-dir", tmp_path, "--project-dir", tmp_path, env=where, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:]
    assert "WARN=0 ERROR=0" in done.stdout
    assert re.search(r"PASS=[3-9]", done.stdout), "the model, and the tests of the films' ids"
    manifest = json.loads((tmp_path / "target/manifest.json").read_text("utf-8"))
    assert {source["name"] for source in manifest["sources"].values()} == set(columns())


#: Prints how many statements a parser of SQL takes as one of a dialect; what it does not know it would raise, or call a command.
DIALECT = """
import sys, sqlglot
parsed = sqlglot.parse(open(sys.argv[2]).read(), dialect=sys.argv[1])
print(sum(type(each).__name__ not in ("Command", "Semicolon") for each in parsed if each is not None))
"""


@pytest.mark.parametrize("dialect", ["snowflake", "redshift"])
def test_statements_that_no_server_here_runs_are_of_their_dialect(dialect: str) -> None:
    file = ROOT / "analysts" / f"{dialect}.sql"
    done = asked(tools_python(), "-c", DIALECT, dialect, file)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == 2 * len(columns()) + 1, "a table and its loading each, and a view"


def test_the_cube_model_asks_for_what_there_is(exported: Path) -> None:
    model = yaml.safe_load((ROOT / "analysts/cube.yml").read_text("utf-8"))
    with duckdb.connect() as connection:
        for cube in model["cubes"]:
            table = f"'{exported}/out/{cube['sql_table']}.parquet' AS {cube['name']}"
            for part in (*cube["dimensions"], *cube.get("measures", [])):
                sql = part.get("sql", "1").replace("{CUBE}", cube["name"])
                sql = {"sum": f"sum({sql})", "avg": f"avg({sql})", "count": f"count({sql})"}.get(part["type"], sql)  # fmt: skip
                assert connection.execute(f"SELECT {sql} FROM {table}").fetchone(), part


#: Prints what a reader of DBML finds: tables, and references from table and column to table and column.
DBML = """
import json, sys
from pydbml import PyDBML
found = PyDBML(open(sys.argv[1]).read())
print(json.dumps({
    "tables": {table.name: [column.name for column in table.columns] for table in found.tables},
    "refs": len(found.refs),
}))
"""


def test_the_diagram_is_the_schema_to_a_reader_of_dbml() -> None:
    done = asked(tools_python(), "-c", DBML, ROOT / "analysts/catalogue.dbml")
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["tables"] == {
        table.name: [column.name for column in table.columns] for table in metadata.sorted_tables
    }
    assert found["refs"] == sum(
        len(column.foreign_keys) for table in metadata.sorted_tables for column in table.columns
    )
