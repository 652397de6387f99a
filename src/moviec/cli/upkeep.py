"""`moviec backup`, `restore`, `migrate` and `tidy`: maintain a home."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from moviec.catalog.connect import connect, shown
from moviec.catalog.upgrades import Upgrade, rehearse, upgrade_of
from moviec.cli.console import HomeOption, JsonOption, end_with, print_json, print_table, steps
from moviec.config import open_home
from moviec.home.backup import Backup, Restored, backups
from moviec.home.backup import backup as write_backup
from moviec.home.backup import restore as put_back
from moviec.jobs.retention import tidy as run_tidy
from moviec.pipeline.opening import open_run
from moviec.units import plural
from moviec.work import work_folder

PlaceArgument = Annotated[
    str, typer.Argument(metavar="DIR", help="A folder or URL (s3://…), for this home only.")
]


def backup(
    place: PlaceArgument,
    keep: Annotated[int, typer.Option(min=0, help="Keep only this many of the newest; 0 keeps all.")] = 0,
    verify: Annotated[
        bool, typer.Option("--verify", help="Check what is there already, and copy damaged files again.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Back up everything to another place, as of one moment, while others work.

    Files of the lake that are there already are not copied again. Exit status 3: files of the lake are missing or
    damaged; the rest is backed up.
    """
    with open_run(open_home(home)) as context, steps(quiet=as_json) as tell:
        done = write_backup(context, place, keep, verify, tell)
    if as_json:
        print_json(_summary(done))
    else:
        print(
            f"{done.name}: {plural(done.films, 'film', 'films')}, up to change {done.manifest.last_change};"
            f" {plural(len(done.manifest.files), 'file', 'files')} of the lake,"
            f" {done.copied:,} of them new ({done.bytes:,} bytes)"
        )
    lost = done.manifest.missing
    said = f"not backed up, missing or damaged in the lake: {_some(lost)}; see `moviec doctor`"
    end_with([said] if lost else [])


def restore(
    place: Annotated[str, typer.Argument(metavar="DIR", help="The folder or URL given to `moviec backup`.")],
    at: Annotated[
        str, typer.Option(help="Which backup: the beginning of its name; default: the newest.")
    ] = "",
    only_list: Annotated[
        bool, typer.Option("--list", help="List the backups there, without restoring.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Restore a backup into an empty home, or next to the lake it was made from.

    Exit status 3: the lake holds more than the backup knows, and `moviec rebuild --from-lake` updates the catalogue to
    it; or files of the lake were damaged in the backup, or missing when it was made.
    """
    if only_list:
        _list(place, at, home, as_json)
        return
    with work_folder() as work, steps(quiet=as_json) as tell:
        done = put_back(open_home(home), place, at, work, tell)
    if as_json:
        print_json(
            {
                **_summary(Backup(done.name, done.manifest)),
                "written": done.files,
                "damaged": done.damaged,
                "is_older": done.is_older,
            }
        )
    else:
        kept = ", ".join(done.manifest.home)
        print(
            f"{done.name} is restored: {plural(done.rows['documents'], 'film', 'films')}, up to change {done.manifest.last_change};"
            f" {plural(done.files, 'file', 'files')} of the lake written."
            + (f" To be restored by hand, from {place}/backups/{done.name}/home: {kept}" if kept else "")
        )
    end_with(_looks(done))


def _looks(done: Restored) -> list[str]:
    """Report what a restored home lacks."""
    looks = []
    if done.damaged:
        looks.append(f"damaged in the backup, and not restored: {_some(done.damaged)}; see `moviec doctor`")
    if done.manifest.missing:
        looks.append(f"missing when the backup was made: {_some(done.manifest.missing)}; see `moviec doctor`")
    if done.is_older:
        looks.append(
            "the lake is newer than this backup; run `moviec rebuild --from-lake` to update the catalogue to it"
        )
    return looks


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")


def _summary(one: Backup) -> dict[str, object]:
    """Return a backup's manifest as figures: rows of tables, how many files."""
    manifest = one.manifest
    return {
        "name": one.name,
        "made_at": manifest.made_at,
        "moviec": manifest.moviec,
        "schema": manifest.schema,
        "lake": manifest.lake,
        "films": one.films,
        "last_change": manifest.last_change,
        "rows": {name: table.rows for name, table in manifest.tables.items()},
        "files": len(manifest.files),
        "copied": one.copied,
        "bytes": one.bytes,
        "missing": manifest.missing,
    }


def _list(place: str, at: str, home: Path | None, as_json: bool) -> None:
    """Print the backups in a place; ends with status 3 where a manifest cannot be read."""
    with work_folder() as work:
        found = backups(open_home(home, make=False), place, work, at)
    if as_json:
        print_json({"backups": [_summary(one) for one in found.backups], "unreadable": found.unreadable})
    else:
        rows = [
            (one.name, f"{one.films:,}", f"{one.manifest.last_change:,}", one.manifest.moviec)
            for one in found.backups
        ]
        print_table(f"Backups in {place}", ("name", "films", "last change", "moviec"), rows)
    end_with([f"the manifest of {name} is damaged: it cannot be restored" for name in found.unreadable])


def migrate(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Run the steps on the data itself, and roll them back.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Migrate the catalogue's schema to this version. Any command does it by itself; this one shows the steps.

    Migrations only go forward: make a backup first (`moviec backup DIR`).
    """
    place = open_home(home)
    planned = rehearse(place.catalogue) if dry_run else upgrade_of(place.catalogue)
    if not dry_run:
        connect(place.catalogue).dispose()
    if as_json:
        print_json(planned)
    else:
        _tell(planned, shown(place.catalogue), dry_run)


def _tell(planned: Upgrade, catalogue: str, dry_run: bool) -> None:
    if not planned.steps:
        print(f"{catalogue} is at {planned.at}, the newest")
        return
    begun = planned.at or "nothing"
    done = "would go" if dry_run else "went"
    print(f"{catalogue} {done} from {begun} to {planned.newest}")
    print_table(
        "Steps", ("number", "what"), [(step.number, step.title.rstrip(".")) for step in planned.steps]
    )
    if planned.tables:
        print_table("Tables", ("table", "change"), list(planned.tables.items()))
    if planned.seconds:
        count = plural(len(planned.steps), "step", "steps")
        print(f"{count} run and rolled back in {planned.seconds:,.1f} s; nothing was changed")


def tidy(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Merge many batches into one, and remove raw payloads and records of runs that the settings no longer keep.

    Nothing that a live record needs is removed. The worker does this once a day.
    """
    place = open_home(home)
    with steps(quiet=as_json) as tell, open_run(place, alone=True, tell=tell) as context:
        done = run_tidy(context, dt.datetime.now(dt.UTC), tell)
    if as_json:
        print_json(done)
        return
    for source, count in done.compacted.items():
        print(f"{source}: {plural(count, 'batch', 'batches')} made one")
    print(f"removed: {done.payloads:,} payloads ({done.bytes:,} bytes), the record of {done.runs:,} runs")
