"""How much each source's claims weigh in a field, learned from which source the others agree with.

Where sources differ, a source of another origin with the same value as one of them has taken its side. The weights are
those under which the sides taken are most likely (a conditional logit, fitted by Newton's method, drawn towards a
prior). Besides the weight of a source's claim for its own value there are weights for near values: a year counts
somewhat for the year before, as the source may have a later release. Sources of one origin count as one: they share it
in learning, the strongest of their claims counts where a value is chosen, and none takes a side that another of them is
on.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from moviec.rating.model import Bools, Floats

#: Numbers of films.
Places: TypeAlias = npt.NDArray[np.int64]

#: The prior of any source before a film is seen: the log-odds of 9 in 10, as for the first source of a catalogue; less
#: for each source that comes before it in the table, as people put first those that they trust.
BELIEVED, LATER = 2.2, 0.1

#: A source that is off by one year usually has the later release of its own country: what its claim adds to the year
#: before, and takes from the year after.
EARLIER_YEAR = 0.2

#: The strength of the prior, as the curvature of its penalty: about 1,200 undecided sides. These four
#: were chosen on one half of the shared claims' films and reported on the other (docs/fusion.md).
HELD = 300.0

#: Amounts this many times the field's usual one (its median), or this small a part of it, are more often thousands,
#: millions or another currency than the truth: e to the power of UNUSUAL deviations of SPREAD, beyond which the odds
#: fall as a normal distribution's do.
UNUSUAL, SPREAD = 3.0, 2.0

#: A gross only grows: where claims are this far apart, the smaller one is mostly of one market or of an earlier week.
GROWN, HALF_TOLD = 1.5, 1.0

#: The most films to learn from, and films weighed at once.
MOST_FILMS = 50_000
AT_ONCE = 20_000

#: How many kinds of support a source gives a candidate: its own value, and two kinds of near ones.
KINDS = 3

#: Amounts within a twentieth are the same amount, rounded or of another day: such a claim takes the nearest one's side.
SAME_AMOUNT = 0.05


class Claims(NamedTuple):
    """A field's claims: films x sources, each cell the number of its value (equal values, equal numbers) or NaN, and its size.

    `kind` is the field's kind; sizes are NaN where values are not numbers. `origin` numbers each source's origin,
    `before` how many sources come before it in the table. `grows`: amounts that add up over time.
    """

    codes: Floats
    sizes: Floats
    kind: str
    origin: Sequence[int]
    before: Sequence[int]
    grows: bool = False

    def of(self, films: Bools | Places) -> Claims:
        """Return some films' claims."""
        return self._replace(codes=self.codes[films], sizes=self.sizes[films])


class Weights(msgspec.Struct, frozen=True):
    """What was learned of a field: by source the weight of its claims (log-odds), their weights for near values, and
    counts.

    `taken` counts the sides that sources of other origins took on films where they differed, `won` those taken for this
    source.
    """

    words: tuple[float, ...]
    near: tuple[tuple[float, ...], ...]
    taken: tuple[int, ...]
    won: tuple[int, ...]

    @property
    def vector(self) -> Floats:
        """The weights in the order of the columns of `_support`."""
        return np.concatenate([np.array(self.words), *(np.array(each) for each in self.near)])


def candidates(claims: Claims) -> tuple[Floats, Floats]:
    """Return each film's distinct values, codes and sizes, as films x most; padded with NaN."""
    order = np.argsort(claims.codes, axis=1, kind="stable")
    codes = np.take_along_axis(claims.codes, order, axis=1)
    sizes = np.take_along_axis(claims.sizes, order, axis=1)
    again = np.zeros(codes.shape, bool)
    again[:, 1:] = codes[:, 1:] == codes[:, :-1]
    codes, sizes = np.where(again, np.nan, codes), np.where(again, np.nan, sizes)
    front = np.argsort(np.isnan(codes), axis=1, kind="stable")
    most = int((~np.isnan(codes)).sum(axis=1).max(initial=1))
    return (
        np.take_along_axis(codes, front, axis=1)[:, :most],
        np.take_along_axis(sizes, front, axis=1)[:, :most],
    )


