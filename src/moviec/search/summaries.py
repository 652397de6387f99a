"""A film as its document tells it, and as lists show it: its summary, which the index keeps."""

from __future__ import annotations

import msgspec

#: Whose films a name brings: those who are known by them. Others are found by the words of their names.
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
        """The movie's number, by which ties are broken."""
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
    """A film as lists show it. `titles` and `collection` are for searching, and never leave."""

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
