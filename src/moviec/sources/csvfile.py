"""The header of a source's text file, and whether it can be the file that the facts describe."""

from __future__ import annotations

from pathlib import Path

from moviec.engine.textfile.dialect import CSV, Dialect
from moviec.engine.textfile.rows import Header, read_names
from moviec.errors import PayloadError
from moviec.sources.base import FileSpec


def read_header(path: Path, spec: FileSpec, dialect: Dialect = CSV) -> Header:
    """Read the column names; raises PayloadError when this cannot be the file that the facts describe."""
    header = read_names(path, dialect)
    names = header.names
    check_columns(path, names, spec, "its first line reads")
    folded = [name.casefold() for name in names]
    twice = sorted({name for name in names if folded.count(name.casefold()) > 1})
    if twice:
        raise PayloadError(f"column {', '.join(twice)} stands twice in the header", path.name)
    return header


def check_columns(path: Path, names: tuple[str, ...], spec: FileSpec, seen_in: str = "it has") -> None:
    """Raise PayloadError when a required column is not there."""
    missing = [name for name in dict.fromkeys((spec.key, *spec.required)) if name not in names]
    if missing:
        shown = ", ".join(names)[:200].encode("ascii", "replace").decode()
        seen = " ".join("".join(letter if letter.isprintable() else " " for letter in shown).split())
        raise PayloadError(f"no column {', '.join(missing)}", path.name, f"{seen_in}: {seen}")