def learn(claims: Claims) -> Weights:
    """Learn the weights of a field's sources from films where origins differ, an even sample where there are very
    many.
    """
    sources = claims.codes.shape[1]
    believed = np.zeros(KINDS * sources)
    believed[:sources] = BELIEVED - LATER * np.array(claims.before)
    if claims.kind == "year":
        believed[sources : 2 * sources], believed[2 * sources :] = EARLIER_YEAR, -EARLIER_YEAR
    contested = np.flatnonzero(np.nanmin(claims.codes, axis=1) < np.nanmax(claims.codes, axis=1))
    step = -(-len(contested) // MOST_FILMS) or 1
    some = claims.of(contested[::step])
    taken, won = np.zeros(sources, int), np.zeros(sources, int)
    sides = []
    for judge in range(sources):
        found = _sides(some, judge)
        if found is None:
            continue
        support, side, there, weight, spoke, agreed = found
        sides.append((support, side, there, weight))
        taken += spoke
        won += agreed
    fitted = _fitted(sides, believed) if sides else believed
    rounded = np.round(fitted, 6)
    near = tuple(tuple(rounded[at * sources : (at + 1) * sources].tolist()) for at in range(1, KINDS))
    return Weights(tuple(rounded[:sources].tolist()), near, tuple(taken.tolist()), tuple(won.tolist()))


def weigh(claims: Claims, weights: Weights) -> tuple[Floats, Floats]:
    """Return each film's candidates (codes, films x most) and the weight of each; -inf where there is none."""
    codes, sizes = candidates(claims)
    totals = np.full(codes.shape, -np.inf)
    for start in range(0, len(codes), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        some = claims._replace(codes=claims.codes[part], sizes=claims.sizes[part])
        support = _support(some, codes[part], sizes[part])
        behind = (support * weights.vector).reshape(*codes[part].shape, KINDS, -1).sum(axis=2)
        totals[part] = np.where(np.isnan(codes[part]), -np.inf, _by_origin(behind, claims.origin))
    return codes, np.round(totals - _doubts(claims, sizes), 9)


def places_before(places: Floats) -> list[int]:
    """Return how many sources come before each in a table, by the rows of their claims (films x sources)."""
    first = np.array(
        [np.nansum(places < places[:, [at]], axis=0) for at in range(places.shape[1])]
    )  # source x others that come first, on films of both
    found: list[int] = (first > first.T).sum(axis=1).tolist()
    return found


def _by_origin(behind: Floats, origin: Sequence[int]) -> Floats:
    """Add up the weight of each candidate: an origin supports one value, that of its strongest claim."""
    numbers = np.array(origin)
    total = np.zeros(behind.shape[:2])
    for number in sorted(set(origin)):
        voice = behind[:, :, numbers == number].max(axis=2)
        if (numbers == number).sum() > 1:
            voice = np.where(voice >= voice.max(axis=1, keepdims=True), voice, np.minimum(voice, 0.0))
        total += voice
    return total


def _doubts(claims: Claims, sizes: Floats) -> Floats:
    """Return how much unusual amounts cost candidates, whatever the source; 0 elsewhere."""
    taken: Floats = np.zeros(sizes.shape)
    if claims.kind != "money":
        return taken
    known = np.log(claims.sizes[claims.sizes > 0])
    off = (np.log(np.where(sizes > 0, sizes, np.nan)) - np.median(known)) / SPREAD
    taken += np.nan_to_num(np.maximum(off**2 - UNUSUAL**2, 0) / 2)
    if claims.grows:
        top = np.where(np.isnan(sizes), 0.0, sizes).max(axis=1, keepdims=True)
        taken += np.where(sizes * GROWN < top, HALF_TOLD, 0.0)
    return taken


def _support(claims: Claims, codes: Floats, sizes: Floats) -> Floats:
    """Return who supports which candidate how, 1 or 0: films x candidates x (kinds of support x sources)."""
    same = claims.codes[:, None, :] == codes[:, :, None]
    first, second = _near(claims.kind, claims.sizes[:, None, :], sizes[:, :, None])
    return np.concatenate([same, first & ~same, second & ~same], axis=2).astype(float)


def _shares(claims: Claims) -> Floats:
    """Return each source's share of its origin's vote, films x sources: an origin's sources with a claim share it
    evenly.
    """
    heard = ~np.isnan(claims.codes)
    origin = np.array(claims.origin)
    members = np.stack([heard[:, origin == number].sum(axis=1) for number in origin], axis=1)
    return np.where(heard, 1 / np.maximum(members, 1), 0.0)


def _near(kind: str, claimed: Floats, candidate: Floats) -> tuple[Bools, Bools]:
    """Return which claims are near a candidate, in two ways: a year later and earlier; a little and somewhat off."""
    with np.errstate(divide="ignore", invalid="ignore"):
        off = claimed - candidate
        if kind == "year":
            return off == 1, off == -1
        if kind in ("minutes", "date"):
            return np.abs(off) <= 1, (np.abs(off) > 1) & (np.abs(off) <= (5 if kind == "minutes" else 31))
        share = np.abs(off) / np.maximum(np.abs(claimed), np.abs(candidate))
        return share <= 0.01, (share > 0.01) & (share <= 0.1)


def _sides(claims: Claims, judge: int) -> tuple[Floats, Bools, Bools, Floats, Floats, Floats] | None:
    """Return the sides that one source takes between those of other origins; None where it takes none.

    Returns support, the candidate sided with, which candidates there are, the weight of each side (an origin's judges
    share one), and by source on how many films it had a claim and was sided with.
    """
    origin = np.array(claims.origin)
    own = origin == origin[judge]
    rows = claims.of(~np.isnan(claims.codes[:, judge]))
    others = rows._replace(codes=np.where(own, np.nan, rows.codes), sizes=np.where(own, np.nan, rows.sizes))
    codes, sizes = candidates(others)
    side = _taken(rows.kind, rows.codes[:, judge], rows.sizes[:, judge], codes, sizes)
    there = ~np.isnan(codes)
    kept = side.any(axis=1) & (there.sum(axis=1) > 1)
    if not kept.any():
        return None
    some = others.of(kept)
    judges = (~np.isnan(rows.codes[kept]) & own).sum(axis=1)
    spoke = ~np.isnan(some.codes)
    agreed = spoke & (some.codes == np.where(side, codes, -1.0)[kept].max(axis=1)[:, None])
    support = _support(some, codes[kept], sizes[kept]) * np.tile(_shares(some), KINDS)[:, None, :]
    return support, side[kept], there[kept], 1 / judges, spoke.sum(axis=0), agreed.sum(axis=0)


def _taken(kind: str, code: Floats, size: Floats, codes: Floats, sizes: Floats) -> Bools:
    """Return which candidate a value sides with: the same one; for amounts the nearest, if near enough."""
    same: Bools = codes == code[:, None]
    if kind not in ("money", "number"):
        return same
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.abs(sizes - size[:, None]) / np.maximum(np.abs(sizes), np.abs(size[:, None]))
    off = np.where(np.isnan(off), np.inf, off)
    nearest = np.zeros(same.shape, bool)
    nearest[np.arange(len(off)), off.argmin(axis=1)] = True
    known: Bools = np.asarray(same.any(axis=1)).reshape(-1, 1)
    sides: Bools = np.where(known, same, nearest & (off <= SAME_AMOUNT))
    return sides


def _fitted(sides: list[tuple[Floats, Bools, Bools, Floats]], believed: Floats) -> Floats:
    """Return the weights that maximise the likelihood of the sides taken and the prior."""
    weights = believed.copy()
    for _ in range(25):
        slope = -HELD * (weights - believed)
        bend = HELD * np.eye(len(weights))
        for support, side, there, weight in sides:
            total = np.where(there, support @ weights, -np.inf)
            chance = np.exp(total - total.max(axis=1, keepdims=True))
            chance /= chance.sum(axis=1, keepdims=True)
            mean = np.einsum("fc,fcs->fs", chance, support)
            slope += weight @ (np.where(side[:, :, None], support, 0).sum(axis=1) - mean)
            flat = support.reshape(-1, support.shape[2])
            bend += flat.T @ (flat * (chance * weight[:, None]).reshape(-1, 1)) - mean.T @ (
                mean * weight[:, None]
            )
        step = np.linalg.solve(bend, slope)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return weights
