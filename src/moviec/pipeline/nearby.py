"""The match features that a change can concern, so that a film's change costs the same in a large catalogue as in a small one."""

from __future__ import annotations

from moviec.engine import DuckEngine
from moviec.matching.pairs import PairLimits, find_records_to_match
from moviec.pipeline.current_records import current_rows

#: All versions of the changed records.
_VERSIONS = "SELECT * FROM every_features SEMI JOIN changed_records USING (source, key)"

#: What of it was there when the catalogue was last published.
_SEEN = """
SELECT v.* FROM versions v SEMI JOIN seen s ON s.source = v.source AND s.delivery = v.delivery
ANTI JOIN seen_again a ON a.source = v.source AND a.key = v.key AND a.delivery = v.delivery
"""

_TOUCHED = "SELECT DISTINCT features.block AS block FROM (SELECT unnest(blocks) AS features FROM versions)"

#: The blocks of records that are matched again because a block of theirs is over the cap now, or no more.
_ASKED_TOO = """
SELECT DISTINCT k.block FROM keys k JOIN to_match a ON a.n = k.n JOIN numbered r ON r.n = k.n WHERE NOT r.is_changed
"""

#: Other records that share a block with these, or did.
_SHARING = """
SELECT source, key FROM near UNION
(SELECT source, key FROM every_block SEMI JOIN wanted_blocks USING (block) EXCEPT SELECT source, key FROM changed_records)
"""

_ROWS = "SELECT * FROM versions UNION ALL SELECT * FROM every_features SEMI JOIN near USING (source, key)"


def narrow_to_nearby(engine: DuckEngine, limits: PairLimits) -> None:
    """Narrow `match_features` to the records that can be in a pair with a record to match; create `features_before` and what `find_records_to_match` makes.

    The result is that of all match features: a record with no block in common is in no pair, and blocks are known
    of every row of every batch, so none is missed.
    """
    engine.materialize("versions", _VERSIONS)
    engine.view("versions_seen", _SEEN)
    engine.view("features_before", f"{current_rows('versions_seen')} AND NOT deleted")
    engine.materialize("near", "SELECT source, key FROM changed_records WHERE false")
    _widen(engine, _TOUCHED)
    find_records_to_match(engine, limits)
    if engine.query(f"SELECT * FROM ({_ASKED_TOO}) LIMIT 1").num_rows:
        _widen(engine, _ASKED_TOO)
        find_records_to_match(engine, limits)


def _widen(engine: DuckEngine, blocks: str) -> None:
    engine.materialize("wanted_blocks", blocks)
    engine.materialize("near", _SHARING)
    engine.materialize("features_rows", _ROWS)
    engine.view("match_features", f"{current_rows('features_rows')} AND NOT deleted")
