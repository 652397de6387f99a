"""Damaged files of the lake: which they are, what each is for, and what mends them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from moviec.catalog.deliveries import all_batches, every_payload
from moviec.catalog.facts import model_files
from moviec.catalog.failures import records_aside
from moviec.catalog.ingest_queue import RECORDS
from moviec.engine import DuckEngine
from moviec.home.context import RunContext
from moviec.home.models import pinned_models
from moviec.lake.payloads import RECORDED, payload_name, unsound
from moviec.pipeline.feature_files import FeatureFiles, name_match_features
from moviec.storage.files import State


class Damaged(msgspec.Struct, frozen=True):
    """A file of the lake that is not as it was written, or of which nobody can tell; `folder` is what kind of file it is."""

    name: str
    folder: str
    state: State

    @property
    def what(self) -> str:
        """Return what is wrong with it, and what a person can do about what is not made again."""
        if self.state is State.UNRECORDED:
            return "a file of the lake has no checksum"
        return _WHAT[self.folder]


_WHAT = {
    "raw": "a payload's bytes are not those that were delivered (ingest the same file again)",
    "records": "a batch's file is damaged",
    "features": "a file of match features is damaged",
    "ledger": "a file of the lake's copy of the ledger is damaged",
    "models": "a fitted model is damaged (restore it from the backup, or `moviec fit` again)",
}


def damaged(context: RunContext, payloads: bool) -> Iterator[Damaged]:
    """Read the lake's files, payloads where they are wanted; yield those that are not what their checksum says."""
    for name, state in unsound(context.store, RECORDED + (("raw",) if payloads else ())):
        yield Damaged(name, name.partition("/")[0], state)


def lost_models(context: RunContext) -> list[str]:
    """Name the files of fitted models that are not there."""
    with context.catalogue.connect() as connection:
        named = model_files(connection)
    return sorted(named - set(context.store.names("models")))


def payload_names(context: RunContext) -> Mapping[str, str]:
    """Return by the name of a payload in the lake the source and file that it was delivered as."""
    with context.catalogue.connect() as connection:
        rows = every_payload(connection)
    return {payload_name(row.sha256): f"{row.name} of {row.delivery}" for row in rows}


def remake_features(context: RunContext, names: list[str]) -> None:
    """Make damaged files of match features again from their batches."""
    for name in names:
        context.store.remove(name)
    with context.catalogue.connect() as connection:
        aside = records_aside(connection)
    wanted = FeatureFiles(
        context, pinned_models(context).match, all_batches(context.catalogue), aside, RECORDS.empty_table()
    )
    with DuckEngine(context.limits) as engine:
        name_match_features(engine, wanted)
