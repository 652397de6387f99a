"""`moviec history`: what changed in a film, when, by which source or whose decision; or how a source's ratings moved."""

from __future__ import annotations

import json
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from moviec.catalog.finding import moved_on, movie_named
from moviec.catalog.history import movie_changes, ratings_moved, sources_of
from moviec.catalog.instants import instant_of
from moviec.cli.console import note, on_one_line, print_json, print_table
from moviec.cli.options import HomeOption, JsonOption
from moviec.cli.reading import reading
from moviec.config import open_home
from moviec.errors import UsageError
from moviec.sources.registry import find_source

#: Letters of a value that are shown.
WIDE = 60

#: Letters shown of what two long values have in common before they differ.
LEAD = 15

_RATINGS = ("at", "movie", "rater", "aspect", "value_before", "value_after", "votes_before", "votes_after")


def history(
    movie: Annotated[str | None, typer.Argument(metavar="[ID]", help="mc12, imdb:tt0114709, …")] = None,
    source: Annotated[
        str | None, typer.Option(help="Instead: how this source's ratings moved, of the film or of all.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Only after this day or instant.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what changed in a film, when, and by which source's delivery or whose decision; or how a source's ratings moved."""
    if movie is None and source is None:
        raise UsageError("give a film or --source", "history", "for example: moviec history mc12")
    after = instant_of(since, "--since") if since else ""
    place = open_home(home)
    if source is not None:
        find_source(source, place.folder)
    with reading(place) as context, context.catalogue.connect() as connection:
        number = None if movie is None else movie_named(connection, movie)
        remarks = list(_remarks(connection, movie, number, source))
        if source is not None:
            found = ratings_moved(connection, source, after, number).to_pylist()
        elif number is not None:
            found = movie_changes(connection, number, after)
    for remark in remarks:
        note(remark)
    if as_json:
        print_json(found)
    elif source is None:
        _tell_changes(found)
    else:
        of = f" of mc{number}" if number else ""
        print_table(f"Ratings of {source}{of}", _RATINGS, [[_short(row[name]) for name in _RATINGS] for row in found])  # fmt: skip


def _remarks(
    connection: sa.Connection, movie: str | None, number: int | None, source: str | None
) -> list[str]:
    """Say what a reader must know of an answer about a film: that it is another film's, why it is empty."""
    if movie is None or number is None:
        return []
    merged = moved_on(movie, number)
    remarks = [f"{merged}, whose history this is"] if merged else []
    if source is not None and source not in (listing := sources_of(connection, number)):
        remarks.append(f"{source} does not list mc{number}; it is listed by: {', '.join(listing)}")
    return remarks


def _tell_changes(found: list[dict[str, Any]]) -> None:
    for one in found:
        print(f"{one['number']}  {one['at'][:19].replace('T', ' ')}  {one['kind']}{_cause(one)}")
        for field, (before, after) in one["fields"].items():
            print(f"    {field}: {change(before, after)}")
    if not found:
        print("nothing changed")


def _cause(one: dict[str, Any]) -> str:
    by = f" by {one['source']} ({one['delivery']})" if one["source"] else ""
    if decision := one["decision"]:
        is_undone = decision["undone"] is not None and decision["undone"] <= one["at"]
        by_whom = f" by {decision['undone_by']}" if decision["undone_by"] else ""
        done = f"taken back{by_whom}" if is_undone else decision["verdict"]
        by += f" by decision {decision['number']} of {decision['who']} ({done})"
    return by


def change(before: Any, after: Any) -> str:
    """Write a change of a value; of long ones what differs: the entries that went and came, the text from where it does."""
    texts = _text(before), _text(after)
    if max(map(len, texts)) <= WIDE:
        return " → ".join(texts)
    if isinstance(before, list) and isinstance(after, list):
        gone = [entry for entry in before if entry not in after]
        come = [entry for entry in after if entry not in before]
        if len(gone) == len(come) > 0:
            return ", ".join(map(change, gone, come))
        told = [*(f"− {_short(entry)}" for entry in gone), *(f"+ {_short(entry)}" for entry in come)]
        return ", ".join(told) or f"the same {len(after):,} entries in another order or number"
    if isinstance(before, dict) and isinstance(after, dict):
        names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
        parts = (f"{name} {change(before.get(name), after.get(name))}" for name in names)
        same = {name: value for name, value in before.items() if name not in names}
        alike = [_short(same[name]) for name in ("name", "title", *same) if name in same][:1]
        return ": ".join((*alike, ", ".join(parts)))
    pairs = enumerate(zip(*texts, strict=False))
    differs = next((place for place, (one, other) in pairs if one != other), min(map(len, texts)))
    return " → ".join(_cut(text, max(differs - LEAD, 0)) for text in texts)


def _cut(text: str, start: int = 0) -> str:
    """Show `WIDE` letters of a text from a place on."""
    part = ("…" if start else "") + text[start:]
    return part if len(part) <= WIDE else part[: WIDE - 1] + "…"


def _short(value: Any) -> str:
    return _cut(_text(value))


def _text(value: Any) -> str:
    return on_one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
