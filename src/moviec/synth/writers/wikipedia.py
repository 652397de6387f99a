"""Wikipedia's lists of American films: movies.jsonl with title, year, cast, genres and the article's address; no ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar
from zlib import crc32

import msgspec

from moviec.synth.distortions import WikipediaDistortions, cast_as_written, see
from moviec.synth.film import WIKIPEDIA, Film, relabelled
from moviec.synth.provider import Chance, FileFormat, Rendering, Row

MOVIES = "movies.jsonl"
_JSON = json.JSONEncoder(ensure_ascii=False).encode


class Wikipedia(msgspec.Struct, frozen=True):
    """Renders American films as the lists have them. The key is the article's address, or "Title (year)" without one."""

    seed: int
    rates: WikipediaDistortions
    places: Mapping[int, str]
    name: ClassVar[str] = "wikipedia"
    files: ClassVar[tuple[FileFormat, ...]] = (FileFormat(MOVIES, "jsonl"),)

    def render(self, film: Film) -> Rendering | None:
        """Return the film's line, its address to be settled by Addresses; a film in two lists has it twice."""
        if film.countries[:1] != ("US",) or film.kind == "tv_movie":
            return None
        chance = Chance(self.seed, self.name, film.number)
        defect = self.places.get(film.number, "")
        if chance.happens(self.rates.missing) and not defect:
            return None
        seen = see(film, self.rates, chance)
        year = film.year if seen.year is None else seen.year
        cast = cast_as_written(film, self.rates.name_variant, chance)
        href = None if chance.happens(self.rates.unlinked) else seen.title.replace(" ", "_")
        genres = [] if chance.happens(self.rates.no_genres) else list(relabelled(seen.genres, WIKIPEDIA))
        if film.kind == "short":
            genres.append("Short")
        entry = {
            "title": seen.title,
            "year": year,
            "cast": [] if chance.happens(self.rates.no_cast) else cast,
            "genres": genres,
            "href": href,
        }
        line: Row = _JSON(entry) + "\n"
        lines = [line, line] if defect == "listed_twice" else [line]
        return Rendering(href, {MOVIES: lines}, (defect,) if defect else ())


class Addresses:
    """Four bytes of every address and of every film without one, so that no key is used twice."""

    file = MOVIES

    def __init__(self) -> None:
        self._used = set[int]()

    def settle(self, number: int, rendering: Rendering) -> Rendering:
        """Give the film a key of its own, its address as long as it takes to be another than those before."""
        entry = json.loads(str(rendering.rows[MOVIES][0]))
        label = f"{entry['title']} ({entry['year']})"
        if entry["href"] is None and self._free(label):
            return Rendering(label, rendering.rows, rendering.planted)
        href = self._article(entry["title"].replace(" ", "_"), entry["year"], number)
        if href == entry["href"]:
            return rendering
        lines: list[Row] = [_JSON(entry | {"href": href}) + "\n"] * len(rendering.rows[MOVIES])
        return Rendering(href, {MOVIES: lines}, rendering.planted)

    def _article(self, base: str, year: int, number: int) -> str:
        forms = (base, f"{base}_(film)", f"{base}_({year}_film)", f"{base}_({year}_film,_{number})")
        return next((form for form in forms[:-1] if self._free(form)), forms[-1])

    def _free(self, key: str) -> bool:
        mark = crc32(key.encode())
        free = mark not in self._used
        self._used.add(mark)
        return free
