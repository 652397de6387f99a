"""`moviec alerts`: what would be told to whom, and a test of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer

from moviec.cli.console import print_json
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.jobs.alerts import alerts_of, send_test
from moviec.jobs.health import check_all
from moviec.pipeline.opening import open_run
from moviec.sources.registry import find_sources


def alerts(
    test: Annotated[bool, typer.Option("--test", help="Send a test to everybody who is to be told.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what wants a look and what to do about it, as `[alerts]` in moviec.toml has it sent. Nothing is sent but by --test."""
    place = open_home(home)
    if test:
        send_test(place)
        print("sent; look whether it arrived")
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
        print("nothing wants a look")
    print(f"told to: {', '.join(to) or 'nobody; set [alerts] in moviec.toml'}")
