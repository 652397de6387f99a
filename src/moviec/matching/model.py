"""The pinned model: what holds for film lists in general, as an immutable file shipped with the package.

It holds the priors of the match weights, the words that titles share, the calibration, and the two bands.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from moviec.decoding import decodable
from moviec.errors import StoreError
from moviec.matching.match_weights import Fitted, Integers, Shares
from moviec.model import MILLION

#: The assumed number of films with a word that the model does not list.
_UNLISTED = 2

#: How much rarer a film's second record in its own source is than its record in another, log2, in millionths. At this
#: value (one record in 250) the accepted repeats in Wikipedia's lists shared title and names, a year apart.
_REPEATED = -8 * MILLION


class Calibration(msgspec.Struct, frozen=True):
    """Calibrated log odds = `slope` × the weights' log odds + `intercept`, log2, in millionths (Platt 1999)."""

    slope: int = MILLION
    intercept: int = 0

    def apply(self, log_odds: Integers) -> Integers:
        """Calibrate log2 odds in millionths."""
        return np.rint(self.slope * (log_odds / MILLION) + self.intercept).astype(np.int64)


class Bands(msgspec.Struct, frozen=True):
    """A pair is a match from probability `accept`, and worth a look from `review`; in millionths."""

    accept: int
    review: int


class WordBits(msgspec.Struct, frozen=True):
    """The information of a shared word, in thousandths of a bit: `listed` words (word, bits); `rarest` for any
    other.
    """

    listed: pa.Table
    rarest: int


@decodable
class Model(msgspec.Struct, frozen=True):
    """Everything `fit` learns. `words`: for each word how many of `films` films have it in a title.

    `sources` holds what was fitted for two sources, under "imdb kaggle" (names in order); two others are weighed
    by `shares` and `prior_bits`, the log2 odds, in millionths, that any two of their films are the same.
    """

    version: str
    shares: dict[str, Shares]
    films: int
    words: dict[str, int]
    calibration: Calibration
    bands: Bands
    prior_bits: int = -15 * MILLION
    sources: dict[str, Fitted] = {}

    def fitted(self, one: str, other: str) -> Fitted:
        """Return the weights for two sources, in either order, or for pairs within a source that repeats itself."""
        if one == other:
            return Fitted(self.shares, self.prior_bits + _REPEATED)
        return self.sources.get(pair_name(one, other), Fitted(self.shares, self.prior_bits))

    def word_bits(self, counted: pa.Table | None = None, films: int = 0) -> WordBits:
        """Return the information of shared words; `counted` (word, films) are those of `films` films new to the model.

        A word listed nowhere counts as one that two films have.
        """
        words = pa.table({"word": list(self.words), "films": pa.array(list(self.words.values()), pa.int64())})
        if counted is not None:
            words = pa.concat_tables([words, counted])
        listed = words.group_by("word", use_threads=False).aggregate([("films", "sum")])
        held = np.append(listed["films_sum"].to_numpy(), _UNLISTED)
        bits = np.rint(1000 * np.log2((self.films + films) / held)).astype(np.int32)
        return WordBits(pa.table({"word": listed["word"], "bits": bits[:-1]}), int(bits[-1]))


def pair_name(one: str, other: str) -> str:
    """Return one name for two sources, the same in either order."""
    return " ".join(sorted((one, other)))


def shipped_model() -> Model:
    """Read the model that ships with the package."""
    return msgspec.json.decode(
        resources.files("moviec.matching").joinpath("model.json").read_bytes(), type=Model
    )


def read_model(path: Path) -> Model:
    """Read a model from a file; raises StoreError for any other file."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Model)
    except (OSError, msgspec.DecodeError) as error:
        raise StoreError(
            f"this is not a match model ({error})", str(path), "write one with `moviec fit`"
        ) from error


def write_model(model: Model, path: Path) -> None:
    """Write a model as JSON, one line per part, the same bytes for the same model."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(model, order="sorted"), indent=1) + b"\n")
