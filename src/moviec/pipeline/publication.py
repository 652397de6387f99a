"""From records to the published catalogue: resolve, fuse, publish, roll up. One path for an ingestion and a rebuild.

What a run publishes is a function of the current records, the identity ledger, the decisions and the pinned models. An
ingestion computes only what its records can have changed; the result is the same as that of a rebuild.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.company_details import apply_details
from moviec.catalog.connect import writing
from moviec.catalog.deliveries import Batch, all_batches, note_unmatched
from moviec.catalog.ingest_queue import RECORDS, Pending, mark_done, pending, records_aside
from moviec.catalog.leases import CATALOGUE
from moviec.catalog.ledger import StoredIdentities, decisions_in_force, ledger_of, records_of
from moviec.catalog.parties import StoredParties
from moviec.catalog.publish import Cause, Publication, Published, mark_published, publish
from moviec.catalog.queries import last_change
from moviec.catalog.rollup_films import laid_sums
from moviec.catalog.staging import MANY, Touched
from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.home.context import RunContext, Step, Steps, Tell, recorded
from moviec.home.models import (
    Models,
    built_with,
    facts_in_force,
    keep_facts,
    note_built_with,
    pinned_models,
    spaces_shown,
    unpublished,
)
from moviec.lake.batches import materialize_arrivals, materialize_changed_records, view_current_records
from moviec.matching.party_ids import find_parties, register_credits
from moviec.matching.resolution import Basis, Resolved, resolve
from moviec.matching.review import DOUBTS, count_suspicious, find_suspicious
from moviec.model import PartyChanges
from moviec.pipeline.catalogue_rollups import Summed, counted, other_years, roll_up, sum_fused, sum_published
from moviec.pipeline.feature_files import (
    FeatureFiles,
    make_block_files,
    name_blocks,
    name_match_features,
    remove_stale_features,
    threads,
)
from moviec.pipeline.fusing import AllShown, Sliced, facts_of, show_all
from moviec.pipeline.media import poster_table
from moviec.pipeline.on_cluster import pairing_on, show_spread
from moviec.sources.spec import SourceSpec
from moviec.text import Column, pc

#: If a publication changed rows of these, the details of companies are applied again.
_COMPANIES = ("companies", "parties.companies")

#: The step of a run that counts doubtful films.
DOUBTFUL = "counting doubtful films"

#: A rehearsal's name among the runs: failed ones are no concern.
REHEARSAL = "rehearse"


class Scope(msgspec.Struct, frozen=True):
    """What to compute: everything, or what waits in the ingest queue.

    `without` (RECORDS) is left out as if no delivery had it; a rehearsal is rolled back before it ends.
    """

    everything: bool = False
    without: pa.Table = RECORDS.empty_table()
    rehearsal: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """The result of a run: changes by kind, the number of the last, rows touched by table, the steps, records set aside."""

    everything: bool
    changes: dict[str, int]
    last_change: int
    touched: dict[str, Touched]
    steps: list[Step]
    set_aside: int = 0


class RunInputs(msgspec.Struct, frozen=True):
    """The inputs of a run: the home, the engine whose database its steps share, a folder (`room`) for what does not fit
    into memory, what waits, the models in force, every batch, the records that are set aside, the sources.
    """

    context: RunContext
    engine: DuckEngine
    room: Path
    pending: Pending
    models: Models
    batches: Sequence[Batch]
    aside: pa.Table
    specs: Sequence[SourceSpec]

    @property
    def fresh(self) -> list[Batch]:
        """The batches that are not published."""
        return [batch for batch in self.batches if not batch.published]


def bring_up(context: RunContext, scope: Scope, tell: Tell = lambda _: None) -> Outcome:
    """Bring the catalogue up to date with the lake; in everything if it was built with other models.

    Writes documents, rollups, change log and the aggregator's checkpoint in one transaction, under the lease on the catalogue.
    """
    with DuckEngine(context.limits) as engine, TemporaryDirectory(dir=context.work) as room:
        return _from(_inputs(context, engine, scope.without, Path(room)), scope, tell)


def _from(inputs: RunInputs, scope: Scope, tell: Tell) -> Outcome:
    context = inputs.context
    with context.catalogue.connect() as connection:
        everything = scope.everything or built_with(connection) != inputs.models.versions
    named = inputs.pending.records.num_rows
    if not everything and not named and not any(batch.records_file for batch in inputs.fresh):
        return _nothing_new(inputs)
    command = REHEARSAL if scope.rehearsal else "rebuild" if scope.everything else "publish"
    with recorded(context, command, CATALOGUE, tell) as steps:
        outcome = _bring_up(inputs, scope, everything, steps)
    remove_stale_features(context, inputs.models.match, inputs.batches)
    return outcome


def _inputs(context: RunContext, engine: DuckEngine, without: pa.Table, room: Path) -> RunInputs:
    with context.catalogue.connect() as connection:
        waiting = pending(connection)  # read before the batches, so that no entry lacks its batch
        aside = pa.concat_tables([records_aside(connection), without])
    batches = all_batches(context.catalogue)
    specs = facts_in_force(context, batches)
    return RunInputs(context, engine, room, waiting, pinned_models(context), batches, aside, specs)


def outlook(
    context: RunContext, connection: sa.Connection, some: Sequence[tuple[str, str]], decisions: pa.Table
) -> Resolved:
    """Return how some records (source, key), and what waits, resolve under these decisions (`in_order`); nothing is written."""
    columns = {name: [record[at] for record in some] for at, name in enumerate(("source", "key"))}
    also = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    with DuckEngine(context.limits) as engine:
        inputs = _inputs(context, engine, RECORDS.empty_table(), context.work)
        return _resolve(inputs, _basis(inputs, connection, decisions), False, also)


class WorkedOut(msgspec.Struct, frozen=True):
    """The results of a run before publication: for all films, or for the `affected` ones."""

    everything: bool
    resolved: Resolved
    parties: Mapping[str, PartyChanges]
    affected: Column | None
    shown: AllShown


def _bring_up(inputs: RunInputs, scope: Scope, everything: bool, steps: Steps) -> Outcome:
    made = _work_out(inputs, everything, steps)
    enforced = not _is_first_load(inputs.context.catalogue, made)
    with steps.step("publishing") as counts, inputs.context.writing(enforced) as copy:
        inputs.context.confirm(copy.connection, CATALOGUE)
        cause = _cause(inputs, copy.connection, made.resolved, everything)
        done = _publish(inputs, made, cause, copy.connection)
        touched = done.touched
        counts.update({name: rows.written + rows.removed for name, rows in touched.items()})
        if scope.rehearsal:
            copy.connection.rollback()
        else:
            rows = {"records": made.resolved.records, "identities": made.resolved.identities}
            copy.movies(
                {name: some for name, some in rows.items() if touched[name].written},
                {kind: some for kind, some in made.parties.items() if touched[f"parties.{kind}"].written},
            )
    return Outcome(everything, done.changes, done.last, touched, steps.done)


def _is_first_load(catalogue: sa.Engine, made: WorkedOut) -> bool:
    """Return whether many films come into a catalogue that never had one: their rows are checked all at once, not one by one."""
    if made.affected is not None or made.shown.documents.num_rows < MANY:
        return False
    with catalogue.connect() as connection:
        return last_change(connection) == 0


def _work_out(inputs: RunInputs, everything: bool, steps: Steps) -> WorkedOut:
    with inputs.context.catalogue.connect() as connection:
        with steps.step("resolving") as counts:
            basis = _basis(inputs, connection, decisions_in_force(connection))
            resolved = _resolve(inputs, basis, everything)
            counts.update(records=resolved.records.num_rows, pairs=resolved.matches.num_rows)
        with steps.step("finding people and companies") as counts:
            parties = _find_parties(inputs, connection, resolved)
            counts.update({kind: now.shown.num_rows for kind, now in parties.items()})
        with steps.step("fusing") as counts:
            affected = _affected(resolved, parties)
            shown = _fuse(inputs, connection, resolved, parties, affected)
            counts.update(films=shown.documents.num_rows)
        if affected is None:
            with steps.step(DOUBTFUL) as counts:
                counts.update(_count_doubtful(inputs, resolved))
    return WorkedOut(everything, resolved, parties, affected, shown)


def _publish(inputs: RunInputs, made: WorkedOut, cause: Cause, connection: sa.Connection) -> Published:
    """Write the results, and what follows from them, in the caller's transaction."""
    fresh, affected = inputs.fresh, made.affected
    with threads(1) as (aside, _):
        ahead = aside.submit(_sum_all, inputs, made) if affected is None else None
        blocks = aside.submit(_make_block_files, inputs) if affected is None else None
        before = counted(connection, affected)
        deliveries = [batch.delivery for batch in fresh]
        done = publish(connection, _publication(made, cause), deliveries, inputs.engine, inputs.room)
        summed: Summed | None
        if ahead:
            summed = ahead.result()
        else:
            years = other_years(inputs.engine, before, counted(connection, affected))
            summed = sum_published(inputs.engine, connection, years, inputs.room)
        touched = {**done.touched, "rollups": roll_up(connection, summed)}
        if blocks:
            blocks.result()
    if made.everything or any(touched[name].written or touched[name].removed for name in _COMPANIES):
        companies = made.parties["companies"]
        among = None if made.everything or companies.names is None else companies.ids
        apply_details(connection, spaces_shown(inputs.context, inputs.specs), among)
    note_built_with(connection, inputs.models.versions)
    keep_facts(connection, inputs.specs, inputs.batches)
    note_unmatched(connection, fresh)
    mark_done(connection, inputs.pending.upto)
    return msgspec.structs.replace(done, touched=touched)


