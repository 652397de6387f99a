"""Find what is damaged or disagrees in a home: files of the lake, and what several places of the catalogue say of a
film.

A document, its hash, the tables, the monthly sums and the rankings must agree; films that disagree are published again
from the records, by the usual path. For a damaged file: what it is for, and what restores it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.checks import last_movie, queue_again, remove_documents, stored_documents, stored_titles
from moviec.catalog.connect import writing
from moviec.catalog.deliveries import all_batches, every_payload
from moviec.catalog.facts import model_files
from moviec.catalog.ingest_queue import RECORDS, records_aside
from moviec.catalog.leases import CATALOGUE
from moviec.catalog.rollup_films import stored_figures, stored_years
from moviec.engine import DuckEngine
from moviec.home.context import RunContext, Tell
from moviec.home.models import pinned_models
from moviec.lake.payloads import RECORDED, payload_name, unsound
from moviec.pipeline.aggregator import drain
from moviec.pipeline.catalogue_rollups import figures, roll_up, sum_published
from moviec.pipeline.feature_files import FeatureFiles, make_block_files, name_match_features
from moviec.storage.files import State
from moviec.text import Column, pc


class Damaged(msgspec.Struct, frozen=True):
    """A file of the lake whose bytes are not as written, or which has no checksum; `folder` is the kind of file."""

    name: str
    folder: str
    state: State

    @property
    def what(self) -> str:
        """Return what is wrong with it, and what to do where MovieC cannot rebuild it."""
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
    """Read the lake's files (payloads only on request); yield those that do not match their checksum."""
    for name, state in unsound(context.store, RECORDED + (("raw",) if payloads else ())):
        yield Damaged(name, name.partition("/")[0], state)


def lost_models(context: RunContext) -> list[str]:
    """Return the names of missing files of fitted models."""
    with context.catalogue.connect() as connection:
        named = model_files(connection)
    return sorted(named - set(context.store.names("models")))


def payload_names(context: RunContext) -> Mapping[str, str]:
    """Return, by payload name, the source and file name of its delivery."""
    with context.catalogue.connect() as connection:
        rows = every_payload(connection)
    return {payload_name(row.sha256): f"{row.name} of {row.delivery}" for row in rows}


def remake_features(context: RunContext, names: list[str]) -> None:
    """Rebuild damaged files of match features from their batches."""
    for name in names:
        context.store.remove(name)
    with context.catalogue.connect() as connection:
        aside = records_aside(connection)
    wanted = FeatureFiles(
        context, pinned_models(context).match, all_batches(context.catalogue), aside, RECORDS.empty_table()
    )
    with DuckEngine(context.limits) as engine:
        name_match_features(engine, wanted)
        make_block_files(engine, wanted)


#: Film ids checked together, so that memory stays flat.
AT_ONCE = 50_000

_DAMAGED = """
SELECT movie FROM documents
WHERE sha256(document) <> hash OR sha256(claims) <> claims_hash OR NOT json_valid(document) ORDER BY movie"""

#: A film's title, year and number of genres, as publishing takes them from what becomes its document.
_UNLIKE = """
SELECT movie FROM (SELECT movie, document::JSON AS content FROM documents WHERE json_valid(document)) t JOIN tables USING (movie)
WHERE title <> coalesce(content->>'$.title', content->>'$.original_title', '')
   OR year IS DISTINCT FROM TRY_CAST(content->>'$.year' AS BIGINT)
   OR genres <> coalesce(json_array_length(content, '$.genres'), 0)
ORDER BY movie"""

_OTHER_YEARS = """
SELECT DISTINCT year FROM ((FROM expected EXCEPT FROM stored) UNION ALL (FROM stored EXCEPT FROM expected)) ORDER BY year"""


class Disagreement(msgspec.Struct, frozen=True):
    """Films whose document or claims do not match their hash, films whose tables disagree with it, years with wrong
    sums or ranks.
    """

    damaged: Column
    unlike: Column
    years: list[int]


def disagreement(context: RunContext) -> Disagreement:
    """Check every film and every sum."""
    with context.catalogue.connect() as connection, DuckEngine(context.limits) as engine:
        found = list(_films(engine, connection))
        none = pa.array([], pa.int64())
        damaged, unlike = (pa.concat_arrays([none, *some]) for some in zip(*found, strict=True))
        return Disagreement(damaged, unlike, _years(engine, connection))


def publish_again(context: RunContext, tell: Tell = lambda _: None) -> None:
    """Publish inconsistent films again, and sum inconsistent years. Needs the lease on the catalogue.

    A damaged document is removed first, so that it is not kept as a past version.
    """
    found = disagreement(context)
    films = pa.concat_arrays([found.damaged, found.unlike])
    with writing(context.catalogue) as connection:
        context.confirm(connection, CATALOGUE)
        queue_again(connection, pc.unique(films))
        remove_documents(connection, found.damaged)
    drain(context, tell)
    with writing(context.catalogue) as connection, DuckEngine(context.limits) as engine:
        context.confirm(connection, CATALOGUE)
        if years := _years(engine, connection):
            tell(f"summing {len(years)} years again")
            roll_up(connection, sum_published(engine, connection, years, context.work))


def _films(engine: DuckEngine, connection: sa.Connection) -> Iterator[tuple[Column, Column]]:
    """Yield damaged films and films that disagree with their tables, some ids at a time."""
    for first in range(0, last_movie(connection) + 1, AT_ONCE):
        some = range(first, first + AT_ONCE)
        engine.register("documents", stored_documents(connection, some))
        engine.register("tables", stored_titles(connection, some))
        yield _ids(engine, _DAMAGED), _ids(engine, _UNLIKE)


def _ids(engine: DuckEngine, sql: str) -> Column:
    return engine.query(sql)["movie"].combine_chunks()


def _years(engine: DuckEngine, connection: sa.Connection) -> list[int]:
    """Return the years whose sums, or rankings by them, differ from those of their films."""
    left = stored_years(connection)
    others: set[int] = set()
    for span in figures(engine, connection, None):
        years = [int(year) for year in pc.unique(span.sums["year"]).to_pylist()]
        left.difference_update(years)
        for table, expected in (("rollups", span.sums), ("rankings", span.ranked)):
            engine.register("expected", expected)
            engine.register("stored", stored_figures(connection, table, expected.column_names, years))
            others.update(int(str(year)) for year in engine.query(_OTHER_YEARS)["year"].to_pylist())
    return sorted(others | left)
