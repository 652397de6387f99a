"""Fuse a table of claims into one value per film and field, with its confidence, its source, and the losing claims.

The weight of each source's claims is learned from the table itself (`field_weights`). Sources of one origin, found from
values that only they share, count as one. It needs no catalogue and no model: the same table gives the same values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.fusion.field_kinds import Field, grows
from moviec.fusion.field_weights import Claims, Weights, learn, places_before, weigh
from moviec.rating.model import Floats


class Shared(msgspec.Struct, frozen=True):
    """Two sources, and the share of values found in only one other source that the other has; `values`: how many were
    compared.
    """

    one: str
    other: str
    share: float
    values: int


class Learned(msgspec.Struct, frozen=True):
    """What was learned of a field: its kind, its sources in the order of the weights, and the weights."""

    field: Field
    sources: tuple[str, ...]
    weights: Weights


class FusedClaims(msgspec.Struct, frozen=True):
    """The fused table and what it is based on.

    values: movie, field, value, confidence, source (whose spelling is used), sources (how many agree), losing (JSON:
    source, value), in the order in which films and fields first occur in the table
    origin: each source's origin; shared: what pairs of sources share
    """

    values: pa.Table
    learned: tuple[Learned, ...]
    origin: dict[str, str]
    shared: tuple[Shared, ...]


def fuse_claims(engine: DuckEngine, fields: tuple[Field, ...], tell: Callable[[str], None]) -> FusedClaims:
    """Fuse `claim_values` (field_kinds.read_fields)."""
    tell("finding sources of one origin")
    shared = shared_values(engine)
    names = engine.query("SELECT DISTINCT source FROM claim_values ORDER BY source")["source"].to_pylist()
    origin = origins([str(name) for name in names], shared)
    learned = []
    parts = []
    for place, field in enumerate(fields):
        tell(f"{field.name}: weighing sources")
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
    """Make `target`: movie, field, fold, confidence of the chosen value of each film; None if no claim is left."""
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
    """Return each film's value with the most weight (of equal ones the first in the table) and its probability.

    "None of the claims is right" is one of the outcomes, with weight 0: a lone claim is as likely as its source is
    reliable.
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


#: The share of values that only they share (`shared_values`) from which two sources are of one origin: the mean over
#: their fields, once with one other source or more and once with two or more, as a few agree by chance, counted
#: together with OF_FEW values of which EXPECTED are shared. The four of the shared claims that derive from IMDb have
#: .50 or more, .46 with any other source hidden; independent ones reach .37; with one of the four hidden .44, and .48
#: without OMDb, where TMDB is taken for a relative of HetRec (docs/fusion.md).
ONE_ORIGIN = 0.45
OF_FEW = 10
EXPECTED = 0.25

#: The least number of values compared in a field, and in all fields with two other sources or more (where two differ
#: nobody can say which errs); and the most films that are compared.
LEAST_VALUES = 10
MOST_FILMS = 100_000

# Compared as spelled: a shared "Se7en" or order of genres shows a common origin; the folded form would not.
_PAIRS = """
WITH films AS (SELECT movie FROM (SELECT DISTINCT movie FROM claim_values) ORDER BY md5(movie), movie LIMIT {most}),
said AS (
  SELECT movie, field, source, value, count(*) OVER (PARTITION BY movie, field, value) AS alike,
         count(*) OVER (PARTITION BY movie, field) AS sources
  FROM claim_values JOIN films USING (movie)),
pairs AS (
  SELECT a.field, least(a.source, b.source) AS one, greatest(a.source, b.source) AS other,
         (a.value = b.value)::INT AS shared, a.sources
  FROM said a JOIN said b ON a.movie = b.movie AND a.field = b.field AND a.source <> b.source
  WHERE a.sources > 2 AND a.alike - (a.value = b.value)::INT = 1),
counted AS (
  SELECT one, other, field, unnest([
    {{'shared': sum(shared), 'seen': count(*)}},
    {{'shared': sum(shared) FILTER (sources > 3), 'seen': count(*) FILTER (sources > 3)}}]) AS counts
  FROM pairs GROUP BY one, other, field),
borne_out AS (SELECT one, other FROM pairs WHERE sources > 3 GROUP BY one, other HAVING count(*) >= {least})
SELECT one, other, counts.shared::BIGINT AS shared, counts.seen::BIGINT AS seen
FROM counted SEMI JOIN borne_out USING (one, other) WHERE counts.seen >= {least} ORDER BY ALL
"""


def shared_values(engine: DuckEngine) -> tuple[Shared, ...]:
    """Return the pairs of sources in `claim_values` with enough values to compare, those with the most in common first.

    Independent sources that err rarely make the same error. So: where a source has a value that at least two others
    lack, and all others but one, how often does that one have it too? Sources that often do are copies of one another,
    or of a third. Titles spelled in an unusual way, and lists, count as much as wrong numbers.
    """
    rows = engine.query(_PAIRS.format(most=MOST_FILMS, least=LEAST_VALUES)).to_pylist()
    pairs: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for row in rows:
        pairs.setdefault((row["one"], row["other"]), []).append((row["shared"], row["seen"]))
    found = [
        Shared(
            one,
            other,
            round(sum((k + OF_FEW * EXPECTED) / (n + OF_FEW) for k, n in counts) / len(counts), 4),
            sum(n for _, n in counts),
        )
        for (one, other), counts in pairs.items()
    ]
    return tuple(sorted(found, key=lambda pair: (-pair.share, pair.one, pair.other)))


def origins(sources: Sequence[str], pairs: Iterable[Shared]) -> dict[str, str]:
    """Return each source's origin: the first by name of its group."""
    of = {source: source for source in sources}
    for pair in pairs:
        if pair.share >= ONE_ORIGIN:
            first, second = sorted((of[pair.one], of[pair.other]))
            of = {source: first if origin == second else origin for source, origin in of.items()}
    return of
