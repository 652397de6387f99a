"""A film as its owner sees it: fused from all of its records, those of private sources included. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pyarrow as pa

from moviec.catalog.deliveries import all_batches
from moviec.catalog.ingest_queue import records_aside
from moviec.catalog.ledger import records_of
from moviec.engine import DuckEngine
from moviec.home.context import RunContext
from moviec.home.models import facts_in_force, pinned_models, unpublished
from moviec.lake.batches import view_current_records
from moviec.pipeline.fusing import facts_of, show

_MEMBERS = "SELECT movie, live.* FROM live JOIN movie_of USING (source, key) ORDER BY movie, source, key"

#: Who is behind a credit is told of published films only.
_NO_PARTIES = """
SELECT NULL::BIGINT AS movie, NULL::VARCHAR AS source, NULL::VARCHAR AS key, NULL::VARCHAR AS name, NULL::VARCHAR AS role,
       NULL::BIGINT AS id WHERE false
"""

_OWN = """
SELECT source, key, title, year, list_transform(ratings, lambda r: {'rater': r.rater, 'value': r.value, 'highest': r.highest}) AS ratings
FROM live WHERE source IN (SELECT source FROM private_sources) ORDER BY source, key
"""


class PrivateFilm(msgspec.Struct, frozen=True):
    """What an owner's own lists say of a film (`own`), and its document and claims with these, where it is not published."""

    own: Sequence[dict[str, Any]]
    document: str = ""
    claims: str = ""


def private_film(context: RunContext, movie: int, published: bool) -> PrivateFilm | None:
    """Return what private sources say of a film; None where none does. It is fused only where it is not `published`."""
    specs = facts_in_force(context)
    private = sorted(unpublished(context, specs))
    if not private:
        return None
    with context.catalogue.connect() as connection:
        records = records_of(connection, pa.array([movie], pa.int64()))
        aside = records_aside(connection)
    if not any(name in private for name in records["source"].to_pylist()):
        return None
    with DuckEngine(context.limits) as engine:
        engine.register("movie_of", records.select(["source", "key", "movie"]))
        engine.register("private_sources", pa.table({"source": pa.array(private, pa.string())}))
        view_current_records(engine, context.record_files(all_batches(context.catalogue)), aside, "movie_of")
        own = engine.query(_OWN).to_pylist()
        if published:
            return PrivateFilm(own)
        models = pinned_models(context)
        engine.materialize("members", _MEMBERS)
        engine.materialize("people_ids", _NO_PARTIES)
        engine.materialize("companies_ids", _NO_PARTIES)
        shown = show(engine, models.fuse, facts_of(specs, models.rules)).documents.to_pylist()
    return PrivateFilm(own, shown[0]["document"], shown[0]["claims"]) if shown else None
