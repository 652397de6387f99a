"""Reads numbers and running times in people's notations: "2,012,345", "2.012.345", "7,8", "1.5e8", "2.0M", "1'234"; "2h
26m", "PT2H50M".

Whether a comma or a point marks the decimals is decided for a whole column, from all its cells.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

#: Blanks that group digits, and other separators of thousands.
_GROUPS = re.compile(r"(?<=\d)[\u0020\u00a0\u2007\u2009\u202f'’_](?=\d{3}(?:\D|$))")
_TOKEN = re.compile(r"\d[\d.,]*\d")
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?")
_POWER = re.compile(r"(\d+(?:\.\d+)?)e([+-]?\d{1,2})", re.IGNORECASE)
_GROUPED = {
    ",": re.compile(r"\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}"),  # also as in India: 25,00,00,000
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+"),
}
_OTHER = {",": ".", ".": ","}

#: What multiplies the number before it.
SCALES = {
    "k": 10**3, "thousand": 10**3, "thousands": 10**3, "tsd": 10**3,
    "lakh": 10**5, "lakhs": 10**5,
    "m": 10**6, "mm": 10**6, "mn": 10**6, "mln": 10**6, "mill": 10**6, "mio": 10**6, "million": 10**6, "millions": 10**6,
    "millionen": 10**6, "millones": 10**6, "milioni": 10**6, "milhões": 10**6, "млн": 10**6,
    "cr": 10**7, "crore": 10**7, "crores": 10**7, "万": 10**4, "億": 10**8, "亿": 10**8, "만": 10**4, "억": 10**8,
    "b": 10**9, "bn": 10**9, "billion": 10**9, "billions": 10**9, "mrd": 10**9, "milliarden": 10**9, "млрд": 10**9,
}  # fmt: skip

Ambiguous = "ambiguous"


def decide_decimal(texts: Iterable[str]) -> str | None:
    """Return the decimal mark of a column, "," or "."; None if no cell decides it, or two contradict."""
    found = set()
    for text in texts:
        for token in _TOKEN.findall(_GROUPS.sub("", text)):
            if mark := _mark_in(token):
                found.add(mark)
    return found.pop() if len(found) == 1 else None


def _mark_in(token: str) -> str | None:
    """Return the decimal mark that one number implies."""
    commas, points = token.count(","), token.count(".")
    if commas and points:
        return max(",.", key=token.rfind)
    mark = "," if commas else "." if points else ""
    if not mark:
        return None
    if commas + points > 1:
        return _OTHER[mark] if _GROUPED[mark].fullmatch(token) else None
    whole, _, rest = token.partition(mark)
    return mark if len(rest) != 3 or len(whole) > 3 or whole[0] == "0" else None


def number(text: str, decimal: str | None = None, lone: str | None = None) -> Decimal | None:
    """Read a text that is a number; None for anything else.

    `decimal` is the column's decimal mark. If that is unknown, a single group of three digits ("1.234", "1,234") is
    read with `lone` as the decimal mark, and is None if that is None, too.
    """
    text = _GROUPS.sub("", text.strip())
    sign = -1 if text[:1] in ("-", "−") else 1
    text = text.lstrip("+-−").strip()
    if power := _POWER.fullmatch(text):
        return sign * Decimal(power[1]) * Decimal(10) ** int(power[2])
    plain = _unmarked(text, decimal or lone)
    try:
        return sign * Decimal(plain) if plain and len(plain) <= 40 else None
    except InvalidOperation:
        return None


def _unmarked(text: str, decimal: str | None) -> str | None:
    """Return a number with a decimal point and no other characters between its digits."""
    if not re.fullmatch(r"[0-9][0-9.,]*|[.,][0-9]+", text):
        return None
    commas, points = text.count(","), text.count(".")
    mark = max(",.", key=text.rfind)
    if not commas + points:
        return text
    if commas + points > 1 and not (commas and points):
        return text.replace(mark, "") if _GROUPED[mark].fullmatch(text) else None
    whole, _, rest = text.rpartition(mark)
    if commas and points:
        parted = mark not in whole and _GROUPED[_OTHER[mark]].fullmatch(whole)
        return f"{whole.replace(_OTHER[mark], '')}.{rest or '0'}" if parted else None
    if len(rest) != 3 or len(whole) > 3 or whole[:1] in ("", "0") or decimal == mark:
        return f"{whole or '0'}.{rest or '0'}"
    return whole + rest if decimal == _OTHER[mark] else None


_SCALED = re.compile(r"(.*\d[.,]?)\s*([^\W\d_]+)\.?")


def scaled(text: str, decimal: str | None = None, lone: str | None = None) -> Decimal | None:
    """Read a number that a word may multiply: "836.8M", "60 million", "2.0K"."""
    found = _SCALED.fullmatch(text.strip())
    if not found or re.fullmatch(r"\d+(?:\.\d+)?[eE]", found[0]):
        return number(text, decimal, lone)
    scale = SCALES.get(found[2].lower())
    # Before a word of scale a lone group of three digits is decimals: no film's money is "1,234 million".
    value = number(found[1], decimal, lone if decimal else ".")
    return value * scale if scale and value is not None else None


_COUNTED = re.compile(
    r"(?:(?:based on|votes:|ratings:|n ?=|≈|~|ca\.)\s*)?[(\[]?\s*(.*?\d.*?)\+?\s*(?:(?:user |critic |verified |total )*"
    r"(?:votes?|vote\(s\)|ratings?|reviews?|users?|critics?|people|stimmen|bewertungen|votos|voti|głosów|hlasů|голос(?:а|ов)?|оценок|人|票|件)\.?)?\s*[)\]]?",
    re.IGNORECASE,
)


def count(text: str, decimal: str | None = None) -> int | None:
    """Read a count: "2,345,678", "2.0M", "(1,234 votes)", "250,000+ Ratings". A point before three digits separates
    thousands.
    """
    found = _COUNTED.fullmatch(text.strip())
    if not found:
        return None
    value = scaled(found[1], decimal, None if decimal else ",") if "." in found[1] else None
    if value is None:
        value = scaled(found[1], decimal, ".")
    return int(value) if value is not None and value == int(value) else None


def plain_text(value: Decimal) -> str:
    """Return a number without an exponent and without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


