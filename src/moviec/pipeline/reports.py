"""Where reports get their figures: for now the folder that a rollup wrote."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.pipeline.rollup_job import genre_labels
from moviec.rollup.files import FILMS
from moviec.rollup.monthly import entries_sql, name_parts
from moviec.rollup.report import Question
from moviec.sources.registry import find_source


class Coverage(msgspec.Struct, frozen=True):
    """How many films stand behind the figures, and of how many each amount is known."""

    where: str
    films: int
    known: dict[str, int]

    def line(self, question: Question) -> str:
        """Say it in one line: "revenue known for 48% of films". Raises UsageError for a measure no film has."""
        if question.measure == "c_rating":
            raise UsageError("these films have no c_rating", self.where, "choose another --measure")
        known = self.known.get(question.measure)
        if known is None or not self.films:
            return f"{self.films:,} films"
        return f"{question.measure} known for {known / self.films:.0%} of {self.films:,} films"


@contextmanager
def open_folder(folder: Path, split: str) -> Iterator[tuple[DuckEngine, Coverage]]:
    """Give an engine whose view `parts` is the films behind a rollup's folder, and their coverage."""
    films = folder / FILMS
    if not films.exists():
        raise UsageError(
            "no rollup here", str(folder), "run `moviec rollup FILE --out DIR`, then give --from DIR"
        )
    with DuckEngine() as engine:
        engine.parquet("films", [films])
        spec = find_source("kaggle").spec
        engine.view("entries", entries_sql(spec.numeric_keys))
        name_parts(engine, split, genre_labels(spec))
        yield engine, _coverage(engine, str(folder))


def _coverage(engine: DuckEngine, where: str) -> Coverage:
    row: pa.Table = engine.query(
        "SELECT count(*) AS films, count(budget) AS budget, count(revenue) AS revenue,"
        " count(revenue - budget) AS profit, count(popularity) AS popularity, count(votes) AS votes FROM films"
    )
    known = row.to_pylist()[0]
    return Coverage(where, known.pop("films"), known)
