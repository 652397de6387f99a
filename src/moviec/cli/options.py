"""Where a command's files go: none may take the place of another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from moviec.config import Running
from moviec.errors import UsageError
from moviec.units import FIRST_FILM

#: Where the names are the kernel's: `/dev/stdout` may well lead to a regular file.
SYSTEM = ("/dev/", "/proc/", "/sys/")


def check_places(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Raise UsageError where a file that is written would take the place of one that is read, or of another, or of what is no
    file (a device, a pipe, a folder); None: no file.

    Links are followed, and two spellings of one path are one place.
    """
    taken = {path.resolve() for path in read if path is not None}
    for path in written:
        if path is None:
            continue
        place = path.parent.resolve() / path.name
        if (path.exists() and not path.is_file()) or str(place).startswith(SYSTEM):
            raise UsageError("this is no file that could be written anew", str(path), "give it another name")
        if path.resolve() in taken:
            raise UsageError(
                "would take the place of another file of this run", str(path), "give it another name"
            )
        taken.add(path.resolve())


class EngineName(StrEnum):
    """The engines that set-level work runs on."""

    duckdb = "duckdb"
    spark = "spark"


EngineOption = Annotated[
    EngineName, typer.Option(help="Where everything is worked out: in this process, or on a Spark cluster.")
]
MasterOption = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Of --engine spark: local[2], spark://HOST:7077, yarn, k8s://…; else as Spark is set.",
    ),
]


def running_on(engine: EngineName, master: str) -> Running:
    """Return where a run works. Raises UsageError for a master without its engine."""
    if master and engine is not EngineName.spark:
        raise UsageError("goes with --engine spark", "--master")
    return Running(engine is EngineName.spark, master)


HomeOption = Annotated[Path | None, typer.Option("--home", help="The home folder (else MOVIEC_HOME).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def called_alone(context: typer.Context, home: Path | None, as_json: bool) -> bool:
    """Say whether a group was called without one of its commands.

    Its own options are for that alone: raises UsageError where a command follows them, which would not hear of them.
    """
    command = context.invoked_subcommand
    given = [name for name, value in (("--home", home), ("--json", as_json)) if value]
    if command and given:
        place = f"moviec {context.info_name} {command}"
        raise UsageError("goes behind the command", ", ".join(given), f"write {place} … {given[0]}")
    return command is None


def exclude(given: Mapping[str, object]) -> None:
    """Raise UsageError where more than one of some options, by name, is given (not None, False or empty)."""
    several = [name for name, value in given.items() if value not in (None, False, "")]
    if len(several) > 1:
        raise UsageError("give one of them", ", ".join(several))


def check_delivered(day: dt.date) -> None:
    """Raise UsageError for a day on which no delivery can have come: after today, in UTC and here, or before the first film."""
    today = max(dt.datetime.now(dt.UTC).date(), dt.datetime.now().astimezone().date())
    if day > today:
        raise UsageError(f"{day} is still to come", "--delivered-at", "give the day on which the files came")
    if day.year < FIRST_FILM:
        raise UsageError(
            f"{day} is before the first film", "--delivered-at", "give the day on which the files came"
        )
