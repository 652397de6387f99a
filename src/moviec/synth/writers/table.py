"""A small list as anybody might keep it: a festival's films.csv in German, with the mapping that lets MovieC read it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from moviec.synth.distortions import FestivalDistortions, see
from moviec.synth.film import Film
from moviec.synth.provider import Chance, FileFormat, Rendering

FILMS, MAPPING = "films.csv", "source.toml"


class Festival:
    """Renders the films that a festival showed; its key is the title, so a title that it has already is left out."""

    name = "festival"
    files = (FileFormat(FILMS, "csv", ("Film", "Jahr", "Regie", "Länge", "Note"), ";", "\r\n"),)

    def __init__(self, seed: int, rates: FestivalDistortions, places: Mapping[int, str]) -> None:
        self._seed, self._rates, self._places = seed, rates, places
        self._titles: set[str] = set()

    def render(self, film: Film) -> Rendering | None:
        """Return the film's row; the year is the festival's, the mark the jury's."""
        chance = Chance(self._seed, self.name, film.number)
        defect = self._places.get(film.number, "")
        if chance.happens(self._rates.missing) and not defect:
            return None
        seen = see(film, self._rates, chance)
        if seen.title in self._titles:
            return None
        self._titles.add(seen.title)
        mark = self._rates.panel.value(film.critics, self._rates.jury, chance)
        row = [
            seen.title,
            "" if seen.year is None else str(seen.year),
            ", ".join(person.name for person in film.directors),
            "" if seen.runtime is None else str(seen.runtime),
            "" if defect == "no_mark" else f"{mark:.1f}",
        ]
        return Rendering(seen.title, {FILMS: [row]}, (defect,) if defect else ())


def mapping() -> str:
    """Return the text of the mapping, a `source.toml`."""
    return resources.files("moviec.synth.writers").joinpath("festival.toml").read_text("utf-8")
