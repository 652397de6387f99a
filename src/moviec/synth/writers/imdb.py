"""IMDb's datasets: six gzipped TSV files without quoting, `\\N` for what is not known, at most three genres a film."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import ClassVar

import msgspec

from moviec.synth.distortions import IMDbDistortions, Seen, renamed, see
from moviec.synth.film import IMDB, Film, Person, relabelled
from moviec.synth.provider import Chance, FileFormat, Rendering, Row

NULL = "\\N"
BASICS, RATINGS, CREW = "title.basics.tsv.gz", "title.ratings.tsv.gz", "title.crew.tsv.gz"
AKAS, PRINCIPALS, NAMES = "title.akas.tsv.gz", "title.principals.tsv.gz", "name.basics.tsv.gz"
_HEADERS = {
    BASICS: "tconst titleType primaryTitle originalTitle isAdult startYear endYear runtimeMinutes genres",
    RATINGS: "tconst averageRating numVotes",
    CREW: "tconst directors writers",
    AKAS: "titleId ordering title region language types attributes isOriginalTitle",
    PRINCIPALS: "tconst ordering nconst category job characters",
    NAMES: "nconst primaryName birthYear deathYear primaryProfession knownForTitles",
}
_JSON = json.JSONEncoder(ensure_ascii=False).encode
_TYPES = {"feature": "movie", "short": "short", "tv_movie": "tvMovie"}


class IMDb(msgspec.Struct, frozen=True):
    """Renders films as IMDb has them; its key is the tconst."""

    seed: int
    rates: IMDbDistortions
    places: Mapping[int, str]
    name: ClassVar[str] = "imdb"
    files: ClassVar[tuple[FileFormat, ...]] = tuple(
        FileFormat(name, "tsv", tuple(header.split())) for name, header in _HEADERS.items()
    )

    def render(self, film: Film) -> Rendering | None:
        """Return the film's rows in the six files; in name.basics everybody's, to be settled by Named."""
        chance = Chance(self.seed, self.name, film.number)
        defect = self.places.get(film.number, "")
        if chance.happens(self.rates.missing) and not defect:
            return None
        key, seen = film.ids.imdb, see(film, self.rates, chance)
        directors, cast = _people(film.directors, "director"), _people(film.cast, "actor")
        title = f'"{seen.title}" and After' if defect == "quoted_title" else seen.title
        rows: dict[str, list[Row]] = {
            BASICS: [_basics(film, seen, title)],
            CREW: [[key, ",".join([nconst for nconst, _, _ in directors]) or NULL, NULL]],
            AKAS: list(_akas(film, title)),
            PRINCIPALS: _principals(key, cast[:8] + directors[:2]),
            NAMES: [
                f"{nconst}\t{person.name}\t{NULL}\t{NULL}\t{role}\t{key}\n"
                for nconst, person, role in directors + cast
            ],
        }
        if votes := self.rates.panel.votes(film, chance):
            rows[RATINGS] = [[key, f"{self.rates.panel.value(film.audience, votes, chance):.1f}", str(votes)]]
        if defect == "series":
            rows[BASICS].append(_series(film))
        return Rendering(key, rows, (defect,) if defect else ())


class Named:
    """Who stands in name.basics, one byte per person: it lists everybody once, with the first film."""

    file = NAMES

    def __init__(self, seed: int, rates: IMDbDistortions) -> None:
        self._seed, self._rates = seed, rates
        self._named = bytearray()

    def settle(self, number: int, rendering: Rendering) -> Rendering:
        """Keep the rows of people who were not named before."""
        rows: list[Row] = []
        for row in map(str, rendering.rows[NAMES]):
            person = int(row[2 : row.index("\t")])
            if person >= len(self._named):
                self._named.extend(bytes(person + 1024 - len(self._named)))
            if not self._named[person]:
                self._named[person] = True
                rows.append(self._spelt(row, person))
        return Rendering(rendering.key, {NAMES: rows}, rendering.planted)

    def _spelt(self, row: str, person: int) -> str:
        """Return the row with the one spelling of the person's name for all the films."""
        chance = Chance(self._seed, IMDb.name, "person", person)
        if not chance.happens(self._rates.name_variant):
            return row
        nconst, name, rest = row.split("\t", 2)
        return f"{nconst}\t{renamed(name, chance)}\t{rest}"


def _basics(film: Film, seen: Seen, title: str) -> Row:
    genres = sorted(relabelled(seen.genres, IMDB)[:3])
    if film.kind == "short":
        genres = sorted([*genres[:2], "Short"])
    return [
        film.ids.imdb,
        _TYPES[film.kind],
        title,
        film.original_title or title,
        "0",
        NULL if seen.year is None else str(seen.year),
        NULL,
        NULL if seen.runtime is None else str(seen.runtime),
        ",".join(genres) or NULL,
    ]


def _series(film: Film) -> Row:
    """Return a series of the same name, which is no film."""
    tconst = f"tt{90_000_000 + film.number}"
    return [tconst, "tvSeries", film.title, film.title, "0", str(film.year), NULL, "45", "Drama"]


def _akas(film: Film, title: str) -> Iterator[Row]:
    key, original = film.ids.imdb, film.original_title or title
    yield [key, "1", original, NULL, NULL, "original", NULL, "1"]
    yield [key, "2", title, "US", "en", "imdbDisplay", NULL, "0"]
    if film.original_title and film.countries:
        yield [key, "3", original, film.countries[0], film.language, "imdbDisplay", NULL, "0"]


def _people(people: tuple[Person, ...], role: str) -> list[tuple[str, Person, str]]:
    """Return people with their nconst and what they are in the film."""
    return [(f"nm{person.id:07d}", person, role) for person in people]


@lru_cache(1 << 12)
def _characters(name: str) -> str:
    return _JSON([name])


def _principals(key: str, billed: list[tuple[str, Person, str]]) -> list[Row]:
    return [
        f"{key}\t{ordering}\t{nconst}\t{category}\t{NULL}\t"
        f"{_characters(person.character) if person.character else NULL}\n"
        for ordering, (nconst, person, category) in enumerate(billed, start=1)
    ]
