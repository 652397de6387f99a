"""Reports on a fuse model: each source's scorecard, and what another model would change.

`scorecard` shows how reliable a source is in each field, how it uses genres, which sources it repeats, and how the
raters it carries rate. `compare_models` compares fused fields, genres and C-ratings of movies under two models, for
`moviec fit`; an outline holds the fused values that this reads. Nothing is written.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from moviec.engine import Engine
from moviec.fusion.genres import USUAL, meanings
from moviec.fusion.model import FuseModel
from moviec.fusion.movies import judge
from moviec.fusion.source_facts import FuseFacts, SourceFacts
from moviec.fusion.survivorship import FieldCopy
from moviec.rating.model import Copy, Panel, RaterModel, RatingModel
from moviec.rating.table import Moved, compare
from moviec.rating.voices import questions


class FieldScore(msgspec.Struct, frozen=True):
    """One field: on how many films others could judge the source, its probability of being right, and its place in the
    order of trust.
    """

    field: str
    judged: int
    reliability: float
    place: int


class GenreScore(msgspec.Struct, frozen=True):
    """One genre: the probability that the source gives it to a film that has it, and to one that does not."""

    genre: str
    said_if_true: float
    said_if_not: float


class RaterScore(msgspec.Struct, frozen=True):
    """One rater: level and spread in points 0-100, its films, those others rated too, and its correlation with each other.

    `bias` is how far its mean lies above the raters' common mean.
    """

    rater: str
    panel: Panel
    mean: float
    bias: float
    spread: float
    films: int
    shared: int
    correlation: dict[str, float]


class Scorecard(msgspec.Struct, frozen=True):
    """One source under one model version.

    `reliability` is by field, `calibration` of the raters it carries; `repeats` are fields in which it repeats another
    source, `repeating_raters` raters that repeat another.
    """

    source: str
    version: str
    reliability: tuple[FieldScore, ...]
    repeats: tuple[FieldCopy, ...]
    genres: tuple[GenreScore, ...]
    calibration: tuple[RaterScore, ...]
    repeating_raters: tuple[Copy, ...]


def scorecard(model: FuseModel, source: SourceFacts) -> Scorecard:
    """Return a source's scorecard; it lists fields, genres and raters for which other sources cover the same films."""
    sayable = set(meanings((source,)).column("genre").to_pylist())
    return Scorecard(
        source=source.name,
        version=model.version,
        reliability=tuple(
            FieldScore(each.field, each.judged, each.reliability, source.place(each.field))
            for each in model.reliability
            if each.source == source.name
        ),
        repeats=tuple(copy for copy in model.copies if copy.source == source.name),
        genres=tuple(
            GenreScore(habit.genre, habit.true[0], habit.false[0])
            for habit in model.genres.habits
            if habit.source == source.name and habit.genre in sayable and (habit.true, habit.false) != USUAL
        ),
        calibration=tuple(
            _rater(model.rating, rater)
            for rater in model.rating.raters
            if rater.name in source.raters or rater.name.partition("/")[0] in source.raters
        ),
        repeating_raters=tuple(copy for copy in model.rating.copies if copy.name in source.raters),
    )


def _rater(model: RatingModel, rater: RaterModel) -> RaterScore:
    row = dict(zip(model.names, model.correlation[model.names.index(rater.name)], strict=True))
    others = [other.name for other in model.raters if other.films and other.name != rater.name]
    return RaterScore(
        rater=rater.name,
        panel=rater.panel,
        mean=rater.mean,
        bias=round(rater.mean - questions(model).mean, 2),
        spread=rater.spread,
        films=rater.films,
        shared=rater.shared,
        correlation={name: row[name] for name in others},
    )


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
    """What the model decides of fused movies: `values` (movie, field, value as text), `ratings` (movie, c_rating)."""

    values: pa.Table
    ratings: pa.Table


class Changes(msgspec.Struct, frozen=True):
    """The differences between two outlines.

    `fields`: how many movies would differ, by field (genres among them). `examples` (movie, field, before, after), a few
    per field. `ratings`: how C-ratings and their ranks move; `gained` movies are rated only in the second.
    """

    fields: dict[str, int]
    examples: pa.Table
    ratings: Moved
    gained: int


def outline(engine: Engine, model: FuseModel, facts: FuseFacts) -> Outline:
    """Fuse what the model decides of the records in the engine's `members`."""
    judge(engine, model, facts)
    return Outline(engine.query(_VALUES), engine.query(_RATINGS))


def compare_models(engine: Engine, before: Outline, after: Outline) -> Changes:
    """Compare the results of two models for the movies of one catalogue."""
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
