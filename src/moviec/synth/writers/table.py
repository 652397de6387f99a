"""A small list as anybody might keep it: a festival's films.csv in German, with the mapping that lets MovieC read it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from typing import ClassVar

import msgspec

from moviec.synth.distortions import FestivalDistortions, see
from moviec.synth.film import Film
from moviec.synth.provider import Chance, FileFormat, Rendering

FILMS, MAPPING = "films.csv", "source.toml"


class Festival(msgspec.Struct, frozen=True):
    """Renders the films that a festival showed; its key is the title."""

    seed: int
    rates: FestivalDistortions
    places: Mapping[int, str]
    name: ClassVar[str] = "festival"
    files: ClassVar[tuple[FileFormat, ...]] = (
        FileFormat(FILMS, "csv", ("Film", "Jahr", "Regie", "Länge", "Note"), ";", "\r\n"),
    )

    def render(self, film: Film) -> Rendering | None:
        """Return the film's row, to be settled by Shown; the year is the festival's, the mark the jury's."""
        chance = Chance(self.seed, self.name, film.number)
        defect = self.places.get(film.number, "")
        if chance.happens(self.rates.missing) and not defect:
            return None
        seen = see(film, self.rates, chance)
        mark = self.rates.panel.value(film.critics, self.rates.jury, chance)
        row = [
            seen.title,
            "" if seen.year is None else str(seen.year),
            ", ".join(person.name for person in film.directors),
            "" if seen.runtime is None else str(seen.runtime),
            "" if defect == "no_mark" else f"{mark:.1f}",
        ]
        return Rendering(seen.title, {FILMS: [row]}, (defect,) if defect else ())


class Shown:
    """The titles in the list: a film whose title is there already is left out."""

    file = FILMS

    def __init__(self) -> None:
        self._titles = set[str | None]()

    def settle(self, number: int, rendering: Rendering) -> Rendering | None:
        """Keep the film if its title is new."""
        if rendering.key in self._titles:
            return None
        self._titles.add(rendering.key)
        return rendering


def mapping() -> str:
    """Return the text of the mapping, a `source.toml`."""
    return resources.files("moviec.synth.writers").joinpath("festival.toml").read_text("utf-8")
