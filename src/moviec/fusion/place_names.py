"""English names of languages (ISO 639-1) and countries (ISO 3166-1), from the Unicode CLDR."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from babel import Locale

#: Codes that film data uses besides the standards: TMDB's "cn" is Cantonese, "xx" is a film without words.
_LANGUAGES = {"cn": "Cantonese", "xx": "No language", "sh": "Serbo-Croatian", "mo": "Moldavian"}
#: Codes of former countries.
_COUNTRIES = {
    "SU": "Soviet Union",
    "YU": "Yugoslavia",
    "CS": "Czechoslovakia",
    "XC": "Czechoslovakia",
    "DD": "East Germany",
    "XG": "East Germany",
    "AN": "Netherlands Antilles",
    "BU": "Burma",
    "ZR": "Zaire",
    "TP": "East Timor",
}


def language_names(codes: Sequence[str]) -> list[str | None]:
    """Return the name of each language; None for an unknown code."""
    known = _english().languages
    return [_LANGUAGES.get(code) or known.get(code) for code in codes]


def country_names(codes: Sequence[str]) -> list[str | None]:
    """Return the name of each country; None for an unknown code."""
    known = _english().territories
    return [_COUNTRIES.get(code) or known.get(code) for code in codes]


@cache
def _english() -> Locale:
    return Locale("en")
