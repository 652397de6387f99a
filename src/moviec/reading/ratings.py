"""Reads ratings in people's notations, with the scale that they state: "8.8/10", "87%", "74/100", "★★★½", "4 out of 5",
"B+".
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

from moviec.reading.numbers import number, plain_text

#: Scales without a number: school grades, and stars without the empty ones.
GRADES, STARS = "grades", "stars"

_GRADES = ("f", "d-", "d", "d+", "c-", "c", "c+", "b-", "b", "b+", "a-", "a", "a+")
_HALVES = {
    "½": Decimal("0.5"),
    "¼": Decimal("0.25"),
    "¾": Decimal("0.75"),
    "1/2": Decimal("0.5"),
    "1/4": Decimal("0.25"),
    "3/4": Decimal("0.75"),
}
_FULL, _EMPTY, _HALF = "★⭐🌟✭✮⋆", "☆✩✰⚝", "½⯨⯪"
_FRACTION = re.compile(
    r"(\S+?)\s*(?:stars?)?\s*(?:/|out of|of|von|sur|de|su)\s*(\d{1,4})(?:\.0)?\s*(?:stars?|points?|pts)?",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(\S+?)\s*(?:★|⭐|\*|stars?)", re.IGNORECASE)
_NOTE = re.compile(
    r"\s*\([^()]*(?:votes?|ratings?|reviews?|users?|critics?)[^()]*\)\s*$|(?<=\d)\s*\(\d[\d.,]*\s*[kKmM]?\)\s*$",
    re.IGNORECASE,
)


_PERCENT = re.compile(
    r"(\S+?)\s*(?:%|％|percent|per cent|pct\.?|prozent|pour cent|por ciento)", re.IGNORECASE
)
_AROUND = re.compile(rf"^[{_FULL}]\s*(?=\d)|(?<=\d)\s*[{_FULL}]$")
_LEADING_STAR = re.compile(rf"^[{_FULL}]\s*(\d\S*)$")


class Rating(NamedTuple):
    """A value and the top of the scale that the cell states: a number, GRADES, STARS, or "" if none."""

    value: str
    top: str = ""


def rating(text: str, decimal: str | None = None) -> Rating | None:
    """Read a rating; None for anything else."""
    text = _NOTE.sub("", text.replace("\ufe0f", "").strip())
    text = _AROUND.sub("", text) if "/" in text else _LEADING_STAR.sub(r"\1★", text)
    if text[:1] and text[:1] in _FULL + _EMPTY + _HALF + "*":
        return _stars(text)
    if text.lower() in _GRADES or text.lower().replace("−", "-") in _GRADES:
        return Rating(str(_GRADES.index(text.lower().replace("−", "-"))), GRADES)
    if percent := _PERCENT.fullmatch(text):
        value = number(percent[1], decimal, ".")
        return Rating(plain_text(value), "100") if value is not None else None
    if fraction := _FRACTION.fullmatch(text):
        value, top = number(fraction[1], decimal, "."), int(fraction[2])
        return (
            Rating(plain_text(value), str(top))
            if value is not None and 0 <= value <= top and top > 1
            else None
        )
    if named := _NAMED.fullmatch(text):
        value = _with_half(named[1], decimal)
        return Rating(plain_text(value), STARS) if value is not None else None
    value = _with_half(text, decimal)
    return Rating(plain_text(value)) if value is not None else None


def _with_half(text: str, decimal: str | None) -> Decimal | None:
    """Read a number, possibly followed by a half: "3½", "3 1/2"."""
    for sign, part in _HALVES.items():
        if text.endswith(sign) and text != sign:
            whole = number(text.removesuffix(sign).strip(), decimal)
            return whole + part if whole is not None and whole == int(whole) else None
    return number(text, decimal, ".")


def _stars(text: str) -> Rating | None:
    text = "".join(text.split())
    if text[0] == "*":
        text = text.replace("*", "★")
    counted = re.fullmatch(rf"([{_FULL}]*)([{_HALF}]|1/2)?([{_EMPTY}]*)", text)
    if not counted or len(text) > 12:
        return None
    full, half, empty = len(counted[1]), bool(counted[2]), len(counted[3])
    if not full and not half and not empty:
        return None
    value = plain_text(full + (Decimal("0.5") if half else Decimal(0)))
    return Rating(value, str(full + half + empty) if empty else STARS)
