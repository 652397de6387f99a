"""`moviec sources`: shows each source's facts, deliveries and scorecard, and checks its provider."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from moviec.catalog.deliveries import Delivery, all_deliveries, count_rejected
from moviec.catalog.freshness import coverage, matched_share, matching
from moviec.cli.console import HomeOption, JsonOption, note, print_json, print_table
from moviec.cli.delivery_messages import reading
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.fusion.model_reports import Scorecard
from moviec.pipeline.fit import learned_here, scorecard_of
from moviec.pipeline.opening import open_run
from moviec.pipeline.probe import needs_of, probe
from moviec.sources.registry import faulty_sources, find_source, find_sources
from moviec.sources.spec import SourceSpec
from moviec.units import plural


def about_source(home: Home, name: str, as_json: bool) -> None:
    """Print everything about a source; raises UsageError for an unknown one."""
    spec = find_source(name, home.folder).spec
    with reading(home) as context:
        deliveries = all_deliveries(context.catalogue, name)
        card, own = scorecard_of(context, name), learned_here(context)
        with context.catalogue.connect() as connection:
            covered = coverage(connection, name)
    filled = _filled(deliveries)
    if as_json:
        known = {"coverage": covered, "filled": filled, "learned_here": own, "scorecard": card}
        print_json({"facts": spec, "deliveries": deliveries, **known})
        return
    needs, how = needs_of(home.key_of(name), spec)
    _tell_facts(spec, (("needs", needs), ("how", how)))
    for delivery in deliveries:
        print(f"{delivery.id}: {delivery.state}, {plural(delivery.records or 0, 'record', 'records')}")
    print(
        f"{plural(covered['records'], 'record', 'records')} of {plural(covered['movies'], 'movie', 'movies')}, {covered['shared_movies']:,} of which other sources list too"
    )
    _tell_card(card, filled, own)


def _filled(deliveries: list[Delivery]) -> dict[str, float]:
    """Return the share of the last read delivery's films for which each field is known."""
    audits: list[dict[str, Any]] = [
        delivery.report["audit"] for delivery in deliveries if delivery.report.get("audit")
    ]
    if not audits:
        return {}
    last = audits[-1]
    return {field: round(films / max(last["films"], 1), 4) for field, films in last["filled"].items()}


def _tell_facts(spec: SourceSpec, more: Sequence[tuple[str, str]]) -> None:
    names = ("title", "home_page", "licence", "attribution", "cron")
    facts = [(name, str(getattr(spec, name))) for name in names]
    facts += [("complete", "yes" if spec.complete else "no"), ("raters", ", ".join(spec.raters) or "–")]
    facts += [("files", ", ".join(f"{role} ({file.names[0]})" for role, file in spec.files.items()))]
    print_table(spec.name, ("fact", "value"), [*facts, *more])


def _tell_card(card: Scorecard, filled: dict[str, float], own: bool) -> None:
    """Print the source's reliability by field and genre, which others it repeats, and how its raters rate."""
    if not own:
        print(
            f"\nThis home has not learned a model yet. The following is from {card.version}, the model shipped with MovieC,"
            " and is about the films it was learned from; `moviec fit` learns one from yours."
        )
    rows = [
        (
            one.field,
            f"{filled[one.field]:.1%}" if one.field in filled else "–",
            f"{one.judged:,}",
            f"{one.reliability:.3f}",
        )
        for one in card.reliability
    ]
    if rows:
        print_table(f"Fields, as {card.version} has them", ("field", "filled", "judged", "right"), rows)
    else:
        print(
            f"{card.version} has nothing on its fields: `moviec fit` learns that once it shares films with other sources"
        )
    used = [(genre.genre, f"{genre.said_if_true:.2f}", f"{genre.said_if_not:.3f}") for genre in card.genres]
    if used:
        print_table("Genres", ("genre", "said if true", "said if not"), used)
    for rater in card.calibration:
        others = ", ".join(f"{name} {value:.2f}" for name, value in rater.correlation.items()) or "no other"
        print(
            f"{rater.rater} ({rater.panel}): {plural(rater.films, 'film', 'films')}, {rater.shared:,} of them shared; mean {rater.mean:.1f}"
            f" ({rater.bias:+.1f} against all), spread {rater.spread:.1f}; correlates with {others}"
        )
    for field in card.repeats:
        print(f"repeats {field.of} in {field.field}: the two count as one there")
    for copy in card.repeating_raters:
        print(
            f"its {copy.name} repeats {copy.of} ({plural(copy.shared, 'film', 'films')}): the two count as one"
        )


def sources(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[[check] NAME]", help="One source, with its facts; `check NAME` checks its provider."
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the sources: what each needs, licence, last delivery, records, rejected rows; or show everything about one.

    `moviec sources check NAME` checks the provider: its address, the key, and whether its data are as expected.
    Exit status 1: it is unavailable; 3: something needs attention.
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
    """Print the findings on a provider."""
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