def _sum_all(inputs: RunInputs, made: WorkedOut) -> Summed:
    """Sum all years from the fused rows while they are written: the engine and the database use different cores."""
    companies = made.parties["companies"].shown
    summed = sum_fused(inputs.engine, made.shown.tables, made.shown.lists["genres"], companies, inputs.room)
    return msgspec.structs.replace(summed, sums=laid_sums(inputs.context.catalogue, summed.sums, inputs.room))


def _cause(inputs: RunInputs, connection: sa.Connection, resolved: Resolved, everything: bool) -> Cause:
    """Return the cause of a run's changes: the only new delivery, unless other things were recomputed, too; and the
    decisions, by the movies that have or had their records, or one for every movie where nothing else waited.
    """
    fresh, waiting = inputs.fresh, inputs.pending
    numbers = pc.unique(waiting.decided["decision"]).to_pylist()
    decided = _decided(inputs, connection, resolved) if numbers else {}
    if len(fresh) == 1 and (not everything or len(inputs.batches) == 1):
        return Cause(fresh[0].source, fresh[0].delivery, decided)
    is_alone = not fresh and not everything and waiting.decided.num_rows == waiting.records.num_rows
    return Cause(decided=decided, decision=numbers[0] if is_alone and len(numbers) == 1 else None)


