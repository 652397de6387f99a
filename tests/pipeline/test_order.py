"""Whatever is delivered in whatever order: the lake holds what a dictionary would, and makes the same again from the payloads."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from moviec.catalog.deliveries import all_batches
from moviec.config import open_home
from moviec.home.context import RunContext
from moviec.lake.batches import name_known
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.rebuild import rebuild_source, replay_waiting
from moviec.sources.registry import find_source
from tests.engines import new_engine
from tests.examples import some
from tests.pipeline.test_lake import FACTS

#: Keys that begin with a letter are rejected until the facts are mended.
STRICT = FACTS.replace('runtime = "keep"\n', "")
MENDED = STRICT.replace('"[0-9]+"', '"[A-Z]?[0-9]+"')


def _file(number: int) -> dict[str, str]:
    """Give a file's films by key: in every combination of the files that list them, told differently or alike, and so for keys
    that are rejected at first.
    """
    listed = [key for key in range(1, 1 << COUNT) if key >> number & 1]
    told = {str(key): f"Film {key} in file {number}" for key in listed}
    alike = {str(100 + key): f"Film {key}" for key in listed}
    return told | alike | {f"A{key}": title for key, title in (told | alike).items()}


COUNT = 4
FILES = [_file(number) for number in range(COUNT)]
#: A file that is delivered at a day, or None: the facts are mended and what waits in quarantine is read again.
Step = tuple[int, int] | None

STEPS = st.lists(
    st.one_of(st.tuples(st.integers(1, 3), st.integers(0, len(FILES) - 1)), st.none()), min_size=3, max_size=4
)


def expected(steps: Sequence[Step], complete: bool) -> dict[str, str]:
    """What holds after some steps: files in the order of day, then arrival; the last alone of a complete source."""
    delivered = sorted((step[0], place, step[1]) for place, step in enumerate(steps) if step)
    current: dict[str, str] = {}
    for _, _, file in delivered[-1:] if complete else delivered:
        current |= FILES[file]
    return {key: title for key, title in current.items() if None in steps or key.isdecimal()}


class Home:
    """A home with the club's list, and a run context for it."""

    def __init__(self, context: RunContext, complete: bool) -> None:
        self.context, self.complete = context, complete
        self.mend(STRICT)

    def mend(self, facts: str) -> None:
        place = self.context.home.folder / "sources/club/source.toml"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(facts if self.complete else facts.replace("complete = true", "complete = false"))
        self.source = find_source("club", self.context.home.folder)

    def take(self, step: Step) -> None:
        if step is None:
            self.mend(MENDED)
            replay_waiting(self.context, "club")
            return
        path = self.context.home.folder / "films.csv"
        rows = [f"{key},{title},1999,90" for key, title in FILES[step[1]].items()]
        path.write_text("\n".join(["no,title,year,minutes", *rows]) + "\n")
        day = dt.datetime(2026, 11, step[0], tzinfo=dt.UTC)
        ingest(self.context, Order(self.source, [path], day, accept_shrink=True))

    def current(self) -> dict[str, str]:
        with new_engine() as engine:
            files = [
                one.records_file for one in all_batches(self.context.catalogue, "club") if one.records_file
            ]
            name_known(engine, [self.context.store.path(file) for file in files])
            rows = engine.query("SELECT key, title FROM known WHERE NOT deleted ORDER BY key").to_pylist()
        return {row["key"]: row["title"] for row in rows}

    def rebuilt(self) -> dict[str, bytes]:
        """Give the record files that reading every payload again makes, by delivery."""
        rebuild_source(self.context, self.source, accept_shrink=True)
        return self.files()

    def files(self) -> dict[str, bytes]:
        found = sorted((self.context.home.folder / "lake/records").rglob("*.parquet"))
        return {path.name: path.read_bytes() for path in found}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("order")
    with open_run(open_home(folder / "empty", {}), alone=True):
        pass
    yield folder


@settings(
    max_examples=some(3),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@example([(1, 3), (3, 3), None], True)  # read again, what came once more as the same bytes
@example([(2, 0), (2, 1), (2, 0), (1, 3), None], False)
@given(STEPS, st.booleans())
def test_the_lake_holds_what_the_order_of_deliveries_says(
    empty: Path, steps: list[Step], complete: bool
) -> None:
    folder = empty / "home"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(empty / "empty", folder)
    with open_run(open_home(folder, {}), alone=True) as context:
        home = Home(context, complete)
        for step in steps:
            home.take(step)
        assert home.current() == expected(steps, complete)
        before = (
            home.rebuilt() if None in steps else home.files()
        )  # rows read by a replay are read at once now
        assert home.rebuilt() == before, "under the same facts the same bytes"
        assert home.current() == expected(steps, complete)
