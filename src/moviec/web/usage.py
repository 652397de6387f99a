"""Counts requests by key and day in memory, and writes them in batches."""

from __future__ import annotations

import datetime as dt
import threading

import sqlalchemy as sa

from moviec.catalog.accounts import add_usage


class UsageCounter:
    """What keys have asked since the last writing."""

    def __init__(self, catalogue: sa.Engine) -> None:
        """Take where it is written."""
        self._catalogue = catalogue
        self._counts: dict[tuple[int, str], tuple[int, int]] = {}
        self._alone = threading.Lock()  # requests count in their threads while another one writes

    def count(self, key: int, refused: bool) -> None:
        """Count one request of a key."""
        place = (key, dt.datetime.now(dt.UTC).date().isoformat())
        self._add(place, int(not refused), int(refused))

    def write(self) -> None:
        """Write what was counted; what cannot be written is kept for the next time."""
        with self._alone:
            counts, self._counts = self._counts, {}
        try:
            add_usage(self._catalogue, counts)
        except sa.exc.SQLAlchemyError:
            for place, (answered, over) in counts.items():
                self._add(place, answered, over)
            raise

    def _add(self, place: tuple[int, str], answered: int, over: int) -> None:
        with self._alone:
            before = self._counts.get(place, (0, 0))
            self._counts[place] = (before[0] + answered, before[1] + over)
