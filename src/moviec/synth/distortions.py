"""How far each provider's view of a film is from the truth: one settings struct of rates per provider, 0–1.

Measured on the real deliveries beside the project: of 2,348 films known to both, MovieLens and Kaggle write 6.5% of
the titles differently (4.4% even when accents and punctuation are ignored) and date 3.3% a year apart; IMDb and
Kaggle 8.1%, 4.8% and 1.4% of 433, with the runtime 1 to 6 minutes apart in 19%. A provider's own means and spreads are
those of its file on its own scale. Among 20,000 made-up films the same shares come out at 5.8%, 4.9% and 3.7%, and at 5.7%,
4.8% and 1.4%. What could not be measured there (films missing, wrong ids) is a choice.
"""

from __future__ import annotations

import datetime as dt
import math
import unicodedata
from collections.abc import Callable

import msgspec

from moviec.synth.film import Film
from moviec.synth.provider import Chance

_ARTICLES = frozenset(
    ["The", "A", "An", "Le", "La", "Les", "El", "Los", "Las", "Il", "Der", "Die", "Das", "Den", "Det"]
)
_NUMERALS = {"2": "II", "3": "III", "4": "IV", "II": "2", "III": "3", "IV": "4"}


def without_accents(text: str) -> str:
    """Drop the marks above and below Latin letters: "Amélie" is "Amelie"; other scripts stay."""
    parts = unicodedata.normalize("NFD", text)
    bare = "".join(
        c for i, c in enumerate(parts) if not (unicodedata.combining(c) and parts[i - 1].isascii())
    )
    return unicodedata.normalize("NFC", bare)


def inverted(title: str) -> str:
    """File a title under its first word that counts: "Les Misérables" is "Misérables, Les"."""
    article, _, rest = title.partition(" ")
    return f"{rest}, {article}" if rest and article in _ARTICLES else title


def _other_numeral(title: str) -> str:
    head, _, last = title.rpartition(" ")
    return f"{head} {_NUMERALS[last]}" if head and last in _NUMERALS else title


def _without_article(title: str) -> str:
    article, _, rest = title.partition(" ")
    return rest if rest and article in _ARTICLES else title


def _other_and(title: str) -> str:
    return title.replace(" & ", " and ") if " & " in title else title.replace(" and ", " & ")


_VARIANTS: tuple[Callable[[str], str], ...] = (
    without_accents,
    _other_and,
    _other_numeral,
    _without_article,
    lambda title: title.replace(": ", " - "),
    lambda title: title.replace("'", "\u2019"),
)


def respelled(title: str, chance: Chance) -> str:
    """Write the title in another accepted way, where it has one."""
    variants = sorted({variant(title) for variant in _VARIANTS} - {title})
    return chance.pick(variants) if variants else title


def mistyped(text: str, chance: Chance) -> str:
    """Swap or drop a letter in the middle of the text; text under five letters is left alone."""
    if len(text) < 5:
        return text
    at = 1 + chance.below(len(text) - 3)
    if chance.happens(0.5):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :]


def cast_as_written(film: Film, rate: float, chance: Chance) -> list[str]:
    """Return the names of the cast, at the given rate another way."""
    draw = chance.uniform
    return [renamed(person.name, chance) if draw() < rate else person.name for person in film.cast]


def renamed(name: str, chance: Chance) -> str:
    """Write a person's name another way: without accents, without the middle part, or with an initial."""
    if " " not in name:
        return without_accents(name)
    first, *middle, last = name.split()
    shorter = f"{first} {last}" if middle else f"{first[0]}. {last}"
    return chance.pick((without_accents(name), shorter))


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
    panel: Panel = Panel(0, 10, 6.35, 0.85, 1.8, 0.05)


class IMDbDistortions(Distortions, frozen=True, kw_only=True):
    """IMDb has nearly every film, its own titles, and three genres at most. Its file lacks 29% of the runtimes, most of
    them of films that nobody else lists.
    """

    missing: float = 0.02
    year_missing: float = 0.005
    runtime_missing: float = 0.05
    runtime_off: float = 0.19
    name_variant: float = 0.02
    panel: Panel = Panel(1, 10, 6.35, 1.1, 2.0, 1.0)


