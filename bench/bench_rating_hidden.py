"""Rank correlation with each hidden rater of the tables in the shared `ratings`, against peers and single raters.

All films are fitted on but for the hidden rater's values. `ceiling` is the model's own answer where it was fitted with the
hidden rater and so knows how that correlates with the others. For publications: the hidden means beside their table.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np

from bench_rating import spearman
from moviec.engine import DuckEngine
from moviec.rating.arrays import arrays, prepare
from moviec.rating.calibration import Wide
from moviec.rating.model import Bools, Floats, Prior
from moviec.rating.ratings_file import open_ratings
from moviec.rating.table import score
from moviec.rating.training import learn
from moviec.rating.voices import foretell, merged, questions
from rating_data import DATA, Films
from rating_peers import plain_mean, z_score_mean

#: Other raters that a film needs to be asked about.
LEAST_OTHERS = 2

RATINGS = DATA / "ratings"


Priors: TypeAlias = Mapping[str, Prior]


def read(path: Path) -> tuple[Films, Priors]:
    """Return the films of a file of ratings, all of them to be fitted on, and what is known of its raters."""
    with DuckEngine() as engine:
        raters = prepare(engine, open_ratings(engine, path).columns, "ratings")
        rows = engine.query("SELECT * FROM rating_wide WHERE aspect = 'overall' ORDER BY place")
    movies = [str(movie) for movie in rows.column("movie").to_pylist()]
    wide = arrays(rows, len(raters.names))
    films = Films(movies, raters.names, wide, np.ones(len(movies), dtype=np.bool_))
    return films, dict(zip(raters.names, raters.priors, strict=True))


def panel_scores(films: Films, priors: Priors, chosen: Bools) -> tuple[Floats, Floats]:
    """Fit to all films that have a rating; return the critics' and the audience's score of the chosen ones."""
    rated = np.asarray((~np.isnan(films.wide.points)).any(axis=1), dtype=np.bool_)
    model = learn(films.pick(rated), films.raters, tuple(priors[name] for name in films.raters))
    seen = merged(films.pick(chosen), films.raters, model.copies, model.constants)
    found = score(model, seen, questions(model)).value
    return found[:, 1], found[:, 2]


def hidden_raters(films: Films, priors: Priors) -> None:
    """Hide each rater in turn."""
    whole = learn(films.wide, films.raters, tuple(priors.values()))
    columns = ("panel score", "plain mean", "z-score mean", "best single", "ceiling")
    print(f"{'hidden':24}{'films':>7}" + "".join(f"{name:>14}" for name in columns))
    rows = []
    for at, name in enumerate(films.raters):
        rest = films.only([other for other in films.raters if other != name])
        others = (~np.isnan(rest.wide.points)).sum(axis=1)
        chosen = np.asarray(~np.isnan(films.wide.points[:, at]) & (others >= LEAST_OTHERS), dtype=np.bool_)
        truth, seen = films.wide.points[chosen, at], rest.pick(chosen)
        critics, audience = panel_scores(rest, priors, chosen)
        told = score(whole, films.wide.without(at).take(chosen), foretell(whole, at)).value[:, 0]
        rows.append(
            [
                spearman(critics if priors[name].panel == "critics" else audience, truth),
                spearman(plain_mean(seen, seen), truth),
                spearman(z_score_mean(seen, rest.wide), truth),
                best_single(seen, truth),
                spearman(told, truth),
            ]
        )
        print(f"{name:24}{chosen.sum():7}" + "".join(f"{value:14.4f}" for value in rows[-1]))
    print(f"{'mean':31}" + "".join(f"{value:14.4f}" for value in np.mean(rows, axis=0)))


def best_single(seen: Wide, truth: Floats) -> float:
    """Return the best correlation of one rater, over the films that it rates."""
    heard = ~np.isnan(seen.points)
    return max(
        spearman(seen.points[heard[:, at], at], truth[heard[:, at]])
        for at in range(heard.shape[1])
        if heard[:, at].any()
    )


def hidden_means(folder: Path) -> None:
    """Rank the critics' score against the mean of publications that are not in the table."""
    films, priors = read(folder / "ratings.csv")
    with (folder / "hidden.csv").open(encoding="utf-8") as file:
        means = {row["movie"]: float(row["mean"]) for row in csv.DictReader(file)}
    chosen = np.array([movie in means for movie in films.movies], dtype=np.bool_)
    truth = np.array([means[movie] for movie in films.movies if movie in means])
    critics, _ = panel_scores(films, priors, chosen)
    seen = films.pick(chosen)
    print(
        f"{folder.name}: {chosen.sum()} films, critics' score {spearman(critics, truth):.4f}, z-score mean"
        f" {spearman(z_score_mean(seen, films.wide), truth):.4f}, plain mean {spearman(plain_mean(seen, seen), truth):.4f}"
    )


def main() -> None:
    """Run both."""
    if not RATINGS.exists():
        sys.exit(print(f"skipped: the shared ratings are not at {RATINGS}"))
    hidden_raters(*read(RATINGS / "ratings_2016" / "ratings.csv"))
    hidden_means(RATINGS / "ratings_critics")


if __name__ == "__main__":
    main()
