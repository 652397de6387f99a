"""Dates and years as people write them. Whether the day or the month comes first in "11/06/1999" is decided for a whole
column.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

#: Orders of day and month in a column of numbers; both at once where its cells contradict each other.
DAY_FIRST, MONTH_FIRST = "dmy", "mdy"

#: Two digits up to this are of this century: "29" is 2029, "30" is 1930.
PIVOT = 29

#: Languages whose month names are read (names that mean two months in two of them are left out).
LANGUAGES = (
    "en",
    "de",
    "fr",
    "es",
    "it",
    "pt",
    "nl",
    "sv",
    "da",
    "nb",
    "fi",
    "pl",
    "cs",
    "ru",
    "uk",
    "tr",
    "hu",
    "ro",
)

_DAY = r"(0?[1-9]|[12]\d|3[01])"
_YEAR_LAST = re.compile(r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{4}|\d{2})")
_YEAR_FIRST = re.compile(r"(\d{4})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{1,2})\.?")
_COMPACT = re.compile(r"((?:18|19|20)\d{2})(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])")
_CJK = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일号號]?")
_TIME = re.compile(
    r"[T\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2})?$",
    re.IGNORECASE,
)
_NOTE = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_LEAD = re.compile(
    r"^(?:released?(?: on)?|premiered?(?: on)?|in theaters|opened|opens|out)\s*:?\s+"
    r"|^(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?\.?,?\s+",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W\d_]+")
_NUMBERS = re.compile(r"\d+")
_DATE_SIGNS = re.compile(r"[\w\s.,'’/-]*")
_FILLERS = frozenset(
    {
        "of",
        "the",
        "de",
        "del",
        "di",
        "den",
        "der",
        "le",
        "st",
        "nd",
        "rd",
        "th",
        "er",
        "г",
        "года",
        "року",
        "r",
    }
)


class Day(NamedTuple):
    """The date in a cell: the day, or only the year. `is_open`: its order of day and month is ambiguous."""

    date: dt.date | None
    year: int | None
    is_open: bool = False


def decide_order(texts: Iterable[str]) -> str | None:
    """Return the order of day and month in a column; None if no cell decides it, or two contradict each other."""
    found = set()
    for text in texts:
        parts = _YEAR_LAST.fullmatch(_bare(text))
        if parts and parts[2] != ".":
            first, second = int(parts[1]), int(parts[3])
            if 12 < first <= 31 and 1 <= second <= 12:
                found.add(DAY_FIRST)
            elif 12 < second <= 31 and 1 <= first <= 12:
                found.add(MONTH_FIRST)
    return found.pop() if len(found) == 1 else None


def date(text: str, order: str | None = None) -> Day | None:
    """Read a date, or a year; None for anything else."""
    text = _bare(text)
    if day := _in_numbers(text, order) or _in_words(text):
        return day
    if any(pattern.fullmatch(text) for pattern in (_YEAR_FIRST, _YEAR_LAST, _CJK)):
        return None  # a day that does not exist
    year = year_in(text)
    return Day(None, year) if year else None


def _bare(text: str) -> str:
    """Remove text around a date: the time of day, a country in brackets, the weekday, "Released"."""
    text = unicodedata.normalize("NFKC", text).strip()
    if text.startswith("(") and text.endswith(")") and text.count("(") == 1:
        text = text[1:-1].strip()
    while (shorter := _NOTE.sub("", text)) != text and shorter:
        text = shorter
    while (shorter := _LEAD.sub("", text)) != text:
        text = shorter
    return _TIME.sub("", text).strip().rstrip(",").strip()


def _in_numbers(text: str, order: str | None) -> Day | None:
    for pattern in (_YEAR_FIRST, _CJK, _COMPACT):
        if found := pattern.fullmatch(text):
            parts = [part for part in found.groups() if part.isdigit()]
            year, month, day = map(int, parts)
            return _day(year, month, day) or (
                Day(None, year) if _possible(year) and not (month and day) else None
            )
    found = _YEAR_LAST.fullmatch(text)
    if not found:
        return None
    first, second, year = int(found[1]), int(found[3]), _century(found[4])
    if found[2] == ".":
        return _day(year, second, first)
    as_day, as_month = _day(year, second, first), _day(year, first, second)
    if as_day and as_month and as_day != as_month:
        if order is None:
            return Day(None, year, True)
        return as_day if order == DAY_FIRST else as_month
    return as_day or as_month


def _in_words(text: str) -> Day | None:
    """Read a date with the name of its month."""
    words = [word.casefold() for word in _WORDS.findall(text)]
    named = [months()[word] for word in words if word in months()]
    if len(named) != 1 or any(word not in months() and word not in _FILLERS for word in words):
        return None
    numbers = _NUMBERS.findall(text) if _DATE_SIGNS.fullmatch(text) else []
    years = [number for number in numbers if len(number) == 4]
    days = [one for one in numbers if len(one) <= 2]
    if len(years) == 1 and len(numbers) == 1:
        return Day(None, int(years[0])) if _possible(int(years[0])) else None
    if len(years) == 1 and len(days) == 1 and len(numbers) == 2:
        return _day(int(years[0]), named[0], int(days[0]))
    if not years and len(days) == 2 and len(numbers) == 2 and re.search(r"\d\D*$", text):
        # "30-Oct-95" and "Oct 30, '95": the year comes last, unless only the first can be one.
        day, year = (days[1], days[0]) if int(days[0]) > 31 else (days[0], days[1])
        return _day(_century(year), named[0], int(day)) if len(year) == 2 else None
    return None


@lru_cache(maxsize=1)
def months() -> dict[str, int]:
    """Return the number of every name of a month, in lower case and without full stops."""
    from babel.dates import (
        get_month_names,
    )  # imported here, since few cells name their month and loading is slow

    found: dict[str, set[int]] = {"sept": {9}, "sep": {9}}
    for language in LANGUAGES:
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for at, name in get_month_names(width, context, language).items():
                    word = name.casefold().replace(".", "").strip()
                    if len(word) >= 3 and not any(letter.isdigit() for letter in word):
                        found.setdefault(word, set()).add(at)
    for at, name in enumerate(("january", "february", "march", "april", "may", "june", "july"), 1):
        found[name], found[name[:3]] = {at}, {at}  # English takes precedence: "mar", "jan", "jun"
    return {name: numbers.pop() for name, numbers in found.items() if len(numbers) == 1}


def _day(year: int, month: int, day: int) -> Day | None:
    try:
        found = dt.date(year, month, day)
    except ValueError:
        return None
    return Day(found, year)


def _century(digits: str) -> int:
    return int(digits) if len(digits) == 4 else int(digits) + (2000 if int(digits) <= PIVOT else 1900)


def _possible(year: int) -> bool:
    return 1870 <= year <= 2115


_YEARS = re.compile(r"(?<![\w.,])(18[7-9]\d|19\d{2}|20\d{2}|21(?:0\d|1[0-5]))(?!\w)")
_DECADE = re.compile(r"\d{4}\s*['’]?(?:s|er|-?e)\b|\d{2}th century", re.IGNORECASE)
_SHORT_YEAR = re.compile(r"['’‘`]([4-9]\d)")
_SPAN = re.compile(r"((?:18|19|20)\d{2})\s*[-–—/]\s*(?:(?:18|19|20)?\d{2}|present|\?+)?")


_CJK_YEAR = re.compile(
    r"(\d{4})\s*[年년](?:\s*\d{1,2}\s*[月월])?(?:\s*\d{1,2}\s*[日일号號])?(?:度|公開|製作)?"
)
#: Japanese eras, by the year before their first.
_ERAS = {"明治": 1867, "大正": 1911, "昭和": 1925, "平成": 1988, "令和": 2018}
_ERA = re.compile(r"(明治|大正|昭和|平成|令和)\s*(元|\d{1,2})\s*年?")


def year_in(text: str) -> int | None:
    """Read a year: "1999", "(2001)", "I 1972", "1999.0", "2008–2013" (its first), "'72"; None for a decade ("1990s")."""
    text = unicodedata.normalize("NFKC", text).strip().strip("()[]{}").strip()
    if _DECADE.search(text):
        return None
    if cjk := _CJK_YEAR.fullmatch(text):
        return int(cjk[1]) if _possible(int(cjk[1])) else None
    if era := _ERA.fullmatch(text):
        return _ERAS[era[1]] + (1 if era[2] == "元" else int(era[2]))
    if short := _SHORT_YEAR.fullmatch(text):
        return 1900 + int(short[1])
    if grouped := re.fullmatch(r"([12])[,.\s](\d{3})", text):
        text = grouped[1] + grouped[2]
    found = _YEARS.findall(text)
    return int(found[0]) if found and _tells_of_years(text) else None


#: Words and signs that may accompany a year; months and numerals may, too.
_BESIDE = frozenset(
    [
        "c",
        "ca",
        "circa",
        "about",
        "around",
        "approx",
        "approximately",
        "early",
        "mid",
        "late",
        "in",
        "est",
        "ad",
        "ce",
        "tv",
        "movie",
        "film",
        "video",
        "short",
        "release",
        "released",
        "premiere",
        "present",
        "now",
        "and",
        "or",
        "to",
        "bis",
        "spring",
        "summer",
        "fall",
        "autumn",
        "winter",
        "q",
        "i",
        "ii",
        "iii",
        "iv",
        "v",
        "vi",
        "vii",
        "viii",
        "ix",
        "x",
        "xx",
        "xxx",
        "year",
    ]
)
_SIGNS = re.compile(r"[\w\s.,;:/()\[\]{}'’–—?~*&+-]*")


#: Without a word the only other numbers with a year are a month and a day, the end of a span, or a footnote.
_ONLY_YEARS = re.compile(
    r"\W*\d{4}\W*|\W*\d{4}\s*[-–—/,&+~]\s*\d{2,4}\W*|\W*\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2})?\W*|\W*(?:\d{1,2}[-/.]){1,2}\d{4}\W*|\W*\d{4}\s*\[\d{1,3}\W*"
)


def _tells_of_years(text: str) -> bool:
    """Return whether a text with a year is a year, not a word or number that contains four digits."""
    bare = re.sub(r"\([^()\d]*\)", " ", text)
    words = [word.casefold() for word in _WORDS.findall(bare)]
    others = [word for word in words if word not in _BESIDE and word not in _FILLERS]
    if _SIGNS.fullmatch(bare) is None or any(len(number) > 4 for number in _NUMBERS.findall(bare)):
        return False
    if not words and not _ONLY_YEARS.fullmatch(bare):
        return False
    return not others or all(word in months() for word in others)
