"""Words and titles folded one by one, as `moviec.text` folds columns: a test holds the two against each other."""

from __future__ import annotations

import html
import re
import unicodedata

from moviec import spelling

_SPELLED = tuple((re.compile(pattern), new) for pattern, new in spelling.SPELLED)
_ENTITY = re.compile("&(#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_ARTICLE = re.compile(rf"(?i)^(?:(?:{spelling.ARTICLES}) +|l['’])(.)", re.DOTALL | re.ASCII)
_INVERTED = re.compile(rf"(?i)^(.+), *({spelling.INVERTED}) *\Z", re.ASCII)
PART_WORDS = re.compile(rf"(?:{spelling.PARTS})")
_SHORT = re.compile(rf"\b(?:{'|'.join(spelling.SHORT)})\b", re.ASCII)
_COUNTED = re.compile(rf"\b({spelling.PARTS}) ({'|'.join(spelling.WORDS)})\b", re.ASCII)
_ROMAN = re.compile(rf"\b(?:{'|'.join(spelling.ROMAN)})\b", re.ASCII)
_FIVE_TEN = {"v": "5", "x": "10"}
_OF_PART = re.compile(r"([^ ]) ([vVxX]):")
_HALF = re.compile(r"([0-9])\.5\b", re.ASCII)
_LAST = re.compile(r"([^ ]) ([vx])$")
_AGAINST = re.compile(r"([^ ]) v ([^ ])")
_COUNT = re.compile(rf"\b(?:{spelling.COUNTED})\b", re.ASCII)


def fold(value: str) -> str:
    """Fold words as `moviec.text.fold` does."""
    if _ENTITY.search(value):
        value = html.unescape(html.unescape(value))
    if not value.isascii():
        value = _plain_letters(value)
    value = _lower(value).replace("&", " and ")
    value = re.sub(r"\$([a-z])", r"s\1", value).replace("'", "").replace("`", "")
    return " ".join("".join(letter if _kept(letter) else " " for letter in value).split())


def fold_title(value: str) -> str:
    """Fold a title as `moviec.text.fold_title` does: no article, numerals as digits."""
    if "," in value:
        value = re.sub(r"^([lL]['’]) ", r"\1", _INVERTED.sub(r"\2 \1", value))
    if not (value.startswith("LA ") and any(unicodedata.category(letter) == "Ll" for letter in value)):
        value = _ARTICLE.sub(r"\1", value)
    value = spelling.join_initials(value)
    value = _OF_PART.sub(lambda found: f"{found[1]} {_FIVE_TEN[found[2].lower()]}:", value)
    return fold_numerals(fold(_HALF.sub(r"\1½", value)))


def fold_numerals(folded: str) -> str:
    """Write numerals and number words of folded words as digits, and the usual short forms in full."""
    folded = _SHORT.sub(lambda found: spelling.SHORT[found[0]], folded)
    folded = _COUNTED.sub(lambda found: f"{found[1]} {spelling.WORDS[found[2]]}", folded)
    folded = _ROMAN.sub(lambda found: spelling.ROMAN[found[0]], folded)
    folded = _LAST.sub(lambda found: f"{found[1]} {_FIVE_TEN[found[2]]}", folded)
    folded = _AGAINST.sub(r"\1 versus \2", folded)
    return spelling.count_words(folded) if _COUNT.search(folded) else folded


def _plain_letters(value: str) -> str:
    value = re.sub("([²³½⅓¼¾])", r" \1", value)
    value = _lower(unicodedata.normalize("NFKD", value))
    value = re.sub("[\u0300-\u036f]", "", value)
    for pattern, new in _SPELLED:
        value = pattern.sub(new, value)
    return unicodedata.normalize("NFKC", value)


def _lower(value: str) -> str:
    """Lower letter by letter, as Arrow does: Python writes the last sigma of a word in another way."""
    return value.replace("Σ", "σ").lower()


def _kept(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] in "LMN"
