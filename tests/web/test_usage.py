"""What keys asked is counted to the last request, whoever writes meanwhile."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from threading import Thread

import pytest
import sqlalchemy as sa

from moviec.web import telemetry
from moviec.web.telemetry import UsageCounter


def ask(counter: UsageCounter) -> None:
    for number in range(5_000):
        counter.count(1, number % 3 == 0)


def test_requests_counted_while_others_are_written_are_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    written = 0
    lost = sa.exc.OperationalError("INSERT", {}, Exception("the database is away"))

    def add_usage(_: sa.Engine, counts: Mapping[tuple[int, str], tuple[int, int]]) -> None:
        nonlocal written
        turns.append(None)
        if len(turns) % 2:
            raise lost
        written += sum(answered + refused for answered, refused in counts.values())

    monkeypatch.setattr(telemetry, "add_usage", add_usage)
    turns: list[None] = []
    counter = UsageCounter(sa.create_engine("sqlite://"))
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        asking = [Thread(target=ask, args=(counter,)) for _ in range(3)]
        for thread in asking:
            thread.start()
        while any(thread.is_alive() for thread in asking):
            try:
                counter.write()
            except sa.exc.OperationalError:
                continue
        for _ in range(2):  # of two turns one is lost, and what it had is written by the other
            with contextlib.suppress(sa.exc.OperationalError):
                counter.write()
    finally:
        sys.setswitchinterval(usual)
    assert written == 15_000
