"""The public film lists in ../shared/data as features with their ids hidden, and which of their films are the same."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from evaluate import Known, adjudicate
from moviec.matching.lists import read_list

DATA = Path(__file__).resolve().parents[1] / "../shared/data"
VERDICTS = Path(__file__).with_name("wrong_known_pairs.csv")

_FILES = {
    "kaggle": "kaggle/movies_metadata.csv",
    "movielens": "movielens/movies.csv",
    "imdb": "imdb/title.basics.tsv.gz",
    "wikipedia": "wikipedia/movies.jsonl",
}

_TSV = "delim = '\t', quote = '', escape = '', nullstr = '\\N', header = true, all_varchar = true"

_DIRECTORS = """
SELECT tconst AS key, array_agg(primaryName ORDER BY primaryName) AS directors
FROM (SELECT tconst, unnest(string_split(directors, ',')) AS nconst FROM read_csv('{data}/imdb/title.crew.tsv.gz', {tsv}))
JOIN read_csv('{data}/imdb/name.basics.tsv.gz', {tsv}) USING (nconst) GROUP BY tconst
"""

#: Which film is which: every film of the anchor, with its key in the other list, or null where that lacks it.
_KNOWN = {
    ("kaggle", "movielens"): ("right", "SELECT k.id AS left, l.movieId AS right FROM links l LEFT JOIN kaggle k ON k.id = l.tmdbId"),
    ("movielens", "imdb"): ("left", "SELECT l.movieId AS left, i.tconst AS right FROM links l LEFT JOIN imdb i ON i.tconst = 'tt' || l.imdbId"),
    ("kaggle", "imdb"): ("left", "SELECT k.id AS left, i.tconst AS right FROM kaggle k LEFT JOIN imdb i ON i.tconst = k.imdb_id WHERE k.imdb_id IS NOT NULL"),
}  # fmt: skip

PAIRS = tuple(_KNOWN)


class Lists(msgspec.Struct, frozen=True):
    """The lists by name (FEATURES columns, ids hidden) and what is known about pairs of them, adjudicated."""

    films: dict[str, pa.Table]
    known: dict[tuple[str, str], Known]


def read_lists() -> Lists:
    """Read everything; leaves with a clear word where the data is absent."""
    if not DATA.is_dir():
        sys.exit(f"no data at {DATA}: this measures on public film lists that are not shipped")
    films = {name: _hidden(name, DATA / file) for name, file in _FILES.items()}
    con = duckdb.connect()
    con.execute(f"CREATE VIEW links AS FROM read_csv('{DATA}/movielens/links.csv', all_varchar = true)")
    con.execute(f"CREATE VIEW imdb AS FROM read_csv('{DATA}/imdb/title.basics.tsv.gz', {_TSV})")
    con.execute(
        f"CREATE VIEW kaggle AS SELECT DISTINCT id, imdb_id FROM read_csv('{DATA}/kaggle/movies_metadata.csv', all_varchar = true)"
    )
    known = {
        pair: adjudicate(Known(con.sql(f"{sql} ORDER BY ALL").to_arrow_table(), anchor), verdicts(pair))
        for pair, (anchor, sql) in _KNOWN.items()
    }
    return Lists(films, known)


def verdicts(pair: tuple[str, str]) -> pa.Table:
    """Read the known pairs that are wrong: key on the anchor's side, and the other key that is right (or null)."""
    with VERDICTS.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if (row["left"], row["right"]) == pair]
    columns = {"key": [row["key"] for row in rows], "other": [row["other"] or None for row in rows]}
    return pa.table(columns, schema=pa.schema([("key", pa.string()), ("other", pa.string())]))


def _hidden(name: str, path: Path) -> pa.Table:
    """Read a list without ids, one row per key; IMDb with its directors, which come in files of their own."""
    con = duckdb.connect()
    con.register("films", read_list(path, name).features)
    credited = (
        _DIRECTORS.format(data=DATA, tsv=_TSV)
        if name == "imdb"
        else "SELECT NULL AS key, NULL::VARCHAR[] AS directors"
    )
    hidden: pa.Table = con.sql(
        f"SELECT films.* REPLACE (coalesce(films.directors, c.directors) AS directors, MAP {{}}::MAP(VARCHAR, VARCHAR) AS ids)"
        f" FROM films LEFT JOIN ({credited}) c USING (key) QUALIFY row_number() OVER (PARTITION BY key ORDER BY titles[1]) = 1"
        " ORDER BY try_cast(key AS BIGINT), key"
    ).to_arrow_table()
    return hidden
