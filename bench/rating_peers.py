"""What others do with ratings of several sites: the peers that the C-rating is measured against, in the same run."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from moviec.rating.calibration import Wide
from moviec.rating.model import Floats


def plain_mean(seen: Wide, _: Wide) -> Floats:
    """The mean of the 0-100 values that are there."""
    return _mean(seen.points)


def z_score_mean(seen: Wide, fitted: Wide) -> Floats:
    """The mean of values standardised per rater."""
    return _mean((seen.points - np.nanmean(fitted.points, axis=0)) / np.nanstd(fitted.points, axis=0))


def imdb_weighted(seen: Wide, fitted: Wide) -> Floats:
    """IMDb's published formula per rater, v/(v+m) R + m/(v+m) C with m the lower quartile of votes; then the mean."""
    floor = np.array([_quartile(column) for column in fitted.votes.T])
    share = np.where(np.isnan(seen.votes), 1.0, seen.votes / (seen.votes + floor))
    return _mean(share * seen.points + (1 - share) * np.nanmean(fitted.points, axis=0))


def mdblist_style(seen: Wide, _: Wide) -> Floats:
    """The plain mean, lowered by up to a quarter where all votes together are fewer than 500."""
    votes = np.where(np.isnan(seen.points), np.nan, seen.votes)
    known = ~np.isnan(votes).all(axis=1)
    reached = np.minimum(1.0, np.nansum(votes, axis=1) / 500)
    return _mean(seen.points) * np.where(known, 0.75 + 0.25 * reached, 1.0)


PEERS: dict[str, Callable[[Wide, Wide], Floats]] = {
    "plain mean": plain_mean,
    "z-score mean": z_score_mean,
    "IMDb weighted": imdb_weighted,
    "MDBList style": mdblist_style,
}


def _mean(values: Floats) -> Floats:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a film that nobody rated has no mean
        return np.asarray(np.nanmean(values, axis=1))


def _quartile(votes: Floats) -> float:
    given = votes[~np.isnan(votes)]
    return float(np.quantile(given, 0.25)) if len(given) else 0.0
