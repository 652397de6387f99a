"""Probes a provider in a few requests: does its address answer, is the key accepted, are the rows what the source's facts expect."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from moviec.engine import DuckEngine
from moviec.errors import MovieCError, PayloadError, UsageError
from moviec.home.context import RunContext
from moviec.pipeline.asking import PATIENCE, Asking, detail_url, first_page, line_of, page_lines, rows_of
from moviec.pipeline.downloads import downloads_of
from moviec.pipeline.online import is_online
from moviec.sources.audit import audit
from moviec.sources.spec import FileSpec, Source, SourceSpec, Wanted, assign_roles
from moviec.storage.filesystems import name_of, shown
from moviec.storage.http import PROBED, Head, Web
from moviec.transient import patiently
from moviec.units import plural

#: The most rows of a table's beginning that are counted, bytes of it that are unpacked, and parts of a zip that are fetched.
ROWS, SAMPLED, MOST_PARTS = 500, 400_000, 24

#: Cells without a value.
_EMPTY = ("", "\\N", "N/A", "null")


class Finding(msgspec.Struct, frozen=True):
    """A check: whether it is as expected, and what was found."""

    about: str
    state: Literal["ok", "look", "failed"]
    said: str


def probe(context: RunContext, source: Source) -> list[Finding]:
    """Return findings about a source's provider. An unreachable address is a finding, too."""
    spec = source.spec
    found = [Finding("licence", "ok", f"{spec.licence}; see {spec.home_page}")]
    if is_online(context.home, spec):
        return [*found, *_guarded("answer", _asked(context, source))]
    urls = downloads_of(context.home, spec).urls
    if not urls:
        names = ", ".join(file.names[0] for file in spec.files.values())
        return [*found, Finding("address", "ok", f"none: provide its files by hand ({names})")]
    for url in urls:
        found += _guarded(shown(url), _downloaded(context, spec, url))
    return found


def _guarded(about: str, findings: Iterator[Finding]) -> list[Finding]:
    """Return findings; an error that stops the checks is the last."""
    done = []
    try:
        for finding in findings:
            done.append(finding)
    except MovieCError as error:
        done.append(Finding(about, "failed", str(error)))
    return done


def _asked(context: RunContext, source: Source) -> Iterator[Finding]:
    """Request one id, or one page, and read the answer like a delivery."""
    spec = source.spec
    with Asking(context.home, spec, context.catalogue) as asking:
        url, status, lines = _one_answer(asking)
        yield Finding("address", "ok", f"{shown(url)} answers {status}")
        if asking.fetch.keys:
            yield Finding("key", "ok", "accepted")
        allowance = f", {asking.allowance:,} a day" if asking.allowance else ""
        yield Finding("pace", "ok", f"{asking.rate:g} requests a second{allowance}")
    room = context.room("probe")
    file = room / f"{asking.fetch.role}.jsonl"
    file.write_bytes(b"".join(line + b"\n" for line in lines))
    yield from _read(context, source, file, lines, room)


def _one_answer(asking: Asking) -> tuple[str, int, list[bytes]]:
    """Return address, status and lines of one request: for the ids that the facts name for a probe, else for a first page."""
    fetch = asking.fetch
    if fetch.details and fetch.probe:
        url = detail_url(asking, fetch.details, fetch.probe)
        asked = asking.one(url)
        found = list(rows_of(fetch.details, asked._replace(wanted=list(fetch.probe))))  # type: ignore[arg-type]
        return url, asked.status, [line_of(key, asked.status, body) for key, body in found]
    pages = fetch.listing
    if pages is None:
        raise UsageError(
            "its facts name nothing to request in a probe", asking.spec.name, "give probe under [fetch]"
        )
    url = asking.url(pages.path, pages.query, {**first_page(pages), "size": pages.size})
    asked = asking.one(url)
    return url, asked.status, page_lines(pages, asked)


def _read(
    context: RunContext, source: Source, file: Path, lines: list[bytes], room: Path
) -> Iterator[Finding]:
    spec = source.spec
    with DuckEngine(context.limits) as engine:
        reading = source.read(engine, {spec.fetch.role if spec.fetch else "": file}, Wanted(room))
        found = audit(engine, spec, reading)
    filled = ", ".join(f"{field} {found.rate(field):.0%}" for field, films in found.filled.items() if films)
    yield Finding("fields", "ok" if found.films else "look", f"{found.films:,} films: {filled or 'nothing'}")
    known = {name.split(".")[1] for name in spec.files[file.stem].columns if name.startswith("body.")}
    bodies = [msgspec.json.decode(line).get("body") for line in lines]
    seen = {name for body in bodies if isinstance(body, dict) for name in body}
    if missing := sorted(known - seen):
        yield Finding("columns", "look", f"expected but missing: {', '.join(missing)}")
    if more := sorted(seen - known):
        yield Finding("columns", "ok", f"not used: {', '.join(more)}")


