"""The pinned model: what is known of film lists in general, as an immutable file that ships with the package.

It holds the priors of the match weights, the words that titles share, the calibration, and the two bands.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from moviec.errors import StoreError
from moviec.model import MILLION
from moviec.resolve.score import Integers, Shares


class Calibration(msgspec.Struct, frozen=True):
    """Honest log odds = `slope` × the weights' log odds + `intercept`, log2, in millionths (Platt 1999)."""

    slope: int = MILLION
    intercept: int = 0

    def apply(self, log_odds: Integers) -> Integers:
        """Calibrate log2 odds in millionths."""
        return np.rint(self.slope * (log_odds / MILLION) + self.intercept).astype(np.int64)


class Bands(msgspec.Struct, frozen=True):
    """From `accept` on a pair is taken as a match, from `review` on a person should look; in millionths."""

    accept: int
    review: int


class Model(msgspec.Struct, frozen=True):
    """Everything `fit` learns. `words` counts the films of `films` whose titles hold a word."""

    version: str
    shares: dict[str, Shares]
    films: int
    words: dict[str, int]
    calibration: Calibration
    bands: Bands

    def usual_words(self) -> pa.Table:
        """Give the words as a table (word, films); the word "" stands for all films."""
        words = {"": self.films, **self.words}
        return pa.table({"word": list(words), "films": pa.array(list(words.values()), pa.int64())})


def shipped_model() -> Model:
    """Read the model that ships with the package."""
    return msgspec.json.decode(
        resources.files("moviec.resolve").joinpath("model.json").read_bytes(), type=Model
    )


def read_model(path: Path) -> Model:
    """Read a model from a file; raises StoreError when it is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Model)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(f"no match model ({error})", str(path), "write one with `moviec fit`") from error


def write_model(model: Model, path: Path) -> None:
    """Write a model as JSON, one line per part, the same bytes for the same model."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(model, order="sorted"), indent=1) + b"\n")
