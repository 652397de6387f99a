"""What people ask: queries of several kinds made from the titles of a catalogue, each with the film that is meant."""

from __future__ import annotations

import random
import sqlite3
from pathlib import Path
from urllib.parse import quote_plus

import msgspec

SEED = 8


class Meant(msgspec.Struct, frozen=True):
    """A query and the number of the film that it means."""

    query: str
    movie: int


def titles(catalogue: Path, count: int) -> list[tuple[int, str]]:
    """Draw films, the known ones more often, as people do: half of them among the hundredth most popular."""
    connection = sqlite3.connect(catalogue)
    known = "SELECT movie, title FROM movies WHERE length(title) BETWEEN 5 AND 100 ORDER BY popularity DESC LIMIT ?"
    films = connection.execute("SELECT count(*) FROM movies").fetchone()[0]
    popular = connection.execute(known, [films // 100]).fetchall()
    others = connection.execute(
        known.replace("popularity DESC", "movie * 2654435761 % 4294967296"), [count]
    ).fetchall()
    connection.close()
    draw = random.Random(SEED)
    return [draw.choice(popular) if n % 2 else others[n] for n in range(count)]


def queries(films: list[tuple[int, str]]) -> dict[str, list[Meant]]:
    """Make queries by kind: the whole title, its beginning, a typing error in it, two of its words."""
    draw = random.Random(SEED)
    made: dict[str, list[Meant]] = {"exact": [], "prefix": [], "typo": [], "two words": []}
    for movie, title in films:
        made["exact"].append(Meant(title, movie))
        made["prefix"].append(Meant(title[: draw.randint(3, 6)], movie))
        made["typo"].append(Meant(mistyped(title, draw), movie))
        words = title.split()
        made["two words"].append(Meant(" ".join(draw.sample(words, min(2, len(words)))), movie))
    return made


def mistyped(title: str, draw: random.Random) -> str:
    """Change, drop, double or swap one letter of the longest word."""
    longest = max(title.split(), key=len)
    if len(longest) < 4:
        return title
    at = draw.randrange(1, len(longest) - 1)
    ways = (
        longest[:at] + draw.choice("aeiorstln") + longest[at + 1 :],
        longest[:at] + longest[at + 1 :],
        longest[:at] + longest[at] + longest[at:],
        longest[:at] + longest[at + 1] + longest[at] + longest[at + 2 :],
    )
    return title.replace(longest, draw.choice(ways), 1)


def search_paths(some: list[Meant]) -> list[str]:
    """Write queries as paths."""
    return [f"/v1/movies/search?query={quote_plus(one.query)}" for one in some]


def listing_paths() -> list[str]:
    """Write listings of a genre in some order, from some year on, as paths."""
    return [
        f"/v1/movies?genre={genre}&sort={sort}&year_from={year}"
        for genre in range(1, 21)
        for sort in ("rating", "year", "popularity")
        for year in range(1950, 2020, 5)
    ]
