"""Which source each of a person's files is of: files, zips and folders examined, the mapping of a list of one's own kept."""

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
    """Where the mappings of lists of one's own are kept, which column was said to be what, and whether they are made anew."""

    place: Home
    columns: dict[str, str]
    anew: bool


def fields_of(text: str) -> dict[str, str]:
    """Read title=Name,year=Jahr; raises UsageError where that is not its form."""
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


#: Folders of a Letterboxd export with what its owner took away.
_TAKEN_AWAY = ("deleted", "orphaned")


#: Files deeper in a folder than this are not looked for.
_DEEPEST = 4


def _inside(path: Path, work: Path, place: Home) -> list[tuple[Path, str]]:
    """Return the files in a file, a zip or a folder, each with its name as it stands in there."""
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
    """Return what is wrong with one of several files; which columns it has is told where it is alone."""
    return error.what.partition(" among ")[0]


class _Found(msgspec.Struct, frozen=True):
    """What each examined file is, with the path where it was found, and itself."""

    known: list[tuple[Path, Path, Recognised]]

    def deliveries_in(self, path: Path) -> list[str]:
        """Return the built-in sources whose films are in a folder or a zip."""
        built_in = find_sources(None)
        names = {
            what.source for at, _, what in self.known if at == path and not what.role and not what.layout
        }
        return sorted(names & {*built_in})

    def goes_with_one(self, path: Path, file: Path, what: Recognised) -> bool:
        """Return whether the films that a file goes with are there: in its folder, or named beside it."""
        return any(
            other.source == what.source and not other.role and (at != path or films.parent == file.parent)
            for at, films, other in self.known
        )

    def in_whole(self, path: Path, what: Recognised) -> bool:
        """Return whether a file is taken in with the zip that it is in."""
        return not path.is_dir() and any(
            at == path and other.source == what.source and not other.role and other.layout is None
            for at, _, other in self.known
        )


def _keep(what: Recognised, layout: Layout, file: str, own: OwnLists) -> None:
    """Keep the mapping of a list, and say where it is, on which scale its ratings are, and why it is private or is not."""
    path = keep_mapping(layout, own.place.folder, own.anew, own.columns)
    print(f"{file}: its mapping is kept in {path}", file=sys.stderr)
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
    """Return which source each file is of, in rounds of one delivery for each source; the mapping of a list of one's own is kept."""
    known: list[tuple[Path, Path, Recognised]] = []
    several = len(paths) > 1
    for number, path in enumerate(paths):
        room = work / f"room-{number}"
        room.mkdir()
        files = _inside(path, room, own.place)
        for place, (file, name) in enumerate(files):
            (look := room / f"look-{place}").mkdir()
            try:
                what = recognise_file(file, look, None if own.anew else own.place.folder, own.columns, name)
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
                f"{file.name} is left out: it is no file of {', '.join(beside)}, which it stands beside;"
                " if it is a list of your own, ingest it by itself"
            )
            continue
        if what.role and not found.goes_with_one(path, file, what):
            fail(
                f"{file.name} is left out: it is {what.source}'s {what.role}, and the list of films that it goes with is not"
                f" there; `moviec ingest {what.source} {file.name}` adds it to films that came before"
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
    """Add a file to the first round without a list of its source; what goes with a list, and a source's own files, to the first."""
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


def told_lists(place: Home, names: Iterable[str]) -> Iterator[str]:
    """Say of each list of one's own whether it is private, how many of its films are matched, and how that is changed."""
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
