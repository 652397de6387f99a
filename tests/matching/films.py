"""Small film lists for the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from moviec.matching.features import FEATURES


def films(source: str, *rows: Mapping[str, Any]) -> pa.Table:
    """Make a FEATURES table; keys are the places in the list, from 1, unless given."""
    filled = [
        {"source": source, "key": str(place), **dict.fromkeys(FEATURES.names[2:]), **row, "titles": _listed(row["titles"])}
        for place, row in enumerate(rows, 1)
    ]  # fmt: skip
    return pa.Table.from_pylist(filled, schema=FEATURES)


def film(*titles: str, **fields: Any) -> dict[str, Any]:
    """Make one film of a list."""
    return {"titles": titles, **fields}


def _listed(titles: str | Sequence[str]) -> list[str]:
    return [titles] if isinstance(titles, str) else list(titles)
