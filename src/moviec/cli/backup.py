"""`moviec backup` and `restore`: everything that is stored, kept elsewhere and put back."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.cli.console import end_with, print_json, print_table, steps
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.pipeline.backup import Backup, backups
from moviec.pipeline.backup import backup as write_backup
from moviec.pipeline.backup import restore as put_back
from moviec.pipeline.workshop import workshop
from moviec.units import plural
from moviec.work import work_folder

PlaceArgument = Annotated[
    str, typer.Argument(metavar="DIR", help="A folder or URL (s3://…), for this home alone.")
]


def backup(
    place: PlaceArgument,
    keep: Annotated[
        int, typer.Option(min=0, help="Remove all but so many of the newest; 0 removes none.")
    ] = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read what is there already, and copy again what is damaged.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write all that is stored to a place elsewhere, as it stands at one moment, while others work.

    Files of the lake that are there already are not copied again. Exit status 3: files of the lake are missing or
    damaged; the rest is backed up.
    """
    with workshop(open_home(home)) as shop, steps(quiet=as_json) as tell:
        done = write_backup(shop, place, keep, verify, tell)
    if as_json:
        print_json(done)
    else:
        print(
            f"{done.name}: {plural(done.manifest.tables['documents'].rows, 'film', 'films')}, up to change {done.manifest.last_change};"
            f" {plural(len(done.manifest.files), 'file', 'files')} of the lake,"
            f" {done.copied:,} of them new ({done.bytes:,} bytes)"
        )
    lost = done.manifest.missing
    shown = ", ".join(lost[:5]) + (", …" if len(lost) > 5 else "")
    end_with([f"not backed up, missing or damaged in the lake: {shown}; see `moviec doctor`"] if lost else [])


def restore(
    place: PlaceArgument,
    at: Annotated[str, typer.Option(help="Which backup: how its name begins; the newest unless told.")] = "",
    only_list: Annotated[
        bool, typer.Option("--list", help="List the backups there, and put nothing back.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put a backup back into an empty home, or beside the lake it was made of.

    Exit status 3: the lake holds more than the backup knows; `moviec rebuild --from-lake` brings the catalogue up to it.
    """
    chosen = open_home(home)
    with work_folder() as work, steps(quiet=as_json) as tell:
        found = backups(chosen, place, work, at) if only_list else []
        done = None if only_list else put_back(chosen, place, at, work, tell)
    if done is None:
        _print_list(place, found, as_json)
        return
    if as_json:
        print_json(done)
    else:
        print(
            f"{done.name} is back: {plural(done.rows['documents'], 'film', 'films')}, up to change {done.manifest.last_change};"
            f" {plural(done.files, 'file', 'files')} of the lake written. Settings and own sources, if there were any,"
            f" are in {place}/backups/{done.name}/home"
        )
    newer = (
        "the lake is newer than this backup; run `moviec rebuild --from-lake` to bring the catalogue up to it"
    )
    lost = f"{plural(len(done.manifest.missing), 'file was', 'files were')} missing when the backup was made; see `moviec doctor`"
    end_with([*([newer] if done.is_older else []), *([lost] if done.manifest.missing else [])])


def _print_list(place: str, found: list[Backup], as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    rows = [
        (
            one.name,
            f"{one.manifest.tables['documents'].rows:,}",
            f"{one.manifest.last_change:,}",
            one.manifest.moviec,
        )
        for one in found
    ]
    print_table(f"Backups in {place}", ("name", "films", "last change", "moviec"), rows)
