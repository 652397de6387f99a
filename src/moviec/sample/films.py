"""Reads the sample's facts (`films.csv`, `companies.csv`) as films and writes the six deliveries of them."""

from __future__ import annotations

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

from moviec.model import MILLION
from moviec.synth.deliver import Planted, deliver
from moviec.synth.film import Company, Film, Ids, Person
from moviec.synth.settings import Settings

#: Numbers of the sample's own, far from the providers': for companies without a known one, and for people.
OWN_COMPANIES, OWN_PEOPLE = 9_000_000, 8_000_000
#: Academy rules: up to 40 minutes a film is short.
SHORT = 40
#: The sample's one seed: every copy of it is the same to the byte.
SETTINGS = Settings(seed=1895)


def write_sample(folder: Path) -> Planted:
    """Write the sample's deliveries into folder/kaggle, folder/imdb, …; says which rows and faults they hold."""
    return deliver(sample_films(), folder, SETTINGS)


def sample_films() -> list[Film]:
    """Return the sample's films, oldest first, numbered from 1."""
    rows = list(_rows("films.csv"))
    companies = _numbers((name for row in rows for name in _list(row["companies"])), OWN_COMPANIES)
    companies |= {row["name"]: int(row["id"]) for row in _rows("companies.csv")}
    people = _numbers(
        (name.partition("=")[0] for row in rows for name in _list(row["directors"]) + _list(row["cast"])),
        OWN_PEOPLE,
    )
    return [_film(number, row, companies, people) for number, row in enumerate(rows, start=1)]


def _film(number: int, row: dict[str, str], companies: dict[str, int], people: dict[str, int]) -> Film:
    runtime = int(row["runtime"])
    genres = tuple(genre for genre in _list(row["genres"]) if genre != "TV Movie")
    popularity = int(row["popularity"]) * MILLION
    return Film(
        number=number,
        title=row["title"],
        original_title=row["original_title"] or None,
        language=row["language"],
        languages=(row["language"],),
        released=dt.date.fromisoformat(row["released"]),
        runtime=runtime,
        kind="short" if runtime <= SHORT else "tv_movie" if "TV Movie" in row["genres"] else "feature",
        genres=genres,
        companies=tuple(Company(name, companies[name]) for name in _list(row["companies"])),
        countries=tuple(_list(row["countries"])),
        directors=tuple(Person(name, people[name]) for name in _list(row["directors"])),
        cast=tuple(_actor(text, people) for text in _list(row["cast"])),
        ids=Ids(row["imdb"], int(row["tmdb"]), int(row["movielens"] or 900_000 + number), _slug(row)),
        critics=float(row["critics"]),
        audience=float(row["audience"]),
        votes=popularity // 50,
        popularity=popularity,
        collection=row["collection"] or None,
        budget=int(row["budget"]) if row["budget"] else None,
        revenue=int(row["revenue"]) if row["revenue"] else None,
        overview=row["overview"],
        keywords=(f"{row['released'][:3]}0s", *(genre.lower() for genre in genres)),
    )


def _actor(text: str, people: dict[str, int]) -> Person:
    name, _, character = text.partition("=")
    return Person(name, people[name], character or None)


def _slug(row: dict[str, str]) -> str:
    """Return a film's address in the listing: if two share a title, it includes the year."""
    plain = unicodedata.normalize("NFKD", row["title"]).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_") + "_" + row["released"][:4]


def _numbers(names: Iterator[str], first: int) -> dict[str, int]:
    return {name: first + place for place, name in enumerate(sorted(set(names)), start=1)}


def _list(cell: str) -> list[str]:
    return cell.split(";") if cell else []


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = resources.files("moviec.sample").joinpath(name).read_text("utf-8")
    yield from csv.DictReader(text.splitlines())
