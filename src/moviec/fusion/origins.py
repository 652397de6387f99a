"""Which sources of a table go back to one origin, told from the values that only they share.

Independent sources that err seldom err alike. So: where a source says what at least two others, and all others but one, do not
say, how often does that one say it too? Sources that often do are copies of one another, or of a third.
Titles that are spelled in an unusual way, and lists, tell as much as wrong numbers do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from moviec.engine import DuckEngine

#: The share of such values that two sources have in common from which they are of one origin: the mean over their fields, once
#: with one other source or more and once with two or more, as a few agree by chance counted together with OF_FEW values of
#: which EXPECTED are shared. The four of the shared claims that go back to IMDb are held together by .50, .46 with any other
#: source hidden; independent ones reach .37; with one of the four hidden .44,
#: and .48 without OMDb, where TMDB is taken for a relative of HetRec (docs/fusion.md).
ONE_ORIGIN = 0.45
OF_FEW = 10
EXPECTED = 0.25

#: Such values in a field at least, and in all fields at least with two other sources or more (of two that differ nobody can say
#: who errs); films that are looked at, at most.
LEAST_VALUES = 10
MOST_FILMS = 100_000

# Spelling counts: "Se7en" or an order of genres that two sources share tells of a common origin, where the folded form would not.
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


class Shared(msgspec.Struct, frozen=True):
    """Two sources and the share of values that otherwise only one has which the other has too; `values` were looked at."""

    one: str
    other: str
    share: float
    values: int


def shared_values(engine: DuckEngine) -> tuple[Shared, ...]:
    """Return the pairs of sources in `claim_values` of which something can be said, those with the most in common first."""
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
    """Return each source's origin: the first by name of those that are held together."""
    of = {source: source for source in sources}
    for pair in pairs:
        if pair.share >= ONE_ORIGIN:
            first, second = sorted((of[pair.one], of[pair.other]))
            of = {source: first if origin == second else origin for source, origin in of.items()}
    return of
