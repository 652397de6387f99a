"""The API keeps its own description: schemathesis asks a real server, with every check it has, on both databases."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog.accounts import NewKey, create_account, create_key
from moviec.catalog.connect import connect
from moviec.catalog.schema.serving import keys
from tests.conftest import new_database
from tests.examples import BOTH_AT_NIGHT
from tests.web.conftest import made_home
from tests.web.server import running

#: A stream has no end: each is read for a second, and then left. Everything else has a minute. On a busy machine that may be
#: over before it begins, and then the only answer it gave was to who asked without a key.
STREAM = "GET /v1/changes/stream"

CONFIG = """
request-timeout = 60.0

[[operations]]
include-path = "/v1/changes/stream"
request-timeout = 1.0
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", "401", "403", "410", "429", "5xx"]

# Each parameter may be as it is, and two contradict each other (`measure=movies&by=max`): 400, which a description of
# single parameters cannot tell. tests/web/test_figures.py asks every combination.
[[operations]]
include-path-regex = "/v1/(genres|production_companies)/years?/.*"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", "400", "401", "403", "404", "429", "5xx"]

# An address inside is refused, and a genre that there is not.
[[operations]]
include-path = "/v1/webhooks"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "5xx"]

# A number beyond the end of the log is gone.
[[operations]]
include-path = "/v1/changes"
checks.positive_data_acceptance.expected-statuses = ["2xx", "3xx", "401", "403", "410", "429", "5xx"]
"""


@pytest.mark.slow
@pytest.mark.parametrize("database", BOTH_AT_NIGHT)
def test_schemathesis_finds_nothing(
    request: pytest.FixtureRequest, template: Path, tmp_path: Path, database: str
) -> None:
    settings: dict[str, Any] = {}
    if database == "postgres":
        original = sa.make_url(request.getfixturevalue("postgres_template"))
        settings["catalogue"] = new_database(request.getfixturevalue("postgres"), original.database)
    home = made_home(template, tmp_path, **settings)
    catalogue = connect(home.catalogue)
    key = _lasting_key(catalogue)
    catalogue.dispose()
    with (tmp_path / "moviec.toml").open(
        "a"
    ) as file:  # nothing is to be fetched from where providers publish
        file.write("".join(f'[sources.{name}]\npath = "/nowhere"\n' for name in ("imdb", "movielens")))
    (tmp_path / "schemathesis.toml").write_text(CONFIG)
    with running(tmp_path) as server:
        asked = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json",
                "--checks", "all", "--max-examples", "2", "--seed", "8", "--workers", "2",
                "--max-response-time", "60",
                "-H", f"Authorization: Bearer {key}", "-H", f"X-API-Key: {key}",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert server.get("/healthz").status_code == 200
    assert asked.returncode == 0, asked.stdout[-5_000:] + asked.stderr[-2_000:]
    assert key not in server.log.read_text("utf-8")
    # Of an operation that knows no id the tool tells the refusal without a key apart from the many answers "not found".
    assert refused(asked.stdout) - not_found(asked.stdout) <= {STREAM}, asked.stdout[-5_000:]


def refused(report: str) -> set[str]:
    """Return the operations whose every answer, says a report, was that the key is not accepted."""
    named = _named(report, r"^Authentication failed: .* returned only 401/403.*?Ensure valid")
    assert named or "only 401/403" not in report, report
    return named


def not_found(report: str) -> set[str]:
    """Return the operations that, says a report, answered mostly that there is no such thing."""
    return _named(report, r"^Missing test data: .* returned 404.*?^=+ SUMMARY")


def _named(report: str, pattern: str) -> set[str]:
    block = re.search(pattern, report, re.DOTALL | re.MULTILINE)
    return set(re.findall(r"(?m)^ *- ((?:GET|POST|PUT|PATCH|DELETE) /\S+)", block[0]) if block else ())


def test_refused_operations_are_read_from_a_report() -> None:
    report = """
WARNINGS:

Authentication failed: 2 operations returned only 401/403 responses

401 Unauthorized (2 operations):
  - GET /v1/changes/stream
  - POST /v1/admin/keys

Tip: Ensure valid authentication credentials are set via `--auth` or `-H`

Missing test data: 1 operation repeatedly returned 404 Not Found, preventing tests from reaching your API's core logic

No links point to this operation - GET /v1/genres appears to supply the data it needs:
  - GET /v1/genres/{genre_id}

==== SUMMARY ====
"""
    assert refused(report) == {STREAM, "POST /v1/admin/keys"}
    assert not_found(report) == {"GET /v1/genres/{genre_id}"} and not_found("42 passed") == set()
    assert refused("42 passed") == set()


def _lasting_key(catalogue: sa.Engine) -> str:
    """Make a key that what is asked will not revoke by chance: of an account and with a number that nothing guesses."""
    create_account(catalogue, "of-the-contract")
    key, number = create_key(catalogue, NewKey("contract", "of-the-contract", "admin", 1_000_000))
    with catalogue.begin() as connection:
        connection.execute(sa.update(keys).where(keys.c.number == number).values(number=1_618_033))
    return key
