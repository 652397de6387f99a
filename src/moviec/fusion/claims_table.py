"""A table of claims into one value per film and field: with confidence, whose it is, and the claims that lost.

What each source's word weighs is learned from the table itself (`field_weights`); sources of one origin, found from what only they
share (`origins`), have one voice. No catalogue, no model: the same table gives the same values.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.fusion.field_kinds import Field, grows
from moviec.fusion.field_weights import Claims, Weights, learn, places_before, weigh
from moviec.fusion.origins import Shared, origins, shared_values
from moviec.rating.model import Floats


class Learned(msgspec.Struct, frozen=True):
    """What was learned of a field: its kind, its sources in the order of the weights, and these."""

    field: Field
    sources: tuple[str, ...]
    weights: Weights


class FusedClaims(msgspec.Struct, frozen=True):
    """The fused table and what it rests on.

    values: movie, field, value, confidence, source (whose spelling it is), sources (how many say so), losing (JSON: source,
      value), in the order in which films and fields first come in the table
    origin: each source's origin; shared: what pairs of sources share
    """

    values: pa.Table
    learned: tuple[Learned, ...]
    origin: dict[str, str]
    shared: tuple[Shared, ...]


def fuse_claims(engine: DuckEngine, fields: tuple[Field, ...], tell: Callable[[str], None]) -> FusedClaims:
    """Fuse `claim_values` (field_kinds.read_fields)."""
    tell("who goes back to one origin")
    shared = shared_values(engine)
    names = engine.query("SELECT DISTINCT source FROM claim_values ORDER BY source")["source"].to_pylist()
    origin = origins([str(name) for name in names], shared)
    learned = []
    parts = []
    for place, field in enumerate(fields):
        tell(f"{field.name}: who is sided with")
        found, part = _fuse_field(engine, field, origin, f"claims_{place}")
        if found:
            learned.append(found)
            parts.append(part)
    engine.materialize("claims_chosen", " UNION ALL ".join(f"SELECT * FROM {part}" for part in parts))
    engine.register("claim_words", _words(learned))
    return FusedClaims(engine.query(_VALUES), tuple(learned), origin, shared)


_VALUES = """
WITH judged AS (
  SELECT v.*, w.word, c.confidence, v.fold = c.fold AS won
  FROM claim_values v JOIN claims_chosen c USING (movie, field) JOIN claim_words w ON w.field = v.field AND w.source = v.source),
spelled AS (
  SELECT movie, field, value, count(*) AS alike, max(word) AS best, arg_min(source, (-word, file_row)) AS source,
         min(file_row) AS file_row
  FROM judged WHERE won GROUP BY movie, field, value),
shown AS (
  SELECT movie, field, first(value ORDER BY loud, alike DESC, best DESC, file_row) AS value,
         first(source ORDER BY loud, alike DESC, best DESC, file_row) AS source
  FROM (SELECT *, (value IN (upper(value), lower(value)) AND lower(value) <> upper(value))::INT AS loud FROM spelled)
  GROUP BY movie, field)
SELECT j.movie, j.field, any_value(s.value) AS value, any_value(j.confidence) AS confidence, any_value(s.source) AS source,
       count(*) FILTER (won) AS sources,
       to_json(list({'source': j.source, 'value': j.value} ORDER BY j.file_row) FILTER (NOT won))::VARCHAR AS losing
FROM judged j JOIN shown s USING (movie, field)
GROUP BY j.movie, j.field
ORDER BY min(min(j.file_row)) OVER (PARTITION BY j.movie), min(j.file_row)
"""


def _words(learned: list[Learned]) -> pa.Table:
    rows = [
        {"field": each.field.name, "source": source, "word": word}
        for each in learned
        for source, word in zip(each.sources, each.weights.words, strict=True)
    ]
    columns: dict[str, pa.DataType] = {"field": pa.string(), "source": pa.string(), "word": pa.float64()}
    return pa.Table.from_pylist(rows, pa.schema(columns))


def _fuse_field(
    engine: DuckEngine, field: Field, origin: dict[str, str], target: str
) -> tuple[Learned | None, str]:
    """Make `target`: movie, field, fold, confidence of the chosen value of each film; None where no claim is left."""
    engine.materialize(
        f"{target}_rows",
        "SELECT movie, source, value, number, fold, file_row, dense_rank() OVER (ORDER BY movie) - 1 AS film,"
        " dense_rank() OVER (ORDER BY source) - 1 AS speaker, dense_rank() OVER (ORDER BY number, fold) - 1 AS code"
        f" FROM claim_values WHERE field = {quoted(field.name)}",
    )
    rows = engine.query(
        f"SELECT film, speaker, code, number, file_row FROM {target}_rows ORDER BY film, speaker"
    )
    if not rows.num_rows:
        return None, target
    names = engine.query(f"SELECT DISTINCT source FROM {target}_rows ORDER BY source")["source"].to_pylist()
    sources = tuple(map(str, names))
    film, speaker = rows["film"].to_numpy(), rows["speaker"].to_numpy()
    codes, sizes, places = (np.full((film[-1] + 1, len(sources)), np.nan) for _ in range(3))
    codes[film, speaker] = rows["code"].to_numpy()
    sizes[film, speaker] = rows["number"].to_numpy(zero_copy_only=False)
    places[film, speaker] = rows["file_row"].to_numpy()
    numbered = {name: place for place, name in enumerate(sorted(set(origin.values())))}
    origins_of = [numbered[origin[source]] for source in sources]
    claims = Claims(codes, sizes, field.kind, origins_of, places_before(places), grows(field.name))
    weights = learn(claims)
    chosen, confidence = _chosen(claims, weights, places)
    engine.register(
        f"{target}_picked",
        pa.table({"film": np.arange(len(chosen)), "code": chosen.astype(int), "confidence": confidence}),
    )
    engine.materialize(
        target,
        f"SELECT DISTINCT r.movie, {quoted(field.name)} AS field, r.fold, p.confidence FROM {target}_rows r"
        f" JOIN {target}_picked p USING (film, code)",
    )
    return Learned(field, sources, weights), target


def _chosen(claims: Claims, weights: Weights, places: Floats) -> tuple[Floats, Floats]:
    """Return each film's value with the most weight behind it, of equals the first in the table, and its chance.

    "None of the claims is right" is among the answers, with the weight 0: a lone claim is as likely as its source is reliable.
    """
    codes, totals = weigh(claims, weights)
    first = np.stack(
        [
            np.nanmin(np.where(claims.codes == codes[:, [at]], places, np.inf), axis=1)
            for at in range(codes.shape[1])
        ],
        axis=1,
    )
    top = totals.max(axis=1, keepdims=True)
    at = np.where(totals >= top, first, np.inf).argmin(axis=1)
    high = np.maximum(top, 0)
    chance = np.exp(totals - high)
    whole = chance.sum(axis=1) + np.exp(-high[:, 0])
    films = np.arange(len(at))
    return codes[films, at], np.round(chance[films, at] / whole, 4)
