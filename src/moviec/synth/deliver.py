"""Deliveries of all six providers from one stream of films, with the truth and what was planted beside them.

kaggle/ imdb/ movielens/ rottentomatoes/ wikipedia/ festival/   the deliveries
films.jsonl     every film as it is (Film)
truth.csv       movie,source,key: which records are which film, for every row that can be read
faults.csv      movie,source,fault: on which films faults fell
planted.json    rows by file, and faults by kind (Planted)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from itertools import chain, islice
from pathlib import Path

import msgspec

from moviec.errors import StoreError, UsageError
from moviec.synth.blocks import BLOCK, Block, Part, invented, note, rendered
from moviec.synth.film import Film
from moviec.synth.provider import DeliveryFile, FileFormat, Memory, Provider, Row
from moviec.synth.settings import EFFECTS, Settings, memories, providers, settings_for
from moviec.synth.writers.imdb import BASICS, IMDb
from moviec.synth.writers.table import MAPPING, Festival, mapping

_STEP = 10_000


class FileRows(msgspec.Struct, frozen=True):
    """What a reader should make of a file: `written` = `kept` + `merged` + `skipped` + `rejected`, as rows.

    A record torn by a line break is one row. `repaired` ones are among the kept.
    """

    written: int
    kept: int
    merged: int = 0
    skipped: int = 0
    rejected: int = 0
    repaired: int = 0


class Planted(msgspec.Struct, frozen=True):
    """What the deliveries hold: films, records and rows by provider and file, faults by provider and kind."""

    films: int
    records: dict[str, int]
    files: dict[str, dict[str, FileRows]]
    faults: dict[str, dict[str, int]]


class _Outlet:
    """A provider's open files, what they hold of the films so far, and what was planted in them."""

    def __init__(self, provider: Provider, memory: Memory | None, folder: Path, stack: ExitStack) -> None:
        self.provider, self.memory = provider, memory
        self.files = {format.name: _opened(folder, format, stack) for format in provider.files}
        self.faults = Counter[str]()
        self.records = 0

    def take(self, part: Part) -> None:
        """Write the provider's part of a block, and settle in it what depends on the films before."""
        for name, piece in part.pieces.items():
            self.files[name].append(piece.data, piece.rows)
        if self.memory:
            rows: list[Row] = []
            for number, rendering in part.unsettled.items():
                if settled := self.memory.settle(number, rendering):
                    rows += settled.rows[self.memory.file]
                    note(number, settled, part)
            self.files[self.memory.file].write(rows)
        self.faults.update(chain.from_iterable(part.planted.values()))
        self.records += len(part.keys)

    def rows(self) -> dict[str, FileRows]:
        """Count the rows of each file; faults that change a row's fate stand in the main file, the first."""
        plain = {name: FileRows(file.rows, file.rows) for name, file in self.files.items()}
        main = self.provider.files[0].name
        fates = Counter[str]()
        for fault, count in self.faults.items():
            if fault in EFFECTS:
                fates[EFFECTS[fault]] += count
        written = plain[main].written
        kept = written - fates["merged"] - fates["skipped"] - fates["rejected"]
        return plain | {main: FileRows(written, kept, **fates)}


def deliver(films: Iterable[Film], folder: Path, settings: Settings) -> Planted:
    """Write the deliveries of these films in one pass over them, and what was planted.

    Raises StoreError where the folder cannot be written.
    """
    return _deliver((rendered(block, settings) for block in _blocks(films)), folder, settings)


def _blocks(films: Iterable[Film]) -> Iterator[list[Film]]:
    more = iter(films)
    while block := list(islice(more, BLOCK)):
        yield block


