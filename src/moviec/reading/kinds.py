"""The kinds of cell values, each declared once: which spellings need no reading, what a column decides, how a cell is
read.

A cell is read into the spelling that SQL casts: a date as 1999-03-31, money, minutes and votes as whole numbers, a rating as a number,
an id bare, a title without text around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeAlias

import msgspec

from moviec.reading import dates, ids, money, numbers, ratings, titles

#: Texts of cells without a value, in lower case. Titles have a list of their own: "Nil" is a film.
BLANK = frozenset(
    ("", "\\n", "n/a", "n.a.", "na", "nan", "nat", "null", "none", "nil", "-", "--", "–", "—", "?", "[]", "{}", "()", "unknown", "tbd", "tba", "tbc",
     "to be announced", "not available", "not rated", "#n/a", "#value!", "#ref!", "<na>", "undefined", "k.a.", "s/d")
)  # fmt: skip
BLANK_TITLES = frozenset(
    ("", "\\N", "N/A", "#N/A", "NULL", "null", "NaN", "nan", "None", "<NA>", "-", "?", "[]", "{}")
)


class Value(NamedTuple):
    """A read cell: its text in the castable spelling, and additional values by name."""

    text: str | None
    extras: Mapping[str, str] = {}


Decide: TypeAlias = Callable[[Sequence[str], int], str | None]
Read: TypeAlias = Callable[[str, str | None], Value | None]


def _nothing(texts: Sequence[str], cells: int) -> str | None:
    return None


def _order(texts: Sequence[str], cells: int) -> str | None:
    return dates.decide_order(texts)


def _decimal(texts: Sequence[str], cells: int) -> str | None:
    return numbers.decide_decimal(texts)


class Kind(msgspec.Struct, frozen=True):
    """A kind of value. `plain` is the SQL condition that a cell ({0}) is already in the castable spelling.

    `decide` takes a column's other cells and its number of distinct cells, and returns its convention; `read` takes one
    of them and the convention, and returns None if it is unreadable. `extras` names additional values in a cell.
    `why_open` is the message for cells that are unreadable only because the column's convention is undecided.
    """

    name: str
    plain: str
    read: Read
    decide: Decide = _nothing
    extras: tuple[str, ...] = ()
    blank: frozenset[str] = BLANK
    why_open: str = ""

    def is_plain(self, cell: str) -> str:
        """Return the condition that a cell, given as SQL, is in the castable spelling."""
        return self.plain.replace("{0}", cell)

    def is_blank(self, text: str) -> bool:
        """Return whether a cell means "no value"."""
        bare = text.strip(" \t\r\n\u00a0")
        return bare in self.blank if self.blank is BLANK_TITLES else bare.lower() in self.blank


def _date(text: str, order: str | None) -> Value | None:
    day = dates.date(text, order)
    if day is None:
        return None
    year = {"year": str(day.year)} if day.year else {}
    if day.date is None:
        return Value(str(day.year), {**year, "open": "1"} if day.is_open else year)
    return Value(day.date.isoformat(), year)


def _year(text: str, _: str | None) -> Value | None:
    year = dates.year_in(text)
    return Value(str(year)) if year else None


def _money(text: str, decimal: str | None, unit: tuple[str, int] = ("", 1)) -> Value | None:
    amount = money.money(text, decimal)
    if amount is None:
        return None
    bare = not re.search(r"[^\d\s.,'’+-]", text)
    currency = unit[0] if unit[0] and bare else amount.currency
    value = amount.value if not bare or unit[1] == 1 else _times(text, decimal, unit[1])
    if currency == money.DOLLARS:
        return Value(str(value))
    return Value(None, {"currency": currency, "amount": str(value)})


def _times(text: str, decimal: str | None, scale: int) -> int:
    value = numbers.number(text, decimal, ".")
    return int(value * scale) if value is not None else 0


def _count(text: str, decimal: str | None) -> Value | None:
    value = numbers.count(text, decimal)
    return Value(str(value)) if value is not None else None


def _number(text: str, decimal: str | None) -> Value | None:
    value = numbers.scaled(text, decimal, ".")
    return Value(numbers.plain_text(value)) if value is not None else None


def _rating(text: str, decimal: str | None) -> Value | None:
    found = ratings.rating(text, decimal)
    if found is None:
        return None
    return Value(found.value, {"top": found.top} if found.top else {})


def _duration(text: str, _: str | None) -> Value | None:
    if _MILLISECONDS.fullmatch(text.strip()):
        return _duration_in(text, None, _TIMES["ms"])
    found = numbers.minutes(text)
    return Value(str(found)) if found is not None else None


#: Units of running times in column names, and how many of each make a minute.
_TIMES = {"s": 60, "sec": 60, "secs": 60, "second": 60, "seconds": 60, "sekunden": 60, "ms": 60_000, "millis": 60_000, "milliseconds": 60_000, "h": 1 / 60, "hours": 1 / 60, "hrs": 1 / 60}  # fmt: skip
#: A whole number of seven or eight digits is a length in milliseconds: it cannot be minutes or seconds of a film.
_MILLISECONDS = re.compile(r"\d{7,8}")


def _duration_in(text: str, _: str | None, unit: float) -> Value | None:
    """Read a bare number in a unit of which so many make a minute, else any running time."""
    value = numbers.number(text, ".")
    return _duration(text, None) if value is None else Value(str(round(float(value) / unit)))


def _id(text: str, _: str | None, space: str) -> Value | None:
    found = ids.film_id(space, text)
    return Value(found) if found else None


def _title(text: str, years: str | None) -> Value | None:
    found = titles.title(text, years)
    if found is None:
        return None
    year = {"year": str(found.year)} if found.year else {}
    return Value(
        found.title, year | {space: value for space, value in found.ids.items() if space in ("imdb", "tmdb")}
    )


def _text(text: str, _: str | None) -> Value | None:
    return Value(titles.mended(text).strip())


_FLAGS = {
    **dict.fromkeys(
        ("true", "t", "yes", "y", "1", "1.0", "x", "ja", "oui", "si", "sí", "да", "wahr", "vrai"), "true"
    ),
    **dict.fromkeys(("false", "f", "no", "n", "0", "0.0", "nein", "non", "нет", "falsch", "faux"), "false"),
}


def _flag(text: str, _: str | None) -> Value | None:
    found = _FLAGS.get(text.strip().lower())
    return Value(found) if found else None


_WHOLE = "regexp_full_match({0}, '-?[0-9]{1,18}(\\.0)?')"
_DECIMAL = "regexp_full_match({0}, '-?[0-9]{1,17}(\\.[0-9]{1,12})?')"
_WHY_NUMBERS = (
    'it is unclear whether a comma or a point precedes the decimals: set decimal = "," or "." in the mapping'
)

KINDS: Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind(
            "date",
            "try_cast({0} AS DATE)::VARCHAR = {0}",
            _date,
            _order,
            ("year", "open"),
            why_open="it is unclear whether the day or the month comes first: set dates = \"dmy\" or \"mdy\" in the mapping",
        ),
        Kind("year", "regexp_full_match({0}, '[0-9]{4}')", _year),
        Kind("money", _WHOLE, _money, _decimal, ("currency", "amount"), why_open=_WHY_NUMBERS),
        Kind("count", _WHOLE, _count, _decimal, why_open=_WHY_NUMBERS),
        Kind("number", _DECIMAL, _number, _decimal, why_open=_WHY_NUMBERS),
        Kind("rating", _DECIMAL, _rating, _decimal, ("top",), why_open=_WHY_NUMBERS),
        Kind("duration", "regexp_full_match({0}, '[0-9]{1,6}(\\.0)?')", _duration),
        Kind("title", f"NOT regexp_matches({{0}}, {titles.ODD_SQL})", _title, titles.decide_year, ("year", "imdb", "tmdb"), BLANK_TITLES),
        Kind("text", f"NOT regexp_matches({{0}}, {titles.GARBLED_SQL})", _text, blank=BLANK_TITLES),
        Kind("flag", "{0} IN ('true', 'false', 'True', 'False', '0', '1')", _flag),
        Kind("imdb", "regexp_full_match({0}, 'tt[0-9]{7,8}')", partial(_id, space="imdb")),
        *(
            Kind(space, "regexp_full_match({0}, '[1-9][0-9]{0,8}')", partial(_id, space=space))
            for space in ids.NUMBERED
        ),
        *(
            Kind(space, "NOT contains({0}, '/') AND NOT contains({0}, '.')" if space != "wikidata" else "regexp_full_match({0}, 'Q[0-9]+')", partial(_id, space=space))
            for space in ids.ADDRESSED
        ),
        Kind("id", "NOT regexp_matches({0}, '^\\s|\\s$|^[0-9]+\\.0$')", partial(_id, space="")),
    )
}  # fmt: skip

#: Kinds whose cells list several values; the separator is decided for the column (`lists`).
LISTS = ("labels", "countries", "languages", "names", "companies", "titles", "objects", "company objects")

_UNITS = {"thousand": 10**3, "thousands": 10**3, "000s": 10**3, "k": 10**3, "million": 10**6, "millions": 10**6, "mil": 10**6, "mill": 10**6,
          "mio": 10**6, "mn": 10**6, "m": 10**6, "billion": 10**9, "billions": 10**9, "bn": 10**9, "b": 10**9, "crore": 10**7, "crores": 10**7, "cr": 10**7, "lakh": 10**5, "lakhs": 10**5}  # fmt: skip


def unit_of(column: str) -> tuple[str, int]:
    """Return the currency and the scale that a column's name gives its bare numbers: "Budget (€ millions)", "gross_inr_crore"."""
    words = [
        word for word in re.split(r"[\s_()\[\],:/.-]+", re.sub(r"([$€£¥₹])", r" \1 ", column).lower()) if word
    ]
    currency, scale = "", 1
    for word in words[1:] if len(words) > 1 else []:
        currency = money.CURRENCIES.get(word, currency) if len(word) == 3 or word in "$€£¥₹" else currency
        scale = _UNITS.get(word, scale)
        currency = currency or ("INR" if word in ("crore", "crores", "cr", "lakh", "lakhs") else "")
    return currency, scale


def duration_of(column: str) -> Kind:
    """Return the kind of running times in a column with this name: "runtime_seconds", "Duration (ms)"."""
    words = re.split(r"[\s_()\[\],:/.-]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column).lower())
    unit = next((_TIMES[word] for word in words[1:] if word in _TIMES), None)
    if unit is None:
        return KINDS["duration"]
    return msgspec.structs.replace(KINDS["duration"], plain="false", read=partial(_duration_in, unit=unit))


def money_of(column: str) -> Kind:
    """Return the kind of money in a column with this name."""
    unit = unit_of(column)
    if unit in (("", 1), (money.DOLLARS, 1)):
        return KINDS["money"]
    return msgspec.structs.replace(KINDS["money"], plain="false", read=partial(_money, unit=unit))
