"""Neutral made-up prose: overviews, taglines and keywords that say nothing of anybody's film."""

from __future__ import annotations

from moviec.synth.chance import Chance

_WHO = ("keeper", "baker", "pilot", "teacher", "clerk", "gardener", "sailor", "painter", "nurse", "guide")
_OF = (
    "harbour",
    "valley",
    "station",
    "island",
    "old mill",
    "library",
    "northern town",
    "observatory",
    "market",
)
_DOES = ("finds", "repairs", "loses", "inherits", "hides", "returns", "copies", "buys", "forgets", "defends")
_WHAT = (
    "letter",
    "map",
    "clock",
    "key",
    "photograph",
    "violin",
    "debt",
    "garden",
    "boat",
    "recipe",
    "promise",
)
_WHEN = (
    "one winter",
    "on a Sunday",
    "after the flood",
    "before the fair",
    "in a single night",
    "years later",
)
KEYWORDS = ("friendship", "harbour", "winter", "letter", "journey", "sister", "small town", "clock", "sea", "debt",
            "night train", "island", "garden", "promise", "based on children's book", "new neighbour")  # fmt: skip


def sentence(chance: Chance) -> str:
    """Make one sentence without commas or quotes."""
    who, place, does, what, when = (chance.pick(words) for words in (_WHO, _OF, _DOES, _WHAT, _WHEN))
    return f"The {who} of the {place} {does} a {what} {when}."


def overview(chance: Chance) -> str:
    """Make an overview of one to three sentences; some quote a word, some have a comma."""
    text = " ".join(sentence(chance) for _ in range(1 + chance.below(3)))
    if chance.happens(0.2):
        text += f' They call it "the {chance.pick(_WHAT)}", and nobody asks.'
    return text


def long_overview(chance: Chance) -> str:
    """Make an overview of several lines with quotes and commas."""
    first, second, third = (sentence(chance) for _ in range(3))
    return f'{first}\n"{second}"\n\nSo it begins, and ""so it ends"": {third}'


def tagline(chance: Chance) -> str:
    """Make a tagline."""
    return f"Every {chance.pick(_WHAT)} has a {chance.pick(_WHO)}."


def keywords(chance: Chance) -> list[int]:
    """Draw the places of one to four keywords in KEYWORDS, each once."""
    return sorted({chance.below(len(KEYWORDS)) for _ in range(1 + chance.below(4))})
