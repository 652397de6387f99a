"""Which source each of a person's files is of: files, zips and folders looked at, the mapping of a list of one's own kept."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from moviec.cli.console import fail
from moviec.config import Home
from moviec.errors import MovieCError, PayloadError, UsageError
from moviec.reading.table_start import is_video
from moviec.reading.usual_names import ALIASES, MORE_ALIASES
from moviec.sources.recognise import Recognised, keep_mapping, recognise_file
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
                known.append((path, file, recognise_file(file, look, own.place.folder, own.columns, name)))
            except MovieCError as error:
                if len(files) == 1 and not several and not path.is_dir():
                    raise
                fail(f"{name} is left out: {error}")
    films = {what.source for _, _, what in known if not what.role}
    rounds: list[dict[str, list[str]]] = [{}]
    for path, file, what in sorted(known, key=lambda each: bool(each[2].role)):
        print(f"{file.name}: {what}", file=sys.stderr)
        if what.role and what.source not in films:
            fail(f"{file.name} is left out: the list of films that it goes with is not there")
            continue
        if what.layout:
            kept = keep_mapping(what.layout, own.place.folder, own.anew)
            print(f"{file.name}: its mapping is kept in {kept}", file=sys.stderr)
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
