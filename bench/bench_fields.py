"""Titles and years: hide one source at a time and foretell its value from the others, against simple votes.

Reliability is learned on one half of the films, shares are of the other: equal to the hidden value up to folding.
"""

from __future__ import annotations

import sys

import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.fusion.source_facts import FIRST, STEP
from moviec.fusion.survivorship import fuse, open_claims, shipped_rules
from moviec.fusion.training import learn_from, open_judged
from rating_data import DATA, load

SOURCES = ("kaggle", "imdb", "movielens", "wikipedia", "rottentomatoes")


def belief(source: str, _: str) -> float:
    """Say what is believed of a source beforehand: less the later it comes in the order."""
    return FIRST - STEP * SOURCES.index(source)


def claims(engine: DuckEngine) -> None:
    """Make `claim` (movie, field, source, value, delivered) of the shared titles and years."""
    engine.connection.execute(
        "CREATE TABLE wiki AS SELECT n.movie, w.title, n.year FROM (SELECT *, folded(title) AS key FROM read_json("
        "getvariable('data') || '/wikipedia/movies.jsonl', columns = {title: 'VARCHAR', year: 'INT'})) w"
        " JOIN named n USING (key, year) QUALIFY count(*) OVER (PARTITION BY key, n.year) = 1"
    )
    tables = {"kaggle": "kaggle", "imdb": "imdb", "movielens": "movielens", "wikipedia": "wiki"}
    told = " UNION ALL ".join(
        f"SELECT movie, '{field}' AS field, '{source}' AS source, {field}::VARCHAR AS value, 0::BIGINT AS delivered"
        f" FROM {table} WHERE {field} IS NOT NULL"
        for source, table in tables.items()
        for field in ("title", "year")
    )
    # A list linked by title and year agrees with them by construction: Wikipedia's may only vote, not be hidden.
    engine.materialize("claim", told)


def measure(engine: DuckEngine, hidden: str) -> None:
    """Print the shares for one hidden source."""
    rules = shipped_rules()
    rest = f"SELECT * FROM claim WHERE source NOT IN ('{hidden}', 'wikipedia')"
    open_claims(engine, engine.query(f"{rest} AND md5_number(movie) % 2 = 0"), rules)
    open_judged(engine)
    learned = learn_from(engine, belief)
    some = (
        "SELECT movie FROM claim WHERE source <> 'wikipedia' GROUP BY movie HAVING count(DISTINCT source) > 2"
    )
    open_claims(engine, engine.query(f"{rest} AND md5_number(movie) % 2 = 1 AND movie IN ({some})"), rules)
    fuse(engine, learned)
    for field in ("title", "year"):
        engine.materialize("fused", f"SELECT movie, value FROM field_fused WHERE field = '{field}'")
        engine.materialize(
            "votes", f"SELECT movie, fold, value, source FROM field_claims WHERE field = '{field}'"
        )
        place = " ".join(f"WHEN '{name}' THEN {at}" for at, name in enumerate(SOURCES))
        first = f"SELECT movie, arg_min(value, CASE source {place} END) AS value FROM votes GROUP BY movie"
        majority = (
            "SELECT movie, arg_max(value, n * 10 - place) AS value FROM (SELECT movie, fold, count(*) AS n,"
            f" min(CASE source {place} END) AS place, any_value(value) AS value FROM votes GROUP BY movie, fold)"
            " GROUP BY movie"
        )
        shares = [
            _share(engine, hidden, field, answer) for answer in ("SELECT * FROM fused", first, majority)
        ]
        print(f"  {field:6} hidden {hidden:10} {shares[0][1]:5} films: fused {shares[0][0]:.4f},"
              f" first source {shares[1][0]:.4f}, majority {shares[2][0]:.4f}")  # fmt: skip


def _share(engine: DuckEngine, hidden: str, field: str, answer: str) -> tuple[float, int]:
    told = engine.query(
        f"SELECT movie, 'both' AS field, source, value, 0::BIGINT AS delivered FROM (SELECT movie, 'hidden' AS source, value"
        f" FROM claim WHERE source = '{hidden}' AND field = '{field}' UNION ALL SELECT movie, 'told', value FROM ({answer}))"
    )
    rule = shipped_rules()[field]
    with DuckEngine() as other:
        open_claims(other, told, {"both": rule})
        row = other.query(
            "SELECT avg((h.fold = t.fold)::INT) AS share, count(*) AS films FROM field_claims h JOIN field_claims t"
            " ON h.movie = t.movie AND h.source = 'hidden' AND t.source = 'told'"
        ).to_pylist()[0]
    return row["share"], row["films"]


def main() -> None:
    """Hide each source in turn, then print what was learned from all."""
    if not DATA.exists():
        sys.exit(print(f"skipped: the shared data is not at {DATA}"))
    with DuckEngine() as engine:
        load(engine)
        claims(engine)
        for hidden in ("kaggle", "imdb", "movielens"):
            measure(engine, hidden)
        open_claims(engine, engine.query("SELECT * FROM claim"), shipped_rules())
        open_judged(engine)
        learned = learn_from(engine, belief)
        for each in learned:
            print(f"  {each.source:12} {each.field:6} borne out {each.reliability:.3f} of {each.judged}")
        fuse(engine, learned)
        same = engine.query(
            "SELECT field, avg(confidence) / 1e6 AS mean, count(*) AS films FROM field_fused GROUP BY field ORDER BY field"
        )
        print(pa.Table.to_pylist(same))


if __name__ == "__main__":
    main()
