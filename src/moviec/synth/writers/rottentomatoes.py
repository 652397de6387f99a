"""Rotten Tomatoes: the listing movie_info.json, and the table of 22 columns; each holds a part of the films."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from moviec.synth import wording
from moviec.synth.distortions import RottenTomatoesDistortions, Seen, cast_as_written, see
from moviec.synth.film import ROTTENTOMATOES, Film, relabelled
from moviec.synth.provider import Chance, FileFormat, Rendering, Row

LISTING, TABLE = "movie_info.json", "rotten_tomatoes_movies.csv"
COLUMNS = (
    "rotten_tomatoes_link", "movie_title", "movie_info", "critics_consensus", "content_rating", "genres",
    "directors", "authors", "actors", "original_release_date", "streaming_release_date", "runtime",
    "production_company", "tomatometer_status", "tomatometer_rating", "tomatometer_count", "audience_status",
    "audience_rating", "audience_count", "tomatometer_top_critics_count", "tomatometer_fresh_critics_count",
    "tomatometer_rotten_critics_count",
)  # fmt: skip
_JSON = json.JSONEncoder(ensure_ascii=False).encode
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Scores(msgspec.Struct, frozen=True):
    """A film's scores: reviews and how many of them are positive; audience votes and the share that liked it (%)."""

    reviews: int
    fresh: int
    votes: int
    liked: int

    @property
    def tomatometer(self) -> int:
        """The share of positive reviews, %."""
        return (200 * self.fresh + self.reviews) // (2 * self.reviews)


class RottenTomatoes(msgspec.Struct, frozen=True):
    """Renders films as Rotten Tomatoes has them; the key is "m/" and the slug."""

    seed: int
    rates: RottenTomatoesDistortions
    places: Mapping[int, str]
    name: ClassVar[str] = "rottentomatoes"
    files: ClassVar[tuple[FileFormat, ...]] = (FileFormat(LISTING, "json"), FileFormat(TABLE, "csv", COLUMNS))

    def render(self, film: Film) -> Rendering | None:
        """Return the film's entry in the listing, its row in the table, or both; the scores in both are the same."""
        chance = Chance(self.seed, self.name, film.number)
        defect = self.places.get(film.number, "")
        if chance.happens(self.rates.missing) and not defect:
            return None
        seen = see(film, self.rates, chance)
        scores = self._scores(film, defect, chance)
        place = chance.uniform()
        date = defect if defect.endswith("_date") else self._date_form(chance)
        rows: dict[str, list[Row]] = {}
        if place < self.rates.listed or defect:
            rows[LISTING] = [_entry(film, seen, scores, date)]
        if place > 1 - self.rates.tabled or not rows:
            rows[TABLE] = [self._row(film, seen, scores, chance)]
        return Rendering(f"m/{film.ids.rottentomatoes}", rows, (defect,) if defect else ())

    def _scores(self, film: Film, defect: str, chance: Chance) -> Scores:
        reviews = 5 + self.rates.critics.votes(film, chance)
        fresh = self.rates.critics.positive(film.critics, reviews, chance)
        votes = 1 + self.rates.audience.votes(film, chance)
        liked = self.rates.audience.positive(film.audience, votes, chance) * 100 // votes
        empty = defect == "empty_scores"
        return Scores(
            0 if chance.happens(self.rates.no_critics) or empty else reviews,
            fresh,
            0 if chance.happens(self.rates.no_audience) or empty else votes,
            liked,
        )

    def _date_form(self, chance: Chance) -> str:
        form = chance.uniform()
        if form < self.rates.date_missing:
            return "no_date"
        return "year_date" if form < self.rates.date_missing + self.rates.date_year else "full_date"

    def _row(self, film: Film, seen: Seen, scores: Scores, chance: Chance) -> Row:
        actors = cast_as_written(film, self.rates.name_variant, chance)
        rated, fresh = bool(scores.reviews), scores.fresh
        meter = scores.tomatometer if rated else 0
        overview, consensus = wording.overview(chance), wording.tagline(chance) if rated else ""
        certificate = chance.pick(("G", "PG", "PG-13", "R", "NR"))
        if film.overview:
            overview, consensus, certificate = film.overview, "", ""
        return [
            f"m/{film.ids.rottentomatoes}",
            seen.title,
            overview,
            consensus,
            certificate,
            ", ".join(relabelled(seen.genres, ROTTENTOMATOES)),
            ", ".join(person.name for person in film.directors),
            "",
            ", ".join(actors),
            seen.released.isoformat(),
            "",
            "" if seen.runtime is None else str(seen.runtime),
            film.companies[0].name if film.companies else "",
            ("Rotten", "Fresh")[meter >= 60] if rated else "",
            str(meter) if rated else "",
            str(scores.reviews) if rated else "",
            ("Spilled", "Upright")[scores.liked >= 60] if scores.votes else "",
            str(scores.liked) if scores.votes else "",
            str(scores.votes) if scores.votes else "",
            str(scores.reviews // 5) if rated else "0",
            str(fresh) if rated else "0",
            str(scores.reviews - fresh) if rated else "0",
        ]


def _entry(film: Film, seen: Seen, scores: Scores, form: str) -> str:
    """Write an entry of the listing, its date in one of three forms: a day, a year, nothing."""
    day = seen.released
    dates = {
        "full_date": f'"Released {_MONTHS[day.month - 1]} {day.day}, {day.year}"',
        "year_date": f'"{day.year}"',
        "no_date": "null",
    }
    critics = f"{scores.tomatometer}%" if scores.reviews else ""
    audience = f"{scores.liked}%" if scores.votes else ""
    return (
        f'{{\n"title": {_JSON(seen.title)},\n'
        f'"url": {_JSON(f"https://www.rottentomatoes.com/m/{film.ids.rottentomatoes}")},\n'
        f'"release_date": {dates[form]},\n"critic_score": "{critics}",\n"audience_score": "{audience}"\n}}'
    )
