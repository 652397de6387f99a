"""Countries and languages as people write them, by their codes: "UK/USA" is GB and US, "West Germany" DE, "Französisch" fr."""

from __future__ import annotations

from functools import lru_cache

from moviec.reading.dates import LANGUAGES as SPOKEN
from moviec.text import fold_one

#: What lists of films call countries and languages besides their names in the Unicode CLDR, folded. A country that is no more
#: and whose films are listed under the one that is there today goes by that.
_COUNTRIES = {
    "usa": "US", "u s a": "US", "us": "US", "u s": "US", "america": "US", "united states of america": "US", "uk": "GB", "u k": "GB",
    "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "west germany": "DE", "federal republic of germany": "DE",
    "brd": "DE", "frg": "DE", "east germany": "DD", "gdr": "DD", "ddr": "DD", "soviet union": "SU", "ussr": "SU", "udssr": "SU",
    "czechoslovakia": "CS", "yugoslavia": "YU", "korea": "KR", "south korea": "KR", "republic of korea": "KR", "north korea": "KP",
    "hong kong": "HK", "taiwan": "TW", "russia": "RU", "russian federation": "RU", "czech republic": "CZ", "holland": "NL",
    "the netherlands": "NL", "burma": "MM", "ivory coast": "CI", "uae": "AE", "macedonia": "MK", "turkey": "TR", "palestine": "PS", "vietnam": "VN",
    "iran": "IR", "syria": "SY", "bolivia": "BO", "venezuela": "VE", "tanzania": "TZ", "bosnia": "BA", "grossbritannien": "GB", "großbritannien": "GB", "grande bretagne": "GB", "etats unis": "US",
}  # fmt: skip
_LANGUAGES = {"mandarin": "zh", "cantonese": "cn", "chinese": "zh", "farsi": "fa", "serbo croatian": "sh", "silent": "xx", "no language": "xx", "none": "xx", "british english": "en", "american english": "en", "filipino": "tl", "tagalog": "tl", "norwegian": "no"}  # fmt: skip


def code_of(kind: str, name: str) -> str | None:
    """Return the code of a country (kind "countries") or language by its name or code; None where it is neither."""
    bare = name.strip()
    codes = _codes(kind)
    as_code = bare.upper() if kind == "countries" else bare.lower()
    return codes.get(fold_one(bare)) or (as_code if len(bare) == 2 and as_code in codes.values() else None)


@lru_cache(maxsize=2)
def _codes(kind: str) -> dict[str, str]:
    from babel import (
        Locale,
    )  # here, since few lists name them and loading takes a while

    found: dict[str, str] = {}
    for language in reversed(SPOKEN):  # what English means comes first
        locale = Locale(language)
        names = locale.territories if kind == "countries" else locale.languages
        for code, name in names.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "UN", "EZ", "QO"):
                found[fold_one(name)] = code
    return found | (_COUNTRIES if kind == "countries" else _LANGUAGES)
