"""The part of the shelf that a change can concern: so a film's change costs the same in a large catalogue as in a small."""

from __future__ import annotations

from moviec.engine import DuckEngine
from moviec.matching.pairs import PairLimits, find_asked
from moviec.pipeline.current_records import current_rows

#: What the asking records ever were.
_VERSIONS = "SELECT * FROM every_shelf SEMI JOIN asking USING (source, key)"

#: What of it was there when the catalogue was last published.
_SEEN = """
SELECT v.* FROM versions v SEMI JOIN seen s ON s.source = v.source AND s.delivery = v.delivery
ANTI JOIN seen_again a ON a.source = v.source AND a.key = v.key AND a.delivery = v.delivery
"""

_TOUCHED = "SELECT DISTINCT shelved.block AS block FROM (SELECT unnest(blocks) AS shelved FROM versions)"

#: The blocks of records that are asked because a block of theirs is over the cap now, or no more.
_ASKED_TOO = """
SELECT DISTINCT k.block FROM keys k JOIN asked a ON a.n = k.n JOIN numbered r ON r.n = k.n WHERE NOT r.asks
"""

#: Other records that share a block with these, or did.
_SHARING = """
SELECT source, key FROM near UNION
(SELECT source, key FROM every_block SEMI JOIN wanted_blocks USING (block) EXCEPT SELECT source, key FROM asking)
"""

_ROWS = "SELECT * FROM versions UNION ALL SELECT * FROM every_shelf SEMI JOIN near USING (source, key)"


def ask_nearby(engine: DuckEngine, limits: PairLimits) -> None:
    """Narrow `shelf` to the records that can be in a pair with one that is asked, name `shelf_before`, and `find_asked`.

    What comes of it is what the whole shelf gives: a record with no block in common is in no pair, and blocks are known
    of every row of every batch, so none is missed.
    """
    engine.materialize("versions", _VERSIONS)
    engine.view("versions_seen", _SEEN)
    engine.view("shelf_before", f"{current_rows('versions_seen')} AND NOT deleted")
    engine.materialize("near", "SELECT source, key FROM asking WHERE false")
    _widen(engine, _TOUCHED)
    find_asked(engine, limits)
    if engine.query(f"SELECT * FROM ({_ASKED_TOO}) LIMIT 1").num_rows:
        _widen(engine, _ASKED_TOO)
        find_asked(engine, limits)


def _widen(engine: DuckEngine, blocks: str) -> None:
    engine.materialize("wanted_blocks", blocks)
    engine.materialize("near", _SHARING)
    engine.materialize("shelf_rows", _ROWS)
    engine.view("shelf", f"{current_rows('shelf_rows')} AND NOT deleted")
