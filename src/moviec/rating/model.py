"""The rating model: the prior facts about raters (`raters.toml`), and the fitted artifact with its version and digest.

Everything but `moviec fit` and `moviec rate` uses a pinned one, stored as JSON.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import msgspec
import numpy as np
import numpy.typing as npt

from moviec.decoding import decodable, plain
from moviec.errors import StoreError

Panel = Literal["critics", "audience"]
PANELS: tuple[Panel, Panel] = ("critics", "audience")


class Prior(msgspec.Struct, frozen=True):
    """The prior of one rater: points 0-100; `known` is false if only its name is known.

    `friends`, `crowd` and `share` as in `model.Sampling`; None: as for any rater.
    """

    panel: Panel
    mean: float
    spread: float
    friends: float | None = None
    crowd: float | None = None
    share: bool = False
    known: bool = True


class Within(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How two raters of one panel correlate."""

    critics: float
    audience: float


class General(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The prior of any rater: points 0-100, `films` the pseudo-films it is worth, and the two correlations."""

    mean: float
    spread: float
    deviation: float
    friends: float
    crowd: float
    films: float
    within: Within
    between: float


@decodable
class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`raters.toml` as a whole."""

    prior: General
    raters: dict[str, Prior]
    aliases: dict[str, str]
    hints: dict[Panel, tuple[str, ...]]


@cache
def facts() -> Facts:
    """Read the shipped facts, once."""
    return msgspec.toml.decode(
        resources.files("moviec.rating").joinpath("raters.toml").read_bytes(), type=Facts
    )


def prior_of(name: str, panel: str | None = None, hundred: bool = True) -> Prior:
    """Return the prior of a rater; a panel given in the table overrides the known or guessed one.

    `hundred`: its scale is 0 to 100, or 0 to 1. On any other scale a rater known for shares gives means.
    """
    known = facts()
    folded = re.sub(r"[^a-z0-9]+", "", name.lower())
    spellings = {key.replace("_", ""): key for key in known.raters} | known.aliases
    prior = known.raters.get(spellings.get(folded, ""))
    if prior is None:
        sides: tuple[Panel, ...] = ("audience", "critics")
        hinted = [side for side in sides if any(part in folded for part in known.hints[side])]
        guess: Panel = hinted[0] if hinted else "audience"
        prior = Prior(guess, known.prior.mean, known.prior.spread, known=False)
    if not hundred:
        prior = msgspec.structs.replace(prior, share=False)
    if panel == "critics" or panel == "audience":
        prior = msgspec.structs.replace(prior, panel=panel)
    return prior


Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

METHOD = "c3"

#: The share of the C-rating that is the critics' panel. On the fitting half 0.2, 1/3 and 0.5 gave rank correlations
#: with a hidden rater of .842, .838 and .831; but the data has four audience raters to one of critics, and a third is
#: as far as that may influence it (bench/bench_rating_choices.py, docs/c-rating.md).
CRITICS_SHARE = 1 / 3


class Sampling(msgspec.Struct, frozen=True):
    """How few votes affect a rater's values, one number per rater.

    `deviation`: points between single votes of one film. `usual`: votes assumed for a missing count (0: none is ever
    given, and the noise is part of the rater's own variance). `friends`: points by which the selection of its first
    voters moves a film; with `crowd` votes half of that variance is gone. `share`: its value is the share of votes in
    favour, so its noise follows from it and `deviation` is not used.
    """

    deviation: Floats
    usual: Floats
    friends: Floats
    crowd: Floats
    share: Bools


class RaterModel(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one rater rates, in points 0-100.

    `mean` and `spread` are of its straightened, noise-free values over all films; `deviation` lies between the
    individual ratings of one film; `votes` is used where a count is missing (0: the rater never gives one).
    `friends` and `crowd` describe the further effect of few votes, `share` that the value is a share (`Sampling`);
    models of format c1 have none of them, those of c2 no `share`. `curve` holds the straightened value of 0, 5, … 100
    points. `films` and `shared` say what it was learned from.
    """

    name: str
    panel: Panel
    mean: float
    spread: float
    deviation: float
    votes: float
    curve: tuple[float, ...]
    films: int
    shared: int
    friends: float = 0.0
    crowd: float = 1.0
    share: bool = False


class Copy(msgspec.Struct, frozen=True):
    """A rater that repeats another over `shared` films: original = offset + slope x copy, in points."""

    name: str
    of: str
    slope: float
    offset: float
    shared: int


class RatingModel(msgspec.Struct, frozen=True):
    """What the C-rating needs: the raters, their correlations, which ones repeat another, and which ones are ignored
    because they rate every film the same, or agree with no other rater.

    `films` is the number of films it was fitted on.
    """

    raters: tuple[RaterModel, ...]
    correlation: tuple[tuple[float, ...], ...]
    copies: tuple[Copy, ...]
    constants: tuple[str, ...]
    films: int
    method: str = METHOD

    @property
    def digest(self) -> str:
        """Eight hexadecimal digits of a digest of this model's content."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()[:8]

    @property
    def version(self) -> str:
        """The `method` string of every rating made with this model."""
        return f"{self.method}-{self.digest}"

    @property
    def names(self) -> tuple[str, ...]:
        """The raters in the order of every array."""
        return tuple(rater.name for rater in self.raters)

    @property
    def columns(self) -> tuple[str, ...]:
        """The raters in the order of a table's columns: including those that do not count by themselves."""
        return tuple(sorted((*self.names, *self.constants, *(copy.name for copy in self.copies))))

    def column(self, field: str) -> Floats:
        """One number per rater as an array."""
        return np.array([getattr(rater, field) for rater in self.raters], dtype=np.float64)

    @property
    def sampling(self) -> Sampling:
        """How few votes affect every rater's values."""
        return Sampling(
            deviation=self.column("deviation"),
            usual=self.column("votes"),
            friends=self.column("friends"),
            crowd=self.column("crowd"),
            share=np.array([rater.share for rater in self.raters], dtype=np.bool_),
        )

    def to_json(self) -> bytes:
        """The model as JSON, the same bytes for the same model."""
        return msgspec.json.format(
            msgspec.json.encode({"version": self.version, "model": self}, order="sorted")
        )


class _File(msgspec.Struct):
    version: str
    model: RatingModel


def from_json(text: bytes) -> RatingModel:
    """Read a model back; raises StoreError when it was altered or is not a rating model."""
    try:
        file = msgspec.json.decode(text, type=_File)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"this is not a rating model ({plain(error)})", "rating model", "fit it again"
        ) from error
    if file.version != file.model.version:
        raise StoreError(
            f"its content is {file.model.version} but it says {file.version}", "rating model", "fit it again"
        )
    return file.model
