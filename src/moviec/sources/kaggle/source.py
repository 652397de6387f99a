"""Reads The Movies Dataset. Its keys are TMDB ids, its nested columns Python literals, its votes TMDB's."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from moviec.engine import DuckEngine
from moviec.sources.base import Reading, Wanted, load_spec
from moviec.sources.normalise import normalise
from moviec.sources.tabular import stage_all

FOLDER = resources.files("moviec.sources.kaggle")


class Kaggle:
    """The `kaggle` source."""

    spec = load_spec(FOLDER)

    def read(self, engine: DuckEngine, files: Mapping[str, Path], wanted: Wanted) -> Reading:
        """Read movies (with credits and keywords when they are there) into records."""
        staged = stage_all(engine, self.spec, files, wanted)
        return normalise(engine, FOLDER.joinpath("read.sql").read_text("utf-8"), staged, wanted)
