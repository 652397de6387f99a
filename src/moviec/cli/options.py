"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HomeOption = Annotated[Path | None, typer.Option("--home", help="The home folder (else MOVIEC_HOME).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
