"""Batches of records: what each delivery changed, as one Parquet file of RECORD columns with a file of the keys it saw.

A delivery's id begins with its `delivered_at`, so the greatest id is the latest: for a key, the record of the greatest
delivery is current. `current_records` and the other views read all batches for the stages behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.model import ADDED_FIELDS, FIELDS, RECORD, live_rows


class Known(msgspec.Struct, frozen=True):
    """A source's state before a delivery is applied: its batches, and the keys of fresher deliveries.

    `superseded`: a fresher complete delivery has been applied, so that this one has no effect.
    """

    batches: Sequence[Path]
    fresher_keys: Sequence[Path]
    superseded: bool


class Incoming(msgspec.Struct, frozen=True):
    """A delivery that was read: its id, source, the SHA-256 of the payload for each role, and how it is applied.

    `kept_fields` outlive an empty value. `withdrawn` is the query of the keys that it deletes, empty for none.
    The engine's `incoming` holds key, role, line and the fields.
    """

    delivery: str
    source: str
    payloads: Mapping[str, str]
    complete: bool
    kept_fields: frozenset[str]
    withdrawn: str = ""


class Written(msgspec.Struct, frozen=True):
    """The result of applying a delivery: rows changed and tombstones in the batch, rows that fresher data outdated."""

    changed: int
    tombstones: int
    outdated: int


def view_batches(engine: DuckEngine, name: str, files: Sequence[Path | str]) -> None:
    """Create a view of the rows of batches (RECORD columns); columns missing in an earlier batch are unknown."""
    listed = ", ".join(quoted(str(file)) for file in files)
    full = engine.query(
        f"SELECT file_name FROM parquet_schema([{listed}]) WHERE name IN ({', '.join(map(quoted, ADDED_FIELDS))})"
        f" GROUP BY file_name HAVING count(*) = {len(ADDED_FIELDS)}"
    )["file_name"].to_pylist()
    if len(full) == len(files):
        engine.parquet(name, files)
        return
    engine.register("no_record", RECORD.empty_table())
    parts = ["SELECT * FROM no_record"]
    parts += [f"SELECT * FROM read_parquet({quoted(str(file))})" for file in files]
    engine.view(name, " UNION ALL BY NAME ".join(parts))


def name_known(engine: DuckEngine, batches: Sequence[Path], among: str = "") -> None:
    """Name the records of a source that hold `known`: the freshest per key, tombstones among them.

    `among`: only of the keys in this table.
    """
    if not batches:
        engine.register("known", RECORD.empty_table())
        return
    view_batches(engine, "every_batch", batches)
    rows = "every_batch"
    if among:  # before the freshest is chosen: else every key of the source would be read
        rows = "some_batch"
        engine.view(rows, f"SELECT * FROM every_batch SEMI JOIN {among} USING (key)")
    engine.view(
        "known",
        f"SELECT every.* FROM {rows} AS every SEMI JOIN (SELECT key, max(delivery) AS delivery FROM {rows} GROUP BY key)"
        " AS freshest ON freshest.key = every.key AND freshest.delivery = every.delivery",
    )


def write_batch(engine: DuckEngine, incoming: Incoming, known: Known, batch: Path, keys: Path) -> Written:
    """Write what the engine's `incoming` changes into the file `batch`, and every key it saw into `keys`."""
    withdrawn = f" UNION {incoming.withdrawn}" if incoming.withdrawn else ""
    engine.write(f"SELECT key FROM incoming{withdrawn} ORDER BY key", keys)
    engine.parquet("spoken_of", [keys])
    name_known(engine, known.batches, "" if incoming.complete else "spoken_of")
    _name_outdated(engine, known)
    engine.view("hashed", _hashed(incoming))
    changed = f"""
      SELECT {_columns(incoming)} FROM hashed
      LEFT JOIN (SELECT key, hash AS known_hash FROM known) USING (key)
      WHERE known_hash IS DISTINCT FROM hash AND key NOT IN (SELECT key FROM outdated)"""
    gone = _gone(incoming, known)
    rows = engine.write(f"{changed} {gone} ORDER BY key", batch, sought=True)
    engine.parquet("batch", [batch])
    tombstones = _count(engine, "batch WHERE deleted")
    return Written(rows - tombstones, tombstones, _count(engine, "outdated"))


def _name_outdated(engine: DuckEngine, known: Known) -> None:
    """Create the view `outdated` of the keys that a later delivery contains."""
    if known.superseded:
        engine.view("outdated", "SELECT key FROM incoming")
    elif known.fresher_keys:
        engine.parquet("fresher", known.fresher_keys)
        engine.view("outdated", "SELECT key FROM incoming SEMI JOIN fresher USING (key)")
    else:
        engine.view("outdated", "SELECT key FROM incoming WHERE false")


