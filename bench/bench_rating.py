"""Quality of the C-rating against peers on the shared data, fitted on one half of the films, scored on the other.

Prints: rank correlation with a hidden rater (paired bootstrap), how far ranks move when a rater goes, the coverage
of the 90% interval over MovieLens' hidden viewers, and what a copied rater changes.
"""

from __future__ import annotations

import sys
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from moviec.engine import DuckEngine
from moviec.rating.calibration import ROUNDING, Wide, noise, straightened
from moviec.rating.model import Bools, Floats, RatingModel
from moviec.rating.table import NINETY, score
from moviec.rating.training import learn
from moviec.rating.voices import foretell, merged, questions
from rating_data import DATA, Films, films, load
from rating_peers import PEERS

Ints: TypeAlias = npt.NDArray[np.intp]

#: A hidden value with fewer votes is mostly noise, whatever predicts it.
LEAST_VOTES = {"movielens": 20}
LEAST_VOTES_ELSEWHERE = 10
RESAMPLES = 500

#: Ways to split MovieLens' viewers in two; one way's coverage is off by some points by chance.
SPLITS = 8


def fitted(data: Films) -> RatingModel:
    """Fit on the fitting half's films that have a rating."""
    chosen = data.fitting & (~np.isnan(data.wide.points)).any(axis=1)
    return learn(data.pick(chosen), data.raters, data.priors)


def ranks(values: Floats) -> Floats:
    """Return mid-ranks as a share of their number."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[inverse] / len(values))


def spearman(left: Floats, right: Floats) -> float:
    """Return the rank correlation."""
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])


def hidden_rater(data: Films) -> None:
    """Hide each rater in turn from fit and score; rank what is left against its values."""
    methods = ["C-rating", "panel score", *PEERS]
    print(f"{'hidden rater':26}{'films':>6}" + "".join(f"{name:>15}" for name in methods))
    draws = []
    rows = []
    for at, name in enumerate(data.raters):
        rest = data.only([other for other in data.raters if other != name])
        scored = worth_scoring(data, rest, at)
        answers = answers_of(rest, scored, data.priors[at].panel)
        truth = data.wide.points[scored, at]
        found = [spearman(answers[method], truth) for method in methods]
        rows.append(found)
        draws.append(_resampled([answers[method] for method in methods], truth))
        print(f"{name:26}{scored.sum():6}" + "".join(f"{value:15.4f}" for value in found))
    print(f"{'mean over raters':32}" + "".join(f"{value:15.4f}" for value in np.mean(rows, axis=0)))
    mean = np.mean(draws, axis=0)
    for ours, label in ((0, "C-rating"), (1, "panel score")):
        for peer in range(2, len(methods)):
            low, high = np.quantile(mean[:, ours] - mean[:, peer], [0.025, 0.975])
            gain = np.mean(rows, axis=0)[ours] - np.mean(rows, axis=0)[peer]
            print(f"  {label} over {methods[peer]}: {gain:+.4f} (95% {low:+.4f} to {high:+.4f})")


def worth_scoring(data: Films, rest: Films, at: int) -> Bools:
    """Return the films to score: not fitted on, their hidden value no mere noise, two other raters to go by."""
    least = LEAST_VOTES.get(data.raters[at], LEAST_VOTES_ELSEWHERE)
    voted = ~(data.wide.votes[:, at] < least)
    others = (~np.isnan(rest.wide.points)).sum(axis=1)
    return np.asarray(~data.fitting & ~np.isnan(data.wide.points[:, at]) & voted & (others >= 2))


def answers_of(rest: Films, scored: Bools, panel: str) -> dict[str, Floats]:
    """Fit without the hidden rater and answer by every method; `panel` is the hidden rater's."""
    model = fitted(rest)
    seen = rest.pick(scored)
    value = score(model, seen, questions(model)).value
    answers = {"C-rating": value[:, 0], "panel score": value[:, 1 if panel == "critics" else 2]}
    half = rest.pick(rest.fitting)
    return answers | {name: method(seen, half) for name, method in PEERS.items()}


def _resampled(answers: list[Floats], truth: Floats) -> Floats:
    random = np.random.default_rng(6)
    films_drawn = random.integers(0, len(truth), (RESAMPLES, len(truth)))
    return np.array([[spearman(answer[drawn], truth[drawn]) for answer in answers] for drawn in films_drawn])


