"""Messages of commands about deliveries, about what was published, and about an incomplete catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from moviec.catalog.deliveries import Delivery, has_deliveries
from moviec.cli.console import end_with, note, print_table
from moviec.config import Home
from moviec.engine.unreadable_cells import Unread
from moviec.home.context import RunContext
from moviec.home.lake_identity import mismatch
from moviec.pipeline.ingest import MENDED
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Outcome
from moviec.sources.spec import SourceSpec
from moviec.units import plural


@contextmanager
def reading(home: Home) -> Iterator[RunContext]:
    """Open a home for a command that only reads."""
    with open_run(home) as context:
        warn_where_lost(context)
        yield context


def warn_where_lost(context: RunContext) -> None:
    """Warn on standard error that the catalogue is empty although the lake holds deliveries."""
    with context.catalogue.connect() as connection:
        empty = not has_deliveries(connection)
    if empty and (wrong := mismatch(context.store, context.catalogue)):
        note(f"{wrong.what}; {wrong.hint}")


#: A field known for this much less of a delivery's films than before is reported: a judgement, not measured.
EMPTIER = 0.05


def findings_of(delivery: Delivery, deliveries: list[Delivery]) -> list[str]:
    """Return an audit's findings: unknown columns and labels, rows of unlisted films, fields emptier than in the previous
    delivery.
    """
    audit = delivery.report.get("audit")
    if not audit:
        return []
    name = delivery.source
    found = [
        f"{name}: unknown columns in {role}: {', '.join(columns)}"
        for role, columns in audit["unknown_columns"].items()
    ]
    found += [
        f"{name}: {plural(rows, 'row', 'rows')} of {role} for films that the delivery does not list"
        for role, rows in audit.get("strays", {}).items()
    ]
    if audit["unmapped_genres"]:
        labels = ", ".join(f"{label} ({films:,})" for label, films in audit["unmapped_genres"].items())
        found.append(f"{name}: genre labels without a meaning: {labels}")
    before = [
        other
        for other in deliveries
        if other.source == name and other.id < delivery.id and other.report.get("audit", {}).get("films")
    ]
    if before and audit["films"]:  # answers about companies have no films
        last = max(before, key=lambda other: other.id).report["audit"]
        for field, filled in audit["filled"].items():
            now, then = filled / max(audit["films"], 1), last["filled"][field] / max(last["films"], 1)
            if then - now > EMPTIER:
                found.append(f"{name}: {field} was known for {then:.0%} of films, now for {now:.0%}")
    return found


def terms_of(spec: SourceSpec) -> str:
    """Print under which terms a provider publishes what is about to be downloaded."""
    return f"{spec.title}: {spec.licence}; see {spec.home_page}"


def print_delivery(done: Delivery) -> None:
    """Print the summary of a delivery."""
    rows = [
        (role, *(f"{row[key]:,}" for key in ("read", "kept", "merged", "skipped", "rejected", "repaired")))
        for role, row in done.report.get("rows", {}).items()
    ]
    for name in done.report.get(MENDED, ()):
        print(f"{name}: its bytes in the lake were damaged; replaced by these")
    if done.state == "unchanged":
        print(f"{done.id}: the same bytes as {done.same_as}; nothing to do")
        return
    print_table(done.id, ("file", "read", "kept", "merged", "skipped", "rejected", "repaired"), rows)
    batch = done.report.get("batch")
    if "companies" in done.report:
        print(f"{plural(done.report['companies'], 'company', 'companies')}: country, owner and other names")
    elif batch:
        print(
            f"{plural(done.records or 0, 'record', 'records')}: {batch['changed']:,} new or changed, {batch['tombstones']:,} gone, {batch['outdated']:,} outdated"
        )
        if batch["outdated"] and batch["outdated"] == done.records:
            print(
                f"nothing of it applies: deliveries later than {done.delivered_at[:16]} contain every record"
                " (deliver a correction after what it corrects)"
            )
    for column in msgspec.convert(done.report.get("unread", []), list[Unread]):
        if not column.mostly:  # those are reported at the end
            print(column)
    for rule, count in done.report.get("set_to_unknown", {}).items():
        print(f"set to unknown: {count:,} × {rule.replace('_', ' ')}")
    for line in findings_of(done, []):
        print(line)


def print_outcome(outcome: Outcome) -> None:
    """Print what a run changed in the catalogue."""
    if not outcome.changes:
        print("catalogue: nothing changed")
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in outcome.changes.items())
    times = ", ".join(f"{step.name} {step.seconds:,.1f} s" for step in outcome.steps)
    print(f"catalogue: {kinds} (changes up to {outcome.last_change:,}); {times}")


def look_aside(outcome: Outcome | None) -> None:
    """If records were set aside, report it and exit with status 3."""
    end_with(aside_lines(outcome))


def aside_lines(outcome: Outcome | None) -> list[str]:
    """Return a line if records were set aside."""
    if not outcome or not outcome.set_aside:
        return []
    records = plural(outcome.set_aside, "record was", "records were")
    return [f"{records} set aside and not published; see `moviec failures` for the cause"]
