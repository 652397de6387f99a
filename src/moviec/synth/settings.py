"""All that a set of deliveries follows from besides its films: the seed, each provider's rates, its faults, their spacing."""

from __future__ import annotations

import msgspec

from moviec.synth.defects import (
    FestivalDefects,
    IMDbDefects,
    KaggleDefects,
    MovieLensDefects,
    RottenTomatoesDefects,
    WikipediaDefects,
    places,
)
from moviec.synth.distortions import (
    FestivalDistortions,
    IMDbDistortions,
    KaggleDistortions,
    MovieLensDistortions,
    RottenTomatoesDistortions,
    WikipediaDistortions,
)
from moviec.synth.provider import Provider
from moviec.synth.writers.imdb import IMDb
from moviec.synth.writers.kaggle import Kaggle
from moviec.synth.writers.movielens import MovieLens
from moviec.synth.writers.rottentomatoes import RottenTomatoes
from moviec.synth.writers.table import Festival
from moviec.synth.writers.wikipedia import Wikipedia

#: The real movies_metadata.csv has its faults among so many films; more films get proportionally more.
_REAL_SIZE = 45_466
#: A festival shows about so many films at most.
_SHOWN = 300


class Defects(msgspec.Struct, frozen=True, kw_only=True):
    """How many faults of each kind are planted, by provider."""

    kaggle: KaggleDefects = KaggleDefects()
    imdb: IMDbDefects = IMDbDefects()
    movielens: MovieLensDefects = MovieLensDefects()
    rottentomatoes: RottenTomatoesDefects = RottenTomatoesDefects()
    wikipedia: WikipediaDefects = WikipediaDefects()
    festival: FestivalDefects = FestivalDefects()


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How deliveries differ from the truth. Faults fall on every `spacing`-th film from the third on, `repeat` times
    as many as `defects` says.
    """

    seed: int = 1
    spacing: int = 5
    repeat: int = 1
    kaggle: KaggleDistortions = KaggleDistortions()
    imdb: IMDbDistortions = IMDbDistortions()
    movielens: MovieLensDistortions = MovieLensDistortions()
    rottentomatoes: RottenTomatoesDistortions = RottenTomatoesDistortions()
    wikipedia: WikipediaDistortions = WikipediaDistortions()
    festival: FestivalDistortions = FestivalDistortions()
    defects: Defects = Defects()


def settings_for(movies: int, seed: int) -> Settings:
    """Set up deliveries of so many invented films: the real share of faults, spread over all, and a small festival."""
    repeat = max(1, movies // _REAL_SIZE)
    most = sum(msgspec.structs.asdict(KaggleDefects()).values()) * repeat
    return Settings(
        seed=seed,
        spacing=max(1, movies // most),
        repeat=repeat,
        festival=FestivalDistortions(missing=max(1 - _SHOWN / max(movies, 1), 0.5)),
    )


def providers(settings: Settings) -> tuple[Provider, ...]:
    """Set up the six providers."""
    s = settings

    def at(defects: msgspec.Struct) -> dict[int, str]:
        return places(defects, s.spacing, s.repeat)

    return (
        Kaggle(s.seed, s.kaggle, at(s.defects.kaggle)),
        IMDb(s.seed, s.imdb, at(s.defects.imdb)),
        MovieLens(s.seed, s.movielens, at(s.defects.movielens)),
        RottenTomatoes(s.seed, s.rottentomatoes, at(s.defects.rottentomatoes)),
        Wikipedia(s.seed, s.wikipedia, at(s.defects.wikipedia)),
        Festival(s.seed, s.festival, at(s.defects.festival)),
    )
