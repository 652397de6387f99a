"""Learns the fuse model from the records of a whole catalogue, for `moviec fit`.

How reliable each source is in each field, which sources repeat another, how each uses genres, and the rating model. Exact counts
and fixed rounds, so that the same records give the same model on any engine and thread count.
"""

from __future__ import annotations

from typing import Any

import msgspec

from moviec.engine import Engine
from moviec.fusion.genres import fit_genres
from moviec.fusion.members import open_member_labels, open_members, open_witnesses, prepare_member_ratings
from moviec.fusion.model import FuseModel, shipped_model
from moviec.fusion.source_facts import FuseFacts
from moviec.fusion.survivorship import Belief, FieldCopy, Reliability, believed, open_once, weigh
from moviec.rating.arrays import aligned, sample
from moviec.rating.model import RatingModel, prior_of
from moviec.rating.model import facts as shipped
from moviec.rating.training import learn
from moviec.sql import materialize, read_sql, run, view

_TRAINING_SQL = read_sql("moviec.fusion", "training.sql")
_REPEATS = (
    view("repeat_films"),
    materialize("repeat_said"),
    view("repeat_standing"),
    view("repeat_found"),
)


def fit_fuse(engine: Engine, facts: FuseFacts) -> FuseModel:
    """Learn from the engine's `members`: movie (a number) and RECORD columns, all current records of the catalogue."""
    open_members(engine, facts)
    reliability, copies = learn_fields(engine, facts)
    genres = fit_genres(engine, open_member_labels(engine, facts))
    return FuseModel(reliability, copies, genres, fit_rating(engine, facts))


def learn_fields(engine: Engine, facts: FuseFacts) -> tuple[tuple[Reliability, ...], tuple[FieldCopy, ...]]:
    """Learn each source's reliability by field, and which sources repeat another, which are then not counted twice."""
    open_witnesses(engine, facts, ())
    open_judged(engine)
    copies = find_repeats(engine, facts.belief)
    if copies:
        open_witnesses(engine, facts, copies)
        open_judged(engine)
    return learn_from(engine, facts.belief), copies


def fit_rating(engine: Engine, facts: FuseFacts) -> RatingModel:
    """Learn the rating model; raters of the shipped model without ratings here keep their values.

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


#: Rounds, a fixed number; a source that is trusted least though it is the best is recognised by the twentieth.
ROUNDS = 20

#: How many films the prior is worth.
BELIEF_FILMS = 20


def open_judged(engine: Engine) -> None:
    """Make `field_judged` from `field_claims`: the claims of films and fields on which two sources or more have
    claims.
    """
    open_once(engine)
    run(engine, _TRAINING_SQL, (view("field_disputable"), materialize("field_judged")))


def learn_from(engine: Engine, belief: Belief, claims: str = "field_judged") -> tuple[Reliability, ...]:
    """Learn from judged claims how reliable each source is in each field; leaves them weighed by the last round but one.

    Truth discovery by expectation-maximisation: weights give every value a probability, the mean probability of a
    source's claims is its reliability, and that its weight; a fixed number of rounds, starting from the prior.
    """
    found = before = believed(engine, belief, claims)
    for _ in range(ROUNDS):
        weigh(engine, found, claims)
        run(engine, _TRAINING_SQL, (view("field_agreement"),))
        rows = engine.query("SELECT * FROM field_agreement").to_pylist()
        counts = {(row["source"], row["field"]): (row["judged"], row["millionths"]) for row in rows}
        found = tuple(_updated(each, counts.get((each.source, each.field), (0, 0))) for each in before)
    return found


def _updated(before: Reliability, counts: tuple[int, int]) -> Reliability:
    judged, millionths = counts
    share = (millionths / 1e6 + BELIEF_FILMS * before.reliability) / (judged + BELIEF_FILMS)
    return msgspec.structs.replace(before, judged=judged, reliability=round(share, 6))


#: How often an independent source should have differed from the original before it is judged.
LEAST_EXPECTED = 10

#: A source repeats another when it differed from it at most this share of the times expected. Among made-up sources
#: independent ones stay above .9, those that repeat nineteen values in twenty below .2 (docs/fusion.md).
MOST_PARTED = 0.4


def find_repeats(engine: Engine, belief: Belief) -> tuple[FieldCopy, ...]:
    """Return the copies among the claims in `field_judged`, by field and source.

    Of two sources with the same claims, the original is the one with the higher prior, then the first by name.
    """
    found: list[FieldCopy] = []
    for row in sorted(
        parting(engine, belief), key=lambda row: (row["field"], row["parted"], row["original"])
    ):
        field, source, original = row["field"], row["source"], row["original"]
        earlier = (-belief(original, field), original) < (-belief(source, field), source)
        expected = row["expected"] / 1e6
        repeats = expected >= LEAST_EXPECTED and row["parted"] <= MOST_PARTED * expected
        if earlier and repeats and (source, field) not in {(copy.source, copy.field) for copy in found}:
            found.append(FieldCopy(source, field, original))
    return tuple(sorted(found, key=lambda copy: (copy.field, copy.source)))


def parting(engine: Engine, belief: Belief) -> list[dict[str, Any]]:
    """Return per source, field and original: films, parted (times it differed), expected (in millionths).

    `films` are those where a third source contradicts the original; `parted` how often the source did as well, and
    `expected` how often it would have, were it independent and as reliable as the others find it. The others'
    reliability is learned without it, as a source that repeats makes its original look better than it is.
    """
    sources = engine.query("SELECT DISTINCT source FROM field_judged ORDER BY source")
    found = []
    for source in map(str, sources.column("source").to_pylist()):
        text = "'" + source.replace("'", "''") + "'"
        engine.view("repeat_others", f"SELECT * FROM field_judged WHERE source <> {text}")
        learn_from(engine, belief, "repeat_others")
        run(engine, _TRAINING_SQL, _REPEATS, {"source": text})
        rows = engine.query("SELECT * FROM repeat_found ORDER BY field, original").to_pylist()
        found += [row | {"source": source} for row in rows]
    return found
