"""Instants as people write them and as the catalogue does: UTC, ISO 8601."""

from __future__ import annotations

import datetime as dt
import re

from moviec.errors import UsageError

#: A day, or a week, as ISO 8601 writes them.
_DAY = re.compile("[0-9]{4}-?[0-9]{2}-?[0-9]{2}|[0-9]{4}-?W[0-9]{2}-?[0-9]")
_WEEK = re.compile("[0-9]{4}(-?)W[0-9]{2}")


def instant_of(text: str, name: str = "as of") -> str:
    """Read a day or a week (its last moment, UTC) or an instant, and write it as the catalogue does.

    Raises UsageError, with the `name` of what was asked.
    """
    try:
        if week := _WEEK.fullmatch(text):
            text += f"{week[1]}7"
        if _DAY.fullmatch(text):
            day = dt.date.fromisoformat(text)
            return dt.datetime.combine(day, dt.time.max, dt.UTC).isoformat(timespec="microseconds")
        found = dt.datetime.fromisoformat(text.replace(" ", "+"))
        found = found if found.tzinfo else found.replace(tzinfo=dt.UTC)
        return found.astimezone(dt.UTC).isoformat(timespec="microseconds")
    except (ValueError, OverflowError) as error:
        raise UsageError(
            f"'{text}' is no instant", name, "write a date such as 2026-11-21, or 2026-11-21T12:00:00Z"
        ) from error
