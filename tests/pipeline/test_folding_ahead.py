"""Records are folded while the next delivery is read: the files are those of a publication, and what fails is told there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.catalog.deliveries import all_deliveries
from moviec.config import Home
from moviec.errors import DamagedError
from moviec.home.context import RunContext
from moviec.pipeline.feature_files import folding_ahead
from moviec.pipeline.opening import open_run
from tests.homes import copied_home


@pytest.fixture
def context(small_home: Home, tmp_path: Path) -> Iterator[RunContext]:
    with open_run(copied_home(small_home, tmp_path / "home", ""), alone=True) as context:
        yield context


def features(context: RunContext) -> dict[str, bytes]:
    folder = context.home.folder / "lake/features"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.parquet")}


def removed(context: RunContext) -> dict[str, bytes]:
    """Remove the feature files; return them."""
    before = features(context)
    for name in before:
        context.store.remove(f"features/{name}")
    assert len(before) == 4 and not features(context)
    return before


def test_what_is_folded_ahead_is_what_a_publication_folds(context: RunContext) -> None:
    published = removed(context)
    with folding_ahead(context) as fold:
        for delivery in all_deliveries(context.catalogue):
            folding = fold(delivery)
            assert folding
            folding.result(60)
    assert features(context) == published


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
