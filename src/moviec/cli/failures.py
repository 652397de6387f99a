"""`moviec failures`: what was set aside after repeated failure, and trying it again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from moviec.catalog.ingest_queue import Failure, failed
from moviec.catalog.ingest_queue import replay as replay_failures
from moviec.cli.console import HomeOption, JsonOption, called_alone, print_json, print_table, steps
from moviec.cli.delivery_messages import reading
from moviec.config import open_home
from moviec.errors import UsageError
from moviec.pipeline.aggregator import drain
from moviec.pipeline.opening import open_run

app = typer.Typer(help="What was set aside after repeated failure, so that the rest could proceed.")


@app.callback(invoke_without_command=True)
def main(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List what is set aside, if no command is given."""
    if called_alone(context, home, as_json):
        _tell(_failures(home, "open"), as_json)


@app.command("list")
def list_failures(
    everything: Annotated[bool, typer.Option("--all", help="Replayed ones, too.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what is set aside."""
    _tell(_failures(home, None if everything else "open"), as_json)


@app.command()
def show(
    number: Annotated[int, typer.Argument(help="Its number in the list.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one failure in full: what it is about, the error, how often it was tried."""
    found = next((failure for failure in _failures(home, None) if failure.number == number), None)
    if found is None:
        raise UsageError("there is no such failure", str(number), "see `moviec failures list --all`")
    if as_json:
        print_json(found)
        return
    for name, value in msgspec.to_builtins(found).items():
        print(f"{name}: {msgspec.json.encode(value).decode() if isinstance(value, dict) else value}")


@app.command()
def replay(
    numbers: Annotated[list[int] | None, typer.Argument(metavar="[N]...", help="Only these.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Try again what is set aside, after a fix; what fails again is set aside again (exit status 3)."""
    with open_run(open_home(home)) as context, steps(quiet=as_json) as tell:
        done = replay_failures(context.catalogue, numbers or ())
        drain(context, tell)
        with context.catalogue.connect() as connection:
            still = failed(connection)
    if as_json:
        print_json({"replayed": done, "open": len(still)})
    else:
        print(f"tried again: {done:,}; set aside now: {len(still):,}")
    if still:
        raise typer.Exit(3)


def _failures(home: Path | None, state: str | None) -> list[Failure]:
    with reading(open_home(home)) as context, context.catalogue.connect() as connection:
        return failed(connection, state)


def _tell(found: list[Failure], as_json: bool) -> None:
    if as_json:
        print_json(found)
    elif not found:
        print("nothing is set aside")
    else:
        rows = [
            (
                str(failure.number), failure.follower, " ".join(map(str, failure.subject.values())), failure.at[:16],
                failure.state, failure.error,
            )
            for failure in found
        ]  # fmt: skip
        print_table("Failures", ("number", "whose", "what", "when (UTC)", "state", "error"), rows)
