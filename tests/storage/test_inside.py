"""Addresses that lead inside: none is connected to, however it is written, named or redirected to; and bodies without an end."""

from __future__ import annotations

import socket
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from moviec.errors import MovieCError, SourceError, TransportError
from moviec.storage.http import PRIVATE, Web
from moviec.transient import Patience
from tests.servers import web
from tests.sources.test_remote import body

QUICK = Patience(timeout=0.5, pauses=())

#: Loopback, private, link-local (the metadata services of clouds), shared and unspecified addresses, in every form that a
#: resolver or a browser takes: short, whole number, hexadecimal, octal, IPv6 that carries IPv4, zones, names, full-width digits.
INSIDE = (
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "localhost", "localhost.", "0.0.0.0", "0",  # noqa: S104
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.192", "224.0.0.1", "255.255.255.255",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1]", "[fc00::1]", "[fd00:ec2::254]", "[fec0::1]", "[ff02::1]",
    "0x7f.1", "0x7f.0.0.1", "017700000001", "00177.1", "127.000.000.001", "198.18.0.1", "192.88.99.1", "240.0.0.1", "0.0.0.1",
    "localhost.localdomain", "ip6-localhost", "[0:0:0:0:0:0:0:1]", "[::1%25lo]", "[::ffff:0:127.0.0.1]", "[::ffff:169.254.169.254]",
    "[::ffff:10.0.0.1]", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]", "[2002:c0a8:101::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]",
    "[5f00::1]", "films.example@127.0.0.1", "films.example%2f@127.0.0.1", "127.0.0.1#films.example",
    "１２７.０.０.１", "①②⑦.⓪.⓪.①", "me:secret@127.0.0.1",
)  # fmt: skip


@pytest.mark.parametrize("host", INSIDE)
def test_no_form_of_an_inside_address_is_connected_to(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connected: list[object] = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: connected.append(address))
    with pytest.raises(MovieCError) as refused:
        Web({}, QUICK).get(f"http://{host}:8080/a.csv", tmp_path / "a.csv")
    assert connected == []
    assert "secret" not in str(refused.value)


def test_a_redirect_that_leads_inside_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def secret(to: BaseHTTPRequestHandler) -> None:
        asked.append(to.path)
        body(b"secret")(to)

    looked_up = _outside(monkeypatch)
    with web({"/a.csv": [body(b"", status=302, Location="http://127.0.0.1:1/")], "/b": [secret]}) as server:
        looked_up["films.example"] = server
        with pytest.raises(
            SourceError, match=r"127\.0\.0\.1: leads to 127\.0\.0\.1, which is not a public address"
        ):
            Web({}, QUICK).get(f"http://films.example:{server.rpartition(':')[2]}/a.csv", tmp_path / "a.csv")
    assert asked == []


def test_a_name_that_changes_once_it_was_looked_at_leads_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: the first answer is outside, every later one inside. What is connected to is the first."""
    connected: list[Any] = []
    answers = ["93.184.216.34"]

    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        address = answers.pop(0) if answers else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    def connect(address: Any, *_: Any, **__: Any) -> socket.socket:
        connected.append(address)
        raise OSError("unplugged")

    monkeypatch.setattr("moviec.storage.addresses.socket.getaddrinfo", lookup)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(TransportError, match="unplugged"):
        Web({}, QUICK).get("http://films.example/a.csv", tmp_path / "a.csv")
    assert connected == [("93.184.216.34", 80)]


def test_an_address_that_is_allowed_by_one_of_its_answers_only_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lookup(host: str, port: int, **_: Any) -> list[Any]:
        return [(2, 1, 6, "", (address, port)) for address in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr("moviec.storage.addresses.socket.getaddrinfo", lookup)
    with pytest.raises(SourceError, match=r"10\.0\.0\.1"):
        Web({}, QUICK).get("http://films.example/a.csv", tmp_path / "a.csv")


@pytest.mark.parametrize("scheme", ["file:///etc/passwd", "ftp://films.example/a", "gopher://films.example/"])
def test_only_the_web_is_the_web(scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up = _outside(monkeypatch)
    with web({"/a.csv": [body(b"", status=302, Location=scheme)]}) as server:
        looked_up["films.example"] = server
        with pytest.raises(MovieCError, match="this is not an address"):
            Web({}, QUICK).get(f"http://films.example:{server.rpartition(':')[2]}/a.csv", tmp_path / "a.csv")


def test_a_proxy_of_the_system_is_gone_through_and_written_out_inside_addresses_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with web({"http://films.example/a.csv": [body(b"by proxy")]}) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        monkeypatch.delenv("no_proxy", raising=False)
        Web({}, QUICK).get("http://films.example/a.csv", tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes() == b"by proxy"
        for host in ("127.0.0.1", "[::1]", "169.254.169.254", "localhost"):
            with pytest.raises(SourceError, match="not a public address"):
                Web({}, QUICK).get(f"http://{host}/a.csv", tmp_path / "b.csv")


def test_a_body_without_an_end_and_one_that_trickles_are_cut_off(tmp_path: Path) -> None:
    def endless(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.end_headers()
        try:
            while True:
                to.wfile.write(b"x" * 100_000)
        except OSError:
            pass

    def trickling(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.end_headers()
        try:
            for _ in range(100):
                to.wfile.write(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    with web({"/endless": [endless], "/trickling": [trickling]}) as server:
        fetching = Web({PRIVATE: True}, QUICK)
        with pytest.raises(SourceError, match="more than 1,000,000 bytes"):
            fetching.download(f"{server}/endless", tmp_path / "endless", max_bytes=1_000_000)
        with pytest.raises(SourceError, match="an answer of more than 1,000,000 bytes"):
            fetching.ask(f"{server}/endless", max_bytes=1_000_000)
        with pytest.raises(TransportError, match="too slow"):
            fetching.download(f"{server}/trickling", tmp_path / "trickling")
        with pytest.raises(TransportError, match="too slow"):
            fetching.ask(f"{server}/trickling")


def _outside(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Have the resolver call some names' loopback servers public addresses, and the socket find them all the same."""
    known: dict[str, str] = {}
    lookup, connect = socket.getaddrinfo, socket.create_connection

    def outside(host: str, port: int, *words: Any, **named: Any) -> Any:
        if host in known:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port))]
        return lookup(host, port, *words, **named)

    def there(address: Any, *words: Any, **named: Any) -> socket.socket:
        if address[0] == "93.184.216.34":
            address = ("127.0.0.1", address[1])
        return connect(address, *words, **named)

    monkeypatch.setattr("moviec.storage.addresses.socket.getaddrinfo", outside)
    monkeypatch.setattr(socket, "create_connection", there)
    return known
