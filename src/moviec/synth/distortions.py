"""How far each provider's view of a film is from the truth: one settings struct of rates per provider, 0–1.

Measured on the real deliveries beside the project: of 2,348 films known to both, MovieLens and Kaggle write 6.5% of
the titles differently (4.4% even when accents and punctuation are ignored) and date 3.3% a year apart; IMDb and
Kaggle 8.1%, 4.8% and 1.4% of 433, with the runtime 1 to 6 minutes apart in 19%. A provider's own means and spreads are
those of its file on its own scale. What could not be measured there (films missing, wrong ids) is a choice.
"""

from __future__ import annotations

import datetime as dt
import math

import msgspec

from moviec.synth.chance import Chance
from moviec.synth.film import Film
from moviec.synth.spelling import mistyped, respelled


class Panel(msgspec.Struct, frozen=True):
    """How a site's voters see films: on the scale `lowest`–`highest`, its films have this mean and spread.

    `noise` is the standard deviation of one vote about the film's mean, `share` the site's part of the film's votes.
    """

    lowest: float
    highest: float
    mean: float
    spread: float
    noise: float
    share: float

    def votes(self, film: Film, chance: Chance) -> int:
        """Draw how many rated the film here: its votes times the share, up or down by about a half."""
        return int(film.votes * self.share * math.exp2(chance.normal()))

    def value(self, truth: float, votes: int, chance: Chance) -> float:
        """Draw the mean of so many votes, given the true quality, 0–100 (over all films 60 on average, spread 15)."""
        error = chance.normal() * self.noise / math.sqrt(max(votes, 1))
        return min(max(self.mean + self.spread * (truth - 60) / 15 + error, self.lowest), self.highest)


class Distortions(msgspec.Struct, frozen=True, kw_only=True):
    """The rates that every provider has; each sets its own."""

    missing: float
    title_variant: float = 0.04
    title_typo: float = 0.005
    year_missing: float = 0.0
    year_off: float = 0.01
    runtime_missing: float = 0.0
    runtime_off: float = 0.0
    genre_missing: float = 0.05
    name_variant: float = 0.0
    id_missing: float = 0.0
    wrong_id: float = 0.0


class KaggleDistortions(Distortions, frozen=True, kw_only=True):
    """Kaggle carries TMDB's data, from which the truth's own titles and genres are drawn."""

    missing: float = 0.1
    title_variant: float = 0.01
    year_off: float = 0.005
    runtime_missing: float = 0.01
    id_missing: float = 0.002
    wrong_id: float = 0.002
    keywords: float = 0.7
    panel: Panel = Panel(0, 10, 6.5, 0.85, 1.8, 0.05)


class Seen(msgspec.Struct, frozen=True):
    """A film as a provider has it: title, year and date (off together), minutes, genres still in TMDB's labels."""

    title: str
    year: int | None
    released: dt.date
    runtime: int | None
    genres: tuple[str, ...]


def see(film: Film, rates: Distortions, chance: Chance) -> Seen:
    """Draw a provider's view of the film."""
    variant, typo, year, runtime = (chance.uniform() for _ in range(4))
    off = chance.pick((-1, 1))
    minutes = 1 + chance.below(6)
    title = respelled(film.title, chance) if variant < rates.title_variant else film.title
    title = mistyped(title, chance) if typo < rates.title_typo else title
    moved = off if rates.year_missing <= year < rates.year_missing + rates.year_off else 0
    kept = tuple(genre for genre in film.genres if not chance.happens(rates.genre_missing))
    return Seen(
        title,
        None if year < rates.year_missing else film.year + moved,
        _moved(film.released, moved),
        None
        if runtime < rates.runtime_missing
        else film.runtime + (minutes if runtime < rates.runtime_missing + rates.runtime_off else 0),
        kept or film.genres[:1],
    )


def _moved(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year + years, day=min(day.day, 28)) if years else day
