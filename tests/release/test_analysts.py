"""What analysts are given is made from the export's own columns, and works on an export."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
import yaml
from tools.exports import FILES, columns, with_tables

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
    """By its wheel, in an environment that has it: MOVIEC_CLICKHOUSE names its Python."""
    python = os.environ.get("MOVIEC_CLICKHOUSE", "")
    if not python:
        pytest.skip(
            "ClickHouse is not here: MOVIEC_CLICKHOUSE names the Python of an environment with `pip install chdb`"
        )
    text = (ROOT / "analysts/clickhouse.sql").read_text("utf-8").replace("'out/", f"'{exported}/out/")
    (tmp_path / "load.sql").write_text(re.sub(r"^--.*\n", "", text, flags=re.MULTILINE))
    command = [python or sys.executable, "-c", CLICKHOUSE, str(tmp_path / "load.sql")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    films = pq.read_metadata(exported / "out/movies.parquet").num_rows
    assert done.stdout.split() == [str(films), "1"]
