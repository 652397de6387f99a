"""Without an extra a command says in one line which one to install."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

#: Runs `moviec` as if some packages were not installed.
HIDING = """
import sys

class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}:
            raise ModuleNotFoundError("No module named " + repr(name), name=name)

sys.meta_path.insert(0, Hidden())
from moviec.cli import main

main()
"""
EXTRAS = ("psycopg", "s3fs", "paramiko", "gcsfs", "MySQLdb", "pandas")


@pytest.mark.parametrize(
    ("words", "catalogue", "lake", "status", "message"),
    [
        (["status"], "postgresql://me:s3cret@db/films", "", 1,
         "moviec: postgresql://me:***@db/films: PostgreSQL needs a package that is not installed; pip install 'moviec[postgres]'"),
        (["status"], "mysql://db/films", "", 1,
         "moviec: mysql://db/films: the catalogue cannot be kept in this kind of database; use SQLite or PostgreSQL"),
        (["ingest", "table", "s3://drops/films.csv"], "", "", 2,
         "moviec: s3://drops/films.csv: this kind of address needs a package that is not installed; pip install 'moviec[remote]'"),
        (["ingest", "table", "sftp://me:s3cret@host/films.csv"], "", "", 2,
         "moviec: sftp://host/films.csv: this kind of address needs a package that is not installed; pip install 'moviec[remote]'"),
        (["ingest", "table", "gs://drops/films.csv"], "", "", 2,
         "moviec: gs://drops/films.csv: this kind of address needs a package that is not installed; Please install gcsfs"),
        (["ingest", "table", "nosuch://drops/films.csv"], "", "", 2,
         "moviec: nosuch://drops/films.csv: this kind of address cannot be opened (Protocol not known: nosuch)"),
        (["ingest", "table", __file__], "", "s3://lake/films", 1,
         "moviec: s3://lake/films: it cannot be reached: this kind of address needs a package that is not installed; pip install 'moviec[remote]'"),
    ],
)  # fmt: skip
def test_a_missing_extra_is_named_in_one_line(
    tmp_path: Path, words: list[str], catalogue: str, lake: str, status: int, message: str
) -> None:
    given = {"MOVIEC_HOME": str(tmp_path), "MOVIEC_CATALOGUE": catalogue, "MOVIEC_LAKE": lake}
    done = subprocess.run(
        [sys.executable, "-c", HIDING.format(hidden=EXTRAS), *words],
        capture_output=True, text=True, check=False, env=given,
    )  # fmt: skip
    assert done.stderr.startswith(message)
    assert len(done.stderr.splitlines()) == 1
    assert done.returncode == status