#: The last decision on any record that a movie has, or had until now.
_DECIDED = """
SELECT movie, max(decision) AS decision FROM decided
JOIN (SELECT source, key, movie FROM movie_now UNION SELECT source, key, id FROM movie_before) USING (source, key)
GROUP BY movie
"""


def _decided(inputs: RunInputs, connection: sa.Connection, resolved: Resolved) -> dict[int, int]:
    with DuckEngine(beside=inputs.engine) as engine:
        engine.register("decided", inputs.pending.decided)
        engine.register("movie_now", resolved.records)
        engine.register("movie_before", ledger_of(connection, inputs.pending.decided))
        found = engine.query(_DECIDED)
    return {row["movie"]: row["decision"] for row in found.to_pylist()}


def _nothing_new(inputs: RunInputs) -> Outcome:
    """Note that batches without a record are published, and return an outcome without changes."""
    with writing(inputs.context.catalogue) as connection:
        inputs.context.confirm(connection, CATALOGUE)
        mark_published(connection, [batch.delivery for batch in inputs.fresh])
        mark_done(connection, inputs.pending.upto)
        return Outcome(False, {}, last_change(connection), {}, [])


def _basis(inputs: RunInputs, connection: sa.Connection, decisions: pa.Table) -> Basis:
    repeating = frozenset(spec.name for spec in inputs.specs if spec.repeating)
    return Basis(StoredIdentities(connection), inputs.models.match, decisions, repeating)


