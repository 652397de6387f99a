"""Callers who want a server to stop: what they send is refused, what they hold is closed, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import httpx
import pytest
import sqlalchemy as sa

from moviec.bounds import Serving
from moviec.catalog.accounts import NewKey, create_key, disable_account, revoke_key
from moviec.catalog.connect import connect
from moviec.web.callers import REDIS_PAUSE, Limiter
from moviec.web.connections import OpenRequests
from moviec.web.errors import Problem
from moviec.web.telemetry import no_log
from tests.conftest import new_database
from tests.web.conftest import await_filters, made_home, serving
from tests.web.server import Server, running

JSON = b"Content-Type: application/json\r\n"
LOOKUP = b"/v1/movies/lookup"


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that bears little: everything is refused or closed within a second or two."""
    folder = tmp_path_factory.mktemp("hostile")
    made_home(template, folder)
    with (folder / "moviec.toml").open("a") as settings:
        settings.write(
            "[serving]\nhead = 1\nbody = 1\nidle = 2\nconnections = 60\nrequests = 15\nstreams = 3\nconnections_in_all = 200\n"
        )
    with running(folder) as found:
        yield found


def opened(server: Server, sent: bytes, address: str = "127.0.0.1") -> socket.socket:
    port = int(server.url.rpartition(":")[2])
    connection = socket.create_connection(("127.0.0.1", port), 20, source_address=(address, 0))
    connection.sendall(sent)
    return connection


def answered(server: Server, sent: bytes) -> int:
    """Send bytes, and return the status of the answer; 0 for a connection that is closed without one."""
    with closing(opened(server, sent)) as connection:
        try:
            found = re.match(rb"HTTP/1\.1 (\d{3})", connection.recv(4096))
        except ConnectionError:
            found = None
    return int(found[1]) if found else 0


def posted(body: bytes, *headers: bytes, path: bytes = LOOKUP) -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\nHost: x\r\n" + b"".join(headers) + length + b"\r\n" + body


def chunked(body: bytes) -> bytes:
    return (
        b"POST " + LOOKUP + b" HTTP/1.1\r\nHost: x\r\n" + JSON + b"Transfer-Encoding: chunked\r\n\r\n" + body
    )


ODD = {
    "deep list": posted(b'{"ids":' + b"[" * 100_000 + b"]" * 100_000 + b"}", JSON),
    "deep objects": posted(b'{"a":' * 50_000 + b"1" + b"}" * 50_000, JSON, path=b"/v1/movies/match"),
    "deep form": posted(b"queries=" + b'{"a":' * 50_000 + b"1" + b"}" * 50_000, path=b"/reconcile"),
    "UTF-16": posted('{"ids":["mc1"]}'.encode("utf-16"), JSON),
    "Latin-1": posted(b'{"ids":["\xe9"]}', JSON),
    "packed": posted(b"\x1f\x8b\x08junk", JSON, b"Content-Encoding: gzip\r\n"),
    "chunk without a length": chunked(b"zz\r\n{}\r\n0\r\n\r\n"),
    "chunk of less than nothing": chunked(b"-5\r\n{}\r\n0\r\n\r\n"),
    "chunk that breaks off": chunked(b"10\r\n{}"),
    "no number": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: abc\r\n\r\n{}",
    "two lengths": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}",
    "two hosts": b"GET /v1/genres HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "no host's name": b"GET /v1/genres HTTP/1.1\r\nHost: a b<>\r\n\r\n",
    "no text": b"GET /v1/movies/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "surrogate": b"GET /v1/movies/%ed%a0%80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "odd method": b"G\x01T / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no method": b"FOO /v1/genres HTTP/1.1\r\nHost: x\r\n\r\n",
    "tunnel": b"CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n",
    "head without end": b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X: 1\r\n" * 5_000 + b"\r\n",
    "long address": b"GET /?" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "too long": b"POST "
    + LOOKUP
    + b" HTTP/1.1\r\nHost: x\r\n"
    + JSON
    + b"Content-Length: 99999999999\r\n\r\n{}",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 100,
    "nothing": b"\x00" * 100 + b"\r\n\r\n",
}


