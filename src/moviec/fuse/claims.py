"""Why every field of a movie is as it is: who claims what, with which weight, and what was chosen, as JSON texts."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from moviec.engine import Engine
from moviec.fuse.statements import run
from moviec.fuse.texts import join_in_order

#: View of items, the table their texts are joined into, by which keys, in which order.
_JOINED = (
    ("claim_items", "claim_lists", "movie, place", "lightness, source, given"),
    ("claim_union_items", "claim_unions", "movie, place", "doubt, given"),
    ("claim_field_items", "claim_fields", "movie", "place"),
    ("claim_label_items", "claim_labels", "movie, source", "item"),
    ("claim_labelled_items", "claim_labelled", "movie", "source"),
    ("claim_chance_items", "claim_chances", "movie", "position"),
    ("claim_name_items", "claim_names", "movie, field, source", "billing"),
    ("claim_named_items", "claim_named", "movie, field", "source"),
    ("claim_union_fields", "claim_name_fields", "movie", "field DESC"),
)

#: Views that stand between the joined ones, before the one that reads them.
_BETWEEN = {"claim_union_items": "claim_fused", "claim_field_items": "claim_values"}


def claims(engine: Engine, numbers: Sequence[str]) -> pa.Table:
    """Return movie, claims (JSON text) in order of movie, from what fusing has made; `numbers` are fields with numbers."""
    listed = ", ".join(f"'{name}'" for name in numbers)
    run(engine, "claims.sql", "claim_typed", "claim_typed", {"numbers": listed})
    for view, joined, keys, order in _JOINED:
        run(engine, "claims.sql", _BETWEEN.get(view, view), view)
        join_in_order(engine, joined, view, keys, order)
    run(engine, "claims.sql", "claim_dates", "movie_claims")
    return engine.query("SELECT * FROM movie_claims ORDER BY movie")
