"""Faults planted at given places: how many of each kind a delivery holds, and on which films they fall."""

from __future__ import annotations

import msgspec

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
