"""What a change of raters does: how far films' ratings and ranks move against the plain run."""

from __future__ import annotations

import msgspec
import pyarrow as pa

from moviec.engine import Engine

#: Films named as the ones that moved most.
NAMED = 10


class Moved(msgspec.Struct, frozen=True):
    """Films in both runs, how many moved, mean and largest move of the rating in points, mean move of the rank.

    `most`, those that moved most, has columns movie, before, after, rank_before, rank_after; `lost` films no longer have a rater.
    """

    films: int
    moved: int
    lost: int
    mean_points: float
    most_points: float
    mean_ranks: float
    most: pa.Table


def compare(engine: Engine, before: pa.Table, after: pa.Table) -> Moved:
    """Compare two runs (movie, c_rating); ranks are among the films of both, 1 the best, equal ratings by name."""
    engine.register("rated_before", before.select(["movie", "c_rating"]))
    engine.register("rated_after", after.select(["movie", "c_rating"]))
    engine.materialize(
        "rated_moved",
        "SELECT b.movie, b.c_rating AS before, a.c_rating AS after,"
        " ROW_NUMBER() OVER (ORDER BY b.c_rating DESC, b.movie) AS rank_before,"
        " ROW_NUMBER() OVER (ORDER BY a.c_rating DESC, b.movie) AS rank_after"
        " FROM rated_before b JOIN rated_after a ON a.movie = b.movie"
        " WHERE b.c_rating IS NOT NULL AND a.c_rating IS NOT NULL",
    )
    totals = engine.query(
        "SELECT COUNT(*) AS films, COALESCE(SUM(CAST(ROUND(100 * ABS(after - before)) AS BIGINT)), 0) AS points,"
        " COALESCE(SUM(CASE WHEN after <> before THEN 1 ELSE 0 END), 0) AS moved,"
        " COALESCE(MAX(ABS(after - before)), 0) AS most, COALESCE(SUM(ABS(rank_after - rank_before)), 0) AS ranks"
        " FROM rated_moved"
    ).to_pylist()[0]
    films = totals["films"]
    most = engine.query(
        "SELECT * FROM rated_moved WHERE before <> after ORDER BY ABS(rank_after - rank_before) DESC, movie"
        f" LIMIT {NAMED}"
    )
    return Moved(
        films=films,
        moved=int(totals["moved"]),
        lost=before.num_rows - before.column("c_rating").null_count - films,
        mean_points=float(totals["points"]) / 100 / max(films, 1),
        most_points=round(float(totals["most"]), 2),
        mean_ranks=float(totals["ranks"]) / max(films, 1),
        most=most,
    )
