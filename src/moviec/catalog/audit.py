"""Checks that a catalogue must stand: what they find is listed, nothing is mended here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from moviec.catalog.schema.identity import records


def doubled(connection: sa.Connection, sources: Sequence[str]) -> list[dict[str, Any]]:
    """List movies that hold several live records of one of these sources, which list no film twice.

    Each: movie, source, records. Only a person's verdict can bring that about.
    """
    count = sa.func.count().label("records")
    query = (
        sa.select(records.c.movie, records.c.source, count)
        .where(records.c.live, records.c.source.in_(sources))
        .group_by(records.c.movie, records.c.source)
        .having(sa.func.count() > 1)
        .order_by(records.c.movie, records.c.source)
    )
    return [dict(row) for row in connection.execute(query).mappings()]
