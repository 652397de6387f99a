"""Compare lake, catalogue, index and checkpoints; repair on request what can be repaired without loss.

Each finding says what is wrong and what repairs it: `--repair`, or a person.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import columns_of, rows_of
from moviec.catalog.checks import (
    count_changes,
    every_checkpoint,
    inconsistencies,
    live_records,
    move_checkpoint,
)
from moviec.catalog.connect import writing
from moviec.catalog.deliveries import Batch, all_batches, all_deliveries, has_deliveries, payloads_of
from moviec.catalog.facts import LOG_BEGINS, fact
from moviec.catalog.ingest_queue import newest, pending, records_aside
from moviec.catalog.integrity import integrity, remake_indexes
from moviec.catalog.queries import FOLLOWER, checkpoint_of, count_documents, last_change
from moviec.catalog.webhooks import all_webhooks
from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.errors import DamagedError, MovieCError, StoreError, UsageError
from moviec.fusion.survivorship import chosen_rules
from moviec.home.context import RunContext, Tell
from moviec.home.lake_identity import FILE, mismatch, readable_name
from moviec.home.ledger_copy import AFTERWARDS, copied_table, copy_anew, missing, name_copies
from moviec.home.models import facts_in_force, unpublished
from moviec.jobs.consistency import (
    damaged,
    disagreement,
    lost_models,
    payload_names,
    publish_again,
    remake_features,
)
from moviec.lake.batches import view_current_records
from moviec.lake.payloads import move_aside, payload_name
from moviec.pipeline.due import cron_of, rounds
from moviec.pipeline.publication import Scope, bring_up
from moviec.pipeline.rebuild import rebuild_source
from moviec.search.index import build, follower, indexer
from moviec.search.location import current, damaged_files, open_index, position
from moviec.sources.registry import faulty_sources, find_source, find_sources
from moviec.storage.files import State
from moviec.units import plural

#: What repairs a finding.
STRAY, BATCH, CATALOGUE, FILMS, INDEX, CHECKPOINT, SUM, FEATURES, DATABASE, LEDGER, NAME, NOBODY = (
    "stray", "batch", "catalogue", "films", "index", "checkpoint", "checksum", "features", "database", "ledger", "name",
    "",
)  # fmt: skip

#: What repairs a damaged file of the lake, by its folder.
_MENDS = {"records": BATCH, "features": FEATURES, "ledger": LEDGER}

#: What only a backup, or the lake, restores.
LOST_DATABASE = "the database is damaged (restore the backup, or make it again from the lake)"


UNREAD = "a value of the database cannot be read"

#: What is raised for a value whose bytes are not of its type.
UNREADABLE = (pa.ArrowException, sa.exc.DBAPIError, DamagedError)

#: How often an index that somebody writes to is checked, a second apart.
TRIES = 5

#: Ids that a finding names.
NAMED = 10


class Finding(msgspec.Struct, frozen=True):
    """What is wrong, and where; `mend` names the repair, empty where only a person can do it."""

    what: str
    subject: str
    mend: str


def examine(context: RunContext, bytes_too: bool = True, tell: Tell = lambda _: None) -> list[Finding]:
    """Run all checks; without `bytes_too` payloads are not read.

    `tell` receives what could not be checked. A damaged database, or one that belongs to another lake, is not checked
    further.
    """
    of_database = integrity(context.catalogue)
    if of_database.unchecked:
        tell(of_database.unchecked)
    if of_database.defects:
        defects = [Finding(LOST_DATABASE, defect, NOBODY) for defect in of_database.defects]
        return [*defects, *_damaged_files(context, bytes_too, {})]
    if wrong := mismatch(context.store, context.catalogue):
        return [Finding(f"{wrong.what} ({wrong.hint})", wrong.where, NOBODY)]
    found = [
        *_name(context),
        *(
            Finding("an index of the database is damaged", defect, DATABASE)
            for defect in of_database.of_indexes
        ),
        *_batch_files(context),
        *_payloads(context),
    ]
    strays = {finding.subject for finding in found if finding.mend == STRAY}
    found += [
        *(
            finding
            for finding in _damaged_files(context, bytes_too, payload_names(context))
            if finding.subject not in strays
        ),
        *(Finding("a fitted model's file is missing", file, NOBODY) for file in lost_models(context)),
        *_copies(context),
    ]
    without_batches = () if any(finding.mend == BATCH for finding in found) else (_records,)
    for check in (
        _settings, _sources, _webhooks, *without_batches, _catalogue, _agreement, _index, _checkpoints
    ):  # fmt: skip
        found += _checked(context, check)
    return found


def _checked(context: RunContext, check: Callable[[RunContext], Iterator[Finding]]) -> list[Finding]:
    """Run a check; a value that cannot be read becomes a finding."""
    try:
        return list(check(context))
    except UNREADABLE as error:
        said = error.what if isinstance(error, DamagedError) else str(error).splitlines()[0]
        return [Finding(f"{UNREAD} (what a rebuild leaves so needs the backup)", said, CATALOGUE)]


def examine_rows(context: RunContext, tell: Tell = lambda _: None) -> list[Finding]:
    """Compute everything again and compare each row. Needs the leases on arrivals and on the catalogue."""
    return [
        Finding("rows that are not what the records come to", f"{table}: {count:,}", CATALOGUE)
        for table, count in worked_out_otherwise(context, tell).items()
    ] + [
        Finding("rows that differ in the lake's copy of the ledger", f"{LEDGER}/{table}: {count:,}", LEDGER)
        for table, count in copied_otherwise(context).items()
    ]


def repair(context: RunContext, found: list[Finding], tell: Tell = lambda _: None) -> list[str]:
    """Repair what can be repaired, and return why the rest cannot. Needs the leases on arrivals and on the
    catalogue.
    """
    wanted = {finding.mend for finding in found}
    strays = [
        finding.subject for finding in found if finding.mend == STRAY and context.store.has(finding.subject)
    ]
    if strays:
        folder = move_aside(context.store, strays, "the catalogue does not know it", context.work)
        tell(f"{plural(len(strays), 'file', 'files')} unknown to the catalogue moved to {folder}")
    for finding in found:
        if finding.mend == SUM:
            context.store.record(finding.subject)
    try:
        _repair_catalogue(context, found, tell)
    except (MovieCError, *UNREADABLE) as error:
        return [str(error).splitlines()[0]]
    _repair_checkpoints(context, found)
    if INDEX in wanted:
        with indexer(context.home.search) as mine:
            if mine:
                build(context.catalogue, context.home.search, tell)
    return []


def _repair_catalogue(context: RunContext, found: list[Finding], tell: Tell) -> None:
    """Read batches again from their payloads, make features again, and publish what differs."""
    damaged_rows = {DATABASE, CATALOGUE} & {finding.mend for finding in found}
    if DATABASE in damaged_rows:
        remake_indexes(context.catalogue)
    broken = {finding.subject for finding in found if finding.mend == BATCH}
    for name in sorted({batch.source for batch in all_batches(context.catalogue) if broken & _files(batch)}):
        rebuild_source(context, find_source(name, context.home.folder), tell)
    if features := [finding.subject for finding in found if finding.mend == FEATURES]:
        remake_features(context, features)
    if broken or damaged_rows:
        bring_up(context, Scope(everything=True), tell)
    if any(finding.mend == FILMS for finding in found):
        publish_again(context, tell)
    if copies := {copied_table(finding.subject) for finding in found if finding.mend == LEDGER}:
        copy_anew(context.copies, context.catalogue, sorted(copies))


def _repair_checkpoints(context: RunContext, found: list[Finding]) -> None:
    with writing(context.catalogue) as connection:
        for finding in found:
            if finding.mend == CHECKPOINT:
                end = newest(connection) if finding.subject == FOLLOWER else last_change(connection)
                move_checkpoint(connection, finding.subject, end)


def _files(batch: Batch) -> set[str]:
    return {file for file in (batch.records_file, batch.keys_file) if file}


def _name(context: RunContext) -> Iterator[Finding]:
    """Report a lake without the name it shares with its database; whoever opens it alone, as a repair does, writes it
    again.
    """
    with context.catalogue.connect() as connection:
        delivered = has_deliveries(connection)
    if delivered and readable_name(context.store) is None:
        yield Finding("the lake's name is missing or damaged", FILE, NAME)


def _settings(context: RunContext) -> Iterator[Finding]:
    """Report settings that would stop a run."""
    home, sources = context.home, find_sources(context.home.folder)
    for name in sorted({*home.settings.sources} - {*sources} - {*faulty_sources(home.folder)}):
        yield Finding("settings of a source that does not exist", f"[sources.{name}] in moviec.toml", NOBODY)
    known = {name: source for name, source in sources.items() if name in home.settings.sources}
    for name, source in known.items():
        try:
            list(rounds(name, cron_of(source.spec, home.settings), dt.datetime.now(dt.UTC), 1))
        except UsageError as error:
            yield Finding("this setting stops a run", str(error), NOBODY)
    try:
        chosen_rules(home.settings.fields)
    except UsageError as error:
        yield Finding("this setting stops a run", str(error), NOBODY)


def _sources(context: RunContext) -> Iterator[Finding]:
    """Report faulty sources, and those with records here but no facts: for these the last known facts apply."""
    faults = faulty_sources(context.home.folder)
    yield from (Finding("this source cannot be read", str(fault), NOBODY) for fault in faults.values())
    here = {batch.source for batch in all_batches(context.catalogue)}
    for name in sorted(here - {*find_sources(context.home.folder)} - {*faults}):
        what = "this home has records of an unknown source (put its folder back into HOME/sources)"
        yield Finding(what, name, NOBODY)


def _webhooks(context: RunContext) -> Iterator[Finding]:
    """Report webhooks whose secret is stored in the database: anyone with a copy of it can sign."""
    with context.catalogue.connect() as connection:
        plain = [str(hook["id"]) for hook in all_webhooks(connection) if hook["plain"]]
    if plain:
        what = "the database holds these webhooks' secrets (give each a new one: `moviec webhooks rotate NUMBER`)"
        yield Finding(what, _some(plain), NOBODY)


def _batch_files(context: RunContext) -> Iterator[Finding]:
    named = {file for batch in all_batches(context.catalogue) for file in _files(batch)}
    there = set(context.store.names("records"))
    yield from (Finding("a batch's file is missing", file, BATCH) for file in sorted(named - there))
    yield from (Finding("no batch names this file", file, STRAY) for file in sorted(there - named))


def _payloads(context: RunContext) -> Iterator[Finding]:
    known = [
        payload
        for delivery in all_deliveries(context.catalogue)
        for payload in payloads_of(context.catalogue, delivery.id)
    ]
    named = {payload_name(payload.sha256) for payload in known}
    wanted = {payload_name(payload.sha256) for payload in known if payload.removed_at is None}
    there = set(context.store.names("raw"))
    yield from (Finding("a payload's bytes are missing", file, NOBODY) for file in sorted(wanted - there))
    yield from (Finding("no delivery names this payload", file, STRAY) for file in sorted(there - named))


def _damaged_files(context: RunContext, payloads: bool, delivered: Mapping[str, str]) -> Iterator[Finding]:
    """Report the lake's damaged files; payloads also by the name they were delivered under."""
    for file in damaged(context, payloads):
        mend = SUM if file.state is State.UNRECORDED else _MENDS.get(file.folder, NOBODY)
        as_delivered = f" ({delivered[file.name]})" if file.name in delivered else ""
        yield Finding(file.what, file.name + as_delivered, mend)


