"""Titles and names of other scripts in Latin letters, as people type them and as catalogues list them.

Each function maps strings to strings deterministically: for bulk data, call it once per distinct value.
Chinese is read as Mandarin (pinyin), Japanese by its readings (Hepburn, long vowels short), Korean by Revised
Romanization, everything else letter by letter. The caller folds the result as it folds any title.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from typing import Any

_HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_KANA = "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_HANGUL = "\uac00-\ud7a3"
#: What a text of another script than Latin holds, as RE2 and Python read it.
OTHER_SCRIPT = r"[\x{0370}-\x{1dff}\x{1f00}-\x{1fff}\x{2c00}-\x{2c5f}\x{2d00}-\x{10ffff}]"
_OTHER = re.compile("[\u0370-\u1dff\u1f00-\u1fff\u2c00-\u2c5f\u2d00-\U0003ffff]")
_JAPANESE = re.compile(f"[{_KANA}]")
_CHINESE = re.compile(f"[{_HAN}]")
#: Scripts written without blanks, or with few: a part of a title may begin in the middle of a word.
UNSPACED = f"{_HAN}{_KANA}{_HANGUL}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
_RUNS = re.compile(f"[{_HAN}]+|[{_HANGUL}]+|[^{_HAN}{_HANGUL}]+")
_CONSONANTAL = re.compile("[\u0590-\u07bf\ufb1d-\ufdff\ufe70-\ufeff]")


def romanise(value: str, language: str | None = None) -> tuple[str, ...]:
    """Return how a text of another script is written in Latin letters, the likeliest way first; () for Latin text.

    `language` is the text's (ISO 639-1) where that is known: Chinese characters alone may be Chinese or Japanese, and
    without it they are read both ways.
    """
    if not _OTHER.search(value):
        return ()
    text = unicodedata.normalize("NFKC", value)
    if language == "ja" or _JAPANESE.search(text):
        ways = [_japanese(text)]
    else:
        ways = [_by_runs(text), _by_runs(text, linked=True)]
        if "ё" in text or "Ё" in text:
            ways.append(_by_runs(text.replace("ё", "йо").replace("Ё", "Йо")))
        if language is None and _CHINESE.search(text):
            ways.append(_japanese(text, known=False))
    return tuple(dict.fromkeys(" ".join(way.split()) for way in ways if way.strip()))


def simplify(value: str) -> str:
    """Write Chinese characters in their simplified forms, traditional and Japanese ones alike: 龍 and 竜 become 龙."""
    return _CHINESE.sub(lambda found: _simplified(found[0]), value)


def skeleton(value: str) -> str:
    """Return the consonants of a text, near ones made one: Arabic and Hebrew write few vowels.

    "Al-Risâlah" and "الرسالة" both become "lrsl". "" where fewer than four are left: too many texts share them.
    """
    text = unicodedata.normalize("NFKD", _anyascii(_VAV.sub("w", value)) if is_consonantal(value) else value)
    text = re.sub("[^a-z]", "", text.lower())
    for pattern, new in _NEAR:
        text = re.sub(pattern, new, text)
    return text if len(text) >= 4 else ""


def is_consonantal(value: str) -> bool:
    """Return whether a text has letters of a script that writes few vowels, such as Arabic or Hebrew."""
    return bool(_CONSONANTAL.search(value))


_NEAR = (("ts|sh", "s"), ("ph", "f"), ("[cqk]h?", "k"), ("[vb]", "b"), ("p", "f"), ("[aeiouywh]", ""), (r"(.)\1+", r"\1"))  # fmt: skip
#: The Hebrew letter vav inside a word is mostly a vowel, and one that opens it a consonant.
_VAV = re.compile(r"(?<=\w)ו")


def _by_runs(text: str, linked: bool = False) -> str:
    """Romanise each run of one script; `linked` writes Korean as it is spoken where a syllable ends in ㄹ."""
    return " ".join(_run(found[0], linked) for found in _RUNS.finditer(text))


def _run(run: str, linked: bool) -> str:
    if _CHINESE.match(run):
        return " ".join(_pinyin(run))
    if "\uac00" <= run[0] <= "\ud7a3":
        return _korean(run, linked)
    return _anyascii(run)


def _korean(run: str, linked: bool) -> str:
    """Write syllables by Revised Romanization: a final g, d or b before a consonant is k, t or p; ㄹ between vowels is r."""
    written = ""
    final = 0
    for place, letter in enumerate(run):
        code = ord(letter) - 0xAC00
        first, before, final = code // 588, final, code % 28
        syllable = _anyascii(letter).lower()
        if first == _R and before != _L and syllable[0] == "l":
            syllable = "r" + syllable[1:]
        opens = place + 1 < len(run) and (ord(run[place + 1]) - 0xAC00) // 588 == _SILENT
        if not opens and final and not syllable.endswith("ng"):
            syllable = syllable[:-1] + _FINAL.get(syllable[-1], syllable[-1])
        if linked and opens and final == _L:
            syllable = syllable[:-1] + "r"
        written += syllable
    return written


#: Places of ㄹ and of the silent ㅇ among the initials, and of ㄹ among the finals, in Unicode's order.
_R, _SILENT, _L = 5, 11, 8
_FINAL = {"g": "k", "d": "t", "b": "p", "j": "t", "s": "t"}

#: Parts of speech that are written to the word before: suffixes and counters, endings of verbs.
_JOINED = {"接尾辞", "助動詞"}
_PARTICLES = {"ハ": "wa", "ヘ": "e", "ヲ": "o"}


#: The tokenizer refuses a thread while it works for another.
_ONE_AT_A_TIME = threading.Lock()


def _japanese(text: str, known: bool = True) -> str:
    """Write words by their readings; "" for what is not `known` to be Japanese and has a word without one."""
    words: list[str] = []
    with _ONE_AT_A_TIME:
        read = list(_tokenizer().tokenize(text))
    for word in read:
        kind, finer = word.part_of_speech()[:2]
        if kind == "空白" or not word.surface().strip():
            continue
        reading = word.reading_form()
        if kind == "助詞" and reading in _PARTICLES:
            latin = _PARTICLES[reading]
        elif _JAPANESE.search(reading):
            latin = _hepburn(reading, kind != "動詞")
        else:
            latin = _anyascii(word.surface())
            if not known and _CHINESE.search(word.surface()):
                return ""
        if words and (kind in _JOINED or finer == "接続助詞"):
            words[-1] += latin
        else:
            words.append(latin)
    return " ".join(words)


_LONG = (("o[uo]", "o"), ("uu", "u"))
_SMALL_VOWELS = dict(zip("ァィゥェォ", "aiueo", strict=True))
_GLIDES = dict(zip("ャュョ", "auo", strict=True))
_MORAE = {
    **dict(zip("アイウエオカキクケコサシスセソタチツテト", ["a", "i", "u", "e", "o", "ka", "ki", "ku", "ke", "ko", "sa", "shi", "su", "se", "so", "ta", "chi", "tsu", "te", "to"], strict=True)),
    **dict(zip("ナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ", ["na", "ni", "nu", "ne", "no", "ha", "hi", "fu", "he", "ho", "ma", "mi", "mu", "me", "mo", "ya", "yu", "yo", "ra", "ri", "ru", "re", "ro", "wa"], strict=True)),
    **dict(zip("ガギグゲゴザジズゼゾダヂヅデドバビブベボパピプペポ", ["ga", "gi", "gu", "ge", "go", "za", "ji", "zu", "ze", "zo", "da", "ji", "zu", "de", "do", "ba", "bi", "bu", "be", "bo", "pa", "pi", "pu", "pe", "po"], strict=True)),
    "ヲ": "o", "ン": "n", "ヴ": "vu", "ヰ": "i", "ヱ": "e",
}  # fmt: skip


def _hepburn(katakana: str, short: bool) -> str:
    """Write katakana in Hepburn's way; with `short`, long vowels as short ones, as lists of films do."""
    latin, doubled = "", False
    for letter in katakana:
        if letter in _GLIDES and latin.endswith("i"):
            latin = (
                latin[:-1]
                + ("" if latin[-3:-1] in ("sh", "ch") or latin[-2] == "j" else "y")
                + _GLIDES[letter]
            )
        elif letter in _SMALL_VOWELS and latin:
            stem = "w" if latin[-2:] in ("u", " u") or latin == "u" else latin[:-1]
            latin = (latin[:-1] + "w" if stem == "w" else stem) + _SMALL_VOWELS[letter]
        elif letter == "ッ":
            doubled = True
            continue
        elif letter != "ー":
            mora = _MORAE.get(letter, "")
            latin += ("t" if mora.startswith("ch") else mora[:1]) + mora if doubled else mora
        doubled = False
    for pattern, new in _LONG if short else ():
        latin = re.sub(pattern, new, latin)
    return latin


def _anyascii(text: str) -> str:
    from anyascii import anyascii

    return str(anyascii(text))


def _pinyin(text: str) -> list[str]:
    from pypinyin import lazy_pinyin

    # Its phrases are simplified ones: 重慶 is Chong qing, and by itself 重 is zhong.
    return list(lazy_pinyin(simplify(text), v_to_u=True))


@cache
def _simplified(letter: str) -> str:
    """Simplify one character: by itself, so that a part of a title is simplified as the whole is."""
    from_japanese, from_traditional = _converters()
    return str(from_traditional.convert(from_japanese.convert(letter)))


@cache
def _converters() -> tuple[Any, Any]:
    from opencc import OpenCC

    return OpenCC("jp2t"), OpenCC("t2s")


@cache
def _tokenizer() -> Any:
    from sudachipy import Dictionary

    return Dictionary(dict="small").tokenizer()
