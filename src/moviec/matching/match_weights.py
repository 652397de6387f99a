"""Match weights after Fellegi and Sunter (1969): how often matches (m) and other pairs (u) show each level.

*u* comes from pairs inside one duplicate-free list, *m* from EM on the candidates, both drawn towards the model's
priors. Returns, per candidate pair, a weight in millionths of a bit and a probability in millionths.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from moviec.matching.comparisons import COMPARISONS, MISSING, TITLE_LEVELS
from moviec.model import MILLION
from moviec.text import Column, pc

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

#: Shares are kept in parts per trillion: two films rarely share a rare title.
TRILLION = 1_000_000_000_000

#: Pairs inside one list inform about year, people, … where they have one title: blocks on years did not find those.
ONE_TITLE = tuple(TITLE_LEVELS.index(name) for name in TITLE_LEVELS[:4] + TITLE_LEVELS[5:7])


#: Where titles alone speak for a pair, EM mistakes namesakes of other years for matches and learns from them that years
#: may differ: of Rotten Tomatoes and Wikipedia, which have no known pairs, that 58 of 1,000 matches are more than five
#: years apart. So a level of the year that is by chance more than AGAINST times as common as in the prior's matches
#: (two years apart or more) is learned to be at most AT_MOST times as common as there; only these values were tried.
AGAINST, AT_MOST = 4, 3


#: Where this large a share of one title's pairs lacks a year, announced films do (17% of IMDb's part in shared/data, of
#: which none is matched with a dated record): until the lists show otherwise, a match is this many times less likely to
#: lack a year than a chance pair. That is weak on purpose: in a short list a missing year may be an oversight.
UNDATED, ANNOUNCED = (0.01, 0.5), 4

#: Where a list's rows without a year have a running time less than half as often as the others, they are announced
#: films and not oversights (IMDb's part: 7% against 84%): then a match is this many times less likely to lack a year.
UNMADE, BARE = 32, 0.5


class Shares(msgspec.Struct, frozen=True):
    """How often matches (`m`) and other pairs (`u`) show each level, in parts per trillion.

    `m_missing`, `u_missing`: how often a value is missing. Equal unless the lists themselves show otherwise, as
    where a source gives no year to films that were never made: then a missing value says nothing.
    """

    m: tuple[int, ...]
    u: tuple[int, ...]
    m_missing: int = TRILLION // 2
    u_missing: int = TRILLION // 2


class Strength(msgspec.Struct, frozen=True):
    """How much the priors count: as this many matches, pairs with similar titles, and pairs of films.

    `world` is the least number of films that a list is assumed to be drawn from: in a short list of chosen films
    (a series of sequels, say) chance agreement is no rarer than among all films.
    """

    matches: int = 200
    alike_pairs: int = 500
    pairs: int = 200_000_000
    world: int = 30_000


class Fitted(msgspec.Struct, frozen=True):
    """Weights for one pair of lists: shares by comparison and the log2 odds that any pair is a match."""

    shares: Mapping[str, Shares]
    prior_bits: int  # millionths


class Sizes(msgspec.Struct, frozen=True):
    """How many records the lists hold; `unmade`: one of them holds announced films without a year."""

    left: int
    right: int
    unmade: bool = False


def weights(shares: Shares) -> Integers:
    """Return each level's match weight, log2(m/u), in millionths of a bit; the last is that of a missing value."""
    missing, known = (
        np.log2(shares.m_missing / shares.u_missing),
        np.log2((TRILLION - shares.m_missing) / (TRILLION - shares.u_missing)),
    )
    bits = np.append(np.log2(np.array(shares.m) / np.array(shares.u)) + known, missing)
    return _rounded(MILLION * bits)


def total_weights(levels: pa.Table, shares: Mapping[str, Shares]) -> Integers:
    """Sum the weights of each pair's levels."""
    total = np.zeros(levels.num_rows, dtype=np.int64)
    for comparison in COMPARISONS:
        total += weights(shares[comparison.name])[levels[comparison.name].to_numpy()]  # MISSING is the last
    return total


