"""Detects which 8-bit or East Asian encoding a non-Unicode text has, from its words that are not ASCII.

A library (charset-normalizer) ranks the possible encodings. Lists of titles often have only a few such words, so what
comes first is how unusual these words would look: letters of two scripts in one word, capitals inside it, signs between
letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache

#: The encodings that lists of films come in, Western European ones first: in case of a tie, these are chosen.
CANDIDATES = (
    "cp1252", "cp1250", "cp1251", "cp932", "gb18030", "big5", "cp949", "euc_jp", "koi8_r", "cp1253", "cp1254",
)  # fmt: skip

#: Bytes of words that are examined: more do not improve the result.
LOOKED_AT = 20_000

#: Words may look unusual in the right encoding, too; one in which they look this much more unusual is excluded.
MARGIN = 0.02

_WORD = re.compile(rb"[A-Za-z'\x80-\xff]*[\x80-\xff][A-Za-z'@-~\x80-\xff]*")
_QUOTES = frozenset("’‘“”–—…«»„‚·•™®©°№€£¡¿½")

_V = "aeiouyáéíóúýäöüěůőűąę"
#: Letters that stand for the same bytes in Western and Central Europe, as Windows-1252 has them, where they are Western, and
#: where they are Czech, Polish, Hungarian or Romanian ("è" before a vowel is "č").
_WESTERN = re.compile(rf"[àåÀÅ]|è(?![{_V}])|ì$|ø(?![{_V}])|ù$|ò$|(?<=[aeou])ï|õe|ñ(?=[{_V}])|ã(?=[oe]|$)|æ(?=[^{_V}])|ê(?=.)|û(?=[trlm])|^þ", re.IGNORECASE)  # fmt: skip
_CENTRAL = re.compile(rf"è(?=[{_V}])|ì(?=.)|ø(?=[{_V}])|ù(?=.)|ò(?=.)|(?<![aeou])ï|õ(?!e)|ñ(?![{_V}])|ã(?=[^oe])|æ(?=[{_V}]|$)|ê$|û(?![trlm])|(?<=.)þ", re.IGNORECASE)  # fmt: skip
#: The same for Turkish: letters that otherwise only Icelandic and Czech have, without the others that these are full of.
_TURKISH, _ICELANDIC = re.compile("[ðýÝÞ]"), re.compile("[áóúíé]")


def encoding_of(lines: Iterable[bytes]) -> str:
    """Return the most likely encoding of lines, given that none of the non-ASCII ones is UTF-8."""
    words = b" ".join(_words(lines))
    scored = []
    for place, encoding in enumerate(CANDIDATES):
        try:
            text = words.decode(encoding, errors="latin1-rest" if encoding == "cp1252" else "strict")
        except UnicodeDecodeError:
            continue
        scored.append((_oddness(text), place, encoding))
    least = min(score for score, _, _ in scored)
    near = [encoding for score, _, encoding in sorted(scored) if score <= least + MARGIN]
    if "cp1252" in near:
        found = _european(words.decode("cp1252", errors="latin1-rest"))
        return found if found in near else "cp1252"
    return (
        next((one for one in _ordered(words, tuple(near)) if one in near), near[0]) if near[1:] else near[0]
    )


def _european(text: str) -> str:
    """Return which of the encodings of Western, Central Europe and Turkish the words, read as Windows-1252, are in."""
    words = text.split(" ")
    western, central = (sum(len(pattern.findall(word)) for word in words) for pattern in (_WESTERN, _CENTRAL))
    if _TURKISH.search(text) and not _ICELANDIC.search(text):
        return "cp1254"
    return "cp1250" if central > western else "cp1252"


def _words(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Return the different words that are not ASCII, up to LOOKED_AT bytes."""
    size, seen = 0, set()
    for line in lines:
        for word in _WORD.findall(line):
            if word not in seen:
                seen.add(word)
                size += len(word)
                yield word
        if size > LOOKED_AT:
            return


def _ordered(words: bytes, encodings: tuple[str, ...]) -> list[str]:
    from charset_normalizer import (
        from_bytes,
    )  # imported here, since few files need it and loading is slow

    return [match.encoding for match in from_bytes(words, cp_isolation=list(encodings))]


def _oddness(text: str) -> float:
    """Return how odd the words of a text look on average, from 0."""
    words = text.split(" ")
    return sum(map(_odd_word, words)) / max(1, len(words))


@lru_cache(maxsize=1 << 14)
def _script(letter: str) -> str:
    if letter.isascii():
        return "LATIN"
    name = unicodedata.name(letter, "")
    first = name.partition(" ")[0]
    return "KANA" if first in ("HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA") else first


def _odd_word(word: str) -> float:
    odd = 0.0
    letters = [letter for letter in word if letter.isalpha()]
    scripts = {_script(letter) for letter in letters}
    if {"KANA", "CJK"} >= scripts or not scripts - {"CJK", "FULLWIDTH"}:
        scripts = {"CJK"} if scripts else scripts
    odd += len(scripts) - 1 if len(scripts) > 1 else 0
    odd += 1.0 * any(_script(letter) == "HALFWIDTH" for letter in letters)
    for before, letter in zip(f" {word}", word, strict=False):
        if letter.isascii():
            odd += 0.3 * (letter.isupper() and before.islower() and not before.isascii())
            continue
        if letter.isupper() and before.islower():
            odd += 1
        kind = unicodedata.category(letter)
        if kind[0] in "CSZ" or (kind[0] == "N" and letter != "½"):
            odd += 1 if letter not in _QUOTES else 0.3 * before.isalpha()
        elif kind[0] == "P" and letter not in _QUOTES and not _wide(letter):
            odd += 0.5
    run = max((len(found) for found in re.findall(r"[\u00c0-\u024f]+", word)), default=0)
    odd += 1.0 * (run - 2) if run > 2 else 0
    return odd


def _wide(letter: str) -> bool:
    return unicodedata.east_asian_width(letter) in "WF"