def _copies(context: RunContext) -> Iterator[Finding]:
    """Report the files that the lake's copy of the ledger lacks."""
    with context.catalogue.connect() as connection:
        lacking = missing(context.store, connection)
    for files in lacking.values():
        yield from (
            Finding("a file of the lake's copy of the ledger is missing", file, LEDGER) for file in files
        )


def _records(context: RunContext) -> Iterator[Finding]:
    """Compare the lake's live records with those that the catalogue shows, where nothing waits to be published."""
    with context.catalogue.connect() as connection:
        if pending(connection).entries:
            return
        shown = live_records(connection)
        aside = records_aside(connection)
    with DuckEngine(context.limits) as engine:
        view_current_records(engine, context.record_files(all_batches(context.catalogue)), aside)
        engine.register("shown", shown)
        for what, left, right in (
            ("records of the lake that the catalogue does not show", "live", "shown"),
            ("records in the catalogue that the lake does not hold", "shown", "live"),
        ):
            sql = f"SELECT count(*) AS rows FROM {left} ANTI JOIN {right} USING (source, key)"
            if count := engine.query(sql)["rows"][0].as_py():
                yield Finding(what, f"{plural(count, 'record', 'records')}", CATALOGUE)


def _catalogue(context: RunContext) -> Iterator[Finding]:
    """Count what must not exist: films without the rows that belong to them, gaps in the log."""
    try:
        private = sorted(unpublished(context, facts_in_force(context)))
    except StoreError as error:
        yield Finding("it is unknown which sources are private", str(error), NOBODY)
        return
    with context.catalogue.connect() as connection:
        for what, count in inconsistencies(connection, private):
            yield Finding(what, f"{count:,} of them", CATALOGUE)
        begins, last = int(fact(connection, LOG_BEGINS) or 0), last_change(connection)
        entries = count_changes(connection, begins)
    if entries != last - begins:
        yield Finding("entries of the change log are missing", f"{last - begins - entries:,} entries", NOBODY)


