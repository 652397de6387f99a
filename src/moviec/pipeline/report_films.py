"""Opens the films that reports are about, from the catalogue or from a rollup's folder: an engine that has them as `parts`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.catalog.connect import connect
from moviec.catalog.rollup_films import entries_of, films_of
from moviec.config import Home
from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.measures import Question
from moviec.pipeline.monthly_job import genre_labels
from moviec.rollup.month_files import FILMS
from moviec.rollup.monthly import entries_sql, name_catalogue, name_labels, name_parts
from moviec.sources.registry import find_source


class Coverage(msgspec.Struct, frozen=True):
    """The films behind some figures: their origin, a description, their number, and for how many each amount is
    known.
    """

    where: str
    which: str
    films: int
    known: dict[str, int]

    def line(self, question: Question) -> str:
        """Return one line, such as "revenue known for 48% of 9,000 films that are out". Raises UsageError where no film has the
        question's measure.
        """
        known = self.known.get(question.measure)
        if question.measure == "c_rating" and not known:
            raise UsageError("these films have no c_rating", self.where, "choose another --measure")
        if known is None or not self.films:
            return f"{self.films:,} {self.which}"
        return f"{question.measure} known for {known / self.films:.0%} of {self.films:,} {self.which}"


#: The films of a rollup's folder: by default only released ones with known revenue, so that a share of these says
#: nothing about other films.
COUNTED = "films that the rollup counted; see last-run.json for those it left out"


@contextmanager
def open_folder(folder: Path, question: Question, split: str) -> Iterator[tuple[DuckEngine, Coverage]]:
    """Yield an engine whose view `parts` has the films of a rollup's folder, and the coverage of those that the question is about."""
    films = folder / FILMS
    if not films.exists():
        raise UsageError(
            "no rollup here", str(folder), "run `moviec rollup FILE --out DIR`, then give --from DIR"
        )
    with DuckEngine() as engine:
        engine.parquet("films", [films])
        spec = find_source("kaggle").spec
        engine.view("entries", entries_sql(spec.numeric_keys))
        name_parts(engine, [split])
        name_labels(engine, genre_labels(spec))
        month = f"AND month(released) = {question.month}" if question.month else ""
        asked = f"year(released) BETWEEN {question.first_year} AND {question.last_year} {month}"
        known = _coverage(engine, f"SELECT *, NULL AS c_rating FROM films WHERE {asked}")
        if not known["films"]:
            raise UsageError(
                f"the rollup counted no film of this time; it has {_extent(engine)}", str(folder)
            )
        yield engine, Coverage(str(folder), COUNTED, known.pop("films"), known)


@contextmanager
def open_catalogue(home: Home, question: Question, split: str) -> Iterator[tuple[DuckEngine, Coverage]]:
    """Yield an engine whose view `parts` has the catalogue's films of the question's years, and their coverage.

    Raises UsageError for a catalogue without films.
    """
    catalogue = connect(home.catalogue)
    years = range(question.first_year, question.last_year + 1)
    try:
        with catalogue.connect() as connection:
            films, entries = films_of(connection, years), entries_of(connection, years)
    finally:
        catalogue.dispose()
    if not films.num_rows:
        raise UsageError(
            "no film of these years in the catalogue",
            str(home.folder),
            "see `moviec status`; ingest a delivery with `moviec ingest`, or give --from DIR of a rollup",
        )
    with DuckEngine() as engine:
        name_catalogue(engine, films, entries)
        name_parts(engine, [split])
        name_labels(engine, _NO_LABELS)
        month = f"WHERE month = {question.month}" if question.month else ""
        known = _coverage(engine, f"SELECT * FROM film {month}")
        if not known["films"]:
            raise UsageError("no film of this month in the catalogue", str(home.folder), "leave out --month")
        yield engine, Coverage(str(home.folder), "films that are out", known.pop("films"), known)


#: The catalogue's genres have their ids and names already.
_NO_LABELS = pa.table(
    [pa.array([], pa.int64()), pa.array([], pa.int64()), pa.array([], pa.string())], ["label", "id", "name"]
)


def _extent(engine: DuckEngine) -> str:
    """Return the first and the last year of a rollup's films as a text."""
    row = engine.query(
        "SELECT min(year(released)) AS first, max(year(released)) AS last FROM films"
    ).to_pylist()[0]
    return "none" if row["first"] is None else f"{row['first']} to {row['last']}"


def _coverage(engine: DuckEngine, films: str) -> dict[str, int]:
    """Return the number of films, and for how many each amount is known."""
    row: pa.Table = engine.query(
        "SELECT count(*) AS films, count(budget) AS budget, count(revenue) AS revenue,"
        " count(revenue - budget) AS profit, count(popularity) AS popularity, count(votes) AS votes,"
        f" count(c_rating) AS c_rating FROM ({films}) AS films"
    )
    return dict(row.to_pylist()[0])
