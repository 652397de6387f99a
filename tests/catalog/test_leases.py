"""Leases: one holder at a time, free at once when it dies, and nothing published by one that was cut off."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.leases import Lease, confirm, holding, holding_if_free, last_run_of_each, last_runs
from moviec.catalog.schema.operations import runs
from moviec.errors import StoreError

#: Takes a lease, records that a run goes on, says so, and waits.
HOLDER = """
import sys, time
from moviec.catalog.connect import connect
from moviec.catalog.leases import holding, owner
from moviec.catalog.schema.operations import runs
catalogue = connect(sys.argv[1])
with holding(catalogue, "catalogue", 5) as held:
    with catalogue.begin() as connection:
        connection.execute(runs.insert().values(command="publish", lease="catalogue", owner=owner(),
            started_at="2026-11-21", outcome="running", steps=[]))
    print(held.fence, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def catalogue(database: str) -> Iterator[sa.Engine]:
    engine = connect(database)
    yield engine
    engine.dispose()


def outcomes(catalogue: sa.Engine) -> list[str]:
    """Return how the runs ended, as people are told."""
    with catalogue.connect() as connection:
        told = [run["outcome"] for run in last_runs(connection, 5)]
        assert told == [run["outcome"] for run in last_run_of_each(connection, "rehearse")]
    return told


def test_a_lease_is_free_as_soon_as_its_holder_dies(catalogue: sa.Engine, database: str) -> None:
    other = subprocess.Popen([sys.executable, "-c", HOLDER, database], stdout=subprocess.PIPE, text=True)
    with other:
        assert other.stdout
        first = int(other.stdout.readline())
        with holding_if_free(catalogue, "catalogue") as held:
            assert held is None
        refused = pytest.raises(StoreError, match=rf":{other.pid} \(publish\): another run")
        with refused, holding(catalogue, "catalogue", 0):
            pass
        with holding_if_free(catalogue, "arrivals") as held:
            assert held, "another lease is another matter"
        assert outcomes(catalogue) == ["running"]
        other.send_signal(signal.SIGKILL)
        other.wait()
    until = time.monotonic() + 20  # PostgreSQL hears of it a moment later
    while outcomes(catalogue) != ["died"]:  # before anybody holds the lease again
        assert time.monotonic() < until
    with holding(catalogue, "catalogue", 10) as mine:
        assert mine.fence == first + 1
    with catalogue.connect() as connection:
        assert connection.scalars(sa.select(runs.c.outcome)).all() == ["died"]


def test_who_waits_goes_on_when_the_holder_is_done(catalogue: sa.Engine) -> None:
    told: list[str] = []
    order: list[str] = []
    waits = threading.Event()

    def tell(line: str) -> None:
        told.append(line)
        waits.set()

    def second() -> None:
        with holding(catalogue, "catalogue", 30, tell):
            order.append("second")

    with holding(catalogue, "catalogue", 0):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(20)
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]
    assert len(told) == 1 and told[0].startswith("waiting for ")


def test_a_holder_that_was_cut_off_cannot_publish(catalogue: sa.Engine) -> None:
    with holding(catalogue, "catalogue", 0) as now, writing(catalogue) as connection:
        confirm(connection, now)
        with pytest.raises(StoreError, match="another process has taken over"):
            confirm(connection, Lease("catalogue", now.fence - 1))
