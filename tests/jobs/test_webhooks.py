"""Webhooks over real sockets: signed, in order, tried again, switched off in the end, never to addresses inside."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from moviec.catalog.accounts import create_account
from moviec.catalog.connect import connect
from moviec.catalog.ingest_queue import failed, replay
from moviec.catalog.schema.serving import webhooks
from moviec.catalog.webhooks import (
    Filter,
    all_webhooks,
    create_webhook,
    delete_webhook,
    deliveries_to,
    is_genuine,
    note_sent,
    rotate_secret,
    secret_of,
    wanted_changes,
    webhook_of,
    webhooks_of,
)
from moviec.cli.pipeline_workbench import PipelineWorkbench
from moviec.config import open_home
from moviec.errors import SourceError, TransportError, UsageError
from moviec.jobs import webhook_sender as sending
from moviec.jobs.webhook_sender import Senders, Sending, Target, deliver_due, post, target_of
from moviec.storage.addresses import is_public
from tests.catalog.test_publish import publication, show
from tests.commands import moviec

KEY = b"a key of this home"
HERE = Sending(private=True, key=KEY)


class Receiver:
    """A server that keeps what it is sent, and answers with `status`."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append((dict(self.headers.items()), body))
                self.send_response(receiver.status)
                if receiver.status == 302:
                    self.send_header("Location", "http://127.0.0.1:1/")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_port}/hook?x=1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()

    def numbers(self) -> list[int]:
        return [change["number"] for _, body in self.got for change in json.loads(body)["changes"]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def catalogue(database: str) -> Iterator[sa.Engine]:
    engine = connect(database)
    create_account(engine, "reader")
    yield engine
    engine.dispose()


def films(catalogue: sa.Engine, *titles: str) -> None:
    show(catalogue, publication({number: {"title": title} for number, title in enumerate(titles, 1)}))


def hurry(catalogue: sa.Engine, **values: Any) -> None:
    """Make the next try due now."""
    with catalogue.begin() as connection:
        connection.execute(sa.update(webhooks).values(retry_at=None, **values))


def test_changes_arrive_in_order_once_and_signed(
    catalogue: sa.Engine, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STEP", 2)
    films(catalogue, "before the webhook")
    made = create_webhook(catalogue, KEY, "reader", receiver.url)
    films(catalogue, "A", "B", "C")
    films(catalogue, "D", "B", "C")
    assert deliver_due(catalogue, HERE) == 4
    assert deliver_due(catalogue, HERE) == 0
    assert receiver.numbers() == [2, 3, 4, 5]
    headers, body = receiver.got[-1]
    assert headers["MovieC-Changes"] == "4-5"
    assert headers["Host"] == f"localhost:{receiver.server.server_port}"
    assert json.loads(body)["changes"][-1]["fields"] == {"title": ["A", "D"]}
    given, now = headers["MovieC-Signature"], time.time()
    assert is_genuine(made["secret"], given, body, now)
    assert not is_genuine(made["secret"], given, body + b" ", now)
    assert not is_genuine("whsec_other", given, body, now)
    assert not is_genuine(made["secret"], given, body, now + 301), "a replay"
    assert not is_genuine(made["secret"], given.replace("t=", "t=1"), body, now)
    for nonsense in ("", "t=,v1=", "v1=ab", "t=1e9,v1=ab", "t=²,v1=x", "t=" + "9" * 400):
        assert not is_genuine(made["secret"], nonsense, body, now)


def test_a_receiver_that_fails_is_tried_later_then_switched_off_and_switched_on_again(
    catalogue: sa.Engine, receiver: Receiver
) -> None:
    create_webhook(catalogue, KEY, "reader", receiver.url)
    films(catalogue, "A")
    receiver.status = 500
    deliver_due(catalogue, HERE)
    [shown] = webhooks_of(catalogue, "reader")
    assert (shown["state"], shown["failed"], shown["position"]) == ("active", 1, 0)
    deliver_due(catalogue, HERE)
    assert len(receiver.got) == 1, "not before the pause is over"
    receiver.status = 302
    hurry(catalogue)
    deliver_due(catalogue, HERE)
    assert webhooks_of(catalogue, "reader")[0]["failed"] == 2, "a redirect is not followed"
    hurry(catalogue, failed=sending.TRIES - 1)
    deliver_due(catalogue, HERE)
    assert webhooks_of(catalogue, "reader")[0]["state"] == "off"
    with catalogue.connect() as connection:
        [letter] = failed(connection)
    assert (letter.follower, letter.subject["webhook"], letter.error) == (
        "webhooks",
        1,
        "localhost: answered 302",
    )
    films(catalogue, "B")
    assert deliver_due(catalogue, HERE) == 0
    receiver.status, receiver.got = 200, []
    assert replay(catalogue) == 1
    assert deliver_due(catalogue, HERE) == 2
    assert receiver.numbers() == [1, 2], "nothing is lost while it was off"
    assert webhooks_of(catalogue, "reader")[0]["failed"] == 0


def test_one_that_fails_holds_up_no_other(catalogue: sa.Engine, receiver: Receiver) -> None:
    create_webhook(catalogue, KEY, "reader", "http://127.0.0.1:1/")
    create_webhook(catalogue, KEY, "reader", receiver.url)
    films(catalogue, "A")
    assert deliver_due(catalogue, HERE) == 1
    assert receiver.numbers() == [1]


@pytest.fixture
def dripping() -> Iterator[tuple[str, threading.Event]]:
    """Give an address that answers a byte at a time, and what ends its answers."""
    listener, done = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def drip(peer: socket.socket) -> None:
        with contextlib.suppress(OSError), peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not done.wait(0.05):
                peer.sendall(b"y")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listener.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/", done
    done.set()
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_an_address_that_drips_is_given_up_and_stops_neither_others_nor_the_worker(
    catalogue: sa.Engine,
    receiver: Receiver,
    dripping: tuple[str, threading.Event],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address, done = dripping
    for _ in range(sending.OF_ACCOUNT):
        create_webhook(catalogue, KEY, "reader", address)
    create_account(catalogue, "other")
    create_webhook(catalogue, KEY, "other", receiver.url)
    films(catalogue, "A")
    senders = Senders(catalogue, HERE)
    senders.step()
    until = time.monotonic() + 8  # less than a request to the address that drips may take
    while not receiver.got and time.monotonic() < until:
        time.sleep(0.01)
    assert receiver.numbers() == [1]
    senders.close(0.1)
    assert {hook["failed"] for hook in webhooks_of(catalogue, "reader")} == {0}, "they are waited for"
    monkeypatch.setattr(sending, "TIMEOUT", 0.5)
    with pytest.raises(TransportError, match=r"no answer within 0\.5 seconds"):
        post(target_of(address, private=True), b"{}", {})
    done.set()
    senders.close()


def test_the_database_alone_cannot_sign_and_webhooks_of_before_go_on(
    catalogue: sa.Engine, receiver: Receiver
) -> None:
    made = create_webhook(catalogue, KEY, "reader", receiver.url)
    old = create_webhook(catalogue, KEY, "reader", receiver.url)
    with catalogue.begin() as connection:
        kept = connection.scalar(sa.select(webhooks.c.secret).where(webhooks.c.number == made["id"]))
        was = sa.update(webhooks).where(webhooks.c.number == old["id"]).values(secret="whsec_as_it_was")  # noqa: S106
        connection.execute(was)
    assert made["secret"].startswith("whsec_") and made["secret"] not in str(kept)
    films(catalogue, "A")
    deliver_due(catalogue, HERE)
    by_hook = {
        headers["MovieC-Webhook"]: (headers["MovieC-Signature"], body) for headers, body in receiver.got
    }
    for number, secret in ((made["id"], made["secret"]), (old["id"], "whsec_as_it_was")):
        assert is_genuine(secret, *by_hook[str(number)], time.time())


def test_a_new_secret_signs_from_then_on(catalogue: sa.Engine, receiver: Receiver) -> None:
    made = create_webhook(catalogue, KEY, "reader", receiver.url)
    with catalogue.begin() as connection:
        connection.execute(sa.update(webhooks).values(secret="whsec_as_it_was"))  # noqa: S106
        assert [(hook["id"], hook["plain"]) for hook in all_webhooks(connection)] == [(made["id"], True)]
    films(catalogue, "A")
    deliver_due(catalogue, HERE)
    secret = rotate_secret(catalogue, KEY, made["id"])
    films(catalogue, "B")
    deliver_due(catalogue, HERE)
    (first, one), (last, two) = receiver.got
    assert is_genuine("whsec_as_it_was", first["MovieC-Signature"], one, time.time())
    assert is_genuine(secret, last["MovieC-Signature"], two, time.time())
    assert not is_genuine("whsec_as_it_was", last["MovieC-Signature"], two, time.time())
    with catalogue.connect() as connection:
        assert [hook["plain"] for hook in all_webhooks(connection)] == [False]
        assert secret not in str(connection.execute(sa.select(webhooks)).all())
    with pytest.raises(UsageError, match="no such webhook"):
        rotate_secret(catalogue, KEY, 99)


def test_an_operator_lists_webhooks_and_gives_one_a_new_secret(tmp_path: Path) -> None:
    home = open_home(tmp_path, {})
    engine = connect(home.catalogue)
    create_account(engine, "reader")
    made = create_webhook(engine, home.signing_key(), "reader", "https://hook.example/x")
    (listed,) = json.loads(moviec("webhooks", "list", "--json", "--home", tmp_path).stdout)
    assert (listed["id"], listed["account"], listed["plain"]) == (made["id"], "reader", False)
    secret = moviec("webhooks", "rotate", "1", "--home", tmp_path).stdout.strip()
    hook = webhook_of(engine, "reader", 1)
    assert hook is not None
    assert secret == secret_of(hook["secret"], home.signing_key()) != made["secret"]
    assert moviec("webhooks", "rotate", "2", "--home", tmp_path).returncode == 2
    engine.dispose()


def test_a_name_that_leads_inside_is_refused_when_a_webhook_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"hook.example": "93.184.216.34", "rebound.example": "10.0.0.7"}

    def look_up(host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        if host not in names:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (names[host], port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    bench = PipelineWorkbench(open_home(tmp_path, {}))
    assert bench.refusal("https://hook.example/x") == ""
    assert "leads to 10.0.0.7" in bench.refusal("https://rebound.example/x")
    assert bench.refusal("https://not-yet.example/x") == "", "it may be there when it is sent to"


def test_addresses_inside_are_refused(receiver: Receiver) -> None:
    for host in ("localhost", "127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "0.0.0.1", "2130706433"):  # fmt: skip
        with pytest.raises(SourceError, match="which is not a public address"):
            target_of(f"http://{host}:{receiver.server.server_port}/", private=False)
    with pytest.raises(TransportError):
        target_of("http://no-such-host.invalid/", private=False)
    assert receiver.got == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("192.168.1.1", False), ("100.64.0.1", False), ("224.0.0.1", False), ("0.0.0.1", False),
        ("2606:4700::1111", True), ("fe80::1", False), ("fc00::1", False), ("::ffff:8.8.8.8", True),
        ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("64:ff9b::808:808", True), ("2002:7f00:1::", False),
        *((inside, False) for inside in (
            "192.0.0.192", "192.88.99.1", "198.18.0.1", "192.0.2.1", "240.0.0.1", "64:ff9b:1::1", "fec0::1", "100::1",
            "100:0:0:1::1", "2001::1", "2001:2::1", "2001:db8::1", "3fff::1", "5f00::1", "4000::1",
        )),
    ],
)  # fmt: skip
def test_what_is_public(address: str, public: bool) -> None:
    assert is_public(ipaddress.ip_address(address)) is public


def test_the_address_that_was_checked_is_the_one_that_is_used(receiver: Receiver) -> None:
    port = receiver.server.server_port
    post(Target("rebound.invalid", port, "/", "127.0.0.1", False), b"{}", {})
    assert receiver.got[0][0]["Host"] == f"rebound.invalid:{port}"


def test_what_was_sent_is_listed_and_a_ping_has_no_changes(catalogue: sa.Engine, receiver: Receiver) -> None:
    made = create_webhook(catalogue, KEY, "reader", receiver.url)
    films(catalogue, "A", "B")
    receiver.status = 500
    deliver_due(catalogue, HERE)
    receiver.status = 200
    hurry(catalogue)
    deliver_due(catalogue, HERE)
    hook = webhook_of(catalogue, "reader", made["id"])
    assert hook is not None
    assert webhook_of(catalogue, "another", made["id"]) is None
    pinged = sending.send(hook, [], HERE)
    assert (pinged.kind, pinged.error) == ("ping", None)
    headers, body = receiver.got[-1]
    assert json.loads(body) == {"webhook": made["id"], "changes": [], "ping": True}
    assert is_genuine(made["secret"], headers["MovieC-Signature"], body, time.time())
    listed = deliveries_to(catalogue, made["id"])
    assert [(row["first"], row["last"], row["changes"], row["error"] is None) for row in listed] == [
        (1, 2, 2, True),
        (1, 2, 2, False),
    ]
    with catalogue.begin() as connection:
        for _ in range(150):
            note_sent(connection, made["id"], pinged)
    assert len(deliveries_to(catalogue, made["id"])) == 100
    assert delete_webhook(catalogue, "reader", made["id"])
    assert deliveries_to(catalogue, made["id"]) == []


def test_a_filter_lets_only_its_changes_through(catalogue: sa.Engine, receiver: Receiver) -> None:
    made = create_webhook(catalogue, KEY, "reader", receiver.url, Filter(fields=("runtime",)))
    kinds = create_webhook(catalogue, KEY, "reader", receiver.url, Filter(kinds=("created",)))
    films(catalogue, "A", "B")
    films(catalogue, "C", "B")
    assert made["filter"] == Filter(fields=("runtime",))
    deliver_due(catalogue, HERE)
    sent = [
        (json.loads(body)["webhook"], [change["kind"] for change in json.loads(body)["changes"]])
        for _, body in receiver.got
    ]
    assert sorted(sent) == [(made["id"], ["created", "created"]), (kinds["id"], ["created", "created"])]
    positions = [hook["position"] for hook in webhooks_of(catalogue, "reader")]
    assert positions == [3, 3]
    assert deliver_due(catalogue, HERE) == 0
    items = [
        {"id": "mc1", "kind": "updated", "fields": b'{"runtime":[1,2]}'},
        {"id": "mc9", "kind": "withdrawn", "fields": b"{}"},
    ]
    with catalogue.connect() as connection:
        assert wanted_changes(connection, Filter(fields=("runtime",)), items) == items
        assert wanted_changes(connection, Filter(fields=("title",)), items) == items[1:]
        assert wanted_changes(connection, Filter(genres=(77,)), items) == items[1:]
