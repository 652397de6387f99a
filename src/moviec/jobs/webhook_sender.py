"""The follower that sends changes to webhooks: signed, in the order of the log, with retries, and switched off after
too many failures.

What was sent but not noted before a crash is sent again; receivers recognise it by the numbers of the changes.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.ingest_queue import set_aside
from moviec.catalog.leases import WEBHOOKS, Lease, confirm, holding_if_free
from moviec.catalog.queries import changes_after
from moviec.catalog.webhooks import (
    Sent,
    due_webhooks,
    filter_of,
    note_sent,
    note_webhook,
    secret_of,
    signature,
    wanted_changes,
)
from moviec.errors import MovieCError, TransportError
from moviec.storage.addresses import resolve

#: Changes in one request, and requests to one webhook before the next webhook's turn.
STEP, TURN = 100, 50

#: Webhooks sent to at a time, in all and of one account.
AT_ONCE, OF_ACCOUNT = 32, 8

#: Seconds before the second try, doubled for each further one up to the longest.
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 3600.0

#: Tries in a row after which a webhook is switched off: with the pauses above, about a day.
TRIES = 33


class Sending(msgspec.Struct, frozen=True):
    """How webhooks are sent: whether private addresses are allowed, and the key that secrets are derived from."""

    private: bool
    key: bytes


class Senders:
    """Sends the changes that wait, with one sender for each webhook, so that a slow address delays only itself.

    The lease is held while anything is being sent. Used from one thread.
    """

    def __init__(self, catalogue: sa.Engine, how: Sending) -> None:
        """Start without senders."""
        self._catalogue, self._how = catalogue, how
        self._held: Lease | None = None
        self._lease = contextlib.ExitStack()
        self._at_work: dict[int, threading.Thread] = {}
        self._accounts: Counter[str] = Counter()
        self._taken = 0
        self._failure: Exception | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()

    def step(self, but: Container[int] = ()) -> list[int]:
        """Start to send the changes that wait, `but` to some, unless another process does; return to which webhooks.

        Raises an error of the catalogue that a sender met since the last call.
        """
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        with self._catalogue.connect() as connection:
            due = due_webhooks(connection, _instant(0))
        if not due and not self._at_work:
            self._lease.close()
            self._held = None
        elif due and self._held is None:
            self._held = self._lease.enter_context(holding_if_free(self._catalogue, WEBHOOKS))
            if self._held is None:
                self._lease.close()
                return []
            with self._catalogue.connect() as connection:  # the last holder may have sent some of it
                due = due_webhooks(connection, _instant(0))
        return [hook["number"] for hook in due if hook["number"] not in but and self._begin(hook)]

    def drain(self) -> int:
        """Send the changes that wait, one turn for each webhook; return how many changes were taken."""
        begun = set(self.step())
        while self._at_work:
            self._ended.wait()
            self._ended.clear()
            begun |= set(self.step(begun))
        self.close()
        return self._taken

    def close(self, patience: float | None = None) -> None:
        """Wait at most this long for active senders, then release the lease; the rest end with the process."""
        end = None if patience is None else time.monotonic() + patience
        for thread in list(self._at_work.values()):
            thread.join(None if end is None else max(0.0, end - time.monotonic()))
        self._lease.close()
        self._held = None

    def _begin(self, hook: dict[str, Any]) -> bool:
        """Start a webhook's sender, unless it is running or the limit of its account or of all is reached."""
        number, account = hook["number"], hook["account"]
        with self._lock:
            if (
                number in self._at_work
                or len(self._at_work) >= AT_ONCE
                or self._accounts[account] >= OF_ACCOUNT
            ):
                return False
            thread = threading.Thread(target=self._work, args=(hook,), name=f"webhook {number}", daemon=True)
            self._at_work[number] = thread
            self._accounts[account] += 1
        thread.start()
        return True

    def _work(self, hook: dict[str, Any]) -> None:
        taken = 0
        try:
            if self._held is not None:
                taken = _deliver(self._catalogue, self._held, hook, self._how)
        except Exception as error:  # noqa: BLE001  raised by the next step; what was not noted is sent again
            self._failure = error
        finally:
            with self._lock:
                self._taken += taken
                del self._at_work[hook["number"]]
                self._accounts[hook["account"]] -= 1
            self._ended.set()