def _hashed(incoming: Incoming) -> str:
    """Write the rows with older values where they outlive empty ones, and the hash of the content."""
    fields = ", ".join(
        f"coalesce(incoming.{identifier(name)}, known.{identifier(name)}) AS {identifier(name)}"
        if name in incoming.kept_fields
        else f"incoming.{identifier(name)}"
        for name in FIELDS
    )
    known = (
        "LEFT JOIN known ON known.key = incoming.key AND NOT known.deleted" if incoming.kept_fields else ""
    )
    content = ", ".join(
        f"{identifier(name)} := {identifier(name)}" for name in FIELDS if name not in ADDED_FIELDS
    )
    later = "".join(f", to_json({identifier(name)})" for name in ADDED_FIELDS)
    return (
        f"SELECT *, md5(concat(to_json(struct_pack({content})){later})) AS hash"
        f" FROM (SELECT incoming.key, incoming.role, incoming.line, {fields} FROM incoming {known})"
    )


def _columns(incoming: Incoming) -> str:
    """List the columns of a record, in order, for a row of `hashed`."""
    payloads = " ".join(
        f"WHEN {quoted(role)} THEN {quoted(sum_)}" for role, sum_ in incoming.payloads.items()
    )
    given = {
        "source": quoted(incoming.source),
        "delivery": quoted(incoming.delivery),
        "payload": f"CASE role {payloads} END",
        "deleted": "false",
    }
    return ", ".join(f"{given.get(name, identifier(name))} AS {identifier(name)}" for name in RECORD.names)


def _gone(incoming: Incoming, known: Known) -> str:
    """Add a tombstone for every known key that a complete delivery no longer lists, or that a delivery deletes."""
    if incoming.complete and not (known.superseded or known.fresher_keys):
        which = "key NOT IN (SELECT key FROM incoming)"
    elif incoming.withdrawn and not known.superseded:
        fresher = "AND key NOT IN (SELECT key FROM fresher)" if known.fresher_keys else ""
        which = f"key IN ({incoming.withdrawn}) AND key NOT IN (SELECT key FROM incoming) {fresher}"
    else:
        return ""
    given = {
        "source": quoted(incoming.source),
        "key": "key",
        "delivery": quoted(incoming.delivery),
        "deleted": "true",
    }
    columns = ", ".join(f"{given.get(name, 'NULL')} AS {identifier(name)}" for name in RECORD.names)
    return f"UNION ALL SELECT {columns} FROM known WHERE NOT deleted AND {which}"


def _count(engine: DuckEngine, rows: str) -> int:
    return int(engine.query(f"SELECT count(*) AS rows FROM {rows}").column(0)[0].as_py())


def view_current_records(
    engine: DuckEngine, batches: Sequence[Path], aside: pa.Table, among: str = ""
) -> None:
    """Create the view `live` (RECORD columns): every record that some source still lists, without rows set `aside` (source,
    key, delivery).

    `among`: only records that this table (source, key) names.
    """
    view_rows(engine, "every_record", batches, aside)
    rows = "every_record"
    if among:  # before the current row is chosen: else every row of the lake would be read
        rows = "some_record"
        engine.view(rows, f"SELECT * FROM every_record SEMI JOIN {among} USING (source, key)")
    engine.view("live", live_rows(rows))


def materialize_changed_records(
    engine: DuckEngine, fresh: Sequence[Path], also: pa.Table, aside: pa.Table
) -> None:
    """Materialize as `changed_records` (source, key) the records of batches not yet published, and `also` some
    others.
    """
    view_rows(engine, "fresh_records", fresh, aside)
    engine.register("changed_too", also)
    engine.materialize(
        "changed_records", "SELECT source, key FROM fresh_records UNION SELECT source, key FROM changed_too"
    )


def materialize_arrivals(
    engine: DuckEngine, fresh: Sequence[Path], deliveries: Sequence[str], aside: pa.Table
) -> None:
    """Materialize as `arrivals` (source, key, arrival) which of the deliveries, in their order, first brings each
    record of the batches not yet published. With a single delivery it is empty: there is nothing to order.
    """
    view_rows(engine, "arriving_records", fresh if len(deliveries) > 1 else [], aside)
    places = {
        "delivery": pa.array(deliveries, pa.string()),
        "arrival": pa.array(range(len(deliveries)), pa.int64()),
    }
    engine.register("arriving", pa.table(places))
    engine.materialize(
        "arrivals",
        "SELECT source, key, min(arrival) AS arrival FROM arriving_records JOIN arriving USING (delivery) GROUP BY ALL",
    )


def view_rows(engine: DuckEngine, name: str, files: Sequence[Path | str], aside: pa.Table) -> None:
    """Create a view of the records in batches, but for those set aside (source, key, delivery); without a file it is empty."""
    if not files:
        engine.register(name, RECORD.empty_table())
    elif not aside.num_rows:
        view_batches(engine, name, files)
    else:
        view_batches(engine, f"{name}_read", files)
        _view_unset(engine, name, aside)


def view_files(engine: DuckEngine, name: str, files: Sequence[Path | str], aside: pa.Table) -> None:
    """Create a view of the rows of files made from batches, but for those of records set aside (source, key, delivery)."""
    if not aside.num_rows:
        engine.parquet(name, files)
    else:
        engine.parquet(f"{name}_read", files)
        _view_unset(engine, name, aside)


def _view_unset(engine: DuckEngine, name: str, aside: pa.Table) -> None:
    engine.register(f"{name}_aside", aside)
    engine.view(
        name,
        f"SELECT * FROM {identifier(f'{name}_read')}"
        f" ANTI JOIN {identifier(f'{name}_aside')} USING (source, key, delivery)",
    )
