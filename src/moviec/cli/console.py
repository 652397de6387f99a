"""What the commands share in talking to people: progress, errors, tables, JSON."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from rich.console import Console


Tell = Callable[[str], None]

#: What a cell of a column of numbers looks like: 1,234, 3.50B, 48%, –.
_FIGURE = re.compile("[-–]?[0-9.,]*( ?[KMB%])?")


def fail(message: str) -> None:
    """Print one line to standard error: what, where, what to do."""
    print(f"moviec: {on_one_line(message)}", file=sys.stderr)


def note(message: str) -> None:
    """Print a remark on the answer to standard error, where it is in no script's way."""
    print(on_one_line(message), file=sys.stderr)


def on_one_line(text: str) -> str:
    """Return a text with a blank for every letter that does not print, such as a line break."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def end_with(looks: Sequence[str]) -> None:
    """End with status 3 where something needs a look, a line each."""
    for look in looks:
        fail(look)
    if looks:
        import typer  # here, so that what prints only does not wait for it

        raise typer.Exit(3)


@contextmanager
def steps(quiet: bool = False) -> Iterator[Tell]:
    """Tell the steps of long work: a spinner on a terminal, plain lines elsewhere, nothing when quiet."""
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
    """Write what JSON has no word for: paths."""
    if isinstance(value, Path):
        return str(value)
    raise NotImplementedError(type(value))


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; columns of numbers are set to the right."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        figures = all(_FIGURE.fullmatch(row[number]) for row in rows)
        table.add_column(column, justify="right" if figures else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))  # as it stands: [sources.tmdb] is no markup
    console = _console(width=None if sys.stdout.isatty() else 120)
    console.print(title, style="italic", highlight=False, markup=False, soft_wrap=True)
    console.print(table)


def _console(**options: Any) -> Console:
    """Open rich's console: only where it is needed, since every command would wait for it to load."""
    from rich.console import Console

    return Console(**options)
