"""The `moviec` command: thin commands over the pipeline. Each module here is one command or a group of them."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from moviec import __version__
from moviec.cli import quarantine
from moviec.cli.console import fail
from moviec.cli.demo import demo
from moviec.cli.lake import ingest, rebuild, sources, status
from moviec.cli.link import link
from moviec.cli.rate import rate
from moviec.cli.report import report
from moviec.cli.rollup import rollup
from moviec.cli.synth import synth
from moviec.errors import MovieCError

app = typer.Typer(
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
)
app.command()(demo)
app.command()(rollup)
app.command()(report)
app.command()(sources)
app.command()(ingest)
app.command()(rebuild)
app.command()(status)
app.command()(link)
app.command()(rate)
app.command()(synth)
app.add_typer(quarantine.app, name="quarantine")


@app.callback(invoke_without_command=True)
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Film data from many providers: resolved, fused, rated, rolled up and served."""
    if version:
        typer.echo(f"moviec {__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line: 0 done, 1 failed, 2 wrong usage, 3 finished but something needs a look."""
    try:
        app()
    except MovieCError as error:
        if "--debug" in sys.argv:
            raise
        fail(str(error))
        sys.exit(error.exit_status)
    except OSError as error:
        if "--debug" in sys.argv:
            raise
        fail(
            f"{error.filename or 'a file'}: {error.strerror or error}; make room or give access, and run again"
        )
        sys.exit(1)
    except KeyboardInterrupt:
        fail("stopped; nothing half-written was kept")
        sys.exit(130)
