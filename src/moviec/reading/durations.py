"""Running times as people write them, in minutes: "136 min", "2h 26m", "PT2H50M", "2:15", "1 Std. 40 Min.", "1.5 hours"."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from moviec.reading.numbers import number

_HOUR = (
    r"(?:h(?:(?:ou)?rs?)?|std|stunden?|heures?|horas?|ore|ora|uur|uren|godz|ч(?:ас(?:а|ов)?)?|小时|時間|시간)"
)
_MINUTE = r"(?:m(?:in(?:ute[ns]?|ut[oi]s?|uti|uten|s)?|ns?)?|мин(?:ут[аы]?)?|分(?:钟|鐘)?|분|['′’])"
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
    """Read a running time; None where it is none or a range of several. Half a minute counts as one."""
    text = text.strip()
    while (shorter := _NOTE.sub("", text)) != text and shorter:
        text = shorter
    text = re.sub(r"^(?:approx\.?|ca\.?|c\.|about|~)\s*", "", text, flags=re.IGNORECASE)
    if clock := _CLOCK.fullmatch(text):
        return _of_clock(clock)
    if (iso := _ISO.fullmatch(text)) and any(iso.groups()):
        return _total(*(Decimal(part or 0) for part in iso.groups()))
    found = _PARTS.fullmatch(text)
    if not found or not (found[1] or found[2]) or not text[:1].isdigit():
        return None
    if found[3] and found[2] and not text[found.end(2) : found.start(3)].strip(" ,"):
        return None  # 99" is not nine minutes and nine seconds
    hours, rest = (number((found[part] or "0").replace(",", "."), ".") for part in (1, 2))
    if hours is None or rest is None or (hours and hours != int(hours) and rest) or (hours and rest >= 60):
        return None
    return _total(hours, rest, Decimal(found[3] or 0))


def _of_clock(clock: re.Match[str]) -> int | None:
    """Read "2:15" as hours and minutes, "95:30" as minutes and seconds; what may be either ("12:30") is neither."""
    first, second = Decimal(clock[1]), Decimal(clock[2])
    if clock[3]:
        return _total(first, second, Decimal(clock[3]))
    if clock[4] or first < 10:
        return _total(first, second, Decimal(0))
    return _total(Decimal(0), first, second) if first >= 30 else None


def _total(hours: Decimal, minutes_: Decimal, seconds: Decimal) -> int:
    return int((hours * 60 + minutes_ + seconds / 60).quantize(Decimal(1), ROUND_HALF_UP))
