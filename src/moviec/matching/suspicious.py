"""Published films that a reader would doubt: records of years far apart in one film, and one film under two ids."""

from __future__ import annotations

import pyarrow as pa

from moviec.engine import Engine
from moviec.sql import filled, materialize, read_sql, run

_SQL = read_sql("moviec.matching", "suspicious.sql")

#: Records of one film whose years lie so far apart are shown. Of Rotten Tomatoes and Wikipedia's films of such years, before
#: years spoke against a match, nine of ten were two films (shared/FINDINGS.md).
YEARS = 4

#: Why a film is shown.
REASONS = ("years apart", "same people", "twins")


def find_suspicious(engine: Engine) -> None:
    """Find doubtful films among `live` (RECORD columns) and `members` (source, key, movie), for `suspicious` and `counted`."""
    run(engine, _SQL, [materialize("shown"), materialize("namesakes")])
    parts = [filled(_SQL[name], {"years": str(YEARS)}) for name in ("years_apart", "same_people", "twins")]
    engine.materialize("found", "\nUNION ALL\n".join(parts))


def suspicious(engine: Engine, most: int) -> pa.Table:
    """After `find_suspicious`, return the doubtful films, the most doubtful of each reason first.

    Columns: reason (REASONS), movies, weight (years apart, 10 a director and 1 an actor shared, ratings alike), records
    (movie, source, key, title, year).
    """
    return engine.query(filled(_SQL["suspicious"], {"most": str(most)}))


def counted(engine: Engine) -> dict[str, int]:
    """After `find_suspicious`, count all of them by reason."""
    rows = engine.query("SELECT reason, count(*) AS films FROM found GROUP BY reason").to_pylist()
    return {row["reason"]: row["films"] for row in rows}
