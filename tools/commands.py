"""The page of all commands, made from the command line itself: python -m tools.commands docs/commands.md."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from typer.main import get_command

from moviec.cli import build

HEADING = """# Commands

Every command with its options, made from the command line itself by `make docs`; `moviec COMMAND --help` says the same. What they
are for stands in the other pages; [start](index.md) says where to begin.

Exit status of every command: 0 done, 1 failed, 2 wrong usage, 3 finished but something needs a look, 130 stopped by Ctrl-C
or SIGTERM. `--debug` before the command shows the traceback of an error. `--help` is an option of each and left out below.
"""


def commands() -> str:
    """Write the page."""
    return "\n".join([HEADING, *_lines()])


def _lines() -> Iterator[str]:
    for name, command in sorted(get_command(build(())).commands.items()):  # type: ignore[attr-defined]
        yield from _command(f"moviec {name}", command)


def _command(name: str, command: Any) -> Iterator[str]:
    inside = getattr(command, "commands", {})
    words = [_argument(param) for param in command.params if param.param_type_name == "argument"]
    yield f"## {name}\n" if name.count(" ") == 1 else f"### {name}\n"
    yield f"`{' '.join([name, *words, '[COMMAND]' if inside else '']).strip()}`\n"
    yield inspect.cleandoc(command.help or "").replace("\n\n", "\n") + "\n"
    rows = [row for param in command.params if (row := _row(param))]
    if rows:
        yield from ("| option | default | |", "|---|---|---|", *rows, "")
    for below, one in sorted(inside.items()):
        yield from _command(f"{name} {below}", one)


def _argument(param: Any) -> str:
    told = param.metavar or param.name.upper()
    return told if param.required or told.startswith("[") else f"[{told}]"


def _row(param: Any) -> str:
    if param.param_type_name == "argument":
        return f"| `{_argument(param)}` | | {param.help} |" if getattr(param, "help", None) else ""
    names = " / ".join(f"`{name}`" for name in [*param.opts, *param.secondary_opts])
    plain = param.default is None or param.default is False or callable(param.default) or param.default == ()
    default = "" if plain else f"`{getattr(param.default, 'value', param.default)}`"
    kind = param.type_descriptor.annotation
    is_choice = isinstance(kind, type) and issubclass(kind, Enum)
    among = f" One of {', '.join(str(each.value) for each in kind)}." if is_choice else ""
    return f"| {names} | {default} | {_cell(param.help or '')}{among} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(commands(), "utf-8")
