"""`moviec serve` as people run it: processes on the loopback, stopped by a signal, several over one catalogue."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from html import unescape
from pathlib import Path

import httpx
import msgspec
import pytest

from moviec.catalog.accounts import NewKey, create_key, revoke_key
from moviec.catalog.connect import connect
from tests.web.catalogue import Made, publish
from tests.web.conftest import made_home
from tests.web.server import Server, free_port, running, started
from tests.web.test_changes import events


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """Give the address of a Redis server."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("no redis-server: install it (Debian: redis-server) to test limits over several servers")
    port = free_port()
    options = ["--port", str(port), "--save", "", "--bind", "127.0.0.1", "--dir", str(tmp_path)]
    server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL)
    yield f"redis://127.0.0.1:{port}/0"
    server.terminate()
    server.wait(20)


def test_a_server_follows_streams_hides_keys_and_stops_gracefully(template: Path, tmp_path: Path) -> None:
    home = made_home(template, tmp_path, prefix="/films")
    catalogue = connect(home.catalogue)
    key, _ = create_key(catalogue, NewKey("secret"))
    with running(tmp_path) as server:
        behind = f"{server.url}/films"
        page = httpx.get(f"{behind}/").text
        assert 'href="/films/static/site.css"' in page
        for path in set(re.findall(r'(?:href|action|src)="(/[^"]*)"', unescape(page))):
            assert httpx.get(server.url + path, follow_redirects=True).status_code == 200, path
        moved = httpx.get(f"{behind}/v1/movies/mc50")
        assert moved.headers["location"] == "/films/v1/movies/mc1"
        assert httpx.get(f"{behind}/openapi.json").json()["servers"] == [{"url": "/films"}]
        assert _serve_where(server).endswith("Address already in use; choose another --host or --port")
        for shown in (key, key + "x"):
            server.get(f"/v1/movies/search?query={shown}", shown)
        text = _stream_while_stopping(server, lambda: _publish(tmp_path, home.catalogue))
    assert [event["id"] for event in events(text)][-1] == "mc900"
    assert server.process.returncode == 0
    assert key not in server.log.read_text("utf-8")
    catalogue.dispose()


def _serve_where(server: Server) -> str:
    """Start a second server at the same address, and give what it says."""
    port = server.url.rpartition(":")[2]
    command = [sys.executable, "-m", "moviec", "serve", "--home", str(server.log.parent), "--port", port]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert second.returncode == 1
    return second.stderr.strip()


def _publish(folder: Path, url: str) -> None:
    catalogue = connect(url)
    with catalogue.begin() as connection:
        publish(connection, [Made(900, "Zebra", 2024)], "2026-11-10T08:00:00+00:00")
    catalogue.dispose()


def _stream_while_stopping(server: Server, act: object) -> str:
    """Read the stream of changes from before something happens until the server is stopped, to its regular end."""
    text, connected, seen = "", threading.Event(), threading.Event()

    def read() -> None:
        nonlocal text
        with httpx.stream("GET", f"{server.url}/v1/changes/stream", timeout=60) as answer:
            for part in answer.iter_text():
                text += part
                connected.set()
                if "event: change" in text:
                    seen.set()

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        assert connected.wait(30)
        assert callable(act)
        act()
        assert seen.wait(30)
        server.stop()
        reading.result(30)
    return text