def _deliver(blocks: Iterable[Block], folder: Path, settings: Settings) -> Planted:
    """Put the blocks together in order, and write what was planted."""
    try:
        with ExitStack() as stack:
            earlier = memories(settings)
            outlets = [
                _Outlet(provider, earlier.get(provider.name), folder / provider.name, stack)
                for provider in providers(settings)
            ]
            count = _write(blocks, outlets, [_opened(folder, format, stack) for format in _NOTES])
        planted = Planted(
            count,
            {outlet.provider.name: outlet.records for outlet in outlets},
            {outlet.provider.name: outlet.rows() for outlet in outlets},
            {outlet.provider.name: dict(sorted(outlet.faults.items())) for outlet in outlets},
        )
        (folder / Festival.name / MAPPING).write_text(mapping(), encoding="utf-8")
        _note(planted, folder)
    except OSError as error:
        raise StoreError(
            f"cannot be written ({error.strerror})", str(folder), "give another folder"
        ) from error
    return planted


def invent_deliveries(
    folder: Path,
    movies: int,
    seed: int,
    tell: Callable[[str], None] = lambda _: None,
    other_titles: int = 0,
) -> Planted:
    """Invent so many films and write their deliveries, IMDb's with `other_titles` that are no films; `tell` hears how far it is.

    Raises UsageError for less than one film, and StoreError where the folder cannot be written.
    """
    if movies < 1:
        raise UsageError(f"{movies} is no number of movies", "--movies", "ask for 1 or more")
    if other_titles:
        # Loads an engine, which films do without.
        from moviec.synth.other_titles import MOST_TITLES, add_other_titles

        if not 0 < other_titles <= MOST_TITLES:
            raise UsageError(
                f"{other_titles} is no number of other titles",
                "--other-titles",
                f"ask for 0 to {MOST_TITLES:,}",
            )
    settings = settings_for(movies, seed)
    with closing(invented(movies, settings)) as blocks:
        planted = _deliver(_told(blocks, movies, tell), folder, settings)
    if other_titles:
        more = add_other_titles(folder / IMDb.name, movies, other_titles, seed, tell)
        planted = _with_other_titles(planted, more)
        _note(planted, folder)
    return planted


def _note(planted: Planted, folder: Path) -> None:
    (folder / "planted.json").write_bytes(msgspec.json.format(msgspec.json.encode(planted)) + b"\n")


def _with_other_titles(planted: Planted, more: Mapping[str, int]) -> Planted:
    """Count titles that are no films: a reader skips them, and keeps what the other files say of them to itself."""
    files = {}
    for name, rows in planted.files[IMDb.name].items():
        fate = "skipped" if name == BASICS else "kept"
        changed = {"written": rows.written + more[name], fate: getattr(rows, fate) + more[name]}
        files[name] = msgspec.structs.replace(rows, **changed)
    return msgspec.structs.replace(planted, files=planted.files | {IMDb.name: files})


_NOTES = (
    FileFormat("films.jsonl", "jsonl"),
    FileFormat("truth.csv", "csv", ("movie", "source", "key")),
    FileFormat("faults.csv", "csv", ("movie", "source", "fault")),
)


def _write(blocks: Iterable[Block], outlets: list[_Outlet], notes: list[DeliveryFile]) -> int:
    """Give every outlet its part of each block, and note the truth; counts the films."""
    whole, truth, faults = notes
    for block in blocks:
        whole.append(block.films.data, block.films.rows)
        for outlet, part in zip(outlets, block.parts, strict=True):
            outlet.take(part)
        keys = [(outlet.provider.name, part.keys) for outlet, part in zip(outlets, block.parts, strict=True)]
        planted = [
            (outlet.provider.name, part.planted) for outlet, part in zip(outlets, block.parts, strict=True)
        ]
        truth.write([(str(n), name, at[n]) for n in block.numbers for name, at in keys if n in at])
        faults.write(
            [(str(n), name, fault) for n in block.numbers for name, at in planted for fault in at.get(n, ())]
        )
    return whole.rows


def _opened(folder: Path, format: FileFormat, stack: ExitStack) -> DeliveryFile:
    return stack.enter_context(closing(DeliveryFile(folder, format)))


def _told(blocks: Iterable[Block], movies: int, tell: Callable[[str], None]) -> Iterator[Block]:
    """Pass blocks on, saying how far it is."""
    for block in blocks:
        yield block
        if (written := block.numbers[-1]) % _STEP == 0:
            tell(f"{written:,} of {movies:,} films written")
