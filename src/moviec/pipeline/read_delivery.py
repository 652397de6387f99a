"""Reads payloads: a whole delivery, whose records are applied to its source (the one path of ingestions, replays and rebuilds),
or again the one row that a record was read from.
"""

from __future__ import annotations

import gzip
import hashlib
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from moviec.catalog.company_details import DETAILS
from moviec.catalog.deliveries import Batch, Delivery, Payloads, Rejected, all_batches, payloads_of
from moviec.catalog.ingest_queue import RECORDS
from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier
from moviec.engine.unreadable_cells import Unread
from moviec.errors import DamagedError, PayloadError, StoreError
from moviec.home.context import RunContext
from moviec.lake.batches import Incoming, Known, view_current_records, write_batch
from moviec.lake.payloads import payload_path
from moviec.model import CONTENT, FIELDS
from moviec.pipeline.fusing import known_labels
from moviec.pipeline.reading_on_cluster import read_spread
from moviec.sources.audit import Audit, audit, count_problems, unread_columns
from moviec.sources.readers.tabular import withdrawn
from moviec.sources.registry import find_sources
from moviec.sources.spec import Reading, Source, SourceSpec, Wanted, assign_roles
from moviec.sources.sql import SqlSource
from moviec.storage.archives import unpack
from moviec.transient import is_interrupt

#: In a report: which facts a user's own source was read by (`mapping_of`).
MAPPING = "mapping"


class Read(msgspec.Struct, frozen=True):
    """A delivery that was read: the payload's SHA-256 by role, counts of rows, warnings, and columns that could not be
    read.

    `companies` is what it says about companies (DETAILS), None where none of its files is about them.
    """

    payloads: dict[str, str]
    reading: Reading
    audit: Audit
    problems: dict[str, int]
    unread: list[Unread]
    companies: pa.Table | None = None


