"""A look at a provider as it is now, in a few requests: does the address answer, is the key taken, is what comes what the facts expect."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from moviec.engine import DuckEngine
from moviec.errors import MovieCError
from moviec.home.context import RunContext
from moviec.pipeline.answers import rows_of_probe
from moviec.pipeline.asking import PATIENCE, Asking
from moviec.pipeline.delivery_files import downloads_of
from moviec.pipeline.online import is_online
from moviec.sources.audit import audit
from moviec.sources.spec import Source, SourceSpec, Wanted, assign_roles
from moviec.storage.filesystems import name_of, shown
from moviec.storage.http import PROBED, Head, Web
from moviec.transient import patiently


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at: whether it is as expected, and what was found."""

    about: str
    state: Literal["ok", "look", "failed"]
    said: str


def probe(context: RunContext, source: Source) -> list[Finding]:
    """Look at a source's provider. What cannot be reached is a finding, too."""
    spec = source.spec
    found = [Finding("licence", "ok", f"{spec.licence}; see {spec.home_page}")]
    if is_online(context.home, spec):
        return [*found, *_guarded("answer", _asked(context, source))]
    urls = downloads_of(context.home, spec).urls
    if not urls:
        names = ", ".join(file.names[0] for file in spec.files.values())
        return [*found, Finding("address", "ok", f"none: give its files by hand ({names})")]
    for url in urls:
        found += _guarded(shown(url), _downloaded(context, spec, url))
    return found


def _guarded(about: str, findings: Iterator[Finding]) -> list[Finding]:
    """Return findings; an error that ends them is the last."""
    done = []
    try:
        for finding in findings:
            done.append(finding)
    except MovieCError as error:
        done.append(Finding(about, "failed", str(error)))
    return done


def _asked(context: RunContext, source: Source) -> Iterator[Finding]:
    """Ask for one id, or one page, and read what comes as a delivery would be."""
    spec = source.spec
    with Asking(context.home, spec, context.catalogue) as asking:
        url, status, lines = rows_of_probe(asking)
        yield Finding("address", "ok", f"{shown(url)} answers {status}")
        if asking.fetch.keys:
            yield Finding("key", "ok", "accepted")
        allowance = f", {asking.allowance:,} a day" if asking.allowance else ""
        yield Finding("pace", "ok", f"{asking.rate:g} requests a second{allowance}")
    room = context.room("probe")
    file = room / f"{asking.fetch.role}.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    yield from _read(context, source, file, lines, room)


def _read(
    context: RunContext, source: Source, file: Path, lines: list[bytes], room: Path
) -> Iterator[Finding]:
    spec = source.spec
    with DuckEngine(context.limits) as engine:
        reading = source.read(engine, {spec.fetch.role if spec.fetch else "": file}, Wanted(room))
        found = audit(engine, spec, reading)
    filled = ", ".join(f"{field} {found.rate(field):.0%}" for field, films in found.filled.items() if films)
    yield Finding(
        "fields", "ok" if found.films else "look", f"{found.films:,} films: {filled or 'nothing is known'}"
    )
    known = {name.split(".")[1] for name in spec.files[file.stem].columns if name.startswith("body.")}
    bodies = [msgspec.json.decode(line).get("body") for line in lines]
    seen = {name for body in bodies if isinstance(body, dict) for name in body}
    if missing := sorted(known - seen):
        yield Finding("columns", "look", f"expected, and not there: {', '.join(missing)}")
    if more := sorted(seen - known):
        yield Finding("columns", "ok", f"there, and not used: {', '.join(more)}")


def _downloaded(context: RunContext, spec: SourceSpec, url: str) -> Iterator[Finding]:
    """Fetch the beginning of a file, and hold its columns against the facts."""
    options = context.home.settings.options(url, spec.name)
    head: Head = patiently(lambda: Web(options, PATIENCE).beginning(url), PATIENCE)
    size = f", {head.size:,} bytes" if head.size else ""
    of = f", of {head.version.modified}" if head.version.modified else ""
    yield Finding(name_of(url), "ok", f"{shown(url)} is there{size}{of}")
    names = _columns(head.data)
    role = next(iter(assign_roles([Path(name_of(url))], spec)[0]), None)
    if not names or role is None:
        return
    file = spec.files[role]
    if missing := [name for name in (file.key, *file.required) if name not in names]:
        yield Finding(name_of(url), "look", f"expected, and not there: {', '.join(missing)}")
    if more := [name for name in names if name not in file.columns]:
        yield Finding(name_of(url), "look", f"columns that are new: {', '.join(more)}")


def _columns(data: bytes) -> list[str]:
    """Return the header of a table of which the beginning is there; nothing for an archive."""
    if data[:2] == b"PK":
        return []
    if data[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            try:
                data = file.read1(PROBED)
            except (OSError, EOFError, zlib.error):
                return []
    first: str = data.split(b"\n", 1)[0].decode("utf-8", "replace").strip()
    return first.split("\t") if "\t" in first else [name.strip('"') for name in first.split(",")]


def needs_of(key: str, spec: SourceSpec) -> tuple[str, str]:
    """Return what a source needs in a few words, and how it is given; `key` is the one that is set, if any."""
    variable = f"MOVIEC_{spec.name.upper().replace('-', '_')}_KEY"
    if spec.fetch and spec.fetch.keys:
        state = "a key (set)" if key else "a key"
        return state, f"{spec.fetch.needs}; set {variable}, or key under [sources.{spec.name}] in moviec.toml"
    if spec.fetch:
        return "nothing", spec.fetch.needs or f"moviec ingest {spec.name}"
    if spec.download.urls:
        return "nothing", f"moviec ingest {spec.name} downloads it; by doing so you accept its licence"
    names = ", ".join(file.names[0] for file in spec.files.values())
    return "its files", f"get them from {spec.home_page} and run moviec ingest {spec.name} FOLDER ({names})"
