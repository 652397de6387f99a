"""Finds the source of each of a user's files, in files, zips and folders, and stores the mapping of a user's own
list.
"""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from moviec.catalog.connect import connect
from moviec.catalog.ledger import matched_films
from moviec.cli.console import fail
from moviec.config import Home
from moviec.errors import MovieCError, PayloadError, UsageError
from moviec.reading.layouts import ALIASES, MORE_ALIASES, Layout
from moviec.reading.table_start import is_video
from moviec.sources.own_mapping import keep_mapping
from moviec.sources.recognise import Recognised, recognise_file
from moviec.sources.registry import find_sources
from moviec.storage.archives import unpack


class OwnLists(msgspec.Struct, frozen=True):
    """Where mappings of own lists are stored, the columns that the user named, and whether to overwrite the
    mappings.
    """

    place: Home
    columns: dict[str, str]
    overwrite: bool


def fields_of(text: str) -> dict[str, str]:
    """Read title=Name,year=Jahr; raises UsageError for another form."""
    known = [*ALIASES, *MORE_ALIASES]
    found = {}
    for part in filter(None, map(str.strip, text.split(","))):
        field, equals, column = part.partition("=")
        if not equals or not column:
            raise UsageError(f"'{part}' is not FIELD=COLUMN", "--columns", "as in title=Name,year=Jahr")
        if field not in known:
            raise UsageError(f"no field '{field}'", "--columns", f"the fields are {', '.join(known)}")
        found[field] = column
    return found


#: Folders of a Letterboxd export with deleted entries.
_TAKEN_AWAY = ("deleted", "orphaned")


#: Files deeper in a folder than this are ignored.
_DEEPEST = 4


def _inside(path: Path, work: Path, place: Home) -> list[tuple[Path, str]]:
    """Return the files in a file, a zip or a folder, each with its name in there."""
    if path.is_dir():
        found = [
            file
            for file in sorted(path.rglob("*"))
            if file.is_file()
            and len(file.relative_to(path).parts) <= _DEEPEST
            and not file.name.startswith(".")
        ]
        if films := [file for file in found if is_video(file.name)]:
            listing = work / f"{path.resolve().name}.txt"
            listing.write_text("".join(f"{file.relative_to(path)}\n" for file in films), encoding="utf-8")
            return [(listing, listing.name)]
        inside = [(file, str(file.relative_to(path))) for file in found]
    else:
        packed = work / "packed"
        packed.mkdir()
        plain = unpack(path, packed, place.settings.bounds, apart=True)
        inside = [
            (file, str(file.relative_to(packed)) if packed in file.parents else file.name) for file in plain
        ]
    return [(file, name) for file, name in inside if Path(name).parts[0] not in _TAKEN_AWAY]


def _short(error: MovieCError) -> str:
    """Return what is wrong with one of several files; its columns are only listed if it is the only one."""
    return error.what.partition(" among ")[0]


class _Found(msgspec.Struct, frozen=True):
    """What each examined file is, the path where it was found, and the file."""

    known: list[tuple[Path, Path, Recognised]]

    def deliveries_in(self, path: Path) -> list[str]:
        """Return the built-in sources whose film files are in a folder or a zip."""
        built_in = find_sources(None)
        names = {
            what.source for at, _, what in self.known if at == path and not what.role and not what.layout
        }
        return sorted(names & {*built_in})

    def goes_with_one(self, path: Path, file: Path, what: Recognised) -> bool:
        """Return whether the film list that a file belongs to is present: in its folder, or named with it."""
        return any(
            other.source == what.source and not other.role and (at != path or films.parent == file.parent)
            for at, films, other in self.known
        )

    def in_whole(self, path: Path, what: Recognised) -> bool:
        """Return whether a file is ingested with the zip that it is in."""
        return not path.is_dir() and any(
            at == path and other.source == what.source and not other.role and other.layout is None
            for at, _, other in self.known
        )