def _agreement(context: RunContext) -> Iterator[Finding]:
    """Compare what several places of the catalogue say of a film."""
    found = disagreement(context)
    for what, films in (
        ("documents, or their claims, that do not match their hash", found.damaged),
        ("films whose title, year or genres differ from their document", found.unlike),
    ):
        if len(films):
            yield Finding(what, _some([f"mc{movie}" for movie in films.to_pylist()]), FILMS)
    if found.years:
        yield Finding(
            "years whose monthly sums or rankings differ from those of their films",
            _some(map(str, found.years)),
            FILMS,
        )


def _some(names: Iterable[str]) -> str:
    """Return a few names, and the number of the rest."""
    every = list(names)
    rest = f" and {len(every) - NAMED:,} more" if len(every) > NAMED else ""
    return ", ".join(every[:NAMED]) + rest


def _index(context: RunContext) -> Iterator[Finding]:
    used = current(context.home.search)
    if used is None:
        if (context.home.search / "current").exists():
            yield Finding("the search index in use is missing", str(context.home.search), INDEX)
        return
    held = position(used)
    with context.catalogue.connect() as connection:
        last = last_change(connection)
        films = count_documents(connection)
        reached = checkpoint_of(connection, follower())
    if held is None or held.change > last:
        yield Finding(
            "the search index is ahead of the catalogue, or made by another version", str(used), INDEX
        )
    elif held.change < min(reached, last):
        yield Finding("the search index is older than its checkpoint says", str(used), INDEX)
    elif broken := _broken(context, used):
        yield Finding("files of the search index are damaged", _some(broken), INDEX)
    elif held.change == last and _indexed(used) != films:
        yield Finding(f"the search index does not hold the catalogue's {films:,} films", str(used), INDEX)


