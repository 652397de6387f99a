"""IMDb's datasets: six gzipped TSV files without quoting, `\\N` for what is not known, at most three genres a film."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

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


class IMDb:
    """Renders films as IMDb has them; its key is the tconst.

    It records who was listed, one bit per person, since name.basics lists everybody once: with the first film.
    """

    name = "imdb"
    files = tuple(FileFormat(name, "tsv", tuple(header.split())) for name, header in _HEADERS.items())

    def __init__(self, seed: int, rates: IMDbDistortions, places: Mapping[int, str]) -> None:
        self._seed, self._rates, self._places = seed, rates, places
        self._named = bytearray()

    def render(self, film: Film) -> Rendering | None:
        """Return the film's rows in the six files."""
        chance = Chance(self._seed, self.name, film.number)
        defect = self._places.get(film.number, "")
        if chance.happens(self._rates.missing) and not defect:
            return None
        key, seen = film.ids.imdb, see(film, self._rates, chance)
        title = f'"{seen.title}" and After' if defect == "quoted_title" else seen.title
        rows: dict[str, list[Row]] = {
            BASICS: [_basics(film, seen, title)],
            CREW: [[key, ",".join(_nconst(person) for person in film.directors) or NULL, NULL]],
            AKAS: list(_akas(film, title)),
            PRINCIPALS: list(_principals(film)),
            NAMES: [self._introduced(person, role, key) for person, role in self._strangers(film)],
        }
        if votes := self._rates.panel.votes(film, chance):
            rows[RATINGS] = [
                [key, f"{self._rates.panel.value(film.audience, votes, chance):.1f}", str(votes)]
            ]
        if defect == "series":
            rows[BASICS].append(_series(film))
        return Rendering(key, rows, (defect,) if defect else ())

    def _strangers(self, film: Film) -> Iterator[tuple[Person, str]]:
        """Yield the people who were not named before, with their trade."""
        people = [*((p, "director") for p in film.directors), *((p, "actor") for p in film.cast)]
        for person, role in people:
            place, bit = person.id >> 3, 1 << (person.id & 7)
            if place >= len(self._named):
                self._named.extend(bytes(place + 1024 - len(self._named)))
            if not self._named[place] & bit:
                self._named[place] |= bit
                yield person, role

    def _introduced(self, person: Person, role: str, key: str) -> Row:
        """Return the person's row: one spelling of the name for all the films."""
        chance = Chance(self._seed, self.name, "person", person.id)
        name = renamed(person.name, chance) if chance.happens(self._rates.name_variant) else person.name
        return [_nconst(person), name, NULL, NULL, role, key]


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


def _principals(film: Film) -> Iterator[Row]:
    billed = [*((p, "actor") for p in film.cast[:8]), *((p, "director") for p in film.directors[:2])]
    for ordering, (person, category) in enumerate(billed, start=1):
        plays = _JSON([person.character]) if person.character else NULL
        yield [film.ids.imdb, str(ordering), _nconst(person), category, NULL, plays]


def _nconst(person: Person) -> str:
    return f"nm{person.id:07d}"
