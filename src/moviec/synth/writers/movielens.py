"""MovieLens: movies.csv with the year inside the title, links.csv, ratings.csv vote by vote, tags.csv."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from moviec.synth import wording
from moviec.synth.distortions import MovieLensDistortions, inverted, see
from moviec.synth.film import MOVIELENS, Film, relabelled
from moviec.synth.provider import Chance, FileFormat, Rendering, Row

NO_GENRES = "(no genres listed)"
#: 1 January 1996 in Unix seconds, when the site opened; no vote is older.
_OPENED = 820_454_400
_YEAR = 31_557_600
#: Half stars as they are written.
_STARS = [f"{halves / 2:.1f}" for halves in range(11)]


class MovieLens(msgspec.Struct, frozen=True):
    """Renders films as MovieLens has them. Votes stand film by film; in the real file they stand user by user."""

    seed: int
    rates: MovieLensDistortions
    places: Mapping[int, str]
    name: ClassVar[str] = "movielens"
    files: ClassVar[tuple[FileFormat, ...]] = (
        FileFormat("movies.csv", "csv", ("movieId", "title", "genres"), newline="\r\n"),
        FileFormat("links.csv", "csv", ("movieId", "imdbId", "tmdbId"), newline="\r\n"),
        FileFormat("ratings.csv", "csv", ("userId", "movieId", "rating", "timestamp"), newline="\r\n"),
        FileFormat("tags.csv", "csv", ("userId", "movieId", "tag", "timestamp"), newline="\r\n"),
    )

    def render(self, film: Film) -> Rendering | None:
        """Return the film's row, its ids elsewhere, its votes and its tags."""
        chance = Chance(self.seed, self.name, film.number)
        defect = self.places.get(film.number, "")
        if chance.happens(self.rates.missing) and not defect:
            return None
        key = str(film.ids.movielens)
        seen = see(film, self.rates, chance)
        year = None if defect == "no_year" else seen.year
        genres = () if defect == "no_genres" else sorted(relabelled(seen.genres, MOVIELENS))
        unknown = chance.happens(self.rates.id_missing) or defect == "no_tmdb_id"
        wrong = chance.happens(self.rates.wrong_id) and not unknown
        tmdb = "" if unknown else str(film.ids.tmdb + wrong)
        rows: dict[str, list[Row]] = {
            "movies.csv": [[key, _titled(seen.title, film, year), "|".join(genres) or NO_GENRES]],
            "links.csv": [[key, film.ids.imdb[2:], tmdb]],
            "ratings.csv": self._votes(film, chance),
            "tags.csv": self._tags(film, chance),
        }
        planted = [defect] if defect else []
        return Rendering(key, rows, (*planted, *(["wrong_id"] if wrong else [])))

    def _votes(self, film: Film, chance: Chance) -> list[Row]:
        """Draw the film's votes in half stars, each by another user."""
        panel, key = self.rates.panel, str(film.ids.movielens)
        votes = min(panel.votes(film, chance), self.rates.most_votes)
        mean = panel.mean + panel.spread * (film.audience - 60) / 15
        draw, normal = chance.uniform, chance.normal
        step, wait = self.rates.users // (2 * max(votes, 1)), _YEAR // max(votes, 1)
        user, when = chance.below(self.rates.users), max(_OPENED, (film.year - 1970) * _YEAR)
        rows: list[Row] = []
        for _ in range(votes):
            user = (user + 1 + int(draw() * step)) % self.rates.users
            when += int(draw() * wait)
            halves = min(max(round(2 * (mean + panel.noise * normal())), 1), 10)
            rows.append(f"{user + 1},{key},{_STARS[halves]},{when}\r\n")
        return rows

    def _tags(self, film: Film, chance: Chance) -> list[Row]:
        if not chance.happens(self.rates.tagged):
            return []
        key, when = str(film.ids.movielens), max(_OPENED, (film.year - 1970) * _YEAR)
        drawn = [(at, wording.KEYWORDS[at]) for at in wording.keywords(chance)]
        words = list(enumerate(film.keywords)) if film.overview else drawn
        return [[str(chance.below(self.rates.users) + 1), key, word, str(when + at)] for at, word in words]


def _titled(title: str, film: Film, year: int | None) -> str:
    """Write a title as it is filed: "Misérables, Les (1995)", "Wings of Desire (Himmel über Berlin, Der) (1987)"."""
    filed = inverted(title)
    if film.original_title and film.original_title.isascii() and film.original_title != film.title:
        filed += f" ({inverted(film.original_title)})"
    return filed if year is None else f"{filed} ({year})"
