"""`moviec review`: lists pairs that may be one film, most valuable first, and takes verdicts, showing their effect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from moviec.catalog import decisions
from moviec.cli.console import (
    ByOption,
    HomeOption,
    JsonOption,
    called_alone,
    decider,
    exclude,
    print_json,
    print_table,
    steps,
)
from moviec.cli.delivery_messages import look_aside, reading
from moviec.config import open_home
from moviec.pipeline import reviewing, verdicts
from moviec.pipeline.aggregator import drain
from moviec.pipeline.opening import open_run
from moviec.pipeline.reviewing import unmatched_of
from moviec.pipeline.verdicts import Effect, export_decisions, import_decisions, titled
from moviec.sources.registry import find_source
from moviec.units import plural

app = typer.Typer(
    help="Uncertain matches and verdicts: list, suspicious, same, different, undo, export, import."
)

RecordArgument = Annotated[str, typer.Argument(help="A record, SOURCE:KEY, or a movie, mc12.")]
YesOption = Annotated[bool, typer.Option("--yes", help="Do it; without this, only the effect is shown.")]
MostOption = Annotated[int, typer.Option("--limit", min=1, help="The most pairs listed.")]

_FIELDS = ("title", "year", "kind", "runtime", "directors", "cast", "countries", "ids", "movie")


@app.callback(invoke_without_command=True)
def review(context: typer.Context, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the pairs to review; or decide that two records are the same film, or different ones."""
    if called_alone(context, home, as_json):
        list_pairs(home=home, as_json=as_json)


