"""Servers over the small catalogue, asked in process; nothing listens."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import sqlalchemy as sa
from litestar.testing import TestClient

from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.webhooks import Sent
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.matching.model import Model, shipped_model
from moviec.search.index import catch_up, indexer
from moviec.web.app import make_litestar
from moviec.web.middleware import Middleware
from moviec.web.server_state import ServerState, open_server
from moviec.web.workbench import IngestOrder, Verdict
from tests.conftest import drop_database, new_database
from tests.web.catalogue import catalogue_at


class Bench:
    """A workbench that remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def sources(self) -> Sequence[dict[str, Any]]:
        return [{"name": "imdb", "title": "IMDb", "licence": "personal", "cron": "0 4 * * *"}]

    def scorecard(self, source: str) -> dict[str, Any]:
        return {"reliability": [], "calibration": []}

    def match_model(self) -> Model:
        return shipped_model()

    def ping(self, hook: Mapping[str, Any]) -> Sent:
        self.asked.append(hook["url"])
        return Sent(kind="ping", changes=0, ms=1, error=None if "works" in hook["url"] else "answered 500")

    def refusal(self, url: str) -> str:
        return "inside.example: leads to 10.0.0.7, which is not a public address" if "inside" in url else ""

    def poster(self, sha256: str, width: int) -> bytes | None:
        return None

    def video(self, sha256: str, kind: str) -> Path | None:
        return None

    def ingest(self, order: IngestOrder) -> dict[str, Any]:
        if order.source != "imdb":
            raise UsageError("no such source", order.source, "see `moviec sources`")
        self.asked.append(order)
        return {"deliveries": []}

    def decide(self, verdict: Verdict) -> dict[str, Any]:
        self.asked.append(verdict)
        return {"changes": {}}

    def replay_quarantine(self, source: str | None) -> dict[str, Any]:
        self.asked.append(source)
        return {"replayed": {}}

    def replay_failures(self, numbers: Sequence[int]) -> dict[str, Any]:
        self.asked.append(list(numbers))
        return {"replayed": 0}

    def record(self, source: str, key: str) -> dict[str, Any] | None:
        if key != "tt0000001":
            return None
        row = {
            "source": source,
            "key": key,
            "fields": {"title": "The Matrix"},
            "delivery": "one",
            "file": "a.tsv",
        }
        return {**row, "payload": "", "line": 2, "text": f"{key}\tThe Matrix", "missing": ""}

    def health(self) -> Sequence[dict[str, Any]]:
        return [{"name": "source_held", "of": "imdb", "value": 1.0, "concern": "imdb is held"}]

    def review(self, most: int, source: str | None = None) -> Sequence[dict[str, Any]]:
        side = {"title": "The Matrix", "year": 1999, "ids": {}}
        left = {"source": "imdb", "key": "tt0000001", "movie": "mc1", **side}
        right = {"source": "kaggle", "key": "603", "movie": "mc2", **side, "year": 2003}
        pair = {
            "value": 1.0,
            "probability": 0.6,
            "left": left,
            "right": right,
            "reason": "several fit",
            "rival": None,
        }
        return [{**pair, "evidence": [["title", "same", 9.5], ["year", "far", -3.0]]}]

    def effect(self, verdict: Verdict) -> dict[str, Any]:
        return {"moved": [], "overrules": [], "contradicts": [], "doubts": []}

    def decide_all(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        if any("nobody" in verdict.right for verdict in verdicts):
            raise UsageError("no source has listed this record", "kaggle:nobody")
        self.asked.append(list(verdicts))
        return {"decisions": [], "changes": {"updated": 1}}

    def undo(self, numbers: Sequence[int], who: str) -> dict[str, Any]:
        self.asked.append((list(numbers), who))
        return {"decisions": [], "changes": {}}

    def accept_held(self, delivery: str) -> dict[str, Any]:
        self.asked.append(("accept", delivery))
        return {"changes": {"created": 2}}

    def refuse_held(self, delivery: str, who: str) -> dict[str, Any]:
        self.asked.append(("refuse", delivery, who))
        return {"delivery": {}}


class Api(msgspec.Struct, frozen=True):
    """A server under test: asks without a key unless told one."""

    client: TestClient[Any]
    server: ServerState
    home: Home
    bench: Bench

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.client.get(path, follow_redirects=False, **options)

    def json(self, path: str, **options: Any) -> Any:
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def key(self, scope: Any = "read", per_minute: int = 100_000, account: str = "default") -> str:
        return create_key(self.server.catalogue, NewKey("test", account, scope, per_minute))[0]

    def refresh_index(self) -> None:
        with indexer(self.home.search) as mine:
            assert mine
            catch_up(self.server.catalogue, self.home.search)
        self.server.finder.refresh()


def await_filters(api: Api) -> None:
    """Wait until the server can deny at all."""
    until = time.monotonic() + 30
    while api.server.follower.known is None:
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a home with the small catalogue in SQLite and its index, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    _fill(folder, f"sqlite:///{folder / 'catalogue.db'}")
    return folder


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """Give the address of a PostgreSQL database with the small catalogue, to be copied."""
    url = new_database(postgres)
    catalogue_at(url).dispose()
    return url


def _fill(folder: Path, url: str) -> None:
    catalogue = catalogue_at(url)
    with indexer(folder / "search"):
        catch_up(catalogue, folder / "search")
    catalogue.dispose()


def made_home(template: Path, folder: Path, **settings: Any) -> Home:
    """Copy the home into a folder, with these settings."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    said = {"anonymous": True, "anonymous_limit": 1_000_000, **settings}
    (folder / "moviec.toml").write_text(
        "".join(f"{name} = {json.dumps(value)}\n" for name, value in said.items())
    )
    return open_home(folder, {})


@contextlib.contextmanager
def serving(home: Home) -> Iterator[Api]:
    """Serve a home."""
    bench = Bench()
    server = open_server(home, bench)
    with TestClient(Middleware(make_litestar(server), server), raise_server_exceptions=False) as client:
        yield Api(client, server, home, bench)


@pytest.fixture
def api(template: Path, tmp_path: Path) -> Iterator[Api]:
    """Serve the small catalogue in SQLite, open to everyone."""
    with serving(made_home(template, tmp_path)) as found:
        yield found


@pytest.fixture(params=["sqlite", "postgres"])
def either(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> Iterator[Api]:
    """Serve the small catalogue, once in SQLite and once in PostgreSQL."""
    if request.param == "sqlite":
        with serving(made_home(template, tmp_path)) as found:
            yield found
        return
    server = request.getfixturevalue("postgres")
    url = new_database(server, sa.make_url(request.getfixturevalue("postgres_template")).database)
    with serving(made_home(template, tmp_path, catalogue=url)) as found:
        yield found
    drop_database(server, url)


@pytest.fixture(scope="session")
def read_api(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Serve the small catalogue in SQLite, once for all tests of a process that only read."""
    with serving(made_home(template, tmp_path_factory.mktemp("read"))) as found:
        yield found


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def read_either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Serve the small catalogue in SQLite and in PostgreSQL, each once for all tests of a process that only read."""
    if request.param == "sqlite":
        yield request.getfixturevalue("read_api")
        return
    original = sa.make_url(request.getfixturevalue("postgres_template"))
    url = new_database(request.getfixturevalue("postgres"), original.database)
    template = request.getfixturevalue("template")
    with serving(made_home(template, tmp_path_factory.mktemp("read"), catalogue=url)) as found:
        yield found
