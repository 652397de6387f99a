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
from pathlib import Path

import msgspec

from moviec.errors import StoreError, UsageError
from moviec.synth.film import Film
from moviec.synth.invent import invent
from moviec.synth.other_titles import MOST_TITLES, add_other_titles
from moviec.synth.provider import FileFormat, Provider, Rendering, RowFile
from moviec.synth.settings import EFFECTS, Settings, providers, settings_for
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
    """A provider at work: its open files, and what it was given."""

    def __init__(self, provider: Provider, folder: Path, stack: ExitStack) -> None:
        self.provider = provider
        self.files = {format.name: _opened(folder, format, stack) for format in provider.files}
        self.faults = Counter[str]()
        self.records = 0

    def take(self, film: Film) -> Rendering | None:
        """Write what the provider has of the film."""
        if rendering := self.provider.render(film):
            for name, rows in rendering.rows.items():
                self.files[name].write(rows)
            self.faults.update(rendering.planted)
            self.records += rendering.key is not None
        return rendering

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
    try:
        with ExitStack() as stack:
            outlets = [_Outlet(provider, folder / provider.name, stack) for provider in providers(settings)]
            count = _write(films, outlets, [_opened(folder, format, stack) for format in _NOTES])
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
    if not 0 <= other_titles <= MOST_TITLES:
        raise UsageError(
            f"{other_titles} is no number of other titles", "--other-titles", f"ask for 0 to {MOST_TITLES:,}"
        )
    planted = deliver(_told(invent(movies, seed), movies, tell), folder, settings_for(movies, seed))
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


def _write(films: Iterable[Film], outlets: list[_Outlet], notes: list[RowFile]) -> int:
    """Return every film to every outlet, and note the truth; counts the films."""
    whole, truth, faults = notes
    for film in films:
        whole.write([msgspec.json.encode(film).decode() + "\n"])
        number = str(film.number)
        for outlet in outlets:
            if rendering := outlet.take(film):
                name = outlet.provider.name
                if rendering.key is not None:
                    truth.write([[number, name, rendering.key]])
                faults.write([number, name, fault] for fault in rendering.planted)
    return whole.rows


def _opened(folder: Path, format: FileFormat, stack: ExitStack) -> RowFile:
    folder.mkdir(parents=True, exist_ok=True)
    return stack.enter_context(closing(RowFile(folder, format)))


def _told(films: Iterable[Film], movies: int, tell: Callable[[str], None]) -> Iterator[Film]:
    """Pass films on, saying how far it is."""
    for film in films:
        yield film
        if film.number % _STEP == 0:
            tell(f"{film.number:,} of {movies:,} films written")