class MovieLensDistortions(Distortions, frozen=True, kw_only=True):
    """MovieLens: 13 of 9,742 titles carry no year, 8 films no tmdbId; a film has 10 votes on average, half have 3."""

    missing: float = 0.4
    year_missing: float = 0.0013
    year_off: float = 0.03
    id_missing: float = 0.0008
    wrong_id: float = 0.002
    tagged: float = 0.15
    users: int = 20_000
    most_votes: int = 300
    panel: Panel = Panel(0.5, 5, 3.5, 0.45, 0.95, 0.005)


class Positive(msgspec.Struct, frozen=True):
    """A site that counts who liked a film: half do at quality `middle`; the smaller `slope`, the more all agree."""

    middle: float
    slope: float
    share: float
    most: int

    def votes(self, film: Film, chance: Chance) -> int:
        """Draw how many judged the film here, up to `most`."""
        return min(int(film.votes * self.share * math.exp2(chance.normal())), self.most)

    def positive(self, truth: float, votes: int, chance: Chance) -> int:
        """Draw how many of the votes are positive, as a binomial draw's normal approximation."""
        liked = 1 / (1 + math.exp((self.middle - truth) / self.slope))
        drawn = votes * liked + chance.normal() * math.sqrt(votes * liked * (1 - liked))
        return min(max(round(drawn), 0), votes)


class RottenTomatoesDistortions(Distortions, frozen=True, kw_only=True):
    """Rotten Tomatoes: of 12,413 films in the listing 24.5% have no critics' score, 12.8% no audience score, 35.7% a
    year for a date and 0.1% none; the scores have mean 58 and spread 28, of the audience 60 and 21.
    """

    missing: float = 0.35
    year_off: float = 0.02
    runtime_missing: float = 0.02
    runtime_off: float = 0.1
    name_variant: float = 0.01
    listed: float = 0.8
    tabled: float = 0.7
    no_critics: float = 0.245
    no_audience: float = 0.128
    date_year: float = 0.357
    date_missing: float = 0.001
    critics: Positive = Positive(56, 12, 0.004, 400)
    audience: Positive = Positive(53, 20, 0.1, 250_000)


class WikipediaDistortions(Distortions, frozen=True, kw_only=True):
    """Wikipedia's lists: of 36,273 films 4.8% have no article, 2.4% no cast, 1.6% no genre."""

    missing: float = 0.3
    year_off: float = 0.03
    name_variant: float = 0.01
    unlinked: float = 0.048
    no_cast: float = 0.024
    no_genres: float = 0.016


class FestivalDistortions(Distortions, frozen=True, kw_only=True):
    """A festival shows few films, some in the year after their release; a jury of a few gives the marks."""

    missing: float = 0.7
    year_off: float = 0.1
    runtime_missing: float = 0.1
    runtime_off: float = 0.1
    jury: int = 7
    panel: Panel = Panel(0, 10, 6.0, 1.8, 1.5, 0)


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A film as a provider has it: title, year and date (off together), minutes, genres still in TMDB's labels."""

    title: str
    year: int | None
    released: dt.date
    runtime: int | None
    genres: tuple[str, ...]


def see(film: Film, rates: Distortions, chance: Chance) -> Seen:
    """Draw a provider's view of the film."""
    draw = chance.uniform
    variant, typo, year, runtime = draw(), draw(), draw(), draw()
    off = -1 if draw() < 0.5 else 1
    minutes = 1 + int(draw() * 6)
    title = respelled(film.title, chance) if variant < rates.title_variant else film.title
    title = mistyped(title, chance) if typo < rates.title_typo else title
    moved = off if rates.year_missing <= year < rates.year_missing + rates.year_off else 0
    kept = tuple([genre for genre in film.genres if draw() >= rates.genre_missing])
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
