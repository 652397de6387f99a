"""Fits models to the lake's records, shows what they would change, and pins them (`moviec fit`).

A model is a function of the current records, the decisions and the ledger: the same lake gives the same bytes.
"""

from __future__ import annotations

import datetime as dt

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.deliveries import all_batches
from moviec.catalog.facts import pin_new
from moviec.catalog.ingest_queue import RECORDS, records_aside
from moviec.catalog.ledger import StoredIdentities, decisions_in_force, movie_of_records
from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.fusion.model import FuseModel
from moviec.fusion.model import shipped_model as shipped_fuse_model
from moviec.fusion.model_reports import Changes, Outline, Scorecard, compare_models, outline, scorecard
from moviec.fusion.source_facts import FuseFacts
from moviec.fusion.training import fit_fuse
from moviec.home.context import RunContext, Step, Steps, Tell
from moviec.home.models import Models, facts_in_force, pinned_models, unpublished
from moviec.lake.batches import materialize_arrivals, materialize_changed_records, view_current_records
from moviec.matching.candidate_pairs import PairLimits
from moviec.matching.model import Model, shipped_model, write_model
from moviec.matching.resolution import Basis, resolve
from moviec.matching.source_weights import fit_pairs, sealed
from moviec.pipeline.feature_files import FeatureFiles, name_match_features
from moviec.pipeline.fusing import facts_of
from moviec.sources.registry import find_source

_SPLIT_OR_JOINED = """
SELECT COUNT(*) AS records FROM movie_before b FULL JOIN movie_after a ON a.source = b.source AND a.key = b.key
WHERE a.movie IS DISTINCT FROM b.movie"""


class Fitted(msgspec.Struct, frozen=True):
    """The result of a fit: the models before and after, how many records would change their movie, and what readers would see."""

    before: Models
    after: Models
    regrouped: int
    changes: Changes
    steps: list[Step]

    @property
    def new(self) -> bool:
        """Whether the models differ from the pinned ones."""
        return self.before.versions != self.after.versions


def fit(context: RunContext, tell: Tell = lambda _: None) -> Fitted:
    """Learn models from all current records, and compare; nothing is pinned. Raises UsageError for an empty lake."""
    before = pinned_models(context)
    facts = facts_of(facts_in_force(context), before.rules)
    steps = Steps(tell)
    with steps.step("learning how records match"):
        match = _fit_match(context)
    with steps.step("resolving under it"), context.catalogue.connect() as connection:
        movie_before, movie_after = movie_of_records(connection), _resolved(context, connection, match)
    with steps.step("learning how reliable sources are"):
        fuse = _fit_fuse(context, movie_after, facts)
    after = Models(match, fuse, before.rules, before.public)
    with steps.step("comparing"), DuckEngine(context.limits) as engine:
        engine.register("movie_before", movie_before)
        engine.register("movie_after", movie_after)
        regrouped = int(engine.query(_SPLIT_OR_JOINED).column(0)[0].as_py())
        seen = [
            _outline(context, records, model.fuse, facts)
            for records, model in ((movie_before, before), (movie_after, after))
        ]
        changes = compare_models(engine, *seen)
    return Fitted(before, after, regrouped, changes, steps.done)


def pin(context: RunContext, found: Models) -> None:
    """Write models into the lake and pin them together; one that was fitted before is pinned again."""
    write_model(found.match, context.work / "match.json")
    (context.work / "fuse.json").write_bytes(found.fuse.to_json())
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    rows = []
    for kind, version in (("match", found.match.version), ("fuse", found.fuse.version)):
        file = f"models/{kind}/{version}.json"
        context.store.put(context.work / f"{kind}.json", file)
        rows.append({"version": version, "kind": kind, "file": file, "fitted_at": now, "pinned": True})
    with context.writing() as copy:
        pin_new(copy.connection, rows)
        copy.table("models")


def _fit_match(context: RunContext) -> Model:
    """Learn the weights for every two sources without shipped weights, evaluated on known pairs (docs/matching.md)."""
    shipped = shipped_model()
    with DuckEngine(context.limits) as engine:
        _make_features(engine, context)
        if not engine.query("SELECT 1 FROM match_features LIMIT 1").num_rows:
            raise UsageError(
                "there is nothing to learn from", str(context.home.folder), "ingest a source first"
            )
        found = fit_pairs(engine, shipped, PairLimits())
    return sealed(msgspec.structs.replace(shipped, sources={**found.sources, **shipped.sources}))


def _resolved(context: RunContext, connection: sa.Connection, match: Model) -> pa.Table:
    """Return source, key, movie of every record if all were resolved under a model, which shares the shipped one's words."""
    repeating = frozenset(spec.name for spec in facts_in_force(context) if spec.repeating)
    with DuckEngine(context.limits) as engine:
        _make_features(engine, context)
        basis = Basis(StoredIdentities(connection), match, decisions_in_force(connection), repeating)
        records = resolve(engine, basis, everything=True).records
        engine.register("resolved", records)
        return engine.query("SELECT source, key, movie FROM resolved WHERE live ORDER BY source, key")


def _make_features(engine: DuckEngine, context: RunContext) -> None:
    batches, aside, none = all_batches(context.catalogue), _aside(context), RECORDS.empty_table()
    fresh = context.record_files(batch for batch in batches if not batch.published)
    materialize_arrivals(engine, [], [], aside)
    materialize_changed_records(engine, fresh, none.select(["source", "key"]), aside)
    name_match_features(engine, FeatureFiles(context, shipped_model(), batches, aside, none))


def _aside(context: RunContext) -> pa.Table:
    with context.catalogue.connect() as connection:
        return records_aside(connection)


def _fit_fuse(context: RunContext, movie_of: pa.Table, facts: FuseFacts) -> FuseModel:
    with DuckEngine(context.limits) as engine:
        _name_members(engine, context, movie_of)
        return fit_fuse(engine, facts)


def _outline(context: RunContext, movie_of: pa.Table, model: FuseModel, facts: FuseFacts) -> Outline:
    with DuckEngine(context.limits) as engine:
        _name_members(engine, context, movie_of)
        return outline(engine, model, facts)


def _name_members(engine: DuckEngine, context: RunContext, movie_of: pa.Table) -> None:
    private = unpublished(context, facts_in_force(context))
    batches = [batch for batch in all_batches(context.catalogue) if batch.source not in private]
    view_current_records(engine, context.record_files(batches), _aside(context))
    engine.register("movie_of", movie_of)
    engine.materialize("members", "SELECT movie, live.* FROM live JOIN movie_of USING (source, key)")


def scorecard_of(context: RunContext, name: str) -> Scorecard:
    """Return what the pinned model has learned about a source; raises UsageError where there is no such source."""
    models = pinned_models(context)
    facts = facts_of([find_source(name, context.home.folder).spec], models.rules)
    return scorecard(models.fuse, facts.sources[0])


def learned_here(context: RunContext) -> bool:
    """Return whether the model in force was learned from this home's records, not shipped with MovieC."""
    return pinned_models(context).fuse.version != shipped_fuse_model().version
