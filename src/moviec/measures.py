"""Questions about genres and production companies: what may be measured, how it is added up, what makes no sense.

One set of rules for both who answer them: the catalogue from figures that are kept ready, and the engine from the films
behind a rollup.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from moviec.errors import UsageError
from moviec.units import LEAST_FILMS, MILLION

#: What figures are about.
KINDS = ("genres", "production_companies")

#: How a film counts that has several genres or companies: wholly under each, or divided evenly.
SPLITS = ("full", "even")

#: How each measure is added up unless one says otherwise. Popularity is heavy-tailed, so that a mean says little.
USUAL = {
    "revenue": "sum",
    "budget": "sum",
    "profit": "sum",
    "movies": "sum",
    "votes": "sum",
    "popularity": "median",
    "c_rating": "median",
}

#: What one unit of a measure is kept as; of others 1.
KEPT_AS = {"movies": MILLION, "popularity": MILLION, "c_rating": 100}


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: `kind` is genres or production_companies, from year to year; `month` 0 is the whole year.

    `entries`: only these genres or companies. `least`: those with fewer films behind the value are left out.
    """

    kind: str
    first_year: int = 1
    last_year: int = 9999
    month: int = 0
    measure: str = "revenue"
    by: Literal["sum", "mean", "median", "max"] | None = None
    split: str = "full"
    entries: tuple[int, ...] | None = None
    movie_ids: bool = False
    least: int = 1

    @property
    def added_up(self) -> str:
        """How the measure is added up."""
        return self.by or USUAL[self.measure]

    @property
    def one_year(self) -> bool:
        """Whether it is about a single year or month."""
        return self.first_year == self.last_year


def refuse_nonsense(question: Question) -> None:
    """Raise UsageError where a measure cannot be added up as asked, whether or not there are films."""
    by = question.added_up
    if question.measure == "movies" and by != "sum":
        raise UsageError(f"movies are counted, they have no {by}", "by", "leave `by` out")
    if question.measure == "c_rating" and by == "sum":
        raise UsageError("C-ratings are not summed", "by", "ask for mean, median or max")


def least_films(measure: str) -> int:
    """Return how many films must be behind a value unless one says otherwise: LEAST_FILMS for C-ratings, else 1."""
    return LEAST_FILMS if measure == "c_rating" else 1
