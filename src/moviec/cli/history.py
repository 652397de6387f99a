"""`moviec history`: what changed in a film, when, by which source or whose decision; or how a source's ratings moved."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from moviec.catalog.connect import connect
from moviec.catalog.finding import movie_named
from moviec.catalog.history import movie_changes, ratings_moved
from moviec.catalog.instants import instant_of
from moviec.cli.console import print_json, print_table
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import open_home
from moviec.errors import UsageError

#: Letters of a value that are shown.
WIDE = 60


def history(
    movie: Annotated[str | None, typer.Argument(metavar="[ID]", help="mc12, imdb:tt0114709, …")] = None,
    source: Annotated[str | None, typer.Option(help="Instead: how this source's ratings moved.")] = None,
    since: Annotated[str | None, typer.Option(help="Only after this day or instant.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed in a film, when, and by which source's delivery or whose decision; or how a source's ratings moved."""
    if (movie is None) == (source is None):
        raise UsageError("give a film or --source", "history", "for example: moviec history mc12")
    after = instant_of(since, "--since") if since else ""
    catalogue = connect(open_home(home).catalogue)
    try:
        with catalogue.connect() as connection:
            if movie is not None:
                found = movie_changes(connection, movie_named(connection, movie), after)
            else:
                found = ratings_moved(connection, str(source), after).to_pylist()
    finally:
        catalogue.dispose()
    if as_json:
        print_json(found)
    elif movie is not None:
        _tell_changes(found)
    else:
        columns = (
            "at",
            "movie",
            "rater",
            "aspect",
            "value_before",
            "value_after",
            "votes_before",
            "votes_after",
        )
        rows = [[_short(row[name]) for name in columns] for row in found]
        print_table(f"Ratings of {source}", columns, rows)


def _tell_changes(found: list[dict[str, Any]]) -> None:
    for one in found:
        print(f"{one['number']}  {one['at'][:19].replace('T', ' ')}  {one['kind']}{_cause(one)}")
        for field, (before, after) in one["fields"].items():
            print(f"    {field}: {_short(before)} → {_short(after)}")


def _cause(one: dict[str, Any]) -> str:
    by = f" by {one['source']} ({one['delivery']})" if one["source"] else ""
    if decision := one["decision"]:
        is_undone = decision["undone"] is not None and decision["undone"] <= one["at"]
        done = "taken back" if is_undone else decision["verdict"]
        by += f" by decision {decision['number']} of {decision['who']} ({done})"
    return by


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= WIDE else text[: WIDE - 1] + "…"