def test_what_is_no_request_is_the_callers_fault(server: Server) -> None:
    statuses = {name: answered(server, sent) for name, sent in ODD.items()}
    assert all(status == 0 or 400 <= status < 500 for status in statuses.values()), statuses
    assert statuses["chunk that breaks off"] == 408
    told = {name: status for name, status in statuses.items() if name in list(ODD)[:13]}
    assert set(told.values()) == {400, 408}, statuses
    assert "Traceback" not in server.log.read_text("utf-8")


def ended(connection: socket.socket) -> bytes:
    """Read what is sent until the server closes the connection; fails where it does not."""
    said = b""
    try:
        while part := connection.recv(65_536):
            said += part
    except ConnectionError:
        pass
    return said


def test_half_sent_heads_and_silent_connections_are_closed_and_others_answered(server: Server) -> None:
    half = b"GET / HTTP/1.1\r\nHost: x\r\n"
    with ExitStack() as held:
        attacker = [
            held.enter_context(opened(server, half if number % 2 else b"", "127.0.0.9"))
            for number in range(190)
        ]
        assert server.get("/v1/movies/mc1").status_code == 200
        assert server.get("/readyz").status_code == 200
        assert all(not said.startswith(b"HTTP/1.1 2") for said in map(ended, attacker))


def test_a_connection_that_rests_is_closed_and_one_in_use_is_not(server: Server) -> None:
    with (
        closing(opened(server, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")) as resting,
        closing(opened(server, b"GET /v1/changes/stream HTTP/1.1\r\nHost: x\r\n\r\n")) as stream,
        httpx.Client(base_url=server.url) as client,
    ):
        assert ended(resting).startswith(b"HTTP/1.1 200")
        for _ in range(8):
            assert client.get("/v1/genres").status_code == 200
            time.sleep(0.4)
        assert stream.recv(4096).startswith(b"HTTP/1.1 200")
        stream.settimeout(0.1)
        with pytest.raises(TimeoutError):  # open, and silent
            while stream.recv(4096):
                pass


def test_bodies_that_drip_are_cut_off_and_no_more_than_some_are_waited_for(server: Server) -> None:
    head = b"POST " + LOOKUP + b" HTTP/1.1\r\nHost: x\r\n" + JSON + b"Content-Length: 900\r\n\r\n "
    with ExitStack() as held:
        attacker = [held.enter_context(opened(server, head, "127.0.0.9")) for _ in range(30)]
        assert server.get("/v1/movies/mc1").status_code == 200
        statuses = [ended(connection)[9:12] for connection in attacker]
    assert set(statuses) == {b"408", b"429"} and statuses.count(b"408") == 15


def test_streams_are_few_for_each_caller(server: Server) -> None:
    ask = b"GET /v1/changes/stream HTTP/1.1\r\nHost: x\r\n\r\n"
    with ExitStack() as held:
        for wanted in (b"200", b"200", b"200", b"429"):
            connection = held.enter_context(opened(server, ask, "127.0.0.9"))
            assert connection.recv(12)[9:] == wanted
        with httpx.stream("GET", f"{server.url}/v1/changes/stream") as mine:
            assert mine.status_code == 200


def test_methods_and_paths_made_up_do_not_grow_what_is_measured(server: Server) -> None:
    def series() -> set[str]:
        lines = server.get("/metrics").text.splitlines()
        return {line.rpartition(" ")[0] for line in lines if line.startswith("moviec_request")}

    with httpx.Client(base_url=server.url) as client:
        client.request("ODD0", "/made-up/0")
        before = series()
        for number in range(1, 60):
            assert client.request(f"ODD{number}", f"/made-up/{number}").status_code in (404, 405)
    assert series() - before <= {line for line in series() if 'route="/metrics"' in line}


def test_metrics_are_for_the_inside_unless_set_otherwise(template: Path, tmp_path: Path) -> None:
    outside = {"X-Forwarded-For": "203.0.113.7"}
    statuses = {}
    for setting in ("inside", "open", "off"):
        with serving(made_home(template, tmp_path / setting, metrics=setting)) as api:
            admin, reader = api.key("admin"), api.key()
            statuses[setting] = [
                api.get("/metrics", headers=headers).status_code
                for headers in (
                    {},
                    outside,
                    {**outside, "X-API-Key": reader},
                    {**outside, "X-API-Key": admin},
                )
            ]
    assert statuses == {"inside": [200, 401, 403, 200], "open": [200] * 4, "off": [404] * 4}


def test_a_stream_ends_when_its_key_is_revoked_or_its_account_disabled(
    template: Path, tmp_path: Path
) -> None:
    home = made_home(template, tmp_path, anonymous=False)
    with (tmp_path / "moviec.toml").open("a") as settings:
        settings.write("[serving]\nhead = 1\nidle = 2\n")
    catalogue = connect(home.catalogue)
    mine, number = create_key(catalogue, NewKey("mine"))
    with running(tmp_path) as server, ExitStack() as held:
        ask = b"GET /v1/changes/stream HTTP/1.1\r\nHost: x\r\nX-API-Key: %b\r\n\r\n"
        other, _ = create_key(catalogue, NewKey("other"))
        streams = [held.enter_context(opened(server, ask % key.encode())) for key in (mine, other)]
        for stream in streams:
            assert stream.recv(12)[9:] == b"200"
        revoke_key(catalogue, number)
        assert ended(streams[0]).endswith(b"0\r\n\r\n")
        disable_account(catalogue, "default")
        assert ended(streams[1]).endswith(b"0\r\n\r\n")
    catalogue.dispose()


def test_one_caller_is_limited_before_all_are_and_what_ends_is_given_back() -> None:
    counts = OpenRequests(Serving(requests=60, connections_in_all=100))
    leaving = [counts.enter("one") for _ in range(60)]
    with pytest.raises(Problem, match="more than 60") as mine:
        counts.enter("one")
    leaving += [counts.enter("two") for _ in range(15)]
    with pytest.raises(Problem, match="too many requests at once") as all_:
        counts.enter("three")
    assert (mine.value.status, all_.value.status) == (429, 503)
    for leave in leaving:
        leave()
    counts.enter("three")()


def test_a_redis_that_is_silent_is_asked_once_and_then_left_alone() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        limiter = Limiter(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", no_log())

        async def hits() -> list[int]:
            return [(await limiter.hit("me", 100)).left for _ in range(20)]

        began = time.monotonic()
        assert asyncio.run(hits()) == list(range(99, 79, -1))
        assert time.monotonic() - began < REDIS_PAUSE


def test_a_catalogue_that_is_silent_is_told_as_503(
    postgres: str, postgres_template: str, template: Path, tmp_path: Path
) -> None:
    """Another session locks the change log, so that the server's look at it is not answered."""
    url = new_database(postgres, sa.make_url(postgres_template).database)
    locker = sa.create_engine(url)
    with serving(made_home(template, tmp_path, catalogue=url)) as api, locker.connect() as connection:
        await_filters(api)
        assert api.get("/v1/movies/mc1").status_code == 200
        connection.execute(sa.text("LOCK TABLE changes IN ACCESS EXCLUSIVE MODE"))
        silent = api.get("/v1/movies/mc1")
        assert (silent.status_code, silent.json()["error"]["code"]) == (503, "service_unavailable")
        assert api.get("/healthz").status_code == 200
        assert api.get("/readyz").status_code == 503
        connection.rollback()
        assert api.get("/v1/movies/mc1").status_code == 200
    locker.dispose()
