"""What a record was read from: its fields as the source delivered them, and the row itself in the payload."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from moviec.catalog.deliveries import all_batches, payloads_of
from moviec.catalog.ingest_queue import RECORDS
from moviec.engine import DuckEngine
from moviec.errors import DamagedError, StoreError
from moviec.home.context import RunContext
from moviec.lake.batches import view_current_records
from moviec.lake.payloads import payload_path
from moviec.model import CONTENT

#: Lines that one row may span in a payload; of a longer one the beginning is shown.
MOST_LINES = 60

#: Letters of a row that are shown.
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
    """Return the current record of a source under a key with the row behind it; None where the source does not list it."""
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
        return "", "this source does not say in which row it stands"
    try:
        path = payload_path(context.store, file, payload)
    except DamagedError as error:
        return "", str(error)
    except StoreError:
        return "", "the payload is no longer kept"
    try:
        return row_at(path, line), ""
    except (UnicodeDecodeError, OSError, EOFError):
        return "", "the payload is no text that can be shown line by line"


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
