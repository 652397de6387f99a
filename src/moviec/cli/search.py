"""`moviec search`: films by title, people, companies, year and genre."""

from __future__ import annotations

import sys
from typing import Annotated

import sqlalchemy as sa
import typer

from moviec.catalog.connect import connect
from moviec.catalog.queries import documents_of, last_change, movies_titled
from moviec.catalog.references import all_genres
from moviec.cli.console import Tell, print_json, print_table, steps
from moviec.cli.options import HomeOption, JsonOption
from moviec.cli.reading import reading
from moviec.config import Home, open_home
from moviec.search import Ask, Finder
from moviec.search.index import catch_up, indexer
from moviec.search.readings import GenreWords, fold_title
from moviec.search.summaries import Summary, summary_of
from moviec.units import plural


def search(
    query: Annotated[list[str], typer.Argument(help="Words: a title, people, a year, genres.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the catalogue. The search index is brought up to date first, or built where there is none."""
    with steps(quiet=as_json) as tell:
        found, note = find(open_home(home), " ".join(query), limit, tell)
    if note:
        print(note, file=sys.stderr)
    if as_json:
        print_json(found)
        return
    rows = [
        (item.id, str(item.year or "–"), item.title, ", ".join(item.genres), "–" if item.c_rating is None else f"{item.c_rating:.0f}")
        for item in found
    ]  # fmt: skip
    print_table(plural(len(found), "film", "films"), ("id", "year", "title", "genres", "rating"), rows)


def find(home: Home, query: str, limit: int, tell: Tell = lambda _: None) -> tuple[list[Summary], str]:
    """Return the films that match, the best first, and what a person should know of the answer."""
    catalogue = connect(home.catalogue)
    try:
        with catalogue.connect() as connection:
            head = last_change(connection)
        if not head:
            with reading(home):
                return (
                    [],
                    "there are no films yet; `moviec ingest` takes some in, `moviec demo` shows a sample",
                )
        finder = fresh_index(home, catalogue, head, tell)
        with catalogue.connect() as connection:
            if finder.position is not None:
                behind = head - finder.position
                note = (
                    f"the search index is still {plural(behind, 'change', 'changes')} behind"
                    if behind > 0
                    else ""
                )
                genres = GenreWords.of(all_genres(connection))
                return finder.find(Ask(query=query, limit=limit, facets=False), genres).items, note
            movies = movies_titled(connection, fold_title(query), limit)
            documents = dict(documents_of(connection, movies))
            found = [summary_of(documents[movie]) for movie in movies if movie in documents]
            return (
                found,
                "the search index is being built; until then only the beginnings of titles are found",
            )
    finally:
        catalogue.dispose()


def fresh_index(home: Home, catalogue: sa.Engine, head: int, tell: Tell) -> Finder:
    """Open the index; where it is not at the head of the log and no other process is at work on it, bring it there."""
    finder = Finder(home.search)
    finder.refresh()
    if finder.position is None or finder.position < head:
        with indexer(home.search) as mine:
            if mine:
                tell("search index: updating" if finder.position else "search index: building")
                catch_up(catalogue, home.search, tell)
        finder.refresh()
    return finder
