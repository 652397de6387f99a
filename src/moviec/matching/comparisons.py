"""Comparisons: how far two films of a candidate pair agree, feature by feature, as small-integer levels.

Returns one row per pair: l, r and, for each comparison, the number of a level of `COMPARISONS` (-1: not comparable).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from rapidfuzz import fuzz
from rapidfuzz.process import cpdist

from moviec.engine import Batches, Engine
from moviec.romanise import romanise
from moviec.sql import read_sql
from moviec.text import fold, pc

_SQL = read_sql("moviec.matching", "comparisons.sql")

Levels = npt.NDArray[np.int8]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MISSING = -1

#: The information, in thousandths of a bit (its words' rarity summed), from which a title is rare or not common.
RARE, UNCOMMON = 20_000, 12_000

TITLE_LEVELS = (
    "same and rare",
    "same",
    "same but common",
    "same but for the article",
    "nearly the same",
    "one lacks the other's subtitle, rare words",
    "one lacks the other's subtitle",
    "one holds all words of the other, rare words",
    "one holds all words of the other, uncommon words",
    "one holds all words of the other",
    "alike",
    "numbers differ",
    "subtitles differ",
    "somewhat alike",
    "different",
)


#: Says which pairs (l, r and, where it is known, `title`) may be kept.
Reach: TypeAlias = Callable[[pa.Table], Flags]


class Comparison(msgspec.Struct, frozen=True):
    """One feature: its `levels`, best first, and the function from compared columns to level numbers."""

    name: str
    levels: tuple[str, ...]
    level: Callable[[pa.Table], Levels]


def _steps(column: str, upper: tuple[float, ...]) -> Callable[[pa.Table], Levels]:
    """Return the level of the first upper bound (inclusive) that the value does not exceed."""

    def level(table: pa.Table) -> Levels:
        values = table[column].cast(pa.float64()).to_numpy()
        found = np.searchsorted(np.array(upper), values, side="left")
        return np.where(np.isnan(values), MISSING, found).astype(np.int8)

    return level


def _title(table: pa.Table) -> Levels:
    found: Levels = pc.fill_null(table["title"], len(TITLE_LEVELS) - 1).to_numpy().astype(np.int8)
    return found


def _people(table: pa.Table) -> Levels:
    shared = table["people"].cast(pa.float64()).to_numpy()
    return np.select([np.isnan(shared), shared >= 2, shared == 1], [MISSING, 0, 1], 2).astype(np.int8)


def _names(table: pa.Table) -> Levels:
    """Count the names that both credit; MISSING where the two cannot be compared."""
    shared = table["people"].cast(pa.float64()).to_numpy()
    return np.where(np.isnan(shared), MISSING, np.minimum(np.nan_to_num(shared), 100)).astype(np.int8)


def _directors(table: pa.Table) -> Levels:
    alike = table["directors"].cast(pa.float64()).to_numpy()
    return np.select([np.isnan(alike), alike >= SAME_NAME], [MISSING, 0], 1).astype(np.int8)


def _genres(table: pa.Table) -> Levels:
    shared, fewer = (table[name].cast(pa.float64()).to_numpy() for name in ("genres", "fewer_genres"))
    return np.select([np.isnan(shared), shared == fewer, shared > 0], [MISSING, 0, 1], 2).astype(np.int8)


def _same(column: str) -> Callable[[pa.Table], Levels]:
    """Return level 0 where the column says 1 (same), level 1 where it says 0."""

    def level(table: pa.Table) -> Levels:
        same = table[column].cast(pa.float64()).to_numpy()
        return np.where(np.isnan(same), MISSING, 1 - np.nan_to_num(same)).astype(np.int8)

    return level


def _ids(table: pa.Table) -> Levels:
    agree, contradict = (table[name].cast(pa.float64()).to_numpy() for name in ("agree", "contradict"))
    return np.select([np.isnan(agree), contradict == 0, agree == 1], [MISSING, 0, 1], 2).astype(np.int8)


COMPARISONS = (
    Comparison("title", TITLE_LEVELS, _title),
    Comparison(
        "year", ("same", "1 apart", "2 apart", "3 to 5 apart", "far apart"), _steps("year", (0, 1, 2, 5))
    ),
    Comparison("runtime", ("same", "close", "near", "different"), _steps("runtime", (1, 4, 12))),
    Comparison("directors", ("same", "different"), _directors),
    Comparison("people", ("several shared", "one shared", "none shared"), _people),
    Comparison("genres", ("all shared", "some shared", "none shared"), _genres),
    Comparison("form", ("same", "different"), _same("form")),
    Comparison("kind", ("same", "different"), _same("kind")),
    Comparison("ids", ("agree", "agree and contradict", "contradict"), _ids),
)

#: The values of `twins`: two sources, or two rows of one that agree so far that they may be one film (where the source
#: may list a film twice), or two rows that do not.
TWINS, MAYBE_TWINS, NO_TWINS = 0, 1, 2

#: This many facts besides title and year must be the same for two rows of a source to be one film; a director or two
#: other names count as two, and so does an id where another differs. Chosen, not fitted: in shared/data it joins all
#: 341 twins of Rotten Tomatoes that are alike in date and scores.
_TWIN_FACTS = 2


def _twins(table: pa.Table, levels: dict[str, Levels]) -> Levels:
    """Find the rows of one source that are one film entered twice: they say the same, and nothing different.

    One id that is the same outweighs another that differs (MovieLens has Confessions of a Dangerous Mind under two of IMDb's
    ids and one of TMDB's).
    """
    inside = table["inside"].to_numpy()
    year, day = (
        pc.fill_null(table[name].cast(pa.int8()), MISSING).to_numpy() for name in ("same_year", "same_day")
    )
    scores = pc.fill_null(table["same_scores"], 0).to_numpy()
    facts = (
        scores
        + (day == 1)
        + (levels["runtime"] == 0)
        + 2 * (levels["directors"] == 0)
        + 2 * (levels["people"] == 0)
        + 2 * (levels["ids"] == _SOME_IDS)
    )
    against = (day == 0) | (levels["runtime"] == _OTHER_RUNTIME) | (levels["directors"] == 1)
    against |= (levels["kind"] == 1) | (levels["ids"] > _SOME_IDS)
    one = (levels["title"] <= _SAME_TITLE) & (year == 1) & (facts >= _TWIN_FACTS) & ~against
    return np.select([inside == 0, one, inside == 1], [MISSING, TWINS, MAYBE_TWINS], NO_TWINS).astype(np.int8)


def may_be_twins(levels: Mapping[str, Levels]) -> Flags:
    """Return where `_twins` may find two rows of one source to be one film, by the level of the year, and of the title where it is
    known.
    """
    same_year = levels["year"] <= 0  # or none
    found: Flags = same_year & (levels["title"] <= _SAME_TITLE) if "title" in levels else same_year
    return found


_SAME_TITLE = TITLE_LEVELS.index("same but for the article")
_OTHER_RUNTIME = 3
_SOME_IDS = 1

#: Two spellings of a name are the same person from here on (0 to 100, word order aside).
SAME_NAME = 85.0


#: What is computed once for each film, before its pairs are compared.
NOTES = ("film_people", "film_labels", "film_titles")


def note_films(engine: Engine) -> None:
    """Materialize what is computed once for each film from `film_names`, `film_genres` and `film_forms`."""
    for name in NOTES:
        engine.materialize(name, _SQL[name])


def compare_titles(engine: Engine, reach: Reach | None = None) -> pa.Table:
    """Compare the titles of the pairs in `candidates` (l, r) after `note_films`. Returns l, r, title (a level; null
    where one has no title).

    With `reach`, a pair that cannot be kept is dropped: first by l and r, then by `title`, too.
    """
    if reach:
        pairs = engine.query("SELECT * FROM candidates")
        engine.register("within_reach", pairs.filter(pa.array(reach(pairs))))
        engine.materialize("candidates", "SELECT * FROM within_reach")
    engine.map("scored_titles", f"({_SQL['title_pairs']})", _title_levels, _SCORED_TITLES)
    titled = engine.query(_SQL["titles"])
    return titled.filter(pa.array(reach(titled))) if reach else titled


def compare(engine: Engine) -> pa.Table:
    """Compare the pairs in `candidates` (l, r, title: what `compare_titles` returns) after `note_films`. Returns l, r, one
    int8 column per comparison, `names` (how many names both credit), `twins` (whether two rows of one source are one film)
    and `lone_kind` (the kind where only one film has one); ordered by l, r.
    """
    engine.map("scored_directors", f"({_SQL['director_pairs']})", _name_likeness, _SCORED_NAMES)
    for name in ("directors", "billed", "people", "genres", "ids"):
        engine.materialize(name, _SQL[name])
    compared = engine.query(_SQL["compared"])
    levels = {comparison.name: comparison.level(compared) for comparison in COMPARISONS}
    return pa.table(
        {
            "l": compared["l"],
            "r": compared["r"],
            **levels,
            "names": _names(compared),
            "twins": _twins(compared, levels),
            "lone_kind": compared["lone_kind"],
        }
    )


_SCORED_TITLES = pa.schema([("l", pa.int32()), ("r", pa.int32()), ("level", pa.int8())])
_SCORED_NAMES = _SCORED_TITLES.remove(2).append(pa.field("alike", pa.float64()))


def _title_levels(batches: Iterable[pa.RecordBatch]) -> Batches:
    for batch in batches:
        same, same_article, bits, digits = (
            batch[name].to_numpy(zero_copy_only=False) for name in ("same", "same_article", "bits", "digits")
        )
        # Where the titles are the same, the similarity of their words does not matter.
        others = batch.filter(pa.array(~same))
        alike, holds = np.full(len(same), 100.0), np.zeros(len(same), dtype=np.bool_)
        alike[~same], holds[~same] = _words_alike(others)
        missing, differs, same_subtitle = (
            pc.equal(batch["subtitle"], which).to_numpy(zero_copy_only=False)
            for which in ("missing", "differs", "same")
        )
        # A number that only one title has contradicts nothing ("Star Wars", "Star Wars: Episode IV – A New Hope"), but
        # without a subtitle such titles are only similar: "Rocky" is seldom "Rocky II".
        numbers_differ = digits == 2
        one_numbered = (digits == 1) & ~same_subtitle
        level = np.select(
            [
                same & (bits >= RARE),
                same & ~same_article,
                same & (bits >= UNCOMMON),
                same,
                numbers_differ & ((alike >= 75) | missing | differs | holds),
                (alike >= 90) & ~one_numbered,
                missing & (bits >= RARE),
                missing,
                differs,
                holds & (bits >= RARE) & ~one_numbered,
                holds & (bits >= UNCOMMON) & ~one_numbered,
                holds & ~one_numbered,
                (alike >= 75) | holds,
                alike >= 55,
            ],
            [0, 3, 1, 2, 11, 4, 5, 6, 12, 7, 8, 9, 10, 13],
            14,
        )
        yield pa.record_batch(
            [batch["l"], batch["r"], pa.array(level.astype(np.int8))], schema=_SCORED_TITLES
        )


def _words_alike(pairs: pa.RecordBatch) -> tuple[Floats, Flags]:
    """Return how alike the words of two titles are, in any order (0 to 100), and whether one title has all words of the other.

    Words come in order, so if one title has all words of the other, and none twice, the other's are a subsequence: such
    pairs are as similar as their lengths allow, and only these few are compared word by word.
    """
    a, b = pairs["a"].to_pylist(), pairs["b"].to_pylist()
    alike = cpdist(a, b, scorer=fuzz.ratio, dtype=np.float64)
    at_most = pairs["at_most"].cast(pa.float64()).to_numpy()
    maybe = (alike >= at_most - 1e-6) | pairs["repeats"].to_numpy(zero_copy_only=False)
    holds = np.zeros(len(alike), dtype=np.bool_)
    some = pairs.filter(pa.array(maybe))
    sets = cpdist(some["a"].to_pylist(), some["b"].to_pylist(), scorer=fuzz.token_set_ratio, dtype=np.float64)
    holds[maybe] = sets == 100
    return alike, holds


def _name_likeness(batches: Iterable[pa.RecordBatch]) -> Batches:
    """Compare directors' names, ignoring blanks. Null (no evidence) where they differ in two scripts, or only in the
    given name.

    Names are romanised in many ways, and "Bobs" or "Roberts Gannaway" and "R. Gannaway" are mostly one person.
    """
    for batch in batches:
        a, b = (list(map(str, batch[name].to_pylist())) for name in ("a", "b"))
        alike = cpdist(a, b, scorer=fuzz.token_sort_ratio, dtype=np.float64)
        mixed = batch["mixed"].to_numpy(zero_copy_only=False)
        surname = batch["surname"].to_numpy(zero_copy_only=False)
        for at in np.flatnonzero(alike < SAME_NAME):
            if mixed[at]:
                alike[at] = max(
                    fuzz.token_sort_ratio(x, y) for x in _in_latin(a[at]) for y in _in_latin(b[at])
                )
            elif a[at].replace(" ", "") == b[at].replace(" ", ""):
                alike[at] = 100.0
        unlike = (alike < SAME_NAME) & (mixed | surname)
        yield pa.record_batch([batch["l"], batch["r"], pa.array(alike, mask=unlike)], schema=_SCORED_NAMES)


@lru_cache(maxsize=100_000)
def _in_latin(name: str) -> tuple[str, ...]:
    """Return a folded name in Latin letters; unchanged where it already is."""
    ways = romanise(name)
    return tuple(map(str, fold(pa.array(ways, pa.string())).to_pylist())) if ways else (name,)
