"""`moviec held`: deliveries that look wrong, listed, accepted or refused."""

from __future__ import annotations

from typing import Annotated

import typer

from moviec.catalog.deliveries import all_deliveries, applied_before, is_waiting, shrunk
from moviec.cli.console import (
    ByOption,
    HomeOption,
    JsonOption,
    called_alone,
    decider,
    print_json,
    print_table,
    steps,
)
from moviec.cli.delivery_messages import look_aside, print_delivery, print_outcome, reading
from moviec.config import open_home
from moviec.pipeline.aggregator import drain
from moviec.pipeline.ingest import accept_held, refuse_held
from moviec.pipeline.opening import arriving, open_run

app = typer.Typer(help="Held deliveries: list, accept, refuse.")

DeliveryArgument = Annotated[str, typer.Argument(metavar="ID", help="The delivery's id; see `moviec held`.")]


@app.callback(invoke_without_command=True)
def main(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the deliveries that are held, when nothing else is asked for."""
    if called_alone(context, home, as_json):
        list_held(home, as_json)


@app.command(name="list")
def list_held(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the deliveries that are held, why, and what each has less of than the delivery before."""
    with reading(open_home(home)) as context:
        every = all_deliveries(context.catalogue)
    waiting = [(each, shrunk(each, applied_before(each, every))) for each in every if is_waiting(each)]
    if as_json:
        names = ("name", "now", "before")
        print_json(
            [
                {"delivery": each.id, "source": each.source, "why": each.report["held"]}
                | {"shrunk": [dict(zip(names, row, strict=True)) for row in less]}
                for each, less in waiting
            ]
        )
        return
    for each, less in waiting:
        print(f"{each.id}: {'; '.join(each.report['held'])}")
        if less:
            rows = [(name, f"{then:,}", f"{now:,}", f"{1 - now / then:.1%}") for name, now, then in less[:14]]
            print_table("What shrank", ("films with", "before", "now", "less"), rows)
    if waiting:
        print(
            "`moviec held accept ID` ingests one as it was delivered, `moviec held refuse ID` leaves it out"
        )
    else:
        print("no delivery is held")


@app.command()
def accept(delivery: DeliveryArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Ingest a held delivery from the stored bytes, under the date of its delivery, and publish."""
    with open_run(open_home(home)) as context, steps(quiet=as_json) as tell:
        with arriving(context, tell) as alone:
            done = accept_held(alone, delivery, tell)
        outcome = drain(context, tell)
    if as_json:
        print_json(done)
    else:
        print_delivery(done)
        print_outcome(outcome)
    look_aside(outcome)


@app.command()
def refuse(
    delivery: DeliveryArgument, by: ByOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Refuse a held delivery: it is not ingested and raises no concern any more. Its bytes are kept as keep_raw says."""
    who = decider(by)
    with open_run(open_home(home)) as context, arriving(context) as alone:
        done = refuse_held(alone, delivery, who)
    if as_json:
        print_json(done)
    else:
        print(f"{done.id} is refused; nothing of it is ingested")
