"""Connected components of the graph of pairs and decisions around the changed records: what has to be clustered again."""

from __future__ import annotations

import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.ledger import ENDS, PAIR, ledger_of, pairs_touching
from moviec.engine import DuckEngine

#: Both ends of the rows of {0}.
_BOTH = "SELECT left_source AS source, left_key AS key FROM {0} UNION SELECT right_source, right_key FROM {0}"

#: Stored pairs that stand: neither end is among the records whose pairs are replaced.
_STANDING = """
SELECT s.* FROM stored s
ANTI JOIN replaced l ON l.source = s.left_source AND l.key = s.left_key
ANTI JOIN replaced r ON r.source = s.right_source AND r.key = s.right_key
"""

#: Decisions on the records of the frontier.
_NEAR = """
SELECT d.* FROM decided d SEMI JOIN frontier f ON f.source = d.left_source AND f.key = d.left_key
UNION
SELECT d.* FROM decided d SEMI JOIN frontier f ON f.source = d.right_source AND f.key = d.right_key
"""


def whole_components(
    engine: DuckEngine, connection: sa.Connection, fresh: pa.Table, decisions: pa.Table
) -> tuple[pa.Table, pa.Table]:
    """Follow pairs and decisions from the engine's `replaced` records (source, key) as far as they lead.

    `fresh` are all pairs that these records now have; stored ones of theirs no longer count, but lead on to the records
    that they joined before; so do the movies they were, since who comes back has a say in whose the id is. Returns
    every pair (PAIR columns) and every record (source, key) of those components.
    """
    columns = ", ".join(PAIR)
    engine.register("fresh", fresh)
    engine.register("decided", decisions)
    engine.materialize("standing", f"SELECT {columns} FROM fresh")
    engine.materialize("frontier", f"SELECT source, key FROM replaced UNION {_BOTH.format('standing')}")
    engine.materialize("reached", "SELECT * FROM frontier")
    while (frontier := engine.query("SELECT * FROM frontier")).num_rows:
        engine.register("touching", pairs_touching(connection, frontier))
        engine.materialize("stored", "SELECT * FROM touching")
        engine.materialize("near", _NEAR)
        engine.register("kin", ledger_of(connection, frontier))
        engine.materialize(
            "standing", f"SELECT {columns} FROM standing UNION SELECT {columns} FROM ({_STANDING})"
        )
        ends = f"{_BOTH.format('stored')} UNION {_BOTH.format('near')} UNION SELECT source, key FROM kin"
        engine.materialize("frontier", f"SELECT * FROM ({ends}) EXCEPT SELECT * FROM reached")
        engine.materialize("reached", "SELECT * FROM reached UNION SELECT * FROM frontier")
    pairs = engine.query(f"SELECT {columns} FROM standing ORDER BY {', '.join(ENDS)}")
    return pairs, engine.query("SELECT source, key FROM reached ORDER BY source, key")
