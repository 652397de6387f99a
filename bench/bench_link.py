"""Matching film lists: how right it is on public lists with ids hidden, and how fast on grown ones.

Three peers in one run: MovieC, unique exact folded title and year, and Splink 5. Prints ratios and tables. Speed is
measured in processes of their own, in turn. `--no-speed` and `--no-accuracy` leave a part out; `--tenth` grows lists of a
tenth of the size, to try it; `--rounds N` measures speed N times and takes medians.
"""

from __future__ import annotations

import sys

import duckdb
import msgspec
import pyarrow as pa

from evaluate import calibration_table, held_out, judge, log_loss, score
from known_pairs import PAIRS, Lists, read_lists
from link_speed import LARGE, SMALL, compare_speed
from moviec.matching.features import prepare
from moviec.matching.model import Bands, Model, shipped_model
from moviec.matching.two_lists import LOWEST, Settings, match
from moviec.model import MILLION
from moviec.text import pc
from splink_peer import run_splink

_EXACT = """
WITH l AS (SELECT key, squeezed, year FROM left_films QUALIFY count(*) OVER (PARTITION BY squeezed, year) = 1),
     r AS (SELECT key, squeezed, year FROM right_films QUALIFY count(*) OVER (PARTITION BY squeezed, year) = 1)
SELECT l.key AS left_key, r.key AS right_key FROM l JOIN r USING (squeezed, year)
"""


def main() -> None:
    """Measure accuracy, then speed."""
    lists, model = read_lists(), shipped_model()
    if "--no-accuracy" not in sys.argv:
        for pair in PAIRS:
            accuracy(lists, pair, model)
        wikipedia(lists, model)
    if "--no-speed" not in sys.argv:
        rounds = int(sys.argv[sys.argv.index("--rounds") + 1]) if "--rounds" in sys.argv else 1
        base = pa.concat_tables([lists.films["wikipedia"], lists.films["imdb"]])
        tenth = 10 if "--tenth" in sys.argv else 1
        small, large = ((left // tenth, right // tenth) for left, right in (SMALL, LARGE))
        compare_speed(base, small, large, rounds)


def accuracy(lists: Lists, pair: tuple[str, str], model: Model) -> None:
    """Print precision, recall and F1 on the held-out half for each of the three."""
    left, right = (lists.films[name] for name in pair)
    known = held_out(lists.known[pair], True)
    open_to_all = msgspec.structs.replace(model, bands=Bands(1000, MILLION))
    everything = match(left, right, open_to_all, Settings(floor=LOWEST)).pairs
    everything = everything.filter(pc.equal(everything["band"], "accept"))
    pairs = everything.filter(pc.greater_equal(everything["probability"], model.bands.accept))
    print(f"{pair[0]}-{pair[1]}, held-out half")
    for name, found in (
        ("MovieC", pairs),
        ("exact title and year", exact(left, right)),
        ("Splink 5", run_splink(left, right).pairs),
    ):
        got = score(found, known)
        print(
            f"  {name:21} precision {got.precision:.4f} recall {got.recall:.4f} F1 {got.f1:.4f}"
            f" ({got.right} right, {got.wrong} wrong, {got.known} to find)"
        )
    probability, judged = everything["probability"].to_numpy(), judge(everything, known)
    print(f"  log loss {log_loss(probability, judged):.4f}")
    for row in calibration_table(probability, judged):
        print(
            f"    {row['pairs']:6.0f} pairs predicted {row['predicted']:.3f} observed {row['observed']:.3f}"
        )


def exact(left: pa.Table, right: pa.Table) -> pa.Table:
    """Pair films whose folded main title and year are the same and unique in both lists."""
    con = duckdb.connect()
    for name, films in (("left_films", left), ("right_films", right)):
        prepared = prepare(films)
        first = prepared.forms.group_by("n", use_threads=False).aggregate([("squeezed", "first")])
        rows = prepared.records.select(["n", "key", "year"]).join(first, "n")
        con.register(name, rows.append_column("squeezed", rows["squeezed_first"]))
    found: pa.Table = con.sql(_EXACT).to_arrow_table()
    return found


def wikipedia(lists: Lists, model: Model) -> None:
    """Print how often accepted Wikipedia-IMDb pairs have the year and kind of film that an equal pair would have.

    Neither list holds the other's people, so the check is indirect: matches whose years are more than a year apart.
    """
    pairs = match(lists.films["wikipedia"], lists.films["imdb"], model).pairs
    accepted = pairs.filter(pc.equal(pairs["band"], "accept"))
    far = pc.sum(pc.match_substring_regex(accepted["evidence"], '"year","([2-9]|far)')).as_py()
    print(
        f"wikipedia-imdb: {len(accepted):,} accepted, {len(pairs) - len(accepted):,} to review, {far:,} of the accepted over a year apart"
    )


if __name__ == "__main__":
    main()
