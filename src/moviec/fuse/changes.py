"""What another model would change: fused fields, genres and C-ratings of the same movies under both, compared.

For `moviec fit --dry-run`: nothing is written.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from moviec.engine import Engine
from moviec.fuse.canon import genre_table
from moviec.fuse.movies import Fused

#: Films named per field, and films whose rating moves most.
NAMED = 5
MOST_MOVED = 10

#: What is compared, as movie, field, value: what readers see. A union does not depend on the model.
_VALUES = """
  SELECT movie, field, value FROM {side}_fields WHERE rule <> 'union'
  UNION ALL
  SELECT g.movie, 'genres', STRING_AGG(l.name, ', ' ORDER BY l.name)
  FROM {side}_genres g JOIN genre_list l ON l.genre = g.genre GROUP BY g.movie"""

_DIFFERENT = """
  SELECT COALESCE(b.movie, a.movie) AS movie, COALESCE(b.field, a.field) AS field, b.value AS before, a.value AS after
  FROM before_values b FULL JOIN after_values a ON a.movie = b.movie AND a.field = b.field
  WHERE a.value IS DISTINCT FROM b.value"""

_EXAMPLES = f"""
  SELECT movie, field, before, after FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY field ORDER BY MD5(CAST(movie AS STRING)), movie) AS place FROM values_changed) v
  WHERE place <= {NAMED} ORDER BY field, place"""

_RATINGS = """
  SELECT COALESCE(b.movie, a.movie) AS movie, b.c_rating AS before, a.c_rating AS after,
         CAST(ROUND(100 * (a.c_rating - b.c_rating)) AS BIGINT) AS hundredths
  FROM (SELECT movie, c_rating FROM before_movies WHERE c_rating IS NOT NULL) b
  FULL JOIN (SELECT movie, c_rating FROM after_movies WHERE c_rating IS NOT NULL) a ON a.movie = b.movie"""


class Changes(msgspec.Struct, frozen=True):
    """What differs between two fusions of the same movies.

    `fields`: how many movies would differ, by field (genres among them). `examples` (movie, field, before, after), a few
    per field. `moved` is how many C-ratings differ, of `rated`; `mean_points` how far on average over `rated`;
    `gained` and `lost` how many movies have one under one model only; `most` (movie, before, after): the largest moves.
    """

    movies: int
    fields: dict[str, int]
    examples: pa.Table
    rated: int
    moved: int
    gained: int
    lost: int
    mean_points: float
    most: pa.Table


def compare_models(engine: Engine, before: Fused, after: Fused) -> Changes:
    """Compare what two models make of the same movies."""
    engine.table("genre_list", genre_table())
    for side, fused in (("before", before), ("after", after)):
        engine.table(f"{side}_fields", fused.fields)
        engine.table(f"{side}_genres", fused.movie_genres)
        engine.table(f"{side}_movies", fused.movies)
        engine.view(f"{side}_values", _VALUES.replace("{side}", side))
    engine.keep("values_changed", _DIFFERENT)
    engine.keep("ratings_compared", _RATINGS)
    counts = engine.query(
        "SELECT field, COUNT(*) AS movies FROM values_changed GROUP BY field ORDER BY field"
    )
    totals = engine.query(
        "SELECT COUNT(hundredths) AS rated, SUM(CASE WHEN hundredths <> 0 THEN 1 ELSE 0 END) AS moved,"
        " SUM(CASE WHEN before IS NULL THEN 1 ELSE 0 END) AS gained,"
        " SUM(CASE WHEN after IS NULL THEN 1 ELSE 0 END) AS lost, SUM(ABS(hundredths)) AS hundredths"
        " FROM ratings_compared"
    ).to_pylist()[0]
    number = {name: int(value or 0) for name, value in totals.items()}
    return Changes(
        movies=after.movies.num_rows,
        fields={row["field"]: row["movies"] for row in counts.to_pylist()},
        examples=engine.query(_EXAMPLES),
        rated=number["rated"],
        moved=number["moved"],
        gained=number["gained"],
        lost=number["lost"],
        mean_points=number["hundredths"] / 100 / max(number["rated"], 1),
        most=engine.query(
            "SELECT movie, before, after FROM ratings_compared WHERE hundredths <> 0"
            f" ORDER BY ABS(hundredths) DESC, movie LIMIT {MOST_MOVED}"
        ),
    )
