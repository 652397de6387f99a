"""How the same title or name comes to be written differently: variants that people and databases really produce."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

from moviec.synth.chance import Chance

_ARTICLES = frozenset(
    ["The", "A", "An", "Le", "La", "Les", "El", "Los", "Las", "Il", "Der", "Die", "Das", "Den", "Det"]
)
_NUMERALS = {"2": "II", "3": "III", "4": "IV", "II": "2", "III": "3", "IV": "4"}


def without_accents(text: str) -> str:
    """Drop the marks above and below Latin letters: "Amélie" is "Amelie"; other scripts stay."""
    parts = unicodedata.normalize("NFD", text)
    bare = "".join(
        c for i, c in enumerate(parts) if not (unicodedata.combining(c) and parts[i - 1].isascii())
    )
    return unicodedata.normalize("NFC", bare)


def inverted(title: str) -> str:
    """File a title under its first word that counts: "Les Misérables" is "Misérables, Les"."""
    article, _, rest = title.partition(" ")
    return f"{rest}, {article}" if rest and article in _ARTICLES else title


def _other_numeral(title: str) -> str:
    head, _, last = title.rpartition(" ")
    return f"{head} {_NUMERALS[last]}" if head and last in _NUMERALS else title


def _without_article(title: str) -> str:
    article, _, rest = title.partition(" ")
    return rest if rest and article in _ARTICLES else title


def _other_and(title: str) -> str:
    return title.replace(" & ", " and ") if " & " in title else title.replace(" and ", " & ")


_VARIANTS: tuple[Callable[[str], str], ...] = (
    without_accents,
    _other_and,
    _other_numeral,
    _without_article,
    lambda title: title.replace(": ", " - "),
    lambda title: title.replace("'", "\u2019"),
)


def respelled(title: str, chance: Chance) -> str:
    """Write the title in another accepted way, where it has one."""
    variants = sorted({variant(title) for variant in _VARIANTS} - {title})
    return chance.pick(variants) if variants else title


def mistyped(text: str, chance: Chance) -> str:
    """Swap or drop a letter in the middle of the text; text under five letters is left alone."""
    if len(text) < 5:
        return text
    at = 1 + chance.below(len(text) - 3)
    if chance.happens(0.5):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :]


def renamed(name: str, chance: Chance) -> str:
    """Write a person's name another way: without accents, without the middle part, or with an initial."""
    if " " not in name:
        return without_accents(name)
    first, *middle, last = name.split()
    shorter = f"{first} {last}" if middle else f"{first[0]}. {last}"
    return chance.pick((without_accents(name), shorter))
