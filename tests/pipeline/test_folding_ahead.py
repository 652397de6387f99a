"""Records are folded while the next delivery is read: the files are those of a publication, and what fails is told there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.deliveries import all_deliveries
from moviec.catalog.ingest_queue import RecordChange, append
from moviec.catalog.schema.identity import records
from moviec.config import Home
from moviec.errors import DamagedError
from moviec.home.context import RunContext
from moviec.pipeline.feature_files import folding_ahead
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from tests.homes import copied_home


@pytest.fixture
def context(small_home: Home, tmp_path: Path) -> Iterator[RunContext]:
    with open_run(copied_home(small_home, tmp_path / "home", ""), alone=True) as context:
        yield context


def features(context: RunContext) -> dict[str, bytes]:
    folder = context.home.folder / "lake/features"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def removed(context: RunContext) -> dict[str, bytes]:
    """Remove the files of features and blocks; return those of features."""
    before = features(context)
    for name in before:
        context.store.remove(f"features/{name}")
    folded = {name: content for name, content in before.items() if not name.endswith(".blocks.parquet")}
    assert (len(before), len(folded)) == (4, 2) and not features(context)
    return folded


def test_what_is_folded_ahead_is_what_a_publication_folds(context: RunContext) -> None:
    published = removed(context)
    with folding_ahead(context) as fold:
        for delivery in all_deliveries(context.catalogue):
            folding = fold(delivery)
            assert folding
            folding.result(60)
    assert features(context) == published


def test_the_blocks_end_folds_what_is_left_and_says_so(context: RunContext) -> None:
    published = removed(context)
    told: list[str] = []
    with folding_ahead(context, told.append) as fold:
        foldings = [fold(delivery) for delivery in all_deliveries(context.catalogue)]
    assert features(context) == published
    assert all(folding and folding.done() and not folding.exception() for folding in foldings)
    assert told in ([], ["folding titles and names"]), "all may be folded before the end"


def test_blocks_are_made_by_who_needs_them_first(context: RunContext) -> None:
    before = features(context)
    removed(context)
    bring_up(context, Scope(everything=True))
    assert features(context) == before, "by a rebuild, for the change that comes next"
    for name in before:
        if name.endswith(".blocks.parquet"):
            context.store.remove(f"features/{name}")
    with writing(context.catalogue) as connection:
        source, key = connection.execute(sa.select(records.c.source, records.c.key).limit(1)).one()
        append(connection, [RecordChange("decision", source=source, key=key)])
    bring_up(context, Scope())
    assert features(context) == before, "by a change that finds none"


def test_a_block_that_fails_leaves_whole_files_or_none(context: RunContext) -> None:
    published = removed(context)
    with pytest.raises(ZeroDivisionError), folding_ahead(context) as fold:
        for delivery in all_deliveries(context.catalogue):
            fold(delivery)
        raise ZeroDivisionError
    assert features(context).items() <= published.items()


def test_what_cannot_be_folded_stops_nothing(context: RunContext) -> None:
    removed(context)
    for path in (context.home.folder / "lake/records").rglob("*.parquet"):
        path.write_bytes(b"no Parquet")
    with folding_ahead(context) as fold:
        for delivery in all_deliveries(context.catalogue):
            folding = fold(delivery)
            assert folding and isinstance(folding.exception(60), DamagedError)
    assert not features(context)
