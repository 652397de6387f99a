"""The follower that sends changes to webhooks: signed, in the order of the log, tried again, switched off in the end.

What was sent but not noted before a crash is sent again; the numbers of the changes tell.
"""

from __future__ import annotations

import datetime as dt
import http.client
import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.failures import set_aside
from moviec.catalog.leases import WEBHOOKS, Lease, confirm, holding_if_free
from moviec.catalog.queries import changes_after
from moviec.catalog.webhooks import (
    Sent,
    due_webhooks,
    filter_of,
    note_sent,
    note_webhook,
    signature,
    wanted_changes,
)
from moviec.errors import MovieCError, TransportError
from moviec.storage.addresses import resolve

#: Changes in one request, requests to one webhook before others have their turn, webhooks at a time.
STEP, TURN, AT_ONCE = 100, 50, 8

#: Seconds before the second try, doubled for each further one up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0

#: Tries in a row after which a webhook is switched off: with the pauses above, about a day.
TRIES = 33


def deliver_due(catalogue: sa.Engine, private: bool) -> int:
    """Send what is due to every webhook, where no other process does; return how many changes were taken."""
    with catalogue.connect() as connection:
        if not due_webhooks(connection, _instant(0)):
            return 0
    with holding_if_free(catalogue, WEBHOOKS) as held:
        if held is None:
            return 0
        with catalogue.connect() as connection:
            due = due_webhooks(connection, _instant(0))
        with ThreadPoolExecutor(AT_ONCE) as several:
            return sum(several.map(lambda hook: _deliver(catalogue, held, hook, private), due))


def _deliver(catalogue: sa.Engine, held: Lease, hook: dict[str, Any], private: bool) -> int:
    """Send one webhook its turn; a failure ends the turn."""
    position = hook["position"]
    for _ in range(TURN):
        with catalogue.connect() as connection:
            items = changes_after(connection, position, STEP)
            wanted = wanted_changes(connection, filter_of(hook["filter"]), items)
        if not items:
            break
        sent = send(hook, wanted, private) if wanted else None
        if sent is not None and sent.error is not None:
            _note_failure(catalogue, held, hook, sent)
            break
        position = items[-1]["number"]
        done = {"position": position, "failed": 0, "retry_at": None}
        _note(catalogue, held, hook["number"], done, sent)
    return int(position - hook["position"])


def send(hook: Mapping[str, Any], items: Sequence[Mapping[str, Any]], private: bool) -> Sent:
    """Send changes to a webhook, without any a ping; return what became of it."""
    begun = time.perf_counter()
    body = msgspec.json.encode(
        {"webhook": hook["number"], "changes": items, **({} if items else {"ping": True})}
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "MovieC",
        "MovieC-Webhook": str(hook["number"]),
        "MovieC-Changes": f"{items[0]['number']}-{items[-1]['number']}" if items else "ping",
        "MovieC-Signature": signature(hook["secret"], int(time.time()), body),
    }
    error = None
    try:
        post(target_of(hook["url"], private), body, headers)
    except MovieCError as failed:
        error = str(failed)
    return Sent(
        kind="changes" if items else "ping",
        changes=len(items),
        ms=round((time.perf_counter() - begun) * 1000),
        first=items[0]["number"] if items else None,
        last=items[-1]["number"] if items else None,
        error=error,
    )


def _note_failure(catalogue: sa.Engine, held: Lease, hook: dict[str, Any], sent: Sent) -> None:
    failed = hook["failed"] + 1
    pause = min(FIRST_PAUSE * 2 ** min(failed - 1, 20), LONGEST_PAUSE)
    said = {"failed": failed, "retry_at": _instant(pause), "state": "off" if failed >= TRIES else "active"}
    _note(catalogue, held, hook["number"], said, sent)
    if failed >= TRIES:
        subject = {"webhook": hook["number"], "url": hook["url"]}
        with writing(catalogue) as connection:
            set_aside(connection, WEBHOOKS, [subject], str(sent.error), failed)


def _note(catalogue: sa.Engine, held: Lease, number: int, values: dict[str, Any], sent: Sent | None) -> None:
    with writing(catalogue) as connection:
        confirm(connection, held)
        if note_webhook(connection, number, values) and sent is not None:
            note_sent(connection, number, sent)


def _instant(seconds: float) -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)).isoformat(timespec="microseconds")


#: Seconds that connecting, sending and each answer from the other side may take.
TIMEOUT = 10.0


class Target(msgspec.Struct, frozen=True):
    """Where a request goes: the address that its host's name was resolved to, once."""

    host: str
    port: int
    path: str
    address: str
    tls: bool


def target_of(url: str, private: bool) -> Target:
    """Resolve a URL's host. Raises SourceError for one that leads inside (unless `private`), TransportError for no answer."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise TransportError(f"this is no address ({error})", parts.hostname or url) from error
    addresses = resolve(parts.hostname or "", port, private, "webhooks_private")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname or "", port, path, addresses[0], parts.scheme == "https")


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> None:
    """Post a body; redirects are not followed. Raises TransportError unless the answer is 2xx."""
    connection = _Pinned(target)
    try:
        connection.request("POST", target.path, body, dict(headers))
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TransportError(f"cannot be reached ({error or type(error).__name__})", target.host) from error
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise TransportError(f"answered {status}", target.host)


class _Pinned(http.client.HTTPConnection):
    """A connection to an address that was resolved before; the name is for the certificate and the Host header."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT)
        self._target = target

    def connect(self) -> None:
        self.sock = socket.create_connection((self._target.address, self._target.port), TIMEOUT)
        if self._target.tls:
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._target.host)
