"""A preview only reads: it goes on while others publish and write, and keeps nobody waiting."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path

import pytest
import sqlalchemy as sa

from moviec.catalog import decisions
from moviec.catalog.connect import writing
from moviec.catalog.decisions import Verdict
from moviec.config import Home, Settings
from moviec.pipeline import reviewing, verdicts
from moviec.pipeline.aggregator import drain
from moviec.pipeline.opening import open_run
from moviec.pipeline.reviewing import unmatched_of
from moviec.sample import write_sample
from tests.pipeline.test_reviewing import TOY, TOY_IMDB, deliver


@pytest.fixture
def home(database: str, tmp_path: Path) -> Home:
    """Give a home of two sources of the sample, with a decision made."""
    write_sample(tmp_path / "sample")
    made = Home(tmp_path / "home", Settings(catalogue=database))
    made.folder.mkdir()
    with open_run(made, alone=True) as context:
        for name in ("kaggle", "imdb"):
            deliver(context, name, tmp_path / "sample" / name, 0)
        drain(context)
        with writing(context.catalogue) as connection:
            decisions.decide(connection, [Verdict(TOY, TOY_IMDB, False, "ann")])
        drain(context)
    return made


@pytest.fixture
def busy(home: Home) -> Iterator[ExitStack]:
    """Hold every lease, and be in the middle of writing decisions and what follows from them, until it is closed."""
    with ExitStack() as stack:
        context = stack.enter_context(open_run(home, alone=True))
        connection = stack.enter_context(writing(context.catalogue))
        if connection.dialect.name == "postgresql":
            tables = "decisions, record_changes, records, identities, matches, documents, leases"
            connection.execute(sa.text(f"LOCK TABLE {tables} IN EXCLUSIVE MODE"))
        yield stack


@pytest.mark.slow
def test_previews_go_on_while_another_process_publishes(home: Home, busy: ExitStack) -> None:
    """What a preview wrote, even to take it back, would have to wait for the one who writes: for longer than the test."""

    def look() -> tuple[verdicts.Effect, verdicts.Effect]:
        with open_run(home) as context:
            said = verdicts.read_verdicts(context, (":".join(TOY), ":".join(TOY_IMDB)), True, "bo")
            reviewing.uncertain(context, 10)
            unmatched_of(context, "kaggle", 10)
            return verdicts.effect(context, said), verdicts.effect_of_undoing(context, 1)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        done, _ = wait([looking], 60)
        busy.close()  # so that a preview that waits comes to an end, too
        assert done, "the preview waits"
        same, undone = looking.result()
    assert [row["before"] != row["after"] for row in same.moved] == [True]
    assert undone.moved == same.moved