def dropped_rater(data: Films) -> None:
    """Take each rater away; how far do the ranks of its films move, against the plain mean?"""
    model = fitted(data)
    asked = questions(model)
    half = data.pick(data.fitting)
    heard = ~np.isnan(data.wide.points)
    print("rank moved when a rater goes, mean share of the list (of films with at least as many raters)")
    for least in (2, 3, 4, 5):
        chosen = ~data.fitting & (heard.sum(axis=1) >= least)
        seen = data.pick(chosen)
        moved: dict[str, list[Floats]] = {}
        for at in range(len(data.raters)):
            had = heard[chosen][:, at]
            gone = seen.without(at)
            ours = [ranks(score(model, wide, asked).value[:, 0]) for wide in (seen, gone)]
            moved.setdefault("C-rating", []).append(np.abs(ours[0] - ours[1])[had])
            for name, method in PEERS.items():
                theirs = [ranks(method(wide, half)) for wide in (seen, gone)]
                moved.setdefault(name, []).append(np.abs(theirs[0] - theirs[1])[had])
        mean = {name: float(np.concatenate(parts).mean()) for name, parts in moved.items()}
        ratio = mean["C-rating"] / mean["plain mean"]
        told = ", ".join(f"{name} {value:.4f}" for name, value in mean.items())
        print(f"  {least} raters, {chosen.sum()} films: {told}; C-rating / plain mean {ratio:.2f}")


def coverage(engine: DuckEngine) -> None:
    """Fit and foretell with half of MovieLens' viewers; count how often the other half's mean is in the interval."""
    found: dict[tuple[str, int], list[tuple[float, ...]]] = {}
    for split in range(SPLITS):
        half = f"md5_number(concat(viewer, '/', {split})) % 2"
        shown, other = films(engine, f"{half} = 0"), films(engine, f"{half} = 1")
        at = shown.raters.index("movielens")
        place = {movie: row for row, movie in enumerate(other.movies)}
        rows = np.array([place.get(movie, -1) for movie in shown.movies])
        hidden = _pick(other.wide, rows)
        model = fitted(shown)
        for label, wide in (
            ("half its viewers known", shown.wide),
            ("MovieLens unknown", shown.wide.without(at)),
        ):
            some = (~np.isnan(wide.points)).any(axis=1) & (rows >= 0) & ~shown.fitting
            for least in (20, 10, 5, 1):
                chosen = some & (np.nan_to_num(hidden.votes[:, at]) >= least)
                told = _inside(model, at, _pick(wide, chosen), _pick(hidden, chosen))
                found.setdefault((label, least), []).append((chosen.sum(), *told))
    for (label, least), parts in found.items():
        count, inside, half_width, own = np.mean(parts, axis=0)
        print(
            f"  {label}, {least}+ hidden ratings, {count:.0f} films: {100 * inside:.1f}% inside ±{half_width:.1f};"
            f" inside low to high of the C-rating itself: {100 * own:.1f}%"
        )


def coverage_by_votes(data: Films) -> None:
    """Hide each rater that counts votes; how often is its value in the 90% interval that the others foretell, by its votes?"""
    model = fitted(data)
    for name in ("imdb", "tmdb", "movielens"):
        at = data.raters.index(name)
        seen = data.wide.without(at)
        some = ~data.fitting & (~np.isnan(seen.points)).any(axis=1) & ~np.isnan(data.wide.points[:, at])
        votes = np.nan_to_num(data.wide.votes[:, at])
        for low, high in ((10, 40), (40, 250), (250, 2_500), (2_500, 1e9)):
            chosen = some & (votes >= low) & (votes < high)
            if chosen.sum() >= 25:
                inside, half_width, _ = _inside(model, at, _pick(seen, chosen), _pick(data.wide, chosen))
                print(
                    f"  {name}, {low:,} votes and more: {chosen.sum()} films, {100 * inside:.1f}% inside ±{half_width:.1f}"
                )


