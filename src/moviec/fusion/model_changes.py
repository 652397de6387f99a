"""What another model would change: fused fields, genres and C-ratings of movies under both, compared.

For `moviec fit`: nothing is written. An outline holds as much of fused movies as a comparison reads.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from moviec.engine import Engine
from moviec.fusion.model import FuseModel
from moviec.fusion.movies import judge
from moviec.fusion.source_facts import FuseFacts
from moviec.rating.table import Moved, compare

#: Films named per field.
NAMED = 5

#: What is compared, as movie, field, value. A union does not depend on the model.
_VALUES = """
  SELECT movie, field, value FROM field_fused WHERE rule <> 'union'
  UNION ALL
  SELECT movie, 'genres', STRING_AGG(genre, ', ' ORDER BY genre) FROM genre_truth WHERE shown GROUP BY movie"""

_RATINGS = "SELECT movie, c_rating FROM movie_scores WHERE aspect = 'overall' ORDER BY movie"

_DIFFERENT = """
  SELECT COALESCE(b.movie, a.movie) AS movie, COALESCE(b.field, a.field) AS field, b.value AS before, a.value AS after
  FROM values_before b FULL JOIN values_after a ON a.movie = b.movie AND a.field = b.field
  WHERE a.value IS DISTINCT FROM b.value"""

_EXAMPLES = f"""
  SELECT movie, field, before, after FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY field ORDER BY MD5(CAST(movie AS STRING)), movie) AS place FROM values_changed) v
  WHERE place <= {NAMED} ORDER BY field, place"""


class Outline(msgspec.Struct, frozen=True):
    """Fused movies as far as the model decides: `values` (movie, field, value as text), `ratings` (movie, c_rating)."""

    values: pa.Table
    ratings: pa.Table


class Changes(msgspec.Struct, frozen=True):
    """What differs between two outlines.

    `fields`: how many movies would differ, by field (genres among them). `examples` (movie, field, before, after), a few
    per field. `ratings`: how C-ratings and their ranks move; `gained` movies are rated only in the second.
    """

    fields: dict[str, int]
    examples: pa.Table
    ratings: Moved
    gained: int


def outline(engine: Engine, model: FuseModel, facts: FuseFacts) -> Outline:
    """Fuse the records in the engine's `members` as far as the model decides."""
    judge(engine, model, facts)
    return Outline(engine.query(_VALUES), engine.query(_RATINGS))


def compare_models(engine: Engine, before: Outline, after: Outline) -> Changes:
    """Compare what two models make of the movies of one catalogue."""
    engine.register("values_before", before.values)
    engine.register("values_after", after.values)
    engine.materialize("values_changed", _DIFFERENT)
    counts = engine.query(
        "SELECT field, COUNT(*) AS movies FROM values_changed GROUP BY field ORDER BY field"
    )
    moved = compare(engine, before.ratings, after.ratings)
    return Changes(
        fields={row["field"]: row["movies"] for row in counts.to_pylist()},
        examples=engine.query(_EXAMPLES),
        ratings=moved,
        gained=after.ratings.num_rows - moved.films,
    )