@app.command(name="list")
def list_pairs(
    limit: Annotated[int | None, typer.Option(min=1, help="The most pairs listed (default 10).")] = None,
    source: Annotated[str | None, typer.Option(help="Only pairs with a record of this source.")] = None,
    decided: Annotated[bool, typer.Option("--decided", help="List the decisions instead.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List uncertain pairs side by side with the evidence, most valuable first."""
    exclude({"--decided": decided, "--limit": limit})
    exclude({"--decided": decided, "--source": source})
    place = open_home(home)
    if source:
        find_source(source, place.folder)
    with reading(place) as context, context.catalogue.connect() as connection:
        made = decisions.with_states(decisions.all_decisions(connection)) if decided else []
        pairs = [] if decided else reviewing.uncertain(context, limit or 10, source)
    if as_json:
        print_json(made if decided else pairs)
    elif decided:
        rows = [
            (str(row["number"]), _end(row, "left"), row["verdict"], _end(row, "right"), row["who"], row["at"][:19],
             _state(row))
            for row in made
        ]  # fmt: skip
        print_table(
            plural(len(made), "decision", "decisions"),
            ("number", "one", "verdict", "other", "by", "at", "state"),
            rows,
        )
    else:
        for pair in pairs:
            _print_pair(pair)
        if not pairs:
            print("no pair waits for review")


@app.command(name="suspicious")
def list_suspicious(
    limit: Annotated[int, typer.Option(min=1, help="The most films listed.")] = 20,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List doubtful published films: records of years far apart, and one film under two ids."""
    with reading(open_home(home)) as context:
        found = reviewing.doubtful(context, limit)
    if as_json:
        print_json(found)
        return
    for film in found.films:
        print(f"{film['reason']}: {', '.join(film['movies'])}")
        for record in film["records"]:
            print(
                f"  {record['movie']}  {record['source']}:{record['key']}  {titled(record['title'], record['year'])}"
            )
    total = sum(found.counts.values())
    if not total:
        print("no film looks doubtful")
    elif total > len(found.films):
        print(f"{total - len(found.films):,} more; --limit N shows them")


@app.command()
def same(
    left: RecordArgument,
    right: RecordArgument,
    yes: YesOption = False,
    by: ByOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide that two records are the same film; overrides every match."""
    _decide((left, right), True, by, _Way(home, yes, as_json))


@app.command()
def different(
    left: RecordArgument,
    right: RecordArgument,
    yes: YesOption = False,
    by: ByOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide that two records are different films; overrides every match."""
    _decide((left, right), False, by, _Way(home, yes, as_json))


@app.command()
def undo(
    number: Annotated[int, typer.Argument(help="See `moviec review list --decided`.")],
    yes: YesOption = False,
    by: ByOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Undo a decision; matching then decides about the records."""
    who = decider(by)
    with open_run(open_home(home)) as context, steps(quiet=as_json) as tell:
        effect = verdicts.effect_of_undoing(context, number)
        done = outcome = None
        if yes:
            with context.writing() as copy:
                row = decisions.undo(copy.connection, number, who)
                copy.table("decisions")
            outcome = drain(context, tell)
            done = {"decisions": [row], "changes": outcome.changes}
    _print_effect(effect, done, as_json)
    look_aside(outcome)


@app.command()
def unmatched(
    source: Annotated[str, typer.Argument(help="The source whose unmatched records are listed.")],
    limit: MostOption = 50,
    after: Annotated[str, typer.Option(help="Continue after this key.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List unmatched records, each with the nearest one and why it was not accepted."""
    place = open_home(home)
    find_source(source, place.folder)
    with reading(place) as context:
        rows = unmatched_of(context, source, limit, after)
    if as_json:
        print_json(rows)
        return
    columns = ("key", "movie", "other", "probability", "reason", "rival")
    print_table(f"{source}: alone", columns, [tuple(_cell(row[name]) for name in columns) for row in rows])


@app.command(name="export")
def export_file(file: Path, home: HomeOption = None) -> None:
    """Write every decision as CSV, including undone ones."""
    with open_run(open_home(home)) as context:
        print(f"{plural(export_decisions(context, file), 'decision', 'decisions')}: {file}")


@app.command(name="import")
def import_file(file: Path, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Add the decisions of a CSV file; contradictions are listed (status 3), and the later decisions win."""
    with open_run(open_home(home)) as context, steps(quiet=as_json) as tell:
        done = import_decisions(context, file)
        outcome = drain(context, tell)
        changes = outcome.changes
    if as_json:
        counts = {"decisions": done.new, "unlisted": done.unlisted, "contradictions": done.contradictions}
        print_json({**counts, "changes": changes})
    else:
        print(f"{plural(done.new, 'decision is', 'decisions are')} new; {_counted(changes)}")
        if done.unlisted:
            print(
                f"{plural(done.unlisted, 'names', 'name')} a record that is not here; kept until it arrives"
            )
        for line in done.contradictions:
            print(f"contradiction: {line}")
    look_aside(outcome)
    if done.contradictions:
        raise typer.Exit(3)


class _Way(msgspec.Struct, frozen=True):
    """How to handle a verdict: in which home, whether to apply it, and the output format."""

    home: Path | None
    yes: bool
    as_json: bool


def _decide(ends: tuple[str, str], is_same: bool, by: str | None, way: _Way) -> None:
    who = decider(by)
    with open_run(open_home(way.home)) as context, steps(quiet=way.as_json) as tell:
        said = verdicts.read_verdicts(context, ends, is_same, who)
        effect = verdicts.effect(context, said)
        done = outcome = None
        if way.yes:
            with context.writing() as copy:
                rows = decisions.decide(copy.connection, said)
                copy.table("decisions")
            outcome = drain(context, tell)
            done = {"decisions": rows, "changes": outcome.changes}
    _print_effect(effect, done, way.as_json)
    look_aside(outcome)


def _print_effect(effect: Effect, done: dict[str, Any] | None, as_json: bool) -> None:
    if as_json:
        print_json({"effect": effect, "done": done})
        return
    for row in effect.moved:
        after = f"{row['after']} {row['after_title'] or '(its former id)'}" if row["after"] else "a new movie"
        print(
            f"{row['source']}:{row['key']} {titled(row['title'], row['year'])}: "
            f"{row['before']} {row['before_title'] or ''}".rstrip()
            + f" → {after}"
        )
    if not effect.moved:
        print("no record changes its movie")
    for line in effect.takes_back:
        print(f"undoes {line}")
    for line in effect.overrules:
        print(f"overrules {line}")
    for line in effect.doubts:
        print(f"note: {line}")
    for line in effect.contradicts:
        print(f"contradicts: {line}")
    if effect.decided:
        print(f"already decided (number {', '.join(map(str, effect.decided))})")
    is_new = effect.new or effect.takes_back
    if done and (is_new or done["changes"]):
        print(f"done; {_counted(done['changes'])}")
    elif is_new:
        print("nothing was done; add --yes to do it")


def _state(row: dict[str, Any]) -> str:
    if row["undone"]:
        return f"undone {row['undone'][:10]}{' by ' + row['undone_by'] if row['undone_by'] else ''}"
    return f"{row['state']}{' by ' + str(row['overruled_by']) if row['overruled_by'] else ''}"


def _counted(changes: dict[str, int]) -> str:
    counts = (f"{plural(count, 'movie', 'movies')} {kind}" for kind, count in changes.items())
    return ", ".join(counts) or "no movie changed"


def _print_pair(pair: dict[str, Any]) -> None:
    ends = [f"{pair[side]['source']}:{pair[side]['key']}" for side in ("left", "right")]
    rows = [(field, *(_cell(pair[side].get(field)) for side in ("left", "right"))) for field in _FIELDS]
    title = f"same with probability {pair['probability']:.3f}, worth {pair['value']:.2f}"
    print_table(title, ("", *ends), rows)
    print("  ".join(f"{feature}: {level} ({bits:+.1f})" for feature, level, bits in pair["evidence"]))
    rival = f" ({pair['rival']} is in that film)" if pair["reason"] == "taken" else ""
    print(f"waits: {pair['reason']}{rival}\n")


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{space}:{key}" for space, key in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(map(str, value))
    return "–" if value is None else str(value)


def _end(row: dict[str, Any], side: str) -> str:
    return f"{row[f'{side}_source']}:{row[f'{side}_key']}"