def test_two_workers_count_together_and_both_refuse_a_revoked_key(template: Path, tmp_path: Path) -> None:
    home = made_home(template, tmp_path, anonymous=False, log="requests.log")
    catalogue = connect(home.catalogue)
    key, number = create_key(catalogue, NewKey("mine"))
    few, _ = create_key(catalogue, NewKey("few", per_minute=10))
    with running(tmp_path, "--workers", "2") as server:
        allowed = [server.get("/v1/genres", few).status_code == 200 for _ in range(30)]
        assert allowed == [True] * 10 + [False] * 20
        statuses = [server.get("/v1/movies/mc1", key).status_code for _ in range(40)]
        assert set(statuses) == {200}
        counted = re.findall(
            r'moviec_requests_total{.*movie_id}",status="200"} ([0-9.]+)', server.get("/metrics").text
        )
        assert sum(map(float, counted)) == 40
        revoke_key(catalogue, number)
        revoked = time.monotonic()
        while time.monotonic() < revoked + 1.0:
            time.sleep(0.05)
        assert {server.get("/v1/movies/mc1", key).status_code for _ in range(20)} == {401}
    logged = [msgspec.json.decode(line) for line in (tmp_path / "requests.log").read_bytes().splitlines()]
    assert sum(line.get("path") == "/v1/movies/mc1" for line in logged) >= 60
    said = server.log.read_text("utf-8")
    assert "moviec keys create" in said and '"event"' not in said
    catalogue.dispose()


@pytest.mark.slow
def test_ten_keys_have_exactly_their_own_limits_over_two_servers(
    template: Path, tmp_path: Path, redis: str
) -> None:
    made_home(template, tmp_path, anonymous=False, redis=redis)
    catalogue = connect(f"sqlite:///{tmp_path / 'catalogue.db'}")
    limits = {create_key(catalogue, NewKey(f"k{n}", per_minute=3 + 2 * n))[0]: 3 + 2 * n for n in range(10)}
    catalogue.dispose()
    with ExitStack() as stack:
        servers = [stack.enter_context(running(tmp_path)) for _ in range(2)]

        def use(key: str) -> int:
            """Ask both servers in turn until well past the limit; give how often the answer was yes."""
            with httpx.Client(headers={"X-API-Key": key}, timeout=60) as client:
                asked = [client.get(f"{servers[n % 2].url}/v1/genres") for n in range(limits[key] + 4)]
            assert {answer.status_code for answer in asked} == {200, 429}
            return sum(answer.status_code == 200 for answer in asked)

        with ThreadPoolExecutor(10) as pool:
            assert dict(zip(limits, pool.map(use, limits), strict=True)) == limits


def test_a_new_home_is_served_empty_and_then_with_what_comes(tmp_path: Path) -> None:
    with running(tmp_path, settings={"MOVIEC_ANONYMOUS": "true"}) as server:
        assert server.get("/v1/movies").json()["items"] == []
        assert server.get("/").status_code == 200
        assert server.get("/v1/movies/mc1").status_code == 404


def test_a_server_loads_neither_the_engine_nor_arrow() -> None:
    told = "import sys, moviec.cli.serve, moviec.web.app; print({'duckdb', 'pyarrow', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_while_the_catalogue_is_migrated_the_server_says_that_it_is_not_ready(tmp_path: Path) -> None:
    """Another process holds the lock of migrations, so ours waits for as long as we like."""
    with closing(sqlite3.connect(tmp_path / "catalogue.db", isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("BEGIN IMMEDIATE")
        with started(tmp_path, settings={"MOVIEC_ANONYMOUS": "true"}) as server:
            server.until(lambda: server.get("/healthz").status_code == 200)
            for path in ("/readyz", "/v1/movies/mc1?as_of=2026-01-01", "/"):
                answer = server.get(path)
                assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready"), path
                assert int(answer.headers["retry-after"]) > 0
            assert httpx.post(f"{server.url}/v1/movies/lookup", json={"ids": ["mc1"]}).status_code == 503
            assert httpx.head(f"{server.url}/").content == b""
            other.execute("ROLLBACK")
            server.until(lambda: server.get("/readyz").status_code == 200)
            assert server.get("/v1/movies").json()["items"] == []


def test_a_server_loads_no_engine_and_no_arrow_until_they_are_wanted() -> None:
    told = "import sys, moviec.web.app, moviec.cli.pipeline_workbench; print(sorted({'pyarrow', 'numpy', 'duckdb', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
