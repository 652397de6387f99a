"""Search as people type: the share of queries whose film is first, and among three, by kind of query.

    bench_search.py HOME [QUERIES.csv]

HOME holds the shared deliveries. A row is a kind, a query, and which film is meant: a part of its title, of several (a|b) any;
its years, one off forgiven, or from-to; or its genre. `search_queries.csv` was typed by us, and says which part a row is
of: those held out were typed after the last change of search, and only counted; what was held out before is for
development now. A query counts only where the catalogue
holds such a film.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import connect
from moviec.catalog.references import all_genres
from moviec.search import Ask, Finder
from moviec.search.readings import GenreWords
from moviec.search.summaries import Summary


class Typed(msgspec.Struct, frozen=True):
    """A query and the films that it may mean."""

    kind: str
    query: str
    titles: tuple[str, ...]
    years: tuple[tuple[int, int], ...]
    genre: str
    held_out: bool

    def fits(self, titles: list[str], year: int | None, genres: list[str]) -> bool:
        """Return whether a film is meant."""
        short = len(self.titles) == 1 and 0 < len(self.titles[0]) <= 3
        named = any(
            one == title.lower() if short else one in title.lower() for one in self.titles for title in titles
        )
        dated = not self.years or any(first <= (year or 0) <= last for first, last in self.years)
        return named and dated and (not self.genre or self.genre in genres)


def typed(path: Path) -> Iterator[Typed]:
    """Read the queries."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            years = [year.partition("-") for year in row["years"].split("|") if year]
            spans = tuple((int(a), int(b)) if b else (int(a) - 1, int(a) + 1) for a, _, b in years)
            yield Typed(
                row.get("kind") or "", row["query"], tuple(row["title"].split("|")), spans, row.get("genre") or "", row.get("part") == "held out"
            )  # fmt: skip


def main() -> None:
    """Count and print."""
    home, here = Path(sys.argv[1]), Path(__file__).with_name("search_queries.csv")
    catalogue, finder = connect(f"sqlite:///{home / 'catalogue.db'}"), Finder(home / "search")
    finder.refresh()
    with catalogue.connect() as connection:
        genres = GenreWords.of(all_genres(connection))
        films = list(connection.execute(sa.text("SELECT title, original_title, year FROM movies")))
    found: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    took = []
    for one in typed(Path(sys.argv[2]) if sys.argv[2:] else here):
        known = msgspec.structs.replace(one, genre="")
        if not any(known.fits([film[0], film[1] or ""], film[2], []) for film in films):
            print(f"not in the catalogue: {one.query}")
            continue
        begun = time.perf_counter()
        items = finder.find(Ask(query=one.query, limit=10, facets=False), genres).items
        took.append(time.perf_counter() - begun)
        hits = [one.fits([item.title, item.original_title or ""], item.year, item.genres) for item in items]
        for kind in (one.kind, "all"):
            part = "held out" if one.held_out else "development"
            found.setdefault((kind, part), []).append((any(hits[:1]), any(hits[:3])))
        if not any(hits[:1]) and not one.held_out:
            print(f"   {one.kind}: {one.query!r} -> {_shown(items)}")
    for (kind, part), some in sorted(found.items()):
        first, three = (sum(column) / len(some) for column in zip(*some, strict=True))
        print(f"{kind:11} {part:12} {len(some):4} queries, first {first:.3f}, among three {three:.3f}")
    took.sort()
    print(
        f"a search takes {1000 * took[len(took) // 2]:.1f} ms (half), {1000 * took[-1]:.1f} ms (the longest)"
    )
    catalogue.dispose()


def _shown(items: list[Summary]) -> str:
    return "; ".join(f"{item.title} ({item.year})" for item in items[:3]) or "nothing"


if __name__ == "__main__":
    main()