def _resolve(inputs: RunInputs, basis: Basis, everything: bool, also: pa.Table | None = None) -> Resolved:
    with DuckEngine(beside=inputs.engine) as engine:
        named = [inputs.pending.records.select(["source", "key"]), *([also] if also is not None else [])]
        fresh = inputs.context.record_files(inputs.fresh)
        materialize_changed_records(engine, fresh, pa.concat_tables(named), inputs.aside)
        _materialize_arrivals(engine, inputs)
        features = _features(inputs)
        files = name_match_features(engine, features)
        if not everything:
            name_blocks(engine, features)
        pairing = pairing_on(inputs.context.spark, files, basis.model) if inputs.context.spark else None
        return resolve(engine, basis, everything, pairing)


def _features(inputs: RunInputs) -> FeatureFiles:
    again = inputs.pending.records
    return FeatureFiles(inputs.context, inputs.models.match, inputs.batches, inputs.aside, again)


def _make_block_files(inputs: RunInputs) -> None:
    """Make what the next change needs, on one core: the others write."""
    with DuckEngine(inputs.context.limits.shared(inputs.context.cores, inputs.context.cores)) as engine:
        make_block_files(engine, _features(inputs))


def _materialize_arrivals(engine: DuckEngine, inputs: RunInputs) -> None:
    fresh = [batch for batch in inputs.fresh if batch.records_file]
    deliveries = [batch.delivery for batch in fresh]
    materialize_arrivals(engine, inputs.context.record_files(fresh), deliveries, inputs.aside)


def _find_parties(
    inputs: RunInputs, connection: sa.Connection, resolved: Resolved
) -> dict[str, PartyChanges]:
    spaces = {spec.name: spec.space or spec.name for spec in inputs.specs}
    with DuckEngine(beside=inputs.engine) as engine:
        engine.register("movie_now", resolved.records)
        engine.view("movie_of", "SELECT source, key, movie FROM movie_now WHERE live")
        _name_live(engine, inputs, "" if resolved.affected is None else "movie_of")
        _materialize_arrivals(engine, inputs)
        ledgers = _party_ledgers(inputs, connection)
        return find_parties(engine, ledgers, spaces, resolved.affected, inputs.room)


def _party_ledgers(inputs: RunInputs, connection: sa.Connection) -> dict[str, StoredParties]:
    return {kind: StoredParties(connection, kind, inputs.engine) for kind in ("people", "companies")}


def _affected(resolved: Resolved, parties: Mapping[str, PartyChanges]) -> Column | None:
    """Return the movies to publish again: those that were resolved, and those whose people or companies have different
    ids.
    """
    if resolved.affected is None:
        return None
    return pa.array(
        np.unique(np.concatenate([resolved.affected, *(now.changed for now in parties.values())])), pa.int64()
    )


#: Every live record's movie: from the run, else from the catalogue.
_MOVIE_OF = """
SELECT source, key, movie FROM movie_now WHERE live
UNION ALL SELECT b.source, b.key, b.movie FROM movie_before b
ANTI JOIN movie_now n ON n.source = b.source AND n.key = b.key
"""


#: The members' keys and deliveries only, for a cluster: its executors read the rows from the lake.
_PLACED = "SELECT movie, source, key, delivery FROM live JOIN movie_of USING (source, key) ORDER BY movie, source, key"