def probabilities(left: Integers, right: Integers, log_odds: Integers) -> Integers:
    """Return the chance, in millionths, that a pair is a match, when a film has at most one match on either side.

    `log_odds` are each pair's own odds (log2, millionths); rivals for either film share the chance.
    """
    odds = np.exp2(np.clip(log_odds / MILLION, -60, 60))
    rivals = np.bincount(left, odds)[left] + np.bincount(right, odds)[right] - odds
    return _rounded(MILLION * odds / (1 + rivals))


def rivals_share(left: Integers, right: Integers, log_odds: Integers) -> Integers:
    """Return by how much rivals for either film lower each pair's log2 odds, in millionths, as in `probabilities`."""
    odds = np.exp2(np.clip(log_odds / MILLION, -60, 60))
    others = np.bincount(left, odds)[left] + np.bincount(right, odds)[right] - 2 * odds
    return _rounded(MILLION * np.log2(1 + np.maximum(others, 0)))


class Within(msgspec.Struct, frozen=True):
    """Levels of the candidate pairs inside duplicate-free lists; how many pairs these hold, and how many of the same or
    the next year.
    """

    levels: pa.Table
    pairs: int
    near_pairs: int


def fit_u(
    within: Within, years: Integers, priors: Mapping[str, Shares], strength: Strength
) -> dict[str, Shares]:
    """Learn *u*, drawn towards the priors; `years` counts the pairs across the lists by level of the year."""
    levels = within.levels.filter(pa.array(~_repeats(within.levels)))
    alike = np.isin(levels["title"].to_numpy(), ONE_TITLE)
    fitted = {
        "title": _with_u(priors["title"], _titles(levels, within), strength.pairs),
        "year": _with_u(priors["year"], years, strength.alike_pairs),
        # Similar by design inside one list, which says nothing of chance across two.
        "ids": priors["ids"],
        "kind": priors["kind"],
    }
    for comparison in COMPARISONS:
        if comparison.name not in fitted:
            found = levels[comparison.name].to_numpy()[alike]
            counts = np.bincount(found[found != MISSING], minlength=len(comparison.levels))
            fitted[comparison.name] = _with_u(priors[comparison.name], counts, strength.alike_pairs)
    return fitted


def years_by_chance(left: Column, right: Column) -> Integers:
    """Count, over all pairs of two lists, how far apart their years are: same, 1, 2, 3 to 5, farther."""
    counted = [np.bincount(pc.drop_null(years).to_numpy(), minlength=2200)[:2200] for years in (left, right)]
    near = [int((counted[0][5:-5] * counted[1][5 + by : 2195 + by]).sum()) for by in range(-5, 6)]
    levels = [near[5], near[4] + near[6], near[3] + near[7], sum(near[:3]) + sum(near[8:])]
    total = int(counted[0].sum()) * int(counted[1].sum())
    return np.array([*levels, total - sum(levels)], dtype=np.int64)


def _titles(levels: pa.Table, within: Within) -> Integers:
    """Count pairs by level of the title. Blocks find films of weakly similar titles only where the years are close,
    so those are counted there and scaled up to all pairs.
    """
    title, year = levels["title"].to_numpy(), levels["year"].to_numpy()
    counts = np.bincount(title, minlength=len(TITLE_LEVELS)).astype(np.int64)
    near = np.bincount(title[(year == 0) | (year == 1)], minlength=len(TITLE_LEVELS))
    scaled = np.rint(near * (within.pairs / max(within.near_pairs, 1))).astype(np.int64)
    weak = np.setdiff1d(np.arange(len(TITLE_LEVELS) - 1), ONE_TITLE)
    if within.near_pairs:
        counts[weak] = np.maximum(counts, scaled)[weak]
    counts[-1] = max(within.pairs - counts[:-1].sum(), 0)
    return counts


def _with_u(prior: Shares, counts: Integers, strength: int) -> Shares:
    return Shares(prior.m, _shrunk(counts, prior.u, strength))


