"""What the commands share: options, progress, errors, tables, JSON."""

from __future__ import annotations

import datetime as dt
import getpass
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from moviec.config import Running
from moviec.errors import UsageError
from moviec.units import FIRST_FILM

if TYPE_CHECKING:
    from rich.console import Console

#: Folders of the kernel: `/dev/stdout` may be a link to a regular file.
SYSTEM = ("/dev/", "/proc/", "/sys/")


def check_places(read: Iterable[Path | None], written: Iterable[Path | None]) -> None:
    """Raise UsageError where an output file would overwrite an input, another output, or something that is not a file
    (a device, a pipe, a folder); None: no file.

    Links are followed, and two spellings of one path are one place.
    """
    taken = {path.resolve() for path in read if path is not None}
    for path in written:
        if path is None:
            continue
        place = path.parent.resolve() / path.name
        if (path.exists() and not path.is_file()) or str(place).startswith(SYSTEM):
            raise UsageError("this is not a file that can be overwritten", str(path), "give it another name")
        if path.resolve() in taken:
            raise UsageError("would overwrite another file of this run", str(path), "give it another name")
        taken.add(path.resolve())


class EngineName(StrEnum):
    """The engines that set-level work runs on."""

    duckdb = "duckdb"
    spark = "spark"


EngineOption = Annotated[
    EngineName, typer.Option(help="Where to compute: in this process, or on a Spark cluster.")
]
MasterOption = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Of --engine spark: local[2], spark://HOST:7077, yarn, k8s://…; else Spark's own setting.",
    ),
]


def running_on(engine: EngineName, master: str) -> Running:
    """Return where a run works. Raises UsageError for a master without its engine."""
    if master and engine is not EngineName.spark:
        raise UsageError("needs --engine spark", "--master")
    return Running(engine is EngineName.spark, master)


HomeOption = Annotated[Path | None, typer.Option("--home", help="The home folder (else MOVIEC_HOME).")]
ByOption = Annotated[str | None, typer.Option("--by", help="Who decides (default: the user's name).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def decider(by: str | None) -> str:
    """Return the name under which somebody decides: --by, else the user's."""
    if by is not None:
        from moviec.catalog.accounts import plain_name  # most commands do without the catalogue's tables

        return plain_name(by, "--by")
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError) as error:  # a user without an entry, as in some containers
        raise UsageError("the user has no name", "--by", "say who decides with --by") from error


def called_alone(context: typer.Context, home: Path | None, as_json: bool) -> bool:
    """Return whether a group was called without one of its commands.

    Its own options are only for that: raises UsageError where a command follows them, which would ignore them.
    """
    command = context.invoked_subcommand
    given = [name for name, value in (("--home", home), ("--json", as_json)) if value]
    if command and given:
        place = f"moviec {context.info_name} {command}"
        raise UsageError("goes after the command", ", ".join(given), f"write {place} … {given[0]}")
    return command is None


def exclude(given: Mapping[str, object]) -> None:
    """Raise UsageError where more than one of some options, by name, is given (not None, False or empty)."""
    several = [name for name, value in given.items() if value not in (None, False, "")]
    if len(several) > 1:
        raise UsageError("give one of them", ", ".join(several))


def check_delivered(day: dt.date) -> None:
    """Raise UsageError for a day without possible deliveries: after today, in UTC and locally, or before the first
    film.
    """
    today = max(dt.datetime.now(dt.UTC).date(), dt.datetime.now().astimezone().date())
    if day > today:
        raise UsageError(
            f"{day} is in the future", "--delivered-at", "give the day on which the files were delivered"
        )
    if day.year < FIRST_FILM:
        raise UsageError(
            f"{day} is before the first film",
            "--delivered-at",
            "give the day on which the files were delivered",
        )


#: How far long work gives way to servers on the same machine (0 to 19, as `nice` counts): of servers held at 70% of what two cores
#: can do, callers among it, p99 fell from 1.39 to .70 s, and publishing took no longer (bench_load_held.py).
GIVES_WAY = 10

#: Where Linux keeps how far the session of a process gives way (sched(7), autogroups).
SESSION = Path("/proc/self/autogroup")


def give_way() -> None:
    """Let servers on this machine go first: this process takes the time that they leave. Without them nothing changes.

    Linux may share its time out by sessions, and then heeds `nice` only within one: a process that leads its own, such as
    a service, gives way with the session, too.
    """
    with suppress(OSError):  # a sandbox may forbid it: `Nice` and `CPUWeight` stand in deploy/systemd
        if os.getpriority(os.PRIO_PROCESS, 0) < GIVES_WAY:
            os.setpriority(os.PRIO_PROCESS, 0, GIVES_WAY)
    with suppress(OSError):
        if os.getsid(0) == os.getpid() and SESSION.exists():
            SESSION.write_text(str(GIVES_WAY))


Tell = Callable[[str], None]

#: What a cell of a column of numbers looks like: 1,234, 3.50B, 48%, –.
_FIGURE = re.compile("[-–]?[0-9.,]*( ?[KMB%])?")


def fail(message: str) -> None:
    """Print one line to standard error: what, where, what to do."""
    print(f"moviec: {on_one_line(message)}", file=sys.stderr)


def note(message: str) -> None:
    """Print a remark on the answer to standard error, so that scripts can ignore it."""
    print(on_one_line(message), file=sys.stderr)


def on_one_line(text: str) -> str:
    """Return a text with a blank for every unprintable character, such as a line break."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def end_with(looks: Sequence[str]) -> None:
    """Print each line that needs attention, and exit with status 3 if there are any."""
    for look in looks:
        fail(look)
    if looks:
        import typer  # imported here, so that commands that only print do not wait for it

        raise typer.Exit(3)


@contextmanager
def steps(quiet: bool = False) -> Iterator[Tell]:
    """Report the steps of long work: a spinner on a terminal, plain lines elsewhere, nothing when quiet."""
    if quiet:
        yield lambda _: None
    elif sys.stderr.isatty():
        with _console(stderr=True).status("starting") as status:
            yield lambda step: status.update(step)
    else:
        yield lambda step: print(step, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print a value as indented JSON."""
    sys.stdout.write(
        msgspec.json.format(msgspec.json.encode(value, enc_hook=_path), indent=2).decode() + "\n"
    )


def _path(value: Any) -> str:
    """Encode types that JSON lacks: paths."""
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns of numbers are right-aligned."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        figures = all(_FIGURE.fullmatch(row[number]) for row in rows)
        table.add_column(column, justify="right" if figures else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # plain text: [sources.tmdb] is not markup
    console = _console(width=None if sys.stdout.isatty() else 120)
    console.print(title, style="italic", highlight=False, markup=False, soft_wrap=True)
    console.print(table)


def _console(**options: Any) -> Console:
    """Open rich's console: only when needed, as every command would wait for it to load."""
    from rich.console import Console

    return Console(**options)