_HOUR = r"(?:h(?:(?:ou)?rs?)?|std|stunden?|heures?|horas?|ore|ora|uur|uren|godz|hod(?:in[ay]?)?|óra|tim(?:m(?:e|ar))?|t|sa(?:at)?|ч(?:ас(?:а|ов)?)?|小时|時間|시간)"
_MINUTE = r"(?:dk|dakika|perc|m(?:in(?:ute[ns]?|ut[oiay]?s?|uti|uten|s)?|ns?)?|мин(?:ут[аы]?)?|分(?:钟|鐘)?|분|['′’])"
_SECOND = r"(?:s(?:ec(?:ond)?s?|ek)?|сек|秒|초|''|″|\")"
_NOTE = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_CLOCK = re.compile(
    r"(\d{1,3}):([0-5]\d)(?::([0-5]\d)(?:[.,]\d+)?)?(?:\s*(h|hours?|hrs?)\.?)?", re.IGNORECASE
)
_ISO = re.compile(r"P(?:0D)?T(?:(\d{1,3})H)?(?:(\d{1,4})M)?(?:(\d{1,5})(?:\.\d+)?S)?", re.IGNORECASE)
_PARTS = re.compile(
    rf"(?:(\d{{1,2}}(?:[.,]\d{{1,2}})?)\s*{_HOUR}\.?)?(?:\s*,?\s*(?:(?:and|und|et|y|e|&)\s+)?(\d{{1,4}}(?:[.,]\d+)?)\s*(?:{_MINUTE}\.?)?)?"
    rf"(?:\s*,?\s*(\d{{1,2}})\s*{_SECOND}\.?)?",
    re.IGNORECASE,
)


def minutes(text: str) -> int | None:
    """Read a running time; None for anything else and for ranges. Half a minute counts as one."""
    text = _bare(text)
    if clock := _CLOCK.fullmatch(text):
        return _of_clock(clock)
    if (iso := _ISO.fullmatch(text)) and any(iso.groups()):
        return _total(*(Decimal(part or 0) for part in iso.groups()))
    if seconds := _ONLY_SECONDS.fullmatch(text):
        return _total(Decimal(0), Decimal(0), Decimal(seconds[1]))
    return _of_parts(text)


def _of_parts(text: str) -> int | None:
    """Read hours, minutes and seconds with their words."""
    found = _PARTS.fullmatch(text)
    if not found or not (found[1] or found[2]) or not text[:1].isdigit():
        return None
    hours, rest = (number((found[part] or "0").replace(",", "."), ".") for part in (1, 2))
    if hours is None or rest is None or (hours and (rest >= 60 or (hours != int(hours) and rest))):
        return None
    if found[3] and found[2] and not text[found.end(2) : found.start(3)].strip(" ,"):
        return None  # 99" is not nine minutes and nine seconds
    return _total(hours, rest, Decimal(found[3] or 0))


_ONLY_SECONDS = re.compile(rf"(\d{{3,5}})\s*{_SECOND}\.?", re.IGNORECASE)
_PARTS_OF_HOURS = (("½", ".5"), ("¼", ".25"), ("¾", ".75"), (" 1/2", ".5"))
_HEDGE = re.compile(r"^(?:approx\.?|ca\.?|c\.|about|~)\s*", re.IGNORECASE)


def _bare(text: str) -> str:
    """Remove notes and "about", and convert halves and quarters to decimals."""
    text = text.strip()
    while (shorter := _NOTE.sub("", text)) != text and shorter:
        text = shorter
    for sign, part in _PARTS_OF_HOURS:
        text = re.sub(rf"^(\d){sign}(?=\s*[^\d\s])", rf"\g<1>{part}", text)
    return _HEDGE.sub("", text)


def _of_clock(clock: re.Match[str]) -> int | None:
    """Read "2:15" as hours and minutes, "95:30" as minutes and seconds; ambiguous ones ("12:30") are None."""
    first, second = Decimal(clock[1]), Decimal(clock[2])
    if clock[3]:
        return _total(first, second, Decimal(clock[3]))
    if clock[4] or first < 10:
        return _total(first, second, Decimal(0))
    return _total(Decimal(0), first, second) if first >= 30 else None


def _total(hours: Decimal, minutes_: Decimal, seconds: Decimal) -> int:
    return int((hours * 60 + minutes_ + seconds / 60).quantize(Decimal(1), ROUND_HALF_UP))
