"""Learns the model for fusing from the records of a whole catalogue: what `moviec fit` calls.

Exact counts and fixed rounds, so that the same records give the same model on any engine and thread count.
"""

from __future__ import annotations

from moviec.engine import Engine
from moviec.fuse.artifact import FuseModel, shipped_model
from moviec.fuse.facts import FuseFacts
from moviec.fuse.fields import FieldCopy
from moviec.fuse.genres import fit_genres
from moviec.fuse.learn import learn
from moviec.fuse.members import open_member_labels, open_members, open_witnesses, prepare_member_ratings
from moviec.fuse.model import RatingModel
from moviec.fuse.raters import facts as shipped
from moviec.fuse.raters import prior_of
from moviec.fuse.ratings import aligned, sample
from moviec.fuse.reliability import Reliability, learn_from, open_judged
from moviec.fuse.repeats import find_repeats


def fit_fuse(engine: Engine, facts: FuseFacts) -> FuseModel:
    """Learn from the engine's `members`: movie (a number) and RECORD columns, all current records of the catalogue."""
    open_members(engine, facts)
    reliability, copies = learn_fields(engine, facts)
    genres = fit_genres(engine, open_member_labels(engine, facts))
    return FuseModel(reliability, copies, genres, fit_rating(engine, facts))


def learn_fields(engine: Engine, facts: FuseFacts) -> tuple[tuple[Reliability, ...], tuple[FieldCopy, ...]]:
    """Learn each source's reliability by field, and which sources repeat another, which is then not heard twice."""
    open_witnesses(engine, facts, ())
    open_judged(engine)
    copies = find_repeats(engine, facts.belief)
    if copies:
        open_witnesses(engine, facts, copies)
        open_judged(engine)
    return learn_from(engine, facts.belief), copies


def fit_rating(engine: Engine, facts: FuseFacts) -> RatingModel:
    """Learn the rating model; raters known beforehand that nobody delivered yet are in it as they are known.

    Without a rating there is nothing to learn from: the shipped model stays.
    """
    raters = prepare_member_ratings(engine)
    if not raters.names:
        return shipped_model().rating
    priors = {name: prior_of(name) for name in shipped().raters}
    priors |= {name: prior_of(name, panel) for name, panel in facts.raters.items()}
    priors |= dict(zip(raters.names, raters.priors, strict=True))
    names = tuple(sorted(priors))
    wide = aligned(sample(engine, len(raters.names)), raters.names, names)
    return learn(wide, names, tuple(priors[name] for name in names))
