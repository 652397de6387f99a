"""All that made-up deliveries depend on besides their films: the seed, each provider's rates, and the faults planted in them."""

from __future__ import annotations

import msgspec

from moviec.synth.distortions import (
    FestivalDistortions,
    IMDbDistortions,
    KaggleDistortions,
    MovieLensDistortions,
    RottenTomatoesDistortions,
    WikipediaDistortions,
)
from moviec.synth.provider import Memory, Provider
from moviec.synth.writers.imdb import IMDb, Named
from moviec.synth.writers.kaggle import Kaggle
from moviec.synth.writers.movielens import MovieLens
from moviec.synth.writers.rottentomatoes import RottenTomatoes
from moviec.synth.writers.table import Festival, Shown
from moviec.synth.writers.wikipedia import Addresses, Wikipedia

#: What a reader makes of a faulty row of the main file; a fault not named here leaves the row kept.
EFFECTS = {
    "torn_record": "repaired",
    "cut_record": "rejected",
    "id_twice": "merged",
    "listed_twice": "merged",
    "series": "skipped",
}


class KaggleDefects(msgspec.Struct, frozen=True):
    """The faults of the real movies_metadata.csv; `cut_record`, half a row that nothing can mend, is not in it."""

    torn_record: int = 3
    id_twice: int = 2
    zero_money: int = 2
    tiny_budget: int = 3
    zero_runtime: int = 2
    blank_status: int = 2
    rumored: int = 2
    foreign_genre: int = 2
    quoted_company: int = 1
    backslash_company: int = 1
    long_overview: int = 2
    cut_record: int = 0


class IMDbDefects(msgspec.Struct, frozen=True):
    """Titles with bare quotes, and series among the films, which a reader passes over."""

    quoted_title: int = 2
    series: int = 3


class MovieLensDefects(msgspec.Struct, frozen=True):
    """Films without year, without genres and without a TMDB id."""

    no_year: int = 2
    no_genres: int = 2
    no_tmdb_id: int = 2


class RottenTomatoesDefects(msgspec.Struct, frozen=True):
    """Empty scores, and the three forms of a date in the listing."""

    empty_scores: int = 2
    full_date: int = 1
    year_date: int = 1
    no_date: int = 1


class WikipediaDefects(msgspec.Struct, frozen=True):
    """Films that stand in two lists; a place that falls on a film from elsewhere stays empty."""

    listed_twice: int = 4


class FestivalDefects(msgspec.Struct, frozen=True):
    """Films without a mark."""

    no_mark: int = 1


def places(defects: msgspec.Struct, spacing: int = 5, repeat: int = 1) -> dict[int, str]:
    """Place faults on film numbers, one a film: the kinds in turn, from film 3 on, `spacing` films apart.

    Each kind is there `repeat` times as often as `defects` says.
    """
    counts: dict[str, int] = msgspec.structs.asdict(defects)
    rounds = range(max(counts.values(), default=0) * repeat)
    kinds = [kind for turn in rounds for kind, count in counts.items() if turn < count * repeat]
    return {3 + spacing * at: kind for at, kind in enumerate(kinds)}


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


def memories(settings: Settings) -> dict[str, Memory]:
    """Set up empty memories, by provider, for those whose rows depend on the films before."""
    return {
        IMDb.name: Named(settings.seed, settings.imdb),
        Wikipedia.name: Addresses(),
        Festival.name: Shown(),
    }


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
