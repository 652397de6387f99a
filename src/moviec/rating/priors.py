"""What is known of raters beforehand: their panel, level and spread, from `raters.toml`. Returns one prior each."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Literal

import msgspec

from moviec.decoding import decodable

Panel = Literal["critics", "audience"]
PANELS: tuple[Panel, Panel] = ("critics", "audience")


class Prior(msgspec.Struct, frozen=True):
    """One rater before a table is seen: points 0-100; `known` is false where only the name was to go by.

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
    """What holds for any rater: points 0-100, `films` the pseudo-films it is worth, and the two correlations."""

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
    """Return what is known of the rater; a panel given in the table overrules the one known or guessed.

    `hundred`: its scale is 0 to 100, or 0 to 1. On any other a rater known for a share gives a mean.
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
