"""Films without ids found in the catalogue: candidates by search, judged by the matcher that joins the sources' records."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.queries import documents_of
from moviec.errors import UsageError
from moviec.search import Ask
from moviec.search.readings import GenreWords
from moviec.search.summaries import Summary, summary_of
from moviec.units import MILLION
from moviec.web.errors import Problem
from moviec.web.lookups import movie_of
from moviec.web.routes.lists import genre_words
from moviec.web.schemas import FilmAsked
from moviec.web.server_state import ServerState

#: Candidates searched for each title, with its year and without.
CANDIDATES = 8

#: External ids accepted for a film, and their form here.
_IDS = {"imdb_id": "imdb", "tmdb_id": "tmdb"}


class Judged(msgspec.Struct, frozen=True):
    """A candidate: the probability that it is the given film (0 to 1), its band, and the evidence."""

    film: Summary
    probability: float
    band: str
    contradiction: str | None = None
    evidence: list[Any] = []


async def judge(server: ServerState, wanted: Sequence[FilmAsked]) -> list[list[Judged]]:
    """Return the candidates for each given film, the likeliest first; one named by an id is certain."""
    named = [await _named(server, film) for film in wanted]
    words = await genre_words(server)
    return await asyncio.to_thread(_judge, server, wanted, named, words)


async def _named(server: ServerState, film: FilmAsked) -> int | None:
    """Return the film that an id names; None if there is none, or several."""
    for field, space in _IDS.items():
        if written := getattr(film, field):
            try:
                return await movie_of(server, f"{space}:{written}")
            except Problem:
                continue
    return None


def _judge(
    server: ServerState, wanted: Sequence[FilmAsked], named: Sequence[int | None], words: GenreWords
) -> list[list[Judged]]:
    found = [
        {number} if number is not None else _candidates(server, film, words)
        for film, number in zip(wanted, named, strict=True)
    ]
    numbers = sorted(set().union(*found))
    with server.catalogue.connect() as connection:
        documents = _documents(connection, numbers)
        films = max(server.finder.films, 1)
    by_asked = _pairs(server, wanted, documents, films) if documents else {}
    summaries = {number: _shown(text) for number, text in documents.items()}
    judged = []
    for place, (some, number) in enumerate(zip(found, named, strict=True)):
        if number is not None and number in summaries:
            judged.append([Judged(summaries[number], 1.0, "accept", None, [["ids", "same", None]])])
            continue
        rows = [row for row in by_asked.get(str(place), []) if int(row["candidate"]) in some]
        judged.append([_judged(summaries[int(row["candidate"])], row) for row in rows])
    return judged


def _judged(film: Summary, row: Mapping[str, Any]) -> Judged:
    evidence = msgspec.json.decode(row["evidence"])
    probability = row["probability"] / MILLION
    return Judged(film, probability, row["band"], row["contradiction"], evidence)


def _shown(document: str) -> Summary:
    return msgspec.structs.replace(summary_of(document), titles={}, collection=None)


def _documents(connection: sa.Connection, numbers: Sequence[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for start in range(0, len(numbers), 1_000):
        found.update(documents_of(connection, numbers[start : start + 1_000]))
    return found


def _candidates(server: ServerState, film: FilmAsked, words: GenreWords) -> set[int]:
    """Search by each title, in the years around the film's and in all years."""
    found: set[int] = set()
    for title in dict.fromkeys(filter(None, (film.title.strip(), (film.original_title or "").strip()))):
        plain = Ask(query=f"{title} ", limit=CANDIDATES, facets=False, counted=False, adult=True)
        asks = [plain]
        if film.year is not None:
            asks.append(msgspec.structs.replace(plain, year_from=film.year - 1, year_to=film.year + 1))
        for ask in asks:
            try:
                found |= {int(item.id[2:]) for item in server.finder.find(ask, words).items}
            except UsageError:
                continue
    return found


def _pairs(
    server: ServerState, wanted: Sequence[FilmAsked], documents: Mapping[int, str], films: int
) -> dict[str, list[dict[str, Any]]]:
    """Judge all at once: rows of `match_against` by the position of the given film."""
    import pyarrow as pa

    from moviec.matching.features import FEATURES
    from moviec.matching.two_lists import match_against  # the engine is loaded on first use

    left = pa.Table.from_pylist([_asked(place, film) for place, film in enumerate(wanted)], FEATURES)
    right = pa.Table.from_pylist([_candidate(number, text) for number, text in documents.items()], FEATURES)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in match_against(left, right, films, server.workbench.match_model()).to_pylist():
        found.setdefault(row["asked"], []).append(row)
    return found


def _asked(place: int, film: FilmAsked) -> dict[str, Any]:
    titles = [title for title in (film.title, film.original_title) if title]
    return {
        "source": "asked", "key": str(place), "titles": _distinct(titles), "year": film.year,
        "released": _day(film.released), "runtime": film.runtime, "kind": film.kind, "directors": film.directors,
        "cast": film.people, "genres": film.genres, "scores": None, "votes": None, "ids": [],
    }  # fmt: skip


def _candidate(number: int, text: str) -> dict[str, Any]:
    film = msgspec.json.decode(text)
    people = film.get("people", [])
    titles = [
        film["title"],
        film.get("original_title"),
        *(other["title"] for other in film.get("other_titles", [])),
    ]
    return {
        "source": "catalogue", "key": str(number), "titles": _distinct(title for title in titles if title),
        "year": film.get("year"), "released": _day(film.get("released")), "runtime": film.get("runtime"),
        "kind": film.get("kind"), "directors": [person["name"] for person in people if person["role"] == "director"],
        "cast": [each["name"] for each in people if each["role"] == "actor"],
        "genres": [genre["name"] for genre in film.get("genres", [])], "scores": None,
        "votes": max((rating.get("votes") or 0 for rating in film.get("ratings", [])), default=None), "ids": [],
    }  # fmt: skip


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))
