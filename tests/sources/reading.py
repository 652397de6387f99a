"""What the tests of the readers share: payloads written to disk, read, and handed back as plain rows."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from moviec.model import FIELDS
from moviec.sources.registry import find_source
from moviec.sources.spec import Reading, Source, Wanted
from tests.engines import new_engine


class Read(msgspec.Struct, frozen=True):
    """A reading with its records by key."""

    reading: Reading
    films: dict[str, dict[str, Any]]


def read(source: Source | str, files: Mapping[str, str | bytes | Path]) -> Read:
    """Read payloads, given by role as text, bytes or a path, with every field and the physical lines."""
    if isinstance(source, str):
        source = find_source(source)
    with tempfile.TemporaryDirectory() as folder, new_engine() as engine:
        paths = {role: on_disk(Path(folder), role, payload) for role, payload in files.items()}
        reading = source.read(engine, paths, Wanted(Path(folder), (*FIELDS, "line")))
        rows = engine.query("SELECT * FROM records ORDER BY _position").to_pylist()
    films = {
        row["key"]: {name: value for name, value in row.items() if value not in (None, [])} for row in rows
    }
    assert len(films) == len(rows), "a key stands for one film"
    return Read(reading, films)


def on_disk(folder: Path, role: str, payload: str | bytes | Path) -> Path:
    """Write a payload, unless it is a file already."""
    if isinstance(payload, Path):
        return payload
    path = folder / f"{role}.payload"
    path.write_bytes(payload.encode() if isinstance(payload, str) else payload)
    return path


def reconciled(reading: Reading) -> bool:
    """Say whether every row of every file is accounted for."""
    counts = [file.count for file in reading.files.values()]
    return all(c.read == c.kept + c.merged + c.skipped + c.rejected for c in counts)