def _keep(what: Recognised, layout: Layout, file: str, own: OwnLists) -> None:
    """Store the mapping of a list, and print where it is, the scale of its ratings, and why it is private or not."""
    path = keep_mapping(layout, own.place.folder, own.overwrite, own.columns)
    print(f"{file}: its mapping is in {path}", file=sys.stderr)
    facts = tomllib.loads(path.read_text("utf-8"))
    for name, scale in facts.get("raters", {}).items():
        if name in (layout.name, "me"):
            print(
                f"{file}: rating: {scale['lowest']:g} to {scale['highest']:g}, higher is better; change it in {path},"
                f" [raters.{name}]",
                file=sys.stderr,
            )
    is_private = facts.get("private", False)
    why = what.why if is_private == layout.private else "its mapping says so"
    print(f"{file}: {'private' if is_private else 'public'}, since {why}", file=sys.stderr)


def recognised(paths: list[Path], work: Path, own: OwnLists) -> list[dict[str, list[str]]]:
    """Return which source each file is of, in rounds of one delivery for each source; mappings of own lists are
    stored.
    """
    known: list[tuple[Path, Path, Recognised]] = []
    several = len(paths) > 1
    for number, path in enumerate(paths):
        room = work / f"room-{number}"
        room.mkdir()
        files = _inside(path, room, own.place)
        for place, (file, name) in enumerate(files):
            (look := room / f"look-{place}").mkdir()
            try:
                what = recognise_file(
                    file, look, None if own.overwrite else own.place.folder, own.columns, name
                )
                known.append((path, file, what))
            except MovieCError as error:
                if len(files) == 1 and not several and not path.is_dir():
                    raise
                fail(f"{name} is left out: {_short(error)}")
    rounds: list[dict[str, list[str]]] = [{}]
    found = _Found(known)
    for path, file, what in sorted(known, key=lambda file: bool(file[2].role)):
        if what.guessed and (beside := found.deliveries_in(path)):
            fail(
                f"{file.name} is left out: it is not a file of {', '.join(beside)}, whose files it is with;"
                " if it is a list of your own, ingest it by itself"
            )
            continue
        if what.role and not found.goes_with_one(path, file, what):
            fail(
                f"{file.name} is left out: it is {what.source}'s {what.role}, and the list of films that it belongs to is not"
                f" there; `moviec ingest {what.source} {file.name}` adds it to films ingested before"
            )
            continue
        print(f"{file.name}: {what}", file=sys.stderr)
        if what.layout:
            _keep(what, what.layout, file.name, own)
        if what.role and found.in_whole(path, what):
            continue
        whole = what.layout is None and not what.role and not path.is_dir()
        _add(rounds, what, str(path if whole else file))
    if not rounds[0]:
        raise PayloadError(
            "no file in it is a list of films that MovieC knows", ", ".join(path.name for path in paths)
        )
    return rounds


def _add(rounds: list[dict[str, list[str]]], what: Recognised, file: str) -> None:
    """Add a file to the first round without a list of its source; files that belong to a list, and a source's own
    files, to the first.
    """
    if what.layout is None:
        some = rounds[0].setdefault(what.source, [])
        if file not in some:
            some.append(file)
        return
    for round_ in rounds:
        if what.source not in round_:
            round_[what.source] = [file]
            return
    rounds.append({what.source: [file]})


def list_summaries(place: Home, names: Iterable[str]) -> Iterator[str]:
    """Yield for each own list whether it is private, how many of its films are matched, and how to change that."""
    built_in = find_sources(None)
    sources = find_sources(place.folder)
    private = [name for name, source in sources.items() if source.spec.private]
    catalogue = connect(place.catalogue)
    try:
        with catalogue.connect() as connection:
            for name in names:
                if name in built_in or name not in sources:
                    continue
                films, matched, key = matched_films(connection, name, private)
                shown = f"; `moviec show {shlex.quote(f'{name}:{key}')}`" if key else ""
                is_private = sources[name].spec.private
                yield (
                    f"{name} is {'private' if is_private else 'public'}: {matched:,} of {films:,} matched{shown};"
                    f" private = {str(not is_private).lower()} in {place.folder / 'sources' / name / 'source.toml'} and"
                    f" `moviec rebuild` {'publish it' if is_private else 'keep it to yourself'}"
                )
    finally:
        catalogue.dispose()