def _downloaded(context: RunContext, spec: SourceSpec, url: str) -> Iterator[Finding]:
    """Fetch the beginning of a file, and compare its columns with the facts."""
    options = context.home.settings.options(url, spec.name)
    head: Head = patiently(lambda: Web(options, PATIENCE).beginning(url), PATIENCE)
    size = f", {head.size:,} bytes" if head.size else ""
    of = f", of {head.version.modified}" if head.version.modified else ""
    yield Finding(name_of(url), "ok", f"{shown(url)} is there{size}{of}")
    for name, data in _tables(Web(options, PATIENCE), url, head):
        role = next(iter(assign_roles([Path(name)], spec)[0]), None)
        if role is not None:
            yield from _looked_at(spec.files[role], name, data)


def _tables(web: Web, url: str, head: Head) -> Iterator[tuple[str, bytes]]:
    """Yield the beginning of the table at an address, or of each in the zip that is there, by name; the last line may be cut off."""
    if head.data[:2] != b"PK":
        yield name_of(url), _unpacked(head.data)
        return
    try:
        with zipfile.ZipFile(_Parts(web, url, head)) as archive:
            for member in archive.infolist():
                if member.filename.endswith((".csv", ".tsv")):
                    with archive.open(member) as file:
                        yield Path(member.filename).name, file.read(SAMPLED)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise PayloadError(f"the zip cannot be read ({error})", shown(url)) from error


class _Parts(io.RawIOBase):
    """A file on the web that is read in parts, each requested once: enough to read a zip's directory."""

    def __init__(self, web: Web, url: str, head: Head) -> None:
        self._web, self._url, self._at = web, url, 0
        self._size = head.size if head.size is not None else len(head.data)
        self._held = {0: head.data}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Return bytes from the current position; fetches the blocks that are missing."""
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        found = b""
        while len(found) < wanted:
            block, within = divmod(self._at, PROBED)
            if block not in self._held:
                if len(self._held) >= MOST_PARTS:
                    raise PayloadError(f"reading it takes more than {MOST_PARTS} requests", shown(self._url))
                first = block * PROBED
                self._held[block] = patiently(
                    lambda first=first: self._web.part(self._url, first, first + PROBED - 1),  # type: ignore[misc]
                    PATIENCE,
                )
            more = self._held[block][within : within + wanted - len(found)]
            if not more:
                break
            found, self._at = found + more, self._at + len(more)
        return found


def _unpacked(data: bytes) -> bytes:
    """Return the beginning of a file, unpacked if it is compressed by gzip."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(data, SAMPLED)
    except zlib.error:
        return b""


def _looked_at(file: FileSpec, name: str, data: bytes) -> Iterator[Finding]:
    """Compare the columns of a table's beginning, and how full they are, with the facts."""
    lines = data.decode("utf-8", "replace").splitlines()[: ROWS + 1]
    if len(lines) <= ROWS and not data.endswith(b"\n"):
        lines = lines[:-1] or lines  # the last may be cut off
    rows = (
        [line.split("\t") for line in lines]
        if file.format == "tsv"
        else list(csv.reader(lines, delimiter=file.delimiter))
    )
    if not rows:
        yield Finding(name, "look", "none of it can be read")
        return
    names, cells = rows[0], [row for row in rows[1:] if len(row) == len(rows[0])]
    if missing := [column for column in (file.key, *file.required) if column not in names]:
        yield Finding(name, "look", f"expected but missing: {', '.join(missing)}")
    if more := [column for column in names if column not in file.columns]:
        yield Finding(name, "look", f"new columns: {', '.join(more)}")
    if not cells:
        yield Finding(name, "look", "no row of it can be read")
        return
    full = {
        column: sum(row[at].strip() not in _EMPTY for row in cells) / len(cells)
        for at, column in enumerate(names)
    }
    shares = ", ".join(f"{column} {share:.0%}" for column, share in full.items() if column in file.columns)
    yield Finding(name, "ok", f"filled, of the first {plural(len(cells), 'row', 'rows')}: {shares}")
    if emptier := [
        f"{column} {full[column]:.0%} (at least {least:.0%})"
        for column, least in file.filled.items()
        if column in full and full[column] < least
    ]:
        yield Finding(name, "look", f"emptier than expected: {', '.join(emptier)}")
    keys = [row[names.index(file.key)].strip() for row in cells] if file.key in names else []
    if strange := [key for key in keys if re.fullmatch(file.key_pattern, key) is None]:
        yield Finding(
            name,
            "look",
            f"{len(strange):,} of {len(keys):,} rows have a {file.key} that is not a valid key ({strange[0][:40]!r})",
        )


def needs_of(key: str, spec: SourceSpec) -> tuple[str, str]:
    """Return briefly what a source needs, and how to provide it; `key`: the key that is set, if any."""
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
