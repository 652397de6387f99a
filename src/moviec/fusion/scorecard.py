"""What the model has learned of each source, as plain values for people: how reliable it is in which field, how it uses
genres, which sources it repeats, and how the raters it carries rate.
"""

from __future__ import annotations

import msgspec

from moviec.fusion.canonical_genres import meanings
from moviec.fusion.genres import USUAL
from moviec.fusion.model import FuseModel
from moviec.fusion.source_facts import SourceFacts
from moviec.fusion.survivorship import FieldCopy
from moviec.rating.model import Copy, Panel, RaterModel, RatingModel
from moviec.rating.panels import questions


class FieldScore(msgspec.Struct, frozen=True):
    """One field: on how many films others could judge the source, its chance of being right, and its place beforehand."""

    field: str
    judged: int
    reliability: float
    place: int


class GenreScore(msgspec.Struct, frozen=True):
    """One genre: the chance that the source says it of a film that has it, and of one that has not."""

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
    """Return a source's scorecard; a field, a genre and a rater are in it once others had something to say of the same films."""
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