@contextmanager
def ended_after(engine: DuckEngine, hours: float, source: str) -> Iterator[None]:
    """Interrupt the engine when the block takes longer than this many hours; raises PayloadError then."""
    late = threading.Event()

    def stop() -> None:
        late.set()
        engine.connection.interrupt()

    timer = threading.Timer(hours * 3600, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    except Exception as error:
        if late.is_set() and is_interrupt(error):
            raise PayloadError(
                f"reading it took longer than {hours:g} hours",
                source,
                "increase hours under [bounds] in the settings",
            ) from error
        raise
    finally:
        timer.cancel()


class Target(msgspec.Struct, frozen=True):
    """Where a batch is written: the source's facts, the delivery's id, and the folder in the lake."""

    spec: SourceSpec
    delivery: str
    folder: str


def read_payloads(
    engine: DuckEngine, context: RunContext, source: Source, payloads: Sequence[Payloads], room: Path
) -> Read:
    """Read a delivery into the engine's `incoming`: key, role, line and the fields of every record."""
    plain: dict[Path, Payloads] = {}
    for payload in payloads:
        link = room / payload.name
        link.symlink_to(payload_path(context.store, payload.name, payload.sha256))
        inside = room / f"in-{payload.sha256[:16]}"
        inside.mkdir(exist_ok=True)
        plain.update(dict.fromkeys(unpack(link, inside, context.home.settings.bounds), payload))
    fresh = [path for path, payload in plain.items() if not payload.reused]
    roles, _ = assign_roles(fresh, source.spec)
    older, _ = assign_roles([path for path, payload in plain.items() if payload.reused], source.spec)
    roles = {**{role: path for role, path in older.items() if role not in roles}, **roles}
    with ended_after(engine, context.home.settings.bounds.hours, source.spec.name):
        wanted = Wanted(room, (*FIELDS, "line"), context.home.folder)
        if context.spark and isinstance(source, SqlSource):
            reading = read_spread(context.spark, engine, source, roles, wanted)
        else:
            reading = source.read(engine, roles, wanted)
        engine.write("SELECT * FROM records", room / "incoming.parquet")
        engine.forget(*reading.kept)
    engine.parquet("incoming", [room / "incoming.parquet"])
    problems = count_problems(engine, "problems", "incoming") | count_problems(
        engine, "list_problems", "incoming"
    )
    return Read(
        {role: plain[path].sha256 for role, path in roles.items()},
        reading,
        audit(engine, source.spec, reading, "incoming", known_labels(source.spec)),
        problems,
        unread_columns(engine, source.spec, reading, problems, "incoming"),
        _companies(engine, source.spec, roles),
    )


def is_about_companies(spec: SourceSpec, roles: Collection[str]) -> bool:
    """Return whether files of these roles are about companies only."""
    return all(spec.files[role].about == "companies" for role in roles)


def _companies(engine: DuckEngine, spec: SourceSpec, roles: Mapping[str, Path]) -> pa.Table | None:
    """Return what the files about companies say (DETAILS), in order of id; None where there is no such file."""
    found = []
    for role, file in spec.files.items():
        if file.about != "companies" or role not in roles:
            continue
        fed = {feed: identifier(column) for column, feeds in file.columns.items() for feed in feeds}
        texts = [
            f"tidy({fed[name]}) AS {name}" if name in fed else f"NULL::VARCHAR AS {name}" for name in _PLAIN
        ]
        listed = (
            f"list_transform(TRY(from_json({fed.get('names', 'NULL')}, '{_NAMED}')), lambda n: tidy(n.name))"
        )
        names = f"to_json(list_sort(list_distinct(list_filter({listed}, lambda n: n IS NOT NULL))))::VARCHAR"
        key = identifier(file.key)
        found.append(f"SELECT {key} AS id, {', '.join(texts)}, coalesce({names}, '[]') AS names FROM {role}")
        if file.gone:
            nothing = ", ".join(f"NULL::VARCHAR AS {name}" for name in _PLAIN)
            found.append(
                f"SELECT {key} AS id, {nothing}, '[]' AS names FROM {role}_good WHERE {identifier(file.gone)} = 'true'"
            )
    return engine.query(f"{' UNION ALL '.join(found)} ORDER BY id").cast(DETAILS) if found else None


#: The fields of a company that are one text, and the shape of its list of names.
_PLAIN, _NAMED = ("name", "country", "parent", "parent_name"), '[{"name": "VARCHAR"}]'


def known_of(
    context: RunContext, spec: SourceSpec, delivery: str, before: Sequence[Delivery], batches: Sequence[Batch]
) -> Known:
    """Return a source's current records when a delivery is applied after those `before`, which made these batches."""
    keys = {batch.delivery: batch.keys_file for batch in batches}
    fresher = [other for other in before if other.id > delivery]
    return Known(
        batches=[context.store.path(batch.records_file) for batch in batches if batch.records_file],
        fresher_keys=sorted({context.store.path(keys[other.same_as or other.id]) for other in fresher}),
        superseded=spec.complete and bool(fresher),
    )


def apply(engine: DuckEngine, context: RunContext, target: Target, read: Read, known: Known) -> Batch:
    """Write a delivery's batch into the lake; it takes effect once it is registered."""
    room = context.room(f"batch-{target.delivery}-{target.folder.replace('/', '-')}")
    records, keys = room / "records.parquet", room / "keys.parquet"
    spec = target.spec
    incoming = Incoming(
        delivery=target.delivery,
        source=spec.name,
        payloads=read.payloads,
        complete=spec.complete,
        kept_fields=frozenset(field for field in FIELDS if spec.keeps(field)),
        withdrawn=withdrawn(spec, read.reading.files),
    )
    written = write_batch(engine, incoming, known, records, keys)
    keys_file = f"{target.folder}/{target.delivery}.keys.parquet"
    context.store.put(keys, keys_file)
    records_file = (
        f"{target.folder}/{target.delivery}.parquet" if written.changed or written.tombstones else None
    )
    if records_file:
        context.store.put(records, records_file)
    return Batch(
        delivery=target.delivery,
        source=spec.name,
        records_file=records_file,
        keys_file=keys_file,
        changed=written.changed,
        tombstones=written.tombstones,
        outdated=written.outdated,
    )


def rejected_of(read: Read, delivery: str, source: str) -> list[Rejected]:
    """Return the unreadable rows of a reading, as the catalogue stores them."""
    return [
        Rejected(
            delivery=delivery,
            source=source,
            role=row["role"],
            payload=read.payloads.get(row["role"]),
            line=row["line"],
            reason=row["reason"],
            text=row["text"],
        )
        for file in read.reading.files.values()
        for row in file.rejected.to_pylist()
    ]


def mapping_of(spec: SourceSpec) -> str:
    """Return the SHA-256 of a source's facts; empty for a built-in source, whose facts are not edited."""
    if spec.name in find_sources(None):
        return ""
    return hashlib.sha256(msgspec.json.encode(spec)).hexdigest()


def report_of(read: Read, spec: SourceSpec) -> dict[str, Any]:
    """Return a delivery's report as plain values: counts of rows, repaired lines, values set to unknown, warnings."""
    files = read.reading.files.items()
    facts = {
        "rows": {role: file.count for role, file in files},
        "repaired_lines": {role: file.repaired["line"].to_pylist() for role, file in files if file.repaired},
        "set_to_unknown": read.problems,
        "unread": read.unread,
        "audit": read.audit,
    }
    if read.companies is not None:
        facts["companies"] = read.companies.num_rows
    if mapping := mapping_of(spec):
        facts[MAPPING] = mapping
    plain: dict[str, Any] = msgspec.to_builtins(facts)
    return plain


#: The most lines of a row in a payload that are shown.
MOST_LINES = 60

#: The most characters of a row that are shown.
MOST_LETTERS = 20_000

_GZIP = b"\x1f\x8b"

_RECORD = "SELECT * REPLACE (CAST(ids AS JSON) AS ids) FROM live"


class RawRow(msgspec.Struct, frozen=True):
    """A current record: `fields` with a value, the delivery, the payload's name and SHA-256, its physical line, and the row's
    text as delivered; `text` is empty, and `missing` says why, where the payload is not kept or is no text.
    """

    source: str
    key: str
    fields: dict[str, Any]
    delivery: str
    file: str
    payload: str
    line: int
    text: str
    missing: str = ""


def raw_row(context: RunContext, source: str, key: str) -> RawRow | None:
    """Return a source's current record with the row that it was read from; None where the source does not list the key."""
    wanted = pa.table({"source": pa.array([source], pa.string()), "key": pa.array([key], pa.string())})
    with DuckEngine(context.limits) as engine:
        engine.register("wanted", wanted)
        files = context.record_files(all_batches(context.catalogue, source))
        view_current_records(engine, files, RECORDS.empty_table(), "wanted")
        rows = engine.query(_RECORD).to_pylist()
    if not rows:
        return None
    [row] = rows
    row["ids"] = msgspec.json.decode(row["ids"] or "{}")
    names = {payload.sha256: payload.name for payload in payloads_of(context.catalogue, row["delivery"])}
    file = names.get(row["payload"], "")
    fields = {name: row[name] for name in CONTENT if row[name] not in (None, [], {})}
    text, missing = _text(context, file, row["payload"], row["line"])
    return RawRow(
        source, key, fields, row["delivery"], file, row["payload"] or "", row["line"] or 0, text, missing
    )


def _text(context: RunContext, file: str, payload: str | None, line: int | None) -> tuple[str, str]:
    """Return a row's text, or why there is none."""
    if not payload or not line:
        return "", "this source does not record the row"
    try:
        path = payload_path(context.store, file, payload)
    except DamagedError as error:
        return "", str(error)
    except StoreError:
        return "", "the payload is no longer kept"
    try:
        return row_at(path, line), ""
    except (UnicodeDecodeError, OSError, EOFError):
        return "", "the payload is not text that can be shown line by line"


def row_at(path: Path, line: int) -> str:
    """Return the row that begins at a physical line (1 is the first) of a text file, compressed by gzip or not.

    A row goes on over line ends inside quotes or inside a JSON object.
    """
    taken: list[str] = []
    for text in islice(_lines(path), line - 1, line - 1 + MOST_LINES):
        taken.append(text)
        if _is_whole("".join(taken)):
            break
    return "".join(taken).rstrip("\r\n,")[:MOST_LETTERS]


def _lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    if packed:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as unpacked:
            yield from unpacked
    else:
        with path.open(encoding="utf-8", newline="") as plain:
            yield from plain


def _is_whole(text: str) -> bool:
    """Return whether a row's text ends here: its JSON object is closed, or its quotes are."""
    if text.lstrip().startswith("{"):
        try:
            msgspec.json.decode(text.strip().rstrip(","))
        except msgspec.DecodeError:
            return False
        return True
    return text.count('"') % 2 == 0 or "\t" in text
