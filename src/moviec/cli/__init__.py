"""The `moviec` command: thin commands over the pipeline. Each module here is one command or a group of them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from moviec import __version__
from moviec.cli.console import fail
from moviec.errors import MovieCError
from moviec.memory_guard import guarded_memory

#: Every command and its module. Only the called one is imported: loading all of them takes a second.
COMMANDS = {
    "demo": "moviec.cli.demo:demo",
    "serve": "moviec.cli.serve:serve",
    "show": "moviec.cli.show:show",
    "history": "moviec.cli.show:history",
    "export": "moviec.cli.export:export",
    "worker": "moviec.cli.serve:worker",
    "up": "moviec.cli.serve:up",
    "search": "moviec.cli.show:search",
    "accounts": "moviec.cli.keys:accounts",
    "keys": "moviec.cli.keys:keys",
    "webhooks": "moviec.cli.keys:webhooks",
    "rollup": "moviec.cli.rollup:rollup",
    "report": "moviec.cli.report:report",
    "sources": "moviec.cli.sources:sources",
    "ingest": "moviec.cli.ingest:ingest",
    "run": "moviec.cli.run:run",
    "posters": "moviec.cli.run:posters",
    "videos": "moviec.cli.run:videos",
    "fit": "moviec.cli.fit:fit",
    "backfill": "moviec.cli.run:backfill",
    "tidy": "moviec.cli.upkeep:tidy",
    "rebuild": "moviec.cli.rebuild:rebuild",
    "backup": "moviec.cli.upkeep:backup",
    "restore": "moviec.cli.upkeep:restore",
    "alerts": "moviec.cli.status:alerts",
    "settling": "moviec.cli.report:settling",
    "migrate": "moviec.cli.upkeep:migrate",
    "status": "moviec.cli.status:status",
    "failures": "moviec.cli.failures:app",
    "doctor": "moviec.cli.doctor:doctor",
    "quarantine": "moviec.cli.quarantine:app",
    "held": "moviec.cli.held:app",
    "review": "moviec.cli.review:app",
    "link": "moviec.cli.link:link",
    "rate": "moviec.cli.rate:rate",
    "fuse": "moviec.cli.fuse:fuse",
    "mcp": "moviec.cli.serve:mcp",
    "synth": "moviec.cli.synth:synth",
}


_STOPPED = "stopped; what was done is kept, nothing of it half; run it again to go on"
_ROOM = "make room or give access, and run again"


def build(words: Sequence[str]) -> typer.Typer:
    """Build the command line for these words: with the one command they name, with none for --version, else with
    all.
    """
    app = typer.Typer(
        no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    app.callback(invoke_without_command=True)(moviec)
    named = [word for word in words if word in COMMANDS][:1]
    for name in named or ([] if words == ["--version"] else COMMANDS):
        module, _, attribute = COMMANDS[name].partition(":")
        command = getattr(import_module(module), attribute)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(name)(command)
    return app


def moviec(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Film data from many providers: resolved, fused, rated, rolled up and served."""
    if version:
        typer.echo(f"moviec {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line: 0 done, 1 failed, 2 wrong usage, 3 finished but something needs a look, 130 stopped by Ctrl-C or
    SIGTERM; what runs until stopped has its own way to end.
    """
    words = sys.argv[1:]
    with suppress(ValueError):  # only the main thread may: others are not stopped by signals
        signal.signal(signal.SIGTERM, _interrupt)
    with guarded_memory():
        _run(words)


def _run(words: list[str]) -> None:
    try:
        sys.exit(build(words)(standalone_mode=False))
    except TyperException as error:
        sys.exit(_misused(error, words))
    except MovieCError as error:
        if "--debug" in sys.argv:
            raise
        fail(str(error))
        sys.exit(error.exit_status)
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        hint = "make its folder, or name another" if isinstance(error, FileNotFoundError) else _ROOM
        fail(f"{error.filename or 'a file'}: {error.strerror or error}; {hint}")
        sys.exit(1)
    except Exception as error:
        if _interrupted(error):
            fail(_STOPPED)
            sys.exit(130)
        if "--debug" in sys.argv or (line := _passing(error)) is None:
            raise
        fail(line)
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        fail(_STOPPED)
        sys.exit(130)
    except SystemExit as ended:
        if ended.code == 130:  # an interrupted command: typer exits like this by itself, without a message
            fail(_STOPPED)
        raise


def _interrupt(*_: Any) -> None:
    """Stop as at Ctrl-C, so that what a command keeps in passing goes with it."""
    raise KeyboardInterrupt


def _interrupted(error: Exception) -> bool:
    """Return whether it is the engine's error for Ctrl-C."""
    from moviec.transient import is_interrupt

    return is_interrupt(error)


def _passing(error: Exception) -> str | None:
    """Return in one line what the engine or the database lacked; None for other errors."""
    from moviec.transient import as_store_error

    line = as_store_error(error)
    return None if line is None else str(line)


def _before_command(words: Sequence[str]) -> str:
    """Return where an option belongs that precedes the command but is not one of `moviec` itself; "" if there is
    none.
    """
    place = next((place for place, word in enumerate(words) if word in COMMANDS), len(words))
    own = ("--version", "--debug", "--help")
    early = next((word for word in words[:place] if word.startswith("--") and word not in own), "")
    if not early:
        return ""
    name = early.partition("=")[0]
    command = words[place] if place < len(words) else "COMMAND"
    return f"{name}: goes after the command; write moviec {command} … {name}"


def _misused(error: TyperException, words: Sequence[str]) -> int:
    """Print in one line what is wrong with the words; if there are too few, print the help instead."""
    message = error.format_message().replace("Value error, ", "")
    message = message.replace(
        "does not match the formats '%Y-%m-%d'", "is not a date; write it like 2026-11-21"
    )
    if early := _before_command(words):
        fail(early)
    elif message.startswith("Usage:"):
        print(message, file=sys.stderr)
    else:
        path = getattr(getattr(error, "ctx", None), "command_path", "")  # "moviec keys create"
        line = " ".join(message.split()).rstrip(".")
        fail(f"{line}{' See' if line.endswith('?') else '; see'} moviec{path.removeprefix('moviec')} --help")
    return error.exit_code
