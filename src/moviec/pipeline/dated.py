"""Places whose files or folders carry dates: each date is a delivery. Hands on the addresses, by date."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable

from moviec.errors import UsageError

#: What stands for a date in an address.
DATE = "{date}"

#: 2026-11-01 or 20261101, with no digit beside it.
_WRITTEN = r"(?<!\d)(\d{4}-\d\d-\d\d|\d{8})(?!\d)"

Names = Callable[[str], list[str]]


def by_date(place: str, names: Names) -> dict[dt.date, list[str]]:
    """Give the addresses below a place by their date, oldest first; `names` lists a folder.

    `{date}` in a place stands for the date (the first decides, later ones repeat it): `drops/{date}/movies.csv`,
    `drops/movies_{date}.csv`. A place without it is a folder whose entries carry dates anywhere in their names.
    Raises UsageError where no name carries a date.
    """
    folder, pattern, tail = _parts(place)
    found: dict[dt.date, list[str]] = {}
    for name in sorted(names(folder or ".")):
        match = pattern.fullmatch(name)
        date = _date(match[1]) if match else None
        if match and date:
            rest = tail.replace(DATE, match[1])
            found.setdefault(date, []).append(f"{folder}/{name}{rest}" if folder else f"{name}{rest}")
    if not found:
        raise UsageError(
            "nothing here carries a date", folder or ".", "names should hold one, like 2026-11-01 or 20261101"
        )
    return dict(sorted(found.items()))


def _parts(place: str) -> tuple[str, re.Pattern[str], str]:
    """Cut a place into the folder, the pattern of the dated names in it, and what follows below each."""
    if DATE not in place:
        return place.rstrip("/") or "/", re.compile(f".*?{_WRITTEN}.*"), ""
    before, _, after = place.partition(DATE)
    folder, slash, start = before.rpartition("/")
    end, below, tail = after.partition("/")
    ends = [re.escape(part) for part in end.split(DATE)]
    pattern = re.compile(re.escape(start) + _WRITTEN + r"\1".join(ends))
    return folder or slash, pattern, below + tail


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
