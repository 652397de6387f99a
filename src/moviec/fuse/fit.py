"""Learns the model for fusing from the records of a whole catalogue: what `moviec fit` calls.

Exact counts and fixed rounds, so that the same records give the same model on any engine and thread count.
"""

from __future__ import annotations

from moviec.engine import Engine
from moviec.fuse.artifact import FuseModel
from moviec.fuse.facts import FuseFacts
from moviec.fuse.genres import fit_genres
from moviec.fuse.learn import learn
from moviec.fuse.members import open_member_labels, open_members, open_witnesses, prepare_member_ratings
from moviec.fuse.model import RatingModel
from moviec.fuse.raters import prior_of
from moviec.fuse.ratings import aligned, sample
from moviec.fuse.reliability import learn_reliability


def fit_fuse(engine: Engine, facts: FuseFacts) -> FuseModel:
    """Learn from the engine's `members`: movie (a number) and RECORD columns, all current records of the catalogue."""
    open_members(engine, facts)
    open_witnesses(engine, facts, ())
    reliability = learn_reliability(engine, facts.belief)
    genres = fit_genres(engine, open_member_labels(engine, facts))
    return FuseModel(reliability, (), genres, fit_rating(engine, facts))


def fit_rating(engine: Engine, facts: FuseFacts) -> RatingModel:
    """Learn the rating model; a rater that a source carries but nobody delivered yet is what is known of it."""
    raters = prepare_member_ratings(engine)
    known = dict(zip(raters.names, raters.priors, strict=True))
    priors = {name: prior_of(name, panel) for name, panel in facts.raters.items()} | known
    names = tuple(sorted(priors))
    wide = aligned(sample(engine, len(names)), raters.names, names)
    return learn(wide, names, tuple(priors[name] for name in names))
