"""`moviec sources`: what is known of each source, and how its provider is now."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from moviec.catalog.deliveries import all_deliveries, count_rejected
from moviec.catalog.freshness import matched_share, matching
from moviec.cli.console import note, print_json, print_table
from moviec.cli.options import (
    HomeOption,
    JsonOption,
)
from moviec.cli.reading import reading
from moviec.cli.scorecard import about_source
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.pipeline.opening import open_run
from moviec.pipeline.probe import needs_of, probe
from moviec.sources.registry import faulty_sources, find_source, find_sources


def sources(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[[check] NAME]", help="One source, with its facts; `check NAME` asks its provider."
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the sources: what each needs, licence, last delivery, records, rejected rows; or say all about one.

    `moviec sources check NAME` looks at the provider as it is now: address, key, and whether what comes is what is expected.
    Exit status 1: it cannot be had; 3: something needs a look.
    """
    place = open_home(home)
    given = list(words or [])
    if given[:1] == ["check"] and len(given) == 2:
        _check_source(place, given[1], as_json)
        return
    if len(given) > 1:
        raise UsageError("one source at a time", " ".join(given), "write moviec sources check NAME")
    if given:
        about_source(place, given[0], as_json)
        return
    rows = _overview(place.folder, home)
    for fault in faulty_sources(place.folder).values():
        note(str(fault))
    if as_json:
        print_json(rows)
        return
    columns = ("source", "needs", "licence", "last delivery", "records", "matched", "rejected", "state")
    print_table(
        "Sources (moviec sources NAME says how to get one)",
        columns,
        [tuple(str(row[key.replace(" ", "_")]) for key in columns) for row in rows],
    )


def _check_source(place: Home, name: str, as_json: bool) -> None:
    """Print what a look at a provider found."""
    source = find_source(name, place.folder)
    with open_run(place) as context:
        found = probe(context, source)
    if as_json:
        print_json(found)
    else:
        print_table(
            f"{source.spec.title}, as it is now",
            ("about", "state", "found"),
            [(f.about, f.state, f.said) for f in found],
        )
    if any(finding.state == "failed" for finding in found):
        raise typer.Exit(1)
    if any(finding.state == "look" for finding in found):
        raise typer.Exit(3)


def _overview(folder: Path, home: Path | None) -> list[dict[str, Any]]:
    place = open_home(home)
    with reading(place) as context:
        deliveries = all_deliveries(context.catalogue)
        open_rows = count_rejected(context.catalogue)
        with context.catalogue.connect() as connection:
            shares = matching(connection)
    newest = {delivery.source: delivery for delivery in sorted(deliveries, key=lambda one: one.id)}
    rows = []
    for name, source in find_sources(folder).items():
        last = newest.get(name)
        rows.append(
            {
                "source": name,
                "needs": needs_of(place.key_of(name), source.spec)[0],
                "licence": source.spec.licence,
                "last_delivery": last.delivered_at[:16] if last else "–",
                "records": last.records or 0 if last else 0,
                "matched": matched_share(shares.get(name)),
                "rejected": open_rows.get(name, 0),
                "state": last.state if last else "–",
            }
        )
    return rows
