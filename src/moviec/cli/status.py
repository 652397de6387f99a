"""`moviec status` and `moviec alerts`: what needs attention, and who receives alerts."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from moviec.catalog.deliveries import all_deliveries, count_rejected
from moviec.catalog.leases import last_runs, last_step
from moviec.cli.console import HomeOption, JsonOption, exclude, print_json
from moviec.cli.delivery_messages import findings_of
from moviec.config import open_home
from moviec.jobs.alerts import alerts_of, send_test
from moviec.jobs.health import Check, check_all, metrics_text
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import DOUBTFUL
from moviec.sources.registry import find_sources
from moviec.units import plural

#: Runs that are listed.
RUNS = 5


def status(
    check: Annotated[
        bool, typer.Option("--check", help="Set the exit status: 3 when something needs attention.")
    ] = False,
    metrics: Annotated[
        bool, typer.Option("--metrics", help="Instead print every figure in Prometheus's format.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Report health: last deliveries, what waits, followers, the last runs, and what needs attention."""
    exclude({"--metrics": metrics, "--json": as_json})
    place = open_home(home)
    with open_run(place) as context:
        deliveries = all_deliveries(context.catalogue)
        open_rows = count_rejected(context.catalogue)
        checks = check_all(context, find_sources(place.folder), dt.datetime.now(dt.UTC))
        with context.catalogue.connect() as connection:
            done = last_runs(connection, RUNS)
            doubtful = last_step(connection, DOUBTFUL)
    newest = {delivery.source: delivery for delivery in sorted(deliveries, key=lambda one: one.id)}
    concerns = [one.concern for one in checks if one.concern]
    findings = [line for one in newest.values() for line in findings_of(one, deliveries)]
    if metrics:
        sys.stdout.write(metrics_text(checks))
    elif as_json:
        state = {
            "deliveries": {
                name: {"id": one.id, "state": one.state, "records": one.records}
                for name, one in newest.items()
            },
            "rejected_rows": open_rows,
            "concerns": concerns,
            "findings": findings,
            "checks": checks,
            "doubtful": doubtful and {"at": doubtful[0], "films": doubtful[1]},
            "runs": done,
        }
        print_json(state)
    else:
        for name, one in newest.items():
            print(
                f"{name}: {plural(one.records or 0, 'record', 'records')}, last delivery {one.delivered_at[:16]} ({one.state})"
            )
        for name, rows in open_rows.items():
            print(f"{name}: {plural(rows, 'rejected row', 'rejected rows')} in quarantine")
        for line in _waiting(checks):
            print(line)
        if doubtful and any(doubtful[1].values()):
            counts = ", ".join(
                f"{count:,} by {reason}" for reason, count in sorted(doubtful[1].items()) if count
            )
            print(
                f"doubtful films, as of the last full run ({doubtful[0][:16]}): {counts};"
                " see `moviec review suspicious`"
            )
        for run in done:
            print(f"run {run['number']}: {run['command']}, {run['outcome']}, {run['started_at'][:16]}")
        for line in [*concerns, *findings]:
            print(line)
        if not newest and not concerns:
            print(f"nothing was delivered yet to {place.folder}; start with `moviec ingest SOURCE PATH`")
    if check and concerns:
        raise typer.Exit(3)


def _waiting(checks: Sequence[Check]) -> Iterator[str]:
    """Yield what waits to be published, what is unmatched, and what waits for review."""
    if waiting := sum(check.value for check in checks if check.name == "queue_changes"):
        yield f"{waiting:,.0f} record changes wait to be published; `moviec worker --once` publishes them"
    for each in checks:
        if each.name == "source_unmatched_share":
            yield f"{each.of}: {each.value:.1%} of its records match no other source"
        elif each.name == "review_pairs" and each.value:
            yield f"{plural(round(each.value), 'pair of records waits', 'pairs of records wait')} for review; see `moviec review list`"


def alerts(
    test: Annotated[bool, typer.Option("--test", help="Send a test alert to every receiver.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what needs attention and what to do about it, as `[alerts]` sends it. Only --test sends anything."""
    place = open_home(home)
    if test:
        send_test(place)
        print("sent; check that it arrived")
        return
    with open_run(place) as context:
        now = dt.datetime.now(dt.UTC)
        checks = check_all(context, find_sources(place.folder), now)
    found, _ = alerts_of({}, checks, now.isoformat(timespec="seconds"))
    settings = place.settings.alerts
    to = [name for name, value in (("a webhook", settings.webhook), (settings.mail, settings.mail)) if value]
    if as_json:
        print_json({"to": to, "alerts": found})
        return
    for alert in found:
        print(alert.line)
    if not found:
        print("nothing needs attention")
    print(f"sent to: {', '.join(to) or 'nobody; set [alerts] in moviec.toml'}")
