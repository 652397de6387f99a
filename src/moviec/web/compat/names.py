"""English names of countries and languages, and the addresses of posters, as OMDb and TMDB write them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel import Locale

#: Where TMDB keeps pictures: its paths are told without it.
PICTURES = "https://image.tmdb.org/t/p/"


@cache
def _english() -> Locale:
    return _locale("en")


def _locale(code: str) -> Locale:
    from babel import (
        Locale,
    )  # when it is first wanted: it takes room, and most servers are asked in their own words

    return Locale.parse(code)


def country(code: str) -> str:
    """Return a country's English name; its code where there is none."""
    return str(_english().territories.get(code.upper(), code))


def language(code: str) -> str:
    """Return a language's English name; its code where there is none."""
    return str(_english().languages.get(code.lower(), code))


def native(code: str) -> str:
    """Return what a language calls itself; "" where that is not known."""
    try:
        return str(_locale(code).get_display_name(code) or "").capitalize()
    except (ValueError, LookupError):
        return ""


def poster_address(poster: str | None) -> str | None:
    """Return a poster's address: TMDB's paths with where they are kept."""
    if not poster:
        return None
    return f"{PICTURES}w500{poster}" if poster.startswith("/") else poster


def poster_path(poster: str | None) -> str | None:
    """Return a poster as TMDB names it: the path behind the address of its pictures; another address as it is."""
    if poster and poster.startswith(PICTURES):  # …/w500/abc.jpg
        return "/" + poster.removeprefix(PICTURES).partition("/")[2]
    return poster or None