def deliver_due(catalogue: sa.Engine, how: Sending) -> int:
    """Send the changes that wait to every webhook, where no other process does; return how many changes were taken."""
    return Senders(catalogue, how).drain()


def _deliver(catalogue: sa.Engine, held: Lease, hook: dict[str, Any], how: Sending) -> int:
    """Send to one webhook for one turn; a failure ends the turn."""
    position = hook["position"]
    for _ in range(TURN):
        with catalogue.connect() as connection:
            items = changes_after(connection, position, STEP)
            wanted = wanted_changes(connection, filter_of(hook["filter"]), items)
        if not items:
            break
        sent = send(hook, wanted, how) if wanted else None
        if sent is not None and sent.error is not None:
            _note_failure(catalogue, held, hook, sent)
            break
        position = items[-1]["number"]
        done = {"position": position, "failed": 0, "retry_at": None}
        _note(catalogue, held, hook["number"], done, sent)
    return int(position - hook["position"])


def send(hook: Mapping[str, Any], items: Sequence[Mapping[str, Any]], how: Sending) -> Sent:
    """Send changes to a webhook, or a ping if there are none; return the outcome."""
    begun = time.perf_counter()
    body = msgspec.json.encode(
        {"webhook": hook["number"], "changes": items, **({} if items else {"ping": True})}
    )
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "MovieC",
        "MovieC-Webhook": str(hook["number"]),
        "MovieC-Changes": f"{items[0]['number']}-{items[-1]['number']}" if items else "ping",
        "MovieC-Signature": signature(secret_of(hook["secret"], how.key), int(time.time()), body),
    }
    error = None
    try:
        post(target_of(hook["url"], how.private), body, headers)
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


#: Seconds that a request may take in all, from connecting to the response headers.
TIMEOUT = 10.0


class Target(msgspec.Struct, frozen=True):
    """Where a request goes: the address that its host's name was resolved to, once."""

    host: str
    port: int
    path: str
    address: str
    tls: bool


def target_of(url: str, private: bool) -> Target:
    """Resolve a URL's host. Raises SourceError for a private address (unless `private`), TransportError without an
    answer.
    """
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise TransportError(f"this is not an address ({error})", parts.hostname or url) from error
    addresses = resolve(parts.hostname or "", port, private, "webhooks_private")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.hostname or "", port, path, addresses[0], parts.scheme == "https")


def post(target: Target, body: bytes, headers: Mapping[str, str]) -> None:
    """Post a body; redirects are not followed. Raises TransportError unless the answer is 2xx and there in time."""
    connection = _Pinned(target)
    late = threading.Timer(TIMEOUT, connection.give_up)
    late.start()
    try:
        connection.request("POST", target.path, body, dict(headers))
        status = connection.getresponse().status
        if connection.given_up:
            raise TimeoutError
    except (OSError, http.client.HTTPException, ValueError) as error:
        said = (
            f"no answer within {TIMEOUT:g} seconds" if connection.given_up else error or type(error).__name__
        )
        raise TransportError(f"cannot be reached ({said})", target.host) from error
    finally:
        late.cancel()
        connection.close()
    if not 200 <= status < 300:
        raise TransportError(f"answered {status}", target.host)


class _Pinned(http.client.HTTPConnection):
    """A connection to an already resolved address; the name serves the certificate check and the Host header."""

    def __init__(self, target: Target) -> None:
        super().__init__(target.host, target.port, timeout=TIMEOUT)
        self._target = target
        self._open: socket.socket | None = None
        self.given_up = False

    def connect(self) -> None:
        plain = socket.create_connection((self._target.address, self._target.port), TIMEOUT)
        if self._target.tls:
            context = ssl.create_default_context()
            self.sock = self._open = context.wrap_socket(
                plain, server_hostname=self._target.host, do_handshake_on_connect=False
            )
            self._open.do_handshake()
        else:
            self.sock = self._open = plain

    def give_up(self) -> None:
        """End the connection from another thread: a slow address never exceeds the timeout of a single read."""
        self.given_up = True
        if self._open is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._open, socket.SHUT_RDWR)
