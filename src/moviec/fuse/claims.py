"""Why every field of a movie is as it is: who claims what, with which weight, and what was chosen, as JSON texts."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from moviec.engine import Engine
from moviec.fuse.statements import run, statement
from moviec.fuse.texts import join_in_order

FILE = "claims.sql"


def claims(engine: Engine, numbers: Sequence[str]) -> pa.Table:
    """Return movie, claims (JSON text) in order of movie, from what fusing has made; `numbers` are fields with numbers."""
    listed = ", ".join(f"'{name}'" for name in numbers)
    run(engine, FILE, "claim_typed", "claim_typed", {"numbers": listed})
    join_in_order(engine, FILE, "claim_lists", ("movie", "place"))
    run(engine, FILE, "claim_fused", "claim_fused")
    join_in_order(engine, FILE, "claim_unions", ("movie", "place"))
    run(engine, FILE, "claim_values", "claim_values")
    join_in_order(engine, FILE, "claim_fields", ("movie",))
    join_in_order(engine, FILE, "claim_labels", ("movie", "source"))
    join_in_order(engine, FILE, "claim_labelled", ("movie",))
    join_in_order(engine, FILE, "claim_chances", ("movie",))
    return engine.query(statement(FILE, "movie_claims"))
