"""Made-up wording, each from numbers drawn for it: titles, names of people, places and companies, overviews and keywords."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from importlib import resources
from typing import Any

import msgspec

from moviec.synth.provider import Chance

_TEXT = resources.files("moviec.synth").joinpath("words.toml").read_text("utf-8")
_WORDS: dict[str, Any] = msgspec.toml.decode(_TEXT)

ADJECTIVES: tuple[str, ...] = tuple(_WORDS["adjectives"].split())
ENGLISH_NOUNS: tuple[str, ...] = tuple(_WORDS["english_nouns"].split())
FIRST_NAMES: tuple[str, ...] = tuple(_WORDS["first_names"].split())
NAME_HEADS: tuple[str, ...] = tuple(_WORDS["name_heads"].split())
NAME_TAILS: tuple[str, ...] = tuple(_WORDS["name_tails"].split())
#: One thing a row, in each of LANGUAGES.
NOUNS: tuple[tuple[str, ...], ...] = tuple(map(tuple, _WORDS["nouns"]))
#: Halves of place names, each with its kana.
PLACE_HEADS: tuple[tuple[str, ...], ...] = tuple(map(tuple, _WORDS["place_heads"]))
PLACE_TAILS: tuple[tuple[str, ...], ...] = tuple(map(tuple, _WORDS["place_tails"]))

LANGUAGES = ("en", "fr", "de", "es", "it", "ja")
AND = ("and", "et", "und", "y", "e", "と")
OF = ("of", "de", "von", "de", "di", "の")
COMPANY_TAILS = (
    "Pictures",
    "Films",
    "Productions",
    "Studios",
    "Entertainment",
    "Film",
    "Media",
    "& Sons Cinema",
)


#: Titles are drawn with this many numbers below BOUND.
DRAWN = 6
BOUND = 1 << 20


_TITLES = (
    "The {adjective} {noun} of {place}",
    "{place}: The {adjective} {noun}",
    "{name} and the {adjective} {noun}",
    "The {adjective} {noun} and the {other}",
    "{name}'s {adjective} {noun}",
    "{a} {noun} for {name} & {second}",
    "{adjective} {noun} in {place}",
    "The {noun} of {place}",
)


def english_title(numbers: Sequence[int]) -> str:
    """Make an English title from DRAWN numbers: a pattern and what fills it."""
    pattern, a, b, c, d, _ = numbers
    adjective, noun = ADJECTIVES[a % len(ADJECTIVES)], ENGLISH_NOUNS[b % len(ENGLISH_NOUNS)]
    # One word in a thousand titles, adjective and noun in one of fifty: so some films share a title, as they do.
    if pattern % 1000 == 0:
        return noun
    if pattern % 50 == 0:
        return f"The {adjective} {noun}"
    return _TITLES[pattern % len(_TITLES)].format(
        a="An" if noun[0] in "AEIOU" else "A",
        adjective=adjective,
        noun=noun,
        other=ENGLISH_NOUNS[c % len(ENGLISH_NOUNS)],
        place=place_name(c * BOUND + d)[0],
        name=FIRST_NAMES[d % len(FIRST_NAMES)],
        second=FIRST_NAMES[a % len(FIRST_NAMES)],
    )


def foreign_titles(language: str, numbers: Sequence[int]) -> tuple[str, str]:
    """Make an English title and the original one it translates, from DRAWN numbers."""
    pattern, a, b, c, d, e = numbers
    at = LANGUAGES.index(language)
    one, other = NOUNS[a % len(NOUNS)], NOUNS[b % len(NOUNS)]
    place = place_name(c * BOUND + d)
    if language == "ja":
        named = (place[1] + OF[at] + one[at], f"{one[0]} of {place[0]}")
    elif pattern % 4:
        person = person_name(d * BOUND + e)
        named = (f"{one[at]} {OF[at]} {person}", f"{one[0]} of {person}")
    else:
        named = (f"{one[at]} {OF[at]} {place[0]}", f"{one[0]} of {place[0]}")
    if pattern % 20 == 0:
        gap = "" if language == "ja" else " "
        named = (
            f"{one[at]}{gap}{AND[at]}{gap}{_within(other[at])}",
            f"{one[0]} {AND[0]} {_within(other[0])}",
        )
    return named[1], named[0]


def _within(noun: str) -> str:
    """Write a noun's article small, as inside a title."""
    return noun[0].lower() + noun[1:]


def place_name(number: int) -> tuple[str, str]:
    """Make a place's name, and the same in kana."""
    number, head = divmod(number, len(PLACE_HEADS))
    (first, kana), (last, more) = (
        PLACE_HEADS[head],
        PLACE_TAILS[number % len(PLACE_TAILS)],
    )
    return first + last, kana + more


@lru_cache(1 << 16)
def person_name(number: int) -> str:
    """Make a person's name; of eight people one has a middle initial."""
    number = number * 2_654_435_761 % (1 << 40)
    number, first = divmod(number, len(FIRST_NAMES))
    number, head = divmod(number, len(NAME_HEADS))
    number, tail = divmod(number, len(NAME_TAILS))
    initial = f" {chr(65 + number // 8 % 26)}." if number % 8 == 0 else ""
    return f"{FIRST_NAMES[first]}{initial} {NAME_HEADS[head]}{NAME_TAILS[tail]}"


def character_name(number: int) -> str:
    """Make the name of somebody in a film."""
    return FIRST_NAMES[number % len(FIRST_NAMES)]


@lru_cache(1 << 16)
def company_name(number: int) -> str:
    """Make a company's name."""
    number = number * 2_654_435_761 % (1 << 40)
    number, tail = divmod(number, len(COMPANY_TAILS))
    number, adjective = divmod(number, len(ADJECTIVES))
    noun = ENGLISH_NOUNS[number % len(ENGLISH_NOUNS)]
    return f"{ADJECTIVES[adjective]} {noun} {COMPANY_TAILS[tail]}"


_SLUG_WORDS = re.compile("[a-z0-9]+").findall


def slug(title: str) -> str:
    """Make what a title is in an address: "the_silent_river"; "film" where nothing of it can stand there."""
    return "_".join(_SLUG_WORDS(title.lower().replace("'", ""))) or "film"


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
    pick = chance.pick
    return f"The {pick(_WHO)} of the {pick(_OF)} {pick(_DOES)} a {pick(_WHAT)} {pick(_WHEN)}."


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
