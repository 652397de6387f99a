"""The summary of a film that the index stores for lists, and how well known the film is.

A film's rank at a rater is how many films have as many votes there or more. Ranks are comparable where votes are not
(69 votes at a small rater are not 69 at a large one): every rater's hundredth most voted film is about as well known. A
film's best rank counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from moviec.catalog.rating_counts import Reach, films_by_popularity, films_by_votes
from moviec.units import MILLION

#: Roles by which a name alone finds films. Other people are found by the words of their names.
LEADING = {"director", "actor", "writer", "composer", "creator", ""}


class _Title(msgspec.Struct):
    title: str
    language: str | None = None


class _Named(msgspec.Struct):
    id: int
    name: str


class _Person(msgspec.Struct):
    id: int
    name: str
    role: str = ""


class _Rating(msgspec.Struct):
    c_rating: float | None = None
    low: float | None = None
    sources: int = 0


class _Rated(msgspec.Struct):
    rater: str
    votes: int | None = None


class Film(msgspec.Struct):
    """What the index reads of a movie's document."""

    id: str
    title: str
    kind: str | None = None
    original_title: str | None = None
    original_language: str | None = None
    other_titles: list[_Title] = []
    year: int | None = None
    genres: list[_Named] = []
    people: list[_Person] = []
    companies: list[_Named] = []
    collection: str | None = None
    certificate: str | None = None
    released: str | None = None
    runtime: int | None = None
    revenue: int | None = None
    languages: list[str] = []
    countries: list[str] = []
    keywords: list[str] = []
    ids: dict[str, str] = {}
    ratings: list[_Rated] = []
    popularity: float | None = None
    votes: int | None = None
    rating: _Rating = msgspec.field(default_factory=_Rating)
    poster: dict[str, str] | str | None = None  # text in documents of older versions
    adult: bool = False

    @property
    def number(self) -> int:
        """The movie's number, which breaks ties."""
        return int(self.id[2:])

    def titles(self) -> list[str]:
        """List the display title, the original one, then all others, without repeats."""
        named = [self.title, self.original_title or self.title, *(other.title for other in self.other_titles)]
        return list(dict.fromkeys(named))

    def by_language(self) -> dict[str, str]:
        """Return one title per language, for readers who prefer it."""
        found = {other.language: other.title for other in reversed(self.other_titles) if other.language}
        if self.original_language and self.original_title:
            found.setdefault(self.original_language, self.original_title)
        return found


class Summary(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A film as lists show it. `titles` and `collection` are for searching only, not for responses."""

    id: str
    title: str
    display_title: str | None = None
    original_title: str | None = None
    kind: str | None = None
    year: int | None = None
    genres: list[str] = []
    c_rating: float | None = None
    popularity: float | None = None
    votes: int | None = None
    poster: dict[str, str] | None = None
    titles: dict[str, str] = {}
    collection: str | None = None


FILM = msgspec.json.Decoder(Film)


def summary_of(document: bytes | str) -> Summary:
    """Return the summary of a film from its document."""
    return summarise(FILM.decode(document))


def summarise(film: Film) -> Summary:
    """Return a film's summary."""
    return Summary(
        id=film.id,
        title=film.title,
        original_title=film.original_title if film.original_title != film.title else None,
        kind=film.kind,
        year=film.year,
        genres=[genre.name for genre in film.genres],
        c_rating=film.rating.c_rating,
        popularity=film.popularity,
        votes=film.votes,
        poster=film.poster if isinstance(film.poster, dict) else None,
        titles=film.by_language(),
        collection=film.collection,
    )


#: Votes, and thousandths of popularity, at which films are counted; between two the rank is interpolated.
STEPS = [4**power for power in range(14)]

#: The value of a film listed by a rater without numbers of votes.
LISTED = 0.05

#: The greatest value of a film without raters, by the number of its people: of two films of one title that
#: nobody rated, the one with a cast is more often the intended one. Less than LISTED: a judgement.
CREDITED, ENOUGH_PEOPLE = 0.04, 10


#: A thousandth of popularity, in millionths: votes and popularity share the steps.
THOUSANDTH = MILLION // 1000

#: Powers of ten between the film of most votes, or of most popularity, and an unknown one: judgements. In a catalogue
#: of thousands of films ranks are more informative.
DECADES_OF_VOTES, DECADES_OF_POPULARITY = 5.0, 2.5


class Scale(msgspec.Struct, frozen=True):
    """How many films reach each step: of votes by rater, and of popularity. Measured when an index is rebuilt."""

    votes: dict[str, Reach] = {}
    popularity: Reach = Reach((), 0)

    @property
    def films(self) -> int:
        """Return the most films that any rater has."""
        return max(
            (reach.counts[0] for reach in (*self.votes.values(), self.popularity) if reach.counts), default=0
        )


def measure(connection: sa.Connection) -> Scale:
    """Measure the catalogue's raters."""
    popularity = films_by_popularity(connection, [step * THOUSANDTH for step in STEPS])
    most = popularity.most // THOUSANDTH
    return Scale(films_by_votes(connection, STEPS), Reach(popularity.counts, most))


def prominence(film: Film, scale: Scale) -> int:
    """Return how well known a film is, in millionths: 1 for the first rank, 0 for ten times the last.

    The logarithm of the rank counts: from the 10th to the 100th it is as far as from the 100th to the 1000th. Where few
    films have that many votes because there are few films, the distance from the first one counts.
    """
    span = max(3.0, math.log10(max(scale.films, 1)) + 1)
    found = LISTED if film.ratings else CREDITED * min(len(film.people), ENOUGH_PEOPLE) / ENOUGH_PEOPLE
    for rating in film.ratings:
        if rating.votes and (reach := scale.votes.get(rating.rater)):
            known = min(_known(reach, rating.votes, span, DECADES_OF_VOTES), _most_by_votes(rating.votes))
            found = max(found, known)
    if film.popularity and scale.popularity.most:
        value = film.popularity * MILLION / THOUSANDTH
        found = max(found, _known(scale.popularity, value, span, DECADES_OF_POPULARITY))
    return round(min(max(found, 0.0), 1.0) * MILLION)


def _known(reach: Reach, value: float, span: float, decades: float) -> float:
    """Return how well known a film is by its rank, and by its distance from the first one."""
    behind = math.log10(max(reach.most / value, 1.0))
    return 1 - max(_place(reach.counts, value) / span, behind / decades)


def _most_by_votes(votes: int) -> float:
    """Return the upper limit on how well known a film with a number of votes is: the first of a club of ten is known to
    few.

    A judgement: one vote proves a third of what can be, a hundred prove nearly all.
    """
    return 0.35 + math.log10(votes) / 3.5


def _place(counts: Sequence[int], value: float) -> float:
    """Return the logarithm (base 10) of how many films reach a value, between two steps by the value's logarithm."""
    if value < STEPS[0]:
        return math.log10(max(counts[0], 1))
    exact = math.log(value, 4)
    step = min(int(exact + 1e-9), len(STEPS) - 1)
    here = math.log10(max(counts[step], 1))
    beyond = math.log10(max(counts[step + 1], 1)) if step + 1 < len(STEPS) else 0.0
    return here + (beyond - here) * min(max(exact - step, 0.0), 1.0)
