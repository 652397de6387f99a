"""Two film lists in files, the pairs that are the same film in a CSV file: matching outside any catalogue.

Writes the accepted pairs as `left_id,right_id,probability,evidence`, and pairs for review to a second file, with `why`
they wait.
"""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.engine.duckdb import quoted
from moviec.errors import StoreError, UsageError
from moviec.matching.lists import FilmList, read_list
from moviec.matching.model import Model
from moviec.matching.review import waiting
from moviec.matching.two_lists import LEFT, RIGHT, Matching, Progress, match
from moviec.reading.layouts import ALIASES
from moviec.text import no_formula, pc
from moviec.work import written_aside

_OUT = """
SELECT left_key AS left_id, right_key AS right_id, printf('%.6f', probability / 1000000) AS probability, {columns}
FROM pairs WHERE band = {band} ORDER BY pairs.probability DESC, weight DESC, left_key, right_key
"""

_WITH_WHY = """
SELECT m.*, w.reason AS why FROM matched m
LEFT JOIN why w ON w.left_key = m.left_key AND w.right_key = m.right_key AND m.band = 'review'
"""


class Columns(msgspec.Struct, frozen=True):
    """Which column is what (field: column), in both lists, and in one of them."""

    both: dict[str, str] = {}
    left: dict[str, str] = {}
    right: dict[str, str] = {}


class Linked(msgspec.Struct, frozen=True):
    """What linking read, and the pairs it found."""

    left: FilmList
    right: FilmList
    matching: Matching

    def band(self, name: str) -> int:
        """Count the pairs in a band: "accept" or "review"."""
        return int(pc.sum(pc.equal(self.matching.pairs["band"], name)).as_py() or 0)


def parse_columns(text: str) -> Columns:
    """Read `title=Name,left:year=Jahr`; raises UsageError for another form."""
    found: dict[str, dict[str, str]] = {"both": {}, "left": {}, "right": {}}
    for part in filter(None, (part.strip() for part in text.split(","))):
        field, equals, column = part.partition("=")
        side, colon, rest = field.partition(":")
        side, field = (side, rest) if colon else ("both", field)
        if not equals or not column or side not in found:
            raise UsageError(
                f"'{part}' is not FIELD=COLUMN", "--columns", "as in title=Name,left:year=Jahr,right:id=Code"
            )
        if field not in ALIASES:
            raise UsageError(f"no field '{field}'", "--columns", f"the fields are {', '.join(ALIASES)}")
        found[side][field] = column
    return Columns(**found)


def link(left: Path, right: Path, columns: Columns, model: Model, progress: Progress | None = None) -> Linked:
    """Match two film lists. Raises PayloadError for a file that is not a film list, UsageError for wrong `columns`."""
    lists = (
        read_list(left, LEFT, columns.both | columns.left),
        read_list(right, RIGHT, columns.both | columns.right),
    )
    _check(columns, lists)
    rows = first_of_alike(lists[0].features), first_of_alike(lists[1].features)
    matching = match(rows[0].films, rows[1].films, model, progress=progress)
    pairs = for_each(_with_why(matching, model), *rows)
    return Linked(*lists, msgspec.structs.replace(matching, pairs=pairs))


def _with_why(matching: Matching, model: Model) -> pa.Table:
    """Add `why` a pair waits for review (REASONS of moviec.matching.review), null where it was accepted."""
    with DuckEngine() as engine:
        engine.register("matched", matching.pairs)
        engine.view("pairs", "SELECT * FROM matched WHERE band = 'review'")
        engine.register("members", matching.members)
        engine.register("why", waiting(engine, model))
        return engine.query(_WITH_WHY)


def write_pairs(matching: Matching, band: str, path: Path) -> None:
    """Write the pairs of a band as CSV, best first; the file appears only once it is complete."""
    columns = "evidence, why" if band == "review" else "evidence"
    out = _OUT.format(columns=columns, band=quoted(band))
    with DuckEngine() as engine:
        engine.register("pairs", matching.pairs)
        try:
            with written_aside(path) as part:
                engine.write_csv(out, part)
        except (duckdb.IOException, OSError) as error:
            raise StoreError(f"cannot be written ({str(error).splitlines()[0]})", str(path)) from error


def aside_of(out: Path) -> Path:
    """Return the path, next to the pairs, of the file for rows that could not be read."""
    return out.with_name(f"{out.stem}.rejected.csv")


def write_rejected(linked: Linked, out: Path) -> None:
    """Write the unreadable rows of both lists next to the pairs (list, line, reason, text); no file without such
    rows.
    """
    rows = [
        (side, row.line, row.reason, row.text)
        for side, film_list in (("left", linked.left), ("right", linked.right))
        for row in film_list.rejected
    ]
    aside = aside_of(out)
    if not rows:
        aside.unlink(missing_ok=True)
        return
    with aside.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [("list", "line", "reason", "text"), *([*map(no_formula, row)] for row in rows)]
        )


def _check(columns: Columns, lists: tuple[FilmList, FilmList]) -> None:
    """Raise UsageError for a named column that neither list has."""
    used = [set(film_list.columns.items()) for film_list in lists]
    for given, places in ((columns.left, used[:1]), (columns.right, used[1:]), (columns.both, used)):
        for pair in given.items():
            if not any(pair in place for place in places):
                raise UsageError(f"no column '{pair[1]}'", "--columns", "write names as they are in the file")


# Rows with neither year nor director may be different films of one title, so they are not merged.
_FIRST = """
SELECT row, key, first_value(row) OVER same AS first_row, row_number() OVER same = 1 AS leads
FROM (SELECT *, printf('%012d', row_number() OVER ()) AS row FROM films)
WINDOW same AS (
  PARTITION BY titles, year, released, runtime, kind, directors, "cast", genres, ids::VARCHAR,
               CASE WHEN coalesce(year, year(released)) IS NULL AND coalesce(len(directors), 0) = 0 THEN row END
  ORDER BY CAST(row AS BIGINT))
ORDER BY CAST(row AS BIGINT)
"""

_EACH = """
SELECT DISTINCT p.* REPLACE (l.key AS left_key, r.key AS right_key) FROM pairs p
JOIN left_rows l ON l.first_row = p.left_key JOIN right_rows r ON r.first_row = p.right_key
ORDER BY p.probability DESC, p.weight DESC, left_key, right_key
"""


class Rows(msgspec.Struct, frozen=True):
    """`films`: the first of each group of equal rows (FEATURES), with its number in the list as key, since a list may
    use an id twice. `rows`: for every row its own key, and the first_row that equals it.
    """

    films: pa.Table
    rows: pa.Table


def first_of_alike(films: pa.Table) -> Rows:
    """Drop rows (FEATURES columns) that repeat an earlier one in all but the key."""
    with duckdb.connect() as connection:
        connection.register("films", films)
        found = connection.sql(_FIRST).to_arrow_table()
    numbered = films.set_column(films.column_names.index("key"), "key", found["row"])
    return Rows(numbered.filter(found["leads"]), found.select(["key", "first_row"]))


def for_each(pairs: pa.Table, left: Rows, right: Rows) -> pa.Table:
    """Return the pairs of first rows for every row that equals them, best first."""
    with duckdb.connect() as connection:
        for name, table in (("pairs", pairs), ("left_rows", left.rows), ("right_rows", right.rows)):
            connection.register(name, table)
        found: pa.Table = connection.sql(_EACH).to_arrow_table()
    return found
