"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from moviec.errors import UsageError

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
