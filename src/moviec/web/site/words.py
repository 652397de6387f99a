"""Values as people read them: dates, money, names of languages and countries, what a source's id leads to, what a rule does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from babel import Locale

from moviec.units import short_number

_ENGLISH = Locale("en")

#: The address of another site's id, and the site's name.
_SITES = {
    "imdb": ("IMDb", "https://www.imdb.com/title/{}/"),
    "tmdb": ("TMDB", "https://www.themoviedb.org/movie/{}"),
    "movielens": ("MovieLens", "https://movielens.org/movies/{}"),
    "rottentomatoes": ("Rotten Tomatoes", "https://www.rottentomatoes.com/{}"),
    "wikidata": ("Wikidata", "https://www.wikidata.org/wiki/{}"),
    "metacritic": ("Metacritic", "https://www.metacritic.com/movie/{}/"),
    "wikipedia": ("Wikipedia", "https://en.wikipedia.org/wiki/{}"),
    "letterboxd": ("Letterboxd", "https://letterboxd.com/film/{}/"),
    "trakt": ("Trakt", "https://trakt.tv/movies/{}"),
    "tvdb": ("TheTVDB", "https://www.thetvdb.com/movies/{}"),
}
_PEOPLE = {
    "imdb": ("IMDb", "https://www.imdb.com/name/{}/"),
    "tmdb": ("TMDB", "https://www.themoviedb.org/person/{}"),
    "wikidata": ("Wikidata", "https://www.wikidata.org/wiki/{}"),
}
_COMPANIES = {
    "tmdb": ("TMDB", "https://www.themoviedb.org/company/{}"),
    "imdb": ("IMDb", "https://www.imdb.com/search/title/?companies={}"),
    "wikidata": ("Wikidata", "https://www.wikidata.org/wiki/{}"),
}
_KINDS = {"movies": _SITES, "people": _PEOPLE, "companies": _COMPANIES}

_NAMES = {
    "imdb": "IMDb",
    "tmdb": "TMDB",
    "movielens": "MovieLens",
    "rottentomatoes": "Rotten Tomatoes",
    "metacritic": "Metacritic",
    "kaggle": "The Movies Dataset",
    "wikipedia": "Wikipedia",
    "wikidata": "Wikidata",
    "omdb": "OMDb",
    "letterboxd": "Letterboxd",
    "trakt": "Trakt",
    "douban": "Douban",
}

#: Field names as a film page has them.
FIELDS = {
    "title": "Title",
    "titles": "Titles",
    "original_title": "Original title",
    "year": "Year",
    "released": "Released",
    "runtime": "Runtime",
    "status": "Status",
    "kind": "Kind",
    "certificate": "Certificate",
    "collection": "Collection",
    "original_language": "Original language",
    "languages": "Spoken languages",
    "countries": "Countries",
    "budget": "Budget",
    "revenue": "Gross",
    "revenue_domestic": "Domestic gross",
    "revenue_unstated": "Gross, scope unstated",
    "popularity": "Popularity",
    "votes": "Votes",
    "overview": "Overview",
    "tagline": "Tagline",
    "poster": "Poster",
    "trailer": "Trailer",
    "homepage": "Website",
    "adult": "Adult",
    "keywords": "Keywords",
    "genres": "Genres",
    "people": "Cast and crew",
    "companies": "Production companies",
    "rating": "C-rating",
    "ratings": "Ratings",
    "ids": "Ids elsewhere",
}

_RULES = {
    "weighted_vote": "The value with the most reliability behind it wins.",
    "weighted_median": "The middle number wins, each counted by how reliable its source is.",
    "most_reliable": "The source that is most reliable for this field wins.",
    "latest": "What was delivered last wins.",
    "largest": "The largest number wins.",
    "union": "Everything that any source says is kept.",
    "latent_truth": "Each genre gets a probability from who says it and how each source uses its labels.",
}

ROLES = {
    "director": "Director",
    "writer": "Writer",
    "producer": "Producer",
    "composer": "Composer",
    "cinematographer": "Cinematographer",
    "editor": "Editor",
    "creator": "Creator",
    "actor": "Cast",
    "": "Credited",
}

MEASURES = {
    "revenue": "Worldwide gross",
    "budget": "Budget",
    "profit": "Gross less budget",
    "movies": "Films",
    "popularity": "Popularity",
    "votes": "Votes",
    "c_rating": "C-rating",
}
MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December")  # fmt: skip


def name_of(source: str) -> str:
    """Return the display name of a source or rater."""
    rater, slash, part = source.partition("/")
    named = _NAMES.get(rater, rater)
    return f"{named} {part}" if slash else named


def rater(name: str) -> str:
    """Return the display name of a rater: "Rotten Tomatoes, audience"."""
    whole, _, part = name.replace("/", "_").partition("_")
    return f"{name_of(whole)}, {part}" if part else name_of(whole)


def field(name: str) -> str:
    """Return the display name of a field."""
    return FIELDS.get(name, name.replace("_", " ").capitalize())


def changed(names: Sequence[str]) -> str:
    """Return the display names of the first changed fields, as in "rating, cast and crew", without technical ones."""
    named = [_in_a_line(field(name)) for name in names if name not in ("adult", "confidence", "sources")]
    return ", ".join(named[:2])


def _in_a_line(name: str) -> str:
    return name if name.startswith("C-") else name[:1].lower() + name[1:]


def rule(name: str) -> str:
    """Return what a rule of survivorship does, in words."""
    return _RULES.get(name, name.replace("_", " "))


def role(name: str) -> str:
    """Return the display name of a role."""
    return ROLES.get(name, name.replace("_", " ").capitalize())


def elsewhere(space: str, key: str, kind: str = "movies") -> tuple[str, str]:
    """Return the name of the site that an id belongs to, and its page there; empty where no page is known."""
    named, address = _KINDS[kind].get(space, (name_of(space), ""))
    key = f"m/{key}" if space == "rottentomatoes" and not key.startswith("m/") else key
    return named, address.format(quote(key, safe="/_-")) if address else ""


def plain(value: Any) -> str:
    """Return a field's value as text: lists with commas, named objects by name."""
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    if isinstance(value, dict):
        return plain(value.get("name") or value.get("title") or list(value.values()))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and abs(value) >= 10_000:
        return f"{value:,}"
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def said(value: Any, name: str) -> str:
    """Return a claim of a field as text: money as dollars, dates as days, codes as names."""
    written = _WRITTEN.get(name)
    if written is None or not isinstance(value, written[0]) or isinstance(value, bool):
        return plain(value)
    return written[1](value)