def _broken(context: RunContext, used: Path) -> list[str]:
    """Return the damaged files of an index; while an indexer is writing, only those that stay damaged."""
    for _ in range(TRIES):
        with indexer(context.home.search) as mine:
            held = position(used)
            broken = damaged_files(used, held.files) if held else []
        if mine or not broken:
            return broken
        time.sleep(1)
    return broken


def _indexed(used: Path) -> int | None:
    """Count an index's films; None where it cannot be opened."""
    try:
        index = open_index(used)
    except StoreError:
        return None
    index.reload()
    return int(index.searcher().num_docs)


def _checkpoints(context: RunContext) -> Iterator[Finding]:
    with context.catalogue.connect() as connection:
        ends = {FOLLOWER: newest(connection)}
        last = last_change(connection)
        for row in every_checkpoint(connection):
            if row.position > ends.get(row.follower, last):
                yield Finding("a checkpoint is beyond the end of its log", row.follower, CHECKPOINT)


def worked_out_otherwise(context: RunContext, tell: Tell = lambda _: None) -> dict[str, int]:
    """Count by table the rows that a rebuild would write or delete; none where something waits to be published.

    A rebuild writes only rows that differ, and its result equals that of the ingestions: these rows are damaged, or
    made by another version of MovieC. Needs the lease on the catalogue, and as long as a rebuild takes.
    """
    with context.catalogue.connect() as connection:
        if pending(connection).entries:
            tell("record changes wait to be published: rows were not worked out again")
            return {}
    outcome = bring_up(context, Scope(everything=True, rehearsal=True), tell)
    counts = {name: rows.written + rows.removed for name, rows in outcome.touched.items()}
    return {name: count for name, count in counts.items() if count}


def copied_otherwise(context: RunContext) -> dict[str, int]:
    """Count by table the rows of the lake's copy of the ledger that differ from the catalogue's, or are missing there.

    Needs the leases on arrivals and on the catalogue.
    """
    found = {}
    with DuckEngine(context.limits) as engine, context.catalogue.connect() as connection:
        for name in name_copies(engine, context.store):
            if name == "catalogue_state":
                continue
            kept = [column for column in columns_of(name) if (name, column) not in AFTERWARDS]
            engine.register("catalogue_rows", rows_of(connection, name).select(kept))
            columns = ", ".join(map(identifier, kept))
            copied, live = (f"SELECT {columns} FROM {rows}" for rows in (name, "catalogue_rows"))
            sql = f"SELECT count(*) FROM (({copied} EXCEPT {live}) UNION ALL ({live} EXCEPT {copied}))"
            if count := engine.query(sql).column(0)[0].as_py():
                found[name] = count
    return found