_MEMBERS = "SELECT movie, live.* FROM live JOIN movie_of USING (source, key) ORDER BY movie, source, key"


def _fuse(
    inputs: RunInputs,
    connection: sa.Connection,
    resolved: Resolved,
    parties: Mapping[str, PartyChanges],
    affected: Column | None,
) -> AllShown:
    members, spark = inputs.room / "members.parquet", inputs.context.spark if affected is None else None
    with DuckEngine(beside=inputs.engine) as engine:
        register_credits(engine, _party_ledgers(inputs, connection), parties, affected)
        credits = {
            name: _credit_ids(inputs, engine, name, affected) for name in ("people_ids", "companies_ids")
        }
        engine.register("movie_now", resolved.records)
        before = records_of(connection, pa.array([], pa.int64()) if affected is None else affected)
        engine.register("movie_before", before)
        engine.materialize("movie_of", _MOVIE_OF)
        _name_live(engine, inputs, "" if affected is None else "movie_of")
        engine.write(_PLACED if spark else _MEMBERS, members)
        addresses = None if affected is None else _media_addresses(engine, members)
    posters = poster_table(connection, inputs.specs, addresses)
    facts = facts_of(inputs.specs, inputs.models.rules, posters)
    given = Sliced(members, credits, inputs.context.limits)
    if spark:
        return show_spread(spark, _record_files(inputs), given, inputs.models.fuse, facts)
    return show_all(inputs.engine, given, inputs.models.fuse, facts)


def _media_addresses(engine: DuckEngine, members: Path) -> Column:
    """Return the addresses of the posters and trailers that some records name."""
    named = f"SELECT unnest([poster, trailer]) AS address FROM read_parquet({quoted(str(members))})"
    found = engine.query(f"SELECT DISTINCT address FROM ({named}) WHERE address IS NOT NULL ORDER BY address")
    return found["address"].combine_chunks()


def _credit_ids(inputs: RunInputs, engine: DuckEngine, name: str, affected: Column | None) -> pa.Table | Path:
    """Return a table of `register_credits`, as a file where it is about all films."""
    if affected is not None:
        return engine.query(f"SELECT * FROM {name}")
    engine.write(f"SELECT * FROM {name}", file := inputs.room / f"{name}.parquet")
    return file


def _count_doubtful(inputs: RunInputs, resolved: Resolved) -> dict[str, int]:
    """Count the films that a reader would doubt, by reason; only in a full run, since it reads all records."""
    with DuckEngine(beside=inputs.engine) as engine:
        engine.register("movie_now", resolved.records)
        engine.view("members", "SELECT source, key, movie FROM movie_now WHERE live")
        _name_live(engine, inputs)
        find_suspicious(engine, partial(_name_live, engine, inputs))
        return dict.fromkeys(DOUBTS, 0) | count_suspicious(engine)


def _name_live(engine: DuckEngine, inputs: RunInputs, among: str = "") -> None:
    """Create the view `live` of current records: all, or those that a table (source, key) names.

    Records of private sources are left out: nothing that is fused or shown to others contains them.
    """
    view_current_records(engine, _record_files(inputs), inputs.aside, among)


def _record_files(inputs: RunInputs) -> list[Path]:
    """Return the files of the records that may be shown."""
    private = unpublished(inputs.context, inputs.specs)
    return inputs.context.record_files(batch for batch in inputs.batches if batch.source not in private)


def _publication(made: WorkedOut, cause: Cause) -> Publication:
    resolved, shown = made.resolved, made.shown
    return Publication(
        affected=made.affected,
        tables=shown.tables,
        lists=shown.lists,
        parties=made.parties,
        documents=shown.documents,
        records=resolved.records,
        identities=resolved.identities,
        matches=resolved.matches,
        settled=resolved.reached,
        split=resolved.split,
        merged=resolved.merged,
        cause=cause,
    )
