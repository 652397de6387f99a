"""`moviec search`: films by title, people, companies, year and genre."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from moviec.catalog.connect import connect
from moviec.catalog.queries import documents_of, last_change, movies_titled
from moviec.catalog.references import all_genres
from moviec.cli.console import print_json, print_table
from moviec.cli.options import HomeOption, JsonOption
from moviec.config import Home, open_home
from moviec.search import Ask, Finder
from moviec.search.plan import GenreWords
from moviec.search.summaries import Summary, summary_of
from moviec.search.words import fold_title


def search(
    query: Annotated[list[str], typer.Argument(help="Words: a title, people, a year, genres.")],
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search the catalogue: in the index, else (until `moviec serve` has built one) by the beginnings of titles."""
    found = find(open_home(home), " ".join(query), limit)
    if as_json:
        print_json(found)
        return
    rows = [
        (item.id, str(item.year or "–"), item.title, ", ".join(item.genres), "–" if item.c_rating is None else f"{item.c_rating:.0f}")
        for item in found
    ]  # fmt: skip
    print_table(f"{len(found)} films", ("id", "year", "title", "genres", "rating"), rows)


def find(home: Home, query: str, limit: int) -> list[Summary]:
    """Give the films that match, the best first."""
    finder = Finder(home.search)
    finder.refresh()
    catalogue = connect(home.catalogue)
    try:
        with catalogue.connect() as connection:
            if finder.position is not None:
                if (behind := last_change(connection) - finder.position) > 0:
                    told = (
                        f"the search index is {behind:,} changes behind; `moviec worker --once` brings it up"
                    )
                    print(told, file=sys.stderr)
                genres = GenreWords.of(all_genres(connection))
                return finder.find(Ask(query=query, limit=limit, facets=False), genres).items
            movies = movies_titled(connection, fold_title(query), limit)
            documents = dict(documents_of(connection, movies))
            return [summary_of(documents[movie]) for movie in movies if movie in documents]
    finally:
        catalogue.dispose()
