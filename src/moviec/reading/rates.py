"""What money of other currencies was worth in dollars: a dated table, which a person can replace by one of their own.

The table that ships has the average of each year since 1999 (the European Central Bank's reference rates, and the fixed rates
of the currencies that the euro took the place of).
"""

from __future__ import annotations

import csv
import datetime as dt
from functools import lru_cache
from importlib import resources
from pathlib import Path

import pyarrow as pa

from moviec.errors import UsageError

#: The file in a home that takes the place of the table that ships.
FILE = "rates.csv"

#: A rate holds until the next one of its currency, and no longer than this.
LONGEST = dt.timedelta(days=366)

_COLUMNS: list[tuple[str, pa.DataType]] = [
    ("currency", pa.string()),
    ("since", pa.date32()),
    ("until", pa.date32()),
    ("dollars", pa.float64()),
]
RATES = pa.schema(_COLUMNS)


def rates_of(home: Path | None) -> pa.Table:
    """Return the rates (RATES columns; `until` is the last day) of a home, or those that ship.

    Raises UsageError for a file that is no table of rates.
    """
    own = home / FILE if home else None
    if own and own.exists():
        try:
            return _rates(own.read_text("utf-8-sig"))
        except (OSError, ValueError) as error:
            raise UsageError(
                f"this is no table of rates ({error})",
                str(own),
                "its columns are date, currency and dollars: 2004-01-01,EUR,1.2439",
            ) from error
    return _rates(resources.files("moviec.reading").joinpath(FILE).read_text("utf-8"))


@lru_cache(maxsize=4)
def _rates(text: str) -> pa.Table:
    """Read date, currency, dollars; raises ValueError with the line that is wrong."""
    given: dict[str, dict[dt.date, float]] = {}
    rows = csv.DictReader(text.splitlines())
    if not {"date", "currency", "dollars"} <= {*(rows.fieldnames or ())}:
        raise ValueError("no columns date, currency, dollars")
    for row in rows:
        try:
            day, dollars = dt.date.fromisoformat(row["date"].strip()), float(row["dollars"])
            currency = row["currency"].strip().upper()
        except (AttributeError, TypeError, ValueError):
            raise ValueError(f"line {rows.line_num}") from None
        if not (0 < dollars < 1_000_000) or not currency or day.year > 2200:
            raise ValueError(f"line {rows.line_num}")
        given.setdefault(currency, {})[day] = dollars
    found = []
    for currency, dated in sorted(given.items()):
        days = sorted(dated)
        for day, following in zip(days, [*days[1:], dt.date.max], strict=True):
            until = min(following - dt.timedelta(days=1), day + LONGEST - dt.timedelta(days=1))
            found.append({"currency": currency, "since": day, "until": until, "dollars": dated[day]})
    return pa.Table.from_pylist(found, RATES)
