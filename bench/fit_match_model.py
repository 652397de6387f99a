"""Makes the match model that ships with the package: priors and calibration from known pairs, words and chance agreement
from lists.

Only the half of the known pairs that is not held out is looked at. See docs/matching.md for the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from evaluate import RIGHT, UNKNOWN, Judgement, Known, held_out, judge
from known_pairs import PAIRS, read_lists
from lake_records import SOURCES, features_of_all, hide_ids, read_records
from moviec import text
from moviec.engine import DuckEngine
from moviec.matching.candidate_pairs import PairLimits, numbered_records
from moviec.matching.comparisons import COMPARISONS, MISSING
from moviec.matching.features import prepare
from moviec.matching.match_features import features_of_lists
from moviec.matching.match_weights import TRILLION, Floats, Integers, Shares, Strength, fit_u, years_by_chance
from moviec.matching.model import Bands, Calibration, Model, write_model
from moviec.matching.source_weights import fit_pairs, look_inside, together
from moviec.matching.two_lists import BEST, LOWEST, Settings, candidates_compared, match, side_by_side
from moviec.model import MILLION
from moviec.text import Column, pc

TARGET = Path(__file__).resolve().parents[1] / "src/moviec/matching/model.json"


def main() -> None:
    """Learn and write the model; the same data gives the same bytes."""
    lists = read_lists()
    lessons = [
        Lesson(lists.films[left], lists.films[right], lists.known[left, right]) for left, right in PAIRS
    ]
    # Words are published with the package, so they are counted in lists under open licences only.
    open_lists = [lists.films["wikipedia"], lists.films["kaggle"]]
    model = learn(list(lists.films.values()), lessons, open_lists)
    write_model(with_sources(model), TARGET)
    print(f"{TARGET.name}: {len(model.words)} words, calibration {model.calibration}")


def with_sources(model: Model) -> Model:
    """Fit the weights for each two shipped sources on their records, ids hidden; no known pair is looked at."""
    with DuckEngine() as engine:
        match_features = features_of_all([hide_ids(read_records(name)) for name in SOURCES], model)
        engine.register("match_features", match_features)
        return fit_pairs(engine, model, PairLimits())


#: A word in fewer titles than this tells enough without being listed.
_LISTED = 8

#: Every level keeps this share of a case before anything is counted.
_PSEUDO = 2


def _trillionths(*shares: float) -> tuple[int, ...]:
    return tuple(round(share * TRILLION) for share in shares)


#: Where the known pairs say too little (no two sources in them both name people, kinds or ids), what is taken
#: instead: sources name the same director 19 times in 20; a wrong id is one in a hundred, and one in a million
#: by chance. *u* of all but these is counted.
ASSUMED = {
    "title": Shares(*2 * (_trillionths(*[1 / 15] * 15),)),
    "year": Shares(*2 * (_trillionths(*[0.2] * 5),)),
    "runtime": Shares(*2 * (_trillionths(*[0.25] * 4),)),
    "directors": Shares(_trillionths(0.95, 0.05), _trillionths(0.02, 0.98)),
    "people": Shares(_trillionths(0.85, 0.1, 0.05), _trillionths(0.004, 0.03, 0.966)),
    "genres": Shares(*2 * (_trillionths(*[1 / 3] * 3),)),
    "form": Shares(*2 * (_trillionths(0.5, 0.5),)),
    "kind": Shares(_trillionths(0.95, 0.05), _trillionths(0.85, 0.15)),
    "ids": Shares(_trillionths(0.98, 0.01, 0.01), _trillionths(1e-6, 1e-6, 1 - 2e-6)),
}


#: 0.6 is the lowest tenth at which precision on the half that is not held out is over 0.99 on every known pair of lists
#: (bench/bench_link.py); below 0.1 about one pair in thirty was right.
BANDS = Bands(accept=600_000, review=50_000)


class Lesson(msgspec.Struct, frozen=True):
    """Two lists of films (FEATURES columns) and what is known about them."""

    left: pa.Table
    right: pa.Table
    known: Known


def learn_words(lists: Sequence[pa.Table]) -> tuple[int, dict[str, int]]:
    """Count films, and how many of their titles hold each word that is not rare."""
    words = pa.concat_tables(
        [prepare(films).words.select(["n", "word"]).group_by(["n", "word"]).aggregate([]) for films in lists]
    )
    counted = words.group_by("word").aggregate([("n", "count")]).filter(pc.field("n_count") >= _LISTED)
    counts: list[dict[str, Any]] = counted.sort_by("word").to_pylist()
    return sum(len(films) for films in lists), {row["word"]: row["n_count"] for row in counts}


def learn_u(model: Model, lists: Sequence[pa.Table]) -> dict[str, Shares]:
    """Count the levels of pairs inside duplicate-free lists, and how far apart the years of any two films are."""
    weak = Strength(alike_pairs=20, pairs=1000)
    with DuckEngine() as engine:
        engine.register("match_features", features_of_lists(lists, model))
        inside = list(look_inside(engine, PairLimits(), BEST).values())
    years = pa.chunked_array([chunk for source_inside in inside for chunk in source_inside.years.chunks])
    return fit_u(together(inside), years_by_chance(years, years), model.shares, weak)


def learn(lists: Sequence[pa.Table], lessons: Sequence[Lesson], open_lists: Sequence[pa.Table]) -> Model:
    """Make a model: words from `open_lists`, chance agreement from `lists`, the rest from the lessons."""
    films, words = learn_words(open_lists)
    model = Model("", ASSUMED, films, words, Calibration(), BANDS)
    model = msgspec.structs.replace(model, shares=learn_u(model, lists))
    model = msgspec.structs.replace(model, shares=learn_m(model, lessons))
    return msgspec.structs.replace(model, calibration=learn_calibration(model, lessons))


def learn_m(model: Model, lessons: Sequence[Lesson]) -> dict[str, Shares]:
    """Count the levels of known pairs; `model` gives words, and priors where nothing is known."""
    counts = {comparison.name: np.zeros(len(comparison.levels)) for comparison in COMPARISONS}
    for lesson in lessons:
        with DuckEngine() as engine:
            engine.register(
                "match_features", features_of_lists(side_by_side(lesson.left, lesson.right), model)
            )
            _, levels = candidates_compared(engine, PairLimits())
            key = numbered_records(engine)["key"]
        keys = {
            f"{side}_key": key.take(pc.subtract(levels[end], 1))
            for side, end in (("left", "l"), ("right", "r"))
        }
        right = judge(pa.table(keys), held_out(lesson.known, False)) == RIGHT
        for comparison in COMPARISONS:
            found = levels[comparison.name].to_numpy()[right]
            counts[comparison.name] += np.bincount(found[found != MISSING], minlength=len(comparison.levels))
    return {name: _mixed(count, model.shares[name]) for name, count in counts.items()}


def learn_calibration(model: Model, lessons: Sequence[Lesson]) -> Calibration:
    """Fit the calibration on the judged pairs of the half that is not held out.

    Each lesson is given three times: whole, with titles and years only, with titles only, as most lists are.
    """
    plain = msgspec.structs.replace(model, calibration=Calibration(), bands=Bands(1000, MILLION))
    weights, verdicts = [], []
    cuts = (lambda films: films, _titles_and_years, lambda films: _titles_only(_titles_and_years(films)))
    for lesson, cut in product(lessons, cuts):
        pairs = match(cut(lesson.left), cut(lesson.right), plain, Settings(floor=LOWEST)).pairs
        judged = judge(pairs, held_out(lesson.known, False))
        kept = (judged != UNKNOWN) & pc.equal(pairs["band"], "accept").to_numpy()
        weights.append(pairs["weight"].to_numpy()[kept])
        verdicts.append(judged[kept])
    return _platt(np.concatenate(weights), np.concatenate(verdicts))


def _titles_and_years(films: pa.Table) -> pa.Table:
    return _without(films, ("runtime", "kind", "directors", "cast", "genres"))


def _titles_only(films: pa.Table) -> pa.Table:
    titles: Column = films["titles"].combine_chunks()
    bare = pa.ListArray.from_arrays(titles.offsets, text.bare_title(titles.values))
    films = films.set_column(films.schema.get_field_index("titles"), "titles", bare)
    return _without(films, ("year", "released"))


def _without(films: pa.Table, columns: Sequence[str]) -> pa.Table:
    for name in columns:
        at = films.schema.get_field_index(name)
        films = films.set_column(at, name, pa.nulls(len(films), films.schema.field(at).type))
    return films


def _platt(weight: Integers, judged: Judgement) -> Calibration:
    """Logistic regression of the verdicts on the log2 odds, by Newton's method."""
    x, y = np.log(2) * weight / MILLION, (judged == RIGHT).astype(np.float64)
    design = np.column_stack([x, np.ones(len(x))])
    beta = np.array([1.0, 0.0])
    for _ in range(60):
        p = 1 / (1 + np.exp(-design @ beta))
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + 1e-6 * np.eye(2)
        beta = beta + np.clip(np.linalg.solve(hessian, design.T @ (y - p)), -0.2, 0.2)
    return Calibration(int(np.rint(MILLION * beta[0])), int(np.rint(MILLION * beta[1] / np.log(2))))


def _mixed(counts: Floats, prior: Shares) -> Shares:
    strength = _PSEUDO * len(counts)
    total = sum(prior.m)
    mixed = (counts + strength * np.array(prior.m) / total) / (counts.sum() + strength)
    return msgspec.structs.replace(prior, m=tuple(max(int(x), 1) for x in np.rint(mixed * TRILLION)))


if __name__ == "__main__":
    main()
