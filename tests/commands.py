"""The `moviec` command as tests call it: in this process, for a second less, or as the process that people start."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from moviec.cli import main

Done = subprocess.CompletedProcess[str]


def moviec(*words: str | Path, cwd: Path | None = None) -> Done:
    """Run a command here, from the words to the exit status, and return what a process of it would have left."""
    out, errors = TextIOWrapper(BytesIO(), "utf-8"), TextIOWrapper(BytesIO(), "utf-8")
    command = ["moviec", *map(str, words)]
    status: int | str | None = 0
    with pytest.MonkeyPatch.context() as patched, contextlib.chdir(cwd or Path.cwd()):
        patched.setattr(sys, "argv", command)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            try:
                main()
            except SystemExit as end:
                status = end.code
    return Done(command, int(status or 0), _text(out), _text(errors))


def started(*words: str | Path, cwd: Path | None = None) -> Done:
    """Run a command in a process of its own, where what matters is that it starts, or how it dies."""
    command = [sys.executable, "-m", "moviec", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
