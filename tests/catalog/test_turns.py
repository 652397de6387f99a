"""Who waits for a writer, for how long, and who need not: keys, small notes, and a publisher that is frozen."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from moviec.catalog import accounts as book
from moviec.catalog.accounts import NewKey
from moviec.catalog.connect import LEAST_PATIENCE, connect, writing
from moviec.catalog.leases import holder, holding
from moviec.catalog.webhooks import create_webhook
from moviec.errors import StoreError

#: Takes the lease on publishing; then, if asked to, begins to write. Says so, and waits.
PUBLISHER = """
import sys, time
from contextlib import nullcontext
from moviec.catalog.connect import connect, writing
from moviec.catalog.leases import holding
catalogue = connect(sys.argv[1])
with holding(catalogue, "catalogue", 5), writing(catalogue) if sys.argv[2] == "writing" else nullcontext():
    print("here", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def catalogue(database: str) -> Iterator[sa.Engine]:
    engine = connect(database)
    yield engine
    engine.dispose()


@contextmanager
def frozen(database: str, at: str) -> Iterator[None]:
    """Have a publisher frozen, holding its lease or (`at` writing) in the middle of its transaction."""
    with subprocess.Popen(
        [sys.executable, "-c", PUBLISHER, database, at], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout and other.stdout.readline() == "here\n"
        other.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            other.kill()


@pytest.mark.slow
def test_keys_and_accounts_wait_their_turn(catalogue: sa.Engine, database: str) -> None:
    """A publication writes for longer than SQLite waits by itself; on PostgreSQL nobody waits for it."""
    _, number = book.create_key(catalogue, NewKey("old"))
    book.create_account(catalogue, "acme")
    other = connect(database)
    with ThreadPoolExecutor(5) as pool:
        with writing(other):
            done: list[Future[object]] = [
                pool.submit(book.revoke_key, catalogue, number),
                pool.submit(book.create_key, catalogue, NewKey("new")),
                pool.submit(book.create_account, catalogue, "fox"),
                pool.submit(book.disable_account, catalogue, "acme"),
                pool.submit(create_webhook, catalogue, b"key", "default", "https://a.example/"),
            ]
            if catalogue.dialect.name == "sqlite":
                time.sleep(11)
            else:
                assert not wait(done, 60).not_done
        for one in done:
            one.result(60)
    other.dispose()
    keys = {row["name"]: row["revoked_at"] for row in book.list_keys(catalogue)}
    assert keys["old"] is not None and keys["new"] is None
    assert {row["name"]: row["disabled_at"] is None for row in book.list_accounts(catalogue)} == {
        "acme": False, "default": True, "fox": True,
    }  # fmt: skip


def test_a_frozen_publisher_is_told_to_who_wants_its_lease(catalogue: sa.Engine, database: str) -> None:
    with frozen(database, "lease"):
        refused = pytest.raises(StoreError, match="another run")
        with refused, holding(catalogue, "catalogue", 0.5):
            pass
        assert holder(catalogue, "catalogue").rpartition(":")[2].isdecimal()
        with writing(catalogue, beside=True), catalogue.connect() as connection:
            assert connection.scalar(sa.text("SELECT count(*) FROM leases")) == 1
    with holding(catalogue, "catalogue", 30):
        pass


def test_a_publisher_frozen_while_it_writes_is_told_to_who_wants_to_write(database: str) -> None:
    catalogue = connect(database, patience=0)
    assert LEAST_PATIENCE <= 10
    with frozen(database, "writing"):
        with (
            pytest.raises(StoreError, match="the catalogue cannot be written") as told,
            writing(catalogue),
        ):
            pass
        assert "another process holds it" in told.value.hint
    with writing(catalogue) as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM leases")) == 1
    catalogue.dispose()
