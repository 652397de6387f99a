"""The `moviec` command as tests call it: in this process, for a second less, or as a process that can be killed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
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


#: A process with the command loaded. For each line of seconds and words it forks one that runs the words until an
#: alarm, whose default action ends it as abruptly as SIGKILL, and says how it ended.
_FORKS = """
import json, os, signal, sys
from importlib import import_module
import moviec.cli
import_module(sys.argv[1])
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        os.dup2(os.open(os.devnull, os.O_RDWR), 0)
        os.dup2(0, 1)
        os.dup2(0, 2)
        seconds, *words = json.loads(line)
        signal.setitimer(signal.ITIMER_REAL, seconds)
        sys.argv = ["moviec", *words]
        moviec.cli.main()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Forks:
    """Runs a command many times, each in a process of its own, that has loaded its code when it begins.

    So a moment at which it is killed is one of its work, where that of a fresh process would be half imports.
    """

    def __init__(self, process: subprocess.Popen[str], words: tuple[str, ...]) -> None:
        self.process, self.words = process, words

    def run(self, *words: str, kill_after: float = 0) -> tuple[int, float]:
        """Run the command, killed after so many seconds unless 0; return its exit status and how long it ran."""
        assert self.process.stdin and self.process.stdout
        begun = time.monotonic()
        self.process.stdin.write(json.dumps([kill_after, *self.words, *words]) + "\n")
        self.process.stdin.flush()
        status = int(self.process.stdout.readline())
        return status, time.monotonic() - begun


@contextlib.contextmanager
def forks(module: str, *words: str) -> Iterator[Forks]:
    """Run the command `words` again and again, its `module` loaded once."""
    command = [sys.executable, "-c", _FORKS, module]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "ready\n"
        yield Forks(process, words)


def _text(stream: TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()