def fit_m(levels: pa.Table, sizes: Sizes, start: Mapping[str, Shares], strength: Strength) -> Fitted:
    """Learn *m* and the share of matches by EM over the candidates; *u* stays as it is in `start`."""
    smaller = min(sizes.left, sizes.right)
    world = max(sizes.left, sizes.right, strength.world)
    left, right = (levels[name].to_numpy().astype(np.int64) for name in ("l", "r"))
    alike = np.isin(levels["title"].to_numpy(), ONE_TITLE)
    shares, matches, prior_bits = dict(start), smaller * MILLION // 2, 0
    for _ in range(50):
        share = (matches + strength.matches * MILLION // 20) / (smaller + strength.matches / 10) / MILLION
        share = min(share, 0.98)
        before, prior_bits = prior_bits, int(np.rint(MILLION * np.log2(share / (1 - share) / world)))
        chance = probabilities(left, right, total_weights(levels, shares) + prior_bits)
        matches = int(chance.sum())
        for comparison in COMPARISONS:
            found, prior = levels[comparison.name].to_numpy(), start[comparison.name]
            counts = _counts(found, chance, len(comparison.levels)) / MILLION
            missing = _missing(
                found[alike],
                chance[alike],
                strength.matches,
                (UNMADE if sizes.unmade else ANNOUNCED) if comparison.name == "year" else 1,
            )
            m = _shrunk(counts, prior.m, strength.matches)
            if comparison.name == "year":
                m = _held(m, prior)
            shares[comparison.name] = Shares(m, prior.u, *missing)
        if abs(prior_bits - before) < MILLION // 1000:
            break
    return Fitted(shares, prior_bits)


def _counts(found: npt.NDArray[np.int8], each: Integers, levels: int) -> Integers:
    known = found != MISSING
    return np.bincount(found[known], each[known], minlength=levels).astype(np.int64)


def _repeats(within: pa.Table) -> npt.NDArray[np.bool_]:
    """Find pairs inside a list that look like one film entered twice: no list is as free of duplicates as it claims."""
    title, year, people, directors = (
        within[name].to_numpy() for name in ("title", "year", "people", "directors")
    )
    repeats: npt.NDArray[np.bool_] = (title <= 3) & (
        (year == 0) | ((year == 1) & ((people == 0) | (directors == 0)))
    )
    return repeats


def _rounded(values: Floats) -> Integers:
    return np.rint(values).astype(np.int64)


def are_unmade(year: Column, runtime: Column) -> bool:
    """Return whether a list's records without a year also lack a running time, which made films have (BARE)."""
    undated = pc.is_null(year)
    timed, bare = pc.is_valid(runtime), int(pc.sum(undated).as_py() or 0)
    dated = len(year) - bare
    if not bare or not dated:
        return False
    with_it = int(pc.sum(pc.and_(timed, undated)).as_py() or 0) / bare
    usual = int(pc.sum(pc.and_(timed, pc.invert(undated))).as_py() or 0) / dated
    return with_it < BARE * usual


def _missing(found: npt.NDArray[np.int8], chance: Integers, strength: int, seldom: int) -> tuple[int, int]:
    """Return how often a value is missing in matches and in other pairs of one title, both drawn towards each other.

    A year is missing by oversight (in a few), because the list has none (in most), or because the film is not out
    (UNDATED): then a match lacks one `seldom` times less often.
    """
    gone = found == MISSING
    share = (gone.sum() + 1) / (len(gone) + 2)
    few, most = UNDATED
    of_match = share / seldom if few <= share <= most else share
    shares = []
    for weight, prior in ((chance, of_match), (MILLION - chance, share)):
        counted = weight[gone].sum() / MILLION + strength * prior
        shares.append(int(TRILLION * counted / (weight.sum() / MILLION + strength)))
    return shares[0], shares[1]


def _held(m: tuple[int, ...], prior: Shares) -> tuple[int, ...]:
    """Limit the levels that count against a match by AGAINST or more to AT_MOST times the prior."""
    bounds = [
        AT_MOST * known if known * AGAINST < chance else TRILLION
        for known, chance in zip(prior.m, prior.u, strict=True)
    ]
    held = [min(share, bound) for share, bound in zip(m, bounds, strict=True)]
    held[0] += sum(m) - sum(held)
    return tuple(held)


def _shrunk(counts: Floats | Integers, prior: tuple[int, ...], strength: int) -> tuple[int, ...]:
    """Draw counted shares towards a prior that counts as `strength` cases, so that no level is impossible."""
    mixed = (counts.astype(np.float64) * TRILLION + strength * np.array(prior, dtype=np.float64)) / (
        counts.sum() + strength
    )
    return tuple(max(int(share), 1) for share in np.rint(mixed))
