"""Wikipedia's lists of American films: movies.jsonl with title, year, cast, genres and the article's address; no ids."""

from __future__ import annotations

import json
from collections.abc import Mapping
from zlib import crc32

from moviec.synth.distortions import WikipediaDistortions, renamed, see
from moviec.synth.film import WIKIPEDIA, Film, relabelled
from moviec.synth.provider import Chance, FileFormat, Rendering, Row

MOVIES = "movies.jsonl"
_JSON = json.JSONEncoder(ensure_ascii=False).encode


class Wikipedia:
    """Renders American films as the lists have them. The key is the article's address, or "Title (year)" without one.

    It remembers four bytes of every address and of every film without one, so that no key is used twice.
    """

    name = "wikipedia"
    files = (FileFormat(MOVIES, "jsonl"),)

    def __init__(self, seed: int, rates: WikipediaDistortions, places: Mapping[int, str]) -> None:
        self._seed, self._rates, self._places = seed, rates, places
        self._used: set[int] = set()

    def render(self, film: Film) -> Rendering | None:
        """Return the film's line; a film in two lists has it twice."""
        chance = Chance(self._seed, self.name, film.number)
        defect = self._places.get(film.number, "")
        listed = film.countries[:1] == ("US",) and film.kind != "tv_movie"
        if not listed or (chance.happens(self._rates.missing) and not defect):
            return None
        seen = see(film, self._rates, chance)
        year = film.year if seen.year is None else seen.year
        cast = [
            renamed(person.name, chance) if chance.happens(self._rates.name_variant) else person.name
            for person in film.cast
        ]
        unlinked, label = chance.happens(self._rates.unlinked), f"{seen.title} ({year})"
        href = None if unlinked and self._free(label) else self._article(seen.title, year, film)
        genres = [] if chance.happens(self._rates.no_genres) else list(relabelled(seen.genres, WIKIPEDIA))
        if film.kind == "short":
            genres.append("Short")
        entry = {
            "title": seen.title,
            "year": year,
            "cast": [] if chance.happens(self._rates.no_cast) else cast,
            "genres": genres,
            "href": href,
        }
        line: Row = _JSON(entry) + "\n"
        lines = [line, line] if defect == "listed_twice" else [line]
        return Rendering(href or label, {MOVIES: lines}, (defect,) if defect else ())

    def _article(self, title: str, year: int, film: Film) -> str:
        """Return the article's address, as long as it takes to be another than those before."""
        base = title.replace(" ", "_")
        forms = (base, f"{base}_(film)", f"{base}_({year}_film)", f"{base}_({year}_film,_{film.number})")
        return next((form for form in forms[:-1] if self._free(form)), forms[-1])

    def _free(self, key: str) -> bool:
        mark = crc32(key.encode())
        free = mark not in self._used
        self._used.add(mark)
        return free