def day(text: str | None) -> str:
    """Format a date as "15 December 1995"; other text is unchanged."""
    try:
        read = dt.date.fromisoformat((text or "")[:10])
    except ValueError:
        return text or ""
    return f"{read.day} {MONTHS[read.month - 1]} {read.year}"


def minute(text: str | None) -> str:
    """Format a time as "2026-11-29 18:05"."""
    return (text or "")[:16].replace("T", " ")


def money(value: float | None) -> str:
    """Format dollars in full up to a million, then as "$187.44 million"."""
    if value is None:
        return "–"
    sign, amount = ("−" if value < 0 else ""), abs(value)
    for size, name in ((1e9, "billion"), (1e6, "million")):
        if amount >= size:
            return f"{sign}${f'{amount / size:,.2f}'.rstrip('0').rstrip('.')} {name}"
    return f"{sign}${amount:,.0f}"


def amount(value: float | None, measure: str) -> str:
    """Format a measure's value, short enough for a table."""
    if value is None:
        return "–"
    if measure in ("revenue", "budget", "profit"):
        sign = "−" if value < 0 else ""
        return f"{sign}${short_number(abs(value))}"
    return f"{value:,.1f}" if measure in ("c_rating", "popularity") else f"{value:,.0f}"


def duration(minutes: int | None) -> str:
    """Format minutes as "2 h 50 min"."""
    if not minutes:
        return ""
    hours, rest = divmod(minutes, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{rest} min" if rest else "") if part)


def share(part: float | None, digits: int = 1) -> str:
    """Format a fraction as a percentage."""
    return "–" if part is None else f"{100 * part:.{digits}f}%"


@lru_cache(maxsize=1000)
def language(code: str) -> str:
    """Return a language's English name."""
    return str(_ENGLISH.languages.get(code, code))


@lru_cache(maxsize=1000)
def country(code: str) -> str:
    """Return a country's English name."""
    return str(_ENGLISH.territories.get(code, code))


_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def schedule(cron: str) -> str:
    """Return in words when a cron is due: every day, week or month; any other unchanged."""
    parts = cron.split()
    if len(parts) != 5 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return cron
    at = f"at {int(parts[1]):02}:{int(parts[0]):02} UTC"
    if parts[2:] == ["*", "*", "*"]:
        return f"every day {at}"
    if parts[2:4] == ["*", "*"] and parts[4] in "01234567":
        return f"every {_WEEKDAYS[int(parts[4])]} {at}"
    if parts[2].isdecimal() and parts[3:] == ["*", "*"]:
        return f"on day {parts[2]} of every month {at}"
    return cron


#: Formats of some fields' claims, by type.
_WRITTEN: dict[str, tuple[type | tuple[type, ...], Callable[[Any], str]]] = {
    **dict.fromkeys(("budget", "revenue", "revenue_domestic", "revenue_unstated"), ((int, float), money)),
    "votes": (int, lambda votes: f"{votes:,}"),
    "runtime": ((int, float), lambda minutes: f"{minutes:g} min"),
    "released": (str, day),
    **dict.fromkeys(("languages", "original_language"), (str, language)),
    "countries": (str, country),
}
