"""The words of made-up titles and names, from words.toml. Nouns and syllables stand in parallel in several languages."""

from __future__ import annotations

from importlib import resources
from typing import Any

import msgspec

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
