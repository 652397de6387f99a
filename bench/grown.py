"""Film lists of any size with known truth: real titles with changed words, in two spellings of the same films."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.matching.features import FEATURES
from moviec.text import pc

Integers = npt.NDArray[np.int64]


class Grown(msgspec.Struct, frozen=True):
    """Two lists; a film has the same key in both, and only films in both are matches."""

    left: pa.Table
    right: pa.Table
    pairs: int


def grow(films: pa.Table, left: int, right: int, seed: int = 1) -> Grown:
    """Grow a list of films to two of `left` and `right` rows, 80% of the smaller one shared.

    Each copy of a title gets one or two other words, drawn as often as titles hold them; the right list spells one
    title in ten with a word less, a letter less or words exchanged, and gives one year in twelve a year off.
    """
    rng = np.random.default_rng(seed)
    titles: list[str] = pc.list_element(films["titles"], 0).to_pylist()
    years = np.nan_to_num(films["year"].to_numpy(zero_copy_only=False), nan=1990).astype(np.int64)
    words = np.array([word for title in titles for word in title.split()], dtype=object)
    total = left + right - int(0.8 * min(left, right))
    base = rng.permutation(np.arange(total) % len(titles))
    changed = [_changed(titles[at], words[rng.integers(len(words), size=2)], rng.random()) for at in base]
    year = np.clip(years[base] + rng.integers(-15, 16, size=total), 1900, 2025)
    order = rng.permutation(total)
    ours, theirs = np.sort(order[:left]), np.sort(order[total - right :])
    spelled = [_misspelled(changed[at], rng.random(2)) for at in theirs]
    off = np.where(rng.random(right) < 1 / 12, rng.choice([-1, 1], size=right), 0)
    return Grown(
        _films("left", ours, [changed[at] for at in ours], year[ours]),
        _films("right", theirs, spelled, year[theirs] + off),
        len(np.intersect1d(ours, theirs)),
    )


def _changed(title: str, words: npt.NDArray[np.object_], dice: float) -> str:
    parts = title.split()
    at = int(dice * len(parts))
    parts[at] = words[0]
    return " ".join([*parts, words[1]] if dice < 0.5 else parts)


def _misspelled(title: str, dice: npt.NDArray[np.float64]) -> str:
    parts, kind = title.split(), dice[0] * 30
    if kind < 1 and len(parts) > 2:
        return " ".join(parts[1:])
    if kind < 2 and len(title) > 5:
        at = 1 + int(dice[1] * (len(title) - 2))
        return title[:at] + title[at + 1 :]
    if kind < 3 and len(parts) > 1:
        return " ".join([parts[-1], *parts[:-1]])
    return title


def _films(source: str, keys: Integers, titles: list[str], years: Integers) -> pa.Table:
    given = {
        "source": pa.array([source] * len(keys)),
        "key": pa.array([str(key) for key in keys]),
        "titles": pa.array([[title] for title in titles], pa.list_(pa.string())),
        "year": pa.array(years, pa.int32()),
    }
    return pa.table(
        [given.get(field.name, pa.nulls(len(keys), field.type)) for field in FEATURES], schema=FEATURES
    )
