"""What the tests of made-up deliveries share: one set of deliveries of 600 films, made once, read-only."""

from __future__ import annotations

import csv
import datetime as dt
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moviec.synth.deliver import Planted, deliver
from moviec.synth.distortions import KaggleDistortions
from moviec.synth.film import Company, Film, Ids, Person
from moviec.synth.invent import invent
from moviec.synth.settings import Defects, KaggleDefects, Settings

SETTINGS = Settings(
    seed=7, kaggle=KaggleDistortions(wrong_id=0.03), defects=Defects(kaggle=KaggleDefects(cut_record=1))
)


class Made(msgspec.Struct, frozen=True):
    """Deliveries with the films they show, what was planted, and the truth: key by (source, film number)."""

    folder: Path
    films: dict[int, Film]
    planted: Planted
    truth: dict[tuple[str, int], str]
    faults: dict[tuple[str, str], list[int]]

    def shown(self, source: str) -> dict[str, Film]:
        """Give a source's films by key."""
        return {key: self.films[number] for (name, number), key in self.truth.items() if name == source}

    def numbers(self, source: str, fault: str) -> list[int]:
        """Give the films on which a fault fell."""
        return self.faults.get((source, fault), [])


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("deliveries")
    films = list(invent(600, 7))
    planted = deliver(films, folder, SETTINGS)
    truth = {(row["source"], int(row["movie"])): row["key"] for row in rows(folder / "truth.csv")}
    faults: dict[tuple[str, str], list[int]] = {}
    for row in rows(folder / "faults.csv"):
        faults.setdefault((row["source"], row["fault"]), []).append(int(row["movie"]))
    return Made(folder, {film.number: film for film in films}, planted, truth, faults)


def rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    """Read a CSV file with nothing but the standard library."""
    with path.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text, delimiter=delimiter))


def film(**changed: Any) -> Film:
    """Give a film, but for what is changed."""
    usual: dict[str, Any] = {
        "number": 1,
        "title": "Les Nuits de Rosbury",
        "language": "fr",
        "released": dt.date(1995, 10, 30),
        "runtime": 81,
        "kind": "feature",
        "genres": ("Animation", "Comedy", "Family", "Fantasy"),
        "companies": (Company("Rue d'Or", 3),),
        "countries": ("US",),
        "languages": ("en",),
        "directors": (Person("Ana Weld", 7879),),
        "cast": (Person("Tom Ek", 31, "Woody"), Person("Tim Öst", 12898)),
        "ids": Ids("tt0114709", 862, 1, "les_nuits"),
        "critics": 95.0,
        "audience": 90.0,
        "votes": 500_000,
        "popularity": 21_946_943,
        "budget": 30_000_000,
        "revenue": 373_554_033,
        "collection": "Nuits Collection",
    }
    return Film(**(usual | changed))
