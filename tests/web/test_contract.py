"""The API keeps its own description: schemathesis asks a real server, with every check it has, on both databases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.connect import connect
from tests.conftest import new_database
from tests.web.conftest import made_home
from tests.web.server import running


@pytest.mark.slow
@pytest.mark.parametrize(
    ("database", "phases"), [("sqlite", "examples,coverage"), ("postgres", "examples,fuzzing,stateful")]
)
def test_schemathesis_finds_nothing(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path, database: str, phases: str
) -> None:
    settings: dict[str, Any] = {}
    if database == "postgres":
        original = sa.make_url(request.getfixturevalue("postgres_template"))
        settings["catalogue"] = new_database(request.getfixturevalue("postgres"), original.database)
    home = made_home(template, tmp_path, **settings)
    catalogue = connect(home.catalogue)
    key, _ = create_key(catalogue, NewKey("contract", scope="admin", per_minute=1_000_000))
    catalogue.dispose()
    with running(tmp_path) as server:
        asked = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
                "--checks", "all", "--phases", phases, "--max-examples", "2", "--seed", "8", "--workers", "2",
                "-H", f"Authorization: Bearer {key}", "-H", f"X-API-Key: {key}",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert server.get("/healthz").status_code == 200
    assert asked.returncode == 0, asked.stdout[-5_000:] + asked.stderr[-2_000:]
    assert key not in server.log.read_text("utf-8")