def early_votes(engine: DuckEngine) -> None:
    """Foretell MovieLens' final mean (40 ratings or more) from the first few ratings and the other raters."""
    final = films(engine)
    at = final.raters.index("movielens")
    for first in (3, 5, 10):
        early = films(engine, f"place <= {first}")
        model = fitted(early)
        rows = {movie: row for row, movie in enumerate(final.movies)}
        ends = _pick(final.wide, np.array([rows[movie] for movie in early.movies]))
        chosen = ~early.fitting & (np.nan_to_num(ends.votes[:, at]) >= 40)
        chosen &= (~np.isnan(early.wide.points)).sum(axis=1) >= 2
        truth = ends.points[chosen, at]
        seen = _pick(early.wide, chosen)
        told = score(model, seen, foretell(model, at)).value[:, 0]
        alone = Wide(*(np.where(np.arange(len(model.raters)) == at, each, np.nan) for each in _parts(seen)))
        shrunk = score(model, alone, foretell(model, at)).value[:, 0]
        answers = {"raw": seen.points[:, at], "shrunk": shrunk, "with the other raters": told}
        text = ", ".join(
            f"{name} {spearman(value, truth):.3f} (off by {np.abs(value - truth).mean():.1f})"
            for name, value in answers.items()
        )
        print(f"  first {first} ratings, {chosen.sum()} films, rank correlation with the final mean: {text}")


def _parts(wide: Wide) -> tuple[Floats, Floats, Floats]:
    return wide.points, wide.votes, wide.deviation


def _pick(wide: Wide, chosen: Bools | Ints) -> Wide:
    return Wide(wide.points[chosen], wide.votes[chosen], wide.deviation[chosen])


def _inside(model: RatingModel, at: int, seen: Wide, hidden: Wide) -> tuple[float, float, float]:
    """Return the share of hidden values in their 90% interval, its mean half width, and the share in the C-rating's."""
    told = score(model, seen, foretell(model, at))
    alone = Wide(hidden.points, hidden.votes, np.full_like(hidden.points, np.nan))
    sampling = noise(alone, model.sampling)[:, at]
    half = NINETY * np.sqrt(told.error[:, 0] ** 2 + sampling + ROUNDING)
    inside = np.abs(straightened(hidden.points, model.raters)[:, at] - told.value[:, 0]) <= half
    rating = score(model, seen, questions(model))
    own = np.abs(hidden.points[:, at] - rating.value[:, 0]) <= NINETY * rating.error[:, 0]
    return float(inside.mean()), float(half.mean()), float(own.mean())


def copied_rater(data: Films) -> None:
    """Add a rater that repeats another: exactly, on a third of its films, and give or take a point."""
    plain = fitted(data)
    random = np.random.default_rng(6)
    chosen = ~data.fitting & (~np.isnan(data.wide.points)).any(axis=1)
    before = score(plain, data.pick(chosen), questions(plain)).value[:, 0]
    for at, name in enumerate(data.raters):
        points = data.wide.points[:, [at]]
        third = np.where(np.arange(len(points))[:, None] % 3 == 0, points, np.nan)
        near = np.clip(points + random.normal(0, 1, points.shape), 0, 100)
        for label, said in (("all films", points), ("a third of them", third), ("all, ±1 point", near)):
            wide = Wide(
                np.hstack([data.wide.points, said]),
                np.hstack([data.wide.votes, data.wide.votes[:, [at]]]),
                np.hstack([data.wide.deviation, data.wide.deviation[:, [at]]]),
            )
            copied = Films(data.movies, (*data.raters, f"{name} again"), wide, data.fitting)
            model = fitted(copied)
            seen = merged(copied.pick(chosen), copied.raters, model.copies, model.constants)
            moved = np.abs(score(model, seen, questions(model)).value[:, 0] - before)
            print(f"  {name} again, {label}: at most {moved.max():.2f} points, mean {moved.mean():.3f}")


def main() -> None:
    """Run every measurement."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    with DuckEngine() as engine:
        load(engine)
        data = films(engine)
        hidden_rater(data)
        dropped_rater(data)
        print("90% interval for a MovieLens mean of hidden viewers, films not fitted on")
        coverage(engine)
        print("90% interval for a hidden rater's value by its votes, films not fitted on")
        coverage_by_votes(data)
        print("early votes against final ones")
        early_votes(engine)
        print("a source that repeats another")
        copied_rater(data)


if __name__ == "__main__":
    main()
