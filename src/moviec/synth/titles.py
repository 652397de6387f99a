"""Made-up titles, and names of people, places and companies: each follows from the numbers drawn for it."""

from __future__ import annotations

from collections.abc import Sequence

from moviec.synth import words

#: Titles are drawn with this many numbers below BOUND.
DRAWN = 6
BOUND = 1 << 20


def english_title(numbers: Sequence[int]) -> str:
    """Make an English title from DRAWN numbers: a pattern and what fills it."""
    pattern, a, b, c, d, _ = numbers
    adjective = words.ADJECTIVES[a % len(words.ADJECTIVES)]
    noun, other = (words.ENGLISH_NOUNS[n % len(words.ENGLISH_NOUNS)] for n in (b, c))
    place, name = place_name(c * BOUND + d)[0], words.FIRST_NAMES[d % len(words.FIRST_NAMES)]
    patterns = (
        f"The {adjective} {noun} of {place}",
        f"{place}: The {adjective} {noun}",
        f"{name} and the {adjective} {noun}",
        f"The {adjective} {noun} and the {other}",
        f"{name}'s {adjective} {noun}",
        f"{'An' if noun[0] in 'AEIOU' else 'A'} {noun} for {name} & {words.FIRST_NAMES[a % len(words.FIRST_NAMES)]}",
        f"{adjective} {noun} in {place}",
        f"The {noun} of {place}",
        f"The {adjective} {noun}",
        f"{noun}",
    )
    # One word in a thousand titles, adjective and noun in one of fifty: so some films share a title, as they do.
    return patterns[9 if pattern % 1000 == 0 else 8 if pattern % 50 == 0 else pattern % 8]


def foreign_titles(language: str, numbers: Sequence[int]) -> tuple[str, str]:
    """Make an English title and the original one it translates, from DRAWN numbers."""
    pattern, a, b, c, d, e = numbers
    at = words.LANGUAGES.index(language)
    one, other = words.NOUNS[a % len(words.NOUNS)], words.NOUNS[b % len(words.NOUNS)]
    place = place_name(c * BOUND + d)
    if language == "ja":
        named = (place[1] + words.OF[at] + one[at], f"{one[0]} of {place[0]}")
    elif pattern % 4:
        person = person_name(d * BOUND + e)
        named = (f"{one[at]} {words.OF[at]} {person}", f"{one[0]} of {person}")
    else:
        named = (f"{one[at]} {words.OF[at]} {place[0]}", f"{one[0]} of {place[0]}")
    if pattern % 20 == 0:
        gap = "" if language == "ja" else " "
        named = (
            f"{one[at]}{gap}{words.AND[at]}{gap}{_within(other[at])}",
            f"{one[0]} {words.AND[0]} {_within(other[0])}",
        )
    return named[1], named[0]


def _within(noun: str) -> str:
    """Write a noun's article small, as inside a title."""
    return noun[0].lower() + noun[1:]


def place_name(number: int) -> tuple[str, str]:
    """Make a place's name, and the same in kana."""
    number, head = divmod(number, len(words.PLACE_HEADS))
    (first, kana), (last, more) = (
        words.PLACE_HEADS[head],
        words.PLACE_TAILS[number % len(words.PLACE_TAILS)],
    )
    return first + last, kana + more


def person_name(number: int) -> str:
    """Make a person's name; of eight people one has a middle initial."""
    number = number * 2_654_435_761 % (1 << 40)
    number, first = divmod(number, len(words.FIRST_NAMES))
    number, head = divmod(number, len(words.NAME_HEADS))
    number, tail = divmod(number, len(words.NAME_TAILS))
    initial = f" {chr(65 + number // 8 % 26)}." if number % 8 == 0 else ""
    return f"{words.FIRST_NAMES[first]}{initial} {words.NAME_HEADS[head]}{words.NAME_TAILS[tail]}"


def character_name(number: int) -> str:
    """Make the name of somebody in a film."""
    return words.FIRST_NAMES[number % len(words.FIRST_NAMES)]


def company_name(number: int) -> str:
    """Make a company's name."""
    number = number * 2_654_435_761 % (1 << 40)
    number, tail = divmod(number, len(words.COMPANY_TAILS))
    number, adjective = divmod(number, len(words.ADJECTIVES))
    noun = words.ENGLISH_NOUNS[number % len(words.ENGLISH_NOUNS)]
    return f"{words.ADJECTIVES[adjective]} {noun} {words.COMPANY_TAILS[tail]}"


def slug(title: str) -> str:
    """Make what a title is in an address: "the_silent_river"; "film" where nothing of it can stand there."""
    kept = "".join(c if c.isascii() and c.isalnum() else "_" for c in title.lower().replace("'", ""))
    return "_".join(part for part in kept.split("_") if part) or "film"
