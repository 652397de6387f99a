"""Folding: titles and names brought to one form, so that two spellings of the same words become equal.

Every function takes and returns Arrow arrays of strings (`fold_one` a single string), so one definition serves
bulk work, a single query and, registered as an Arrow function, SQL. Scripts other than Latin are kept.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute

from moviec.spelling import (
    ARTICLES,
    CITY,
    COUNTED,
    INITIALS,
    INVERTED,
    PARTS,
    ROMAN,
    SHORT,
    SPELLED,
    WORDS,
    count_words,
    join_initials,
)

#: An Arrow array, chunked or not, and the functions on it. The stubs tell the two apart where pyarrow does not, and lag behind it.
Column: TypeAlias = Any
pc: Any = pyarrow.compute

_SIGNS = (("&", " and "), (r"\$([a-z])", r"s\1"))

_YEAR = "(?:18[7-9][0-9]|19[0-9]{2}|20[0-9]{2})"
#: What libraries say a title is on.
_MEDIUM = "(?:video ?recording|videodis[ck]|dvd(?:[- ]video)?|blu[- ]?ray(?: dis[ck])?|vhs|motion picture|enregistrement vid[ée]o|bildtontr[äa]ger)"
_NOTE = "(?:/[ivx]+)?(?:[-–][0-9]{0,4})?(?: [a-z ]*(?:film|movie|short|video))?"


def plain(values: Column) -> Column:
    """Resolve HTML entities (`&amp;`, `&#39;`); write every kind of space as a plain one."""

    def resolved(some: Column) -> Column:
        return pa.array([html.unescape(html.unescape(text)) for text in some.to_pylist()], pa.string())

    text = _some(values, "&(#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z]+);", resolved)
    return _some(text, r"[^\PZ ]", lambda some: _each(some, ((r"\pZ", " "),)))


#: How a cell begins that a spreadsheet would run as a formula (a sign before a number is none), and what it is written as.
FORMULA, UNRUN = r"^([=@\t\r]|[+-][^0-9.,])", r"'\1"


def no_formula(cell: object) -> object:
    """Return a cell of a CSV file that people open: a text that a spreadsheet would take for a formula begins with '."""
    return re.sub(FORMULA, UNRUN, cell) if isinstance(cell, str) else cell


def fold(values: Column) -> Column:
    """Bring words to one form: lower case, no accents or punctuation, `&` as "and".

    "Léon & Co." becomes "leon and co". Null stays null; text without a letter or digit becomes "".
    """
    text = _some(plain(values), "[^\\x00-\\x7F]", _plain_letters)
    text = _some(pc.utf8_lower(text), "[&$]", lambda some: _each(some, _SIGNS))
    return pc.utf8_trim_whitespace(_each(text, (("['`]", ""), (r"[^\pL\pM\pN]+", " "))))


def fold_title(values: Column) -> Column:
    """Fold a title and drop its article: "The Godfather: Part II" becomes "godfather part 2"."""
    return fold_numerals(fold(_numeral_of_part(_initials(drop_article(turn_article(values))))))


def fold_numerals(values: Column) -> Column:
    """Write roman numerals and number words as digits; usual short forms in full.

    Input is folded words. A lone v or x is a numeral at the end only; a v between words is "versus".
    """
    text = _some(values, rf"\b(?:{'|'.join(SHORT)}|(?:{PARTS}) (?:{'|'.join(WORDS)})|[ivx]+)\b", _digits)
    return _some(text, rf"\b(?:{COUNTED})\b", _counted)


def turn_article(values: Column) -> Column:
    """Put an inverted article back in front: "Misérables, Les" becomes "Les Misérables"."""
    changes = ((rf"(?i)^(.+), *({INVERTED}) *$", r"\2 \1"), (r"^([lL]['’]) ", r"\1"))
    return _some(values, ",", lambda some: _each(some, changes))


def drop_article(values: Column) -> Column:
    """Drop the article that opens folded or unfolded words; a title that is nothing else stays.

    "LA Story" opens with a city.
    """
    city = _whole(pc.fill_null(pc.match_substring_regex(values, CITY), False))
    dropped = pc.replace_substring_regex(values, rf"(?is)^(?:(?:{ARTICLES}) +|l['’])(.)", r"\1")
    return pc.if_else(city, values, dropped) if pc.any(city).as_py() else dropped


def opening_article(values: Column) -> Column:
    """Return the article that opens each title, in lower case; "" where there is none."""
    found = pc.extract_regex(values, rf"(?i)^(?P<article>{ARTICLES}) +.|^(?P<elided>l)['’].")
    parts = (_whole(pc.struct_field(found, name)) for name in ("article", "elided"))
    return pc.utf8_lower(pc.fill_null(pc.binary_join_element_wise(*parts, ""), ""))


def compact(values: Column) -> Column:
    """Take the spaces out of folded words: "spider man" and "spiderman" become equal."""
    return pc.replace_substring(values, " ", "")


def fold_name(values: Column) -> Column:
    """Fold the name of a person: "Lynch, David" and "David Lynch (I)" become "david lynch"."""
    text = _each(
        values,
        (
            (r"\s*\([^()]*\)\s*$", ""),
            (r"(?i), *(jr|sr|ii|iii|iv)\.?\s*$", r" \1"),
            (r"^\s*([^,]+), *([^,]+)$", r"\2 \1"),
        ),
    )
    return fold(text)


def once_each(values: Column, change: Callable[[Column], Column]) -> Column:
    """Change values that repeat, such as the names of people, once for each distinct one."""
    encoded = _whole(pc.dictionary_encode(values))
    return pc.take(_whole(change(encoded.dictionary)), encoded.indices)


def title_year(values: Column) -> Column:
    """Read the year in brackets that ends a title ("Heat (1995)", "Emma (1996 TV film)", "M (1931) [DVD]"); int32, else null."""
    behind = rf"(?:(?:\([a-z]+\)|[(\[]{_MEDIUM}[)\]])\s*)?"
    found = pc.struct_field(
        pc.extract_regex(values, rf"(?i)[(\[](?P<year>{_YEAR}){_NOTE}[)\]]\s*{behind}$"), "year"
    )
    return pc.cast(_whole(found), pa.int32())


def bare_title(values: Column) -> Column:
    """Take off what catalogues add in brackets: the year, "film", "TV", "V", "videorecording"."""
    kind = r"(?:[a-z]+ )?(?:film|movie|tv|v|vg|short|tv movie|tv film|video)"
    note = rf"(?i)\s*[(\[](?:{_YEAR}{_NOTE}|{kind}|{_MEDIUM})[)\]]\s*$"
    bare = _some(plain(values), r"[\])]\s*$", lambda some: _each(some, ((note, ""), (note, ""))))
    return pc.if_else(pc.equal(pc.utf8_length(bare), 0), values, bare)


def alternatives(values: Column) -> Column:
    """Split a bare title into all it names: "Seven (a.k.a. Se7en)" into "Seven", "Se7en".

    Brackets at the end hold another title; brackets elsewhere belong to the title itself.
    """
    changes = (
        (r"(?i)\s*[(\[]?\b(?:a\.k\.a\.|aka|a/k/a|also known as)\s+", "\x1f"),
        (r"(.)\s*\(([^()]*)\)\s*\(([^()]*)\)\s*$", "\\1\x1f\\2\x1f\\3"),
        (r"(.)\s*\(([^()]*)\)\s*$", "\\1\x1f\\2"),
        (r"(\x1f[^()]*)\)", r"\1"),
        (r"\)?\s*\x1f\s*\(?", "\x1f"),
        (r"\x1f(?:\x1f)+", "\x1f"),
    )
    split = _some(values, r"(?i)\(|\ba[./]?k[./]?a\b|known as", lambda some: _each(some, changes))
    return _whole(pc.split_pattern(split, "\x1f"))


def split_subtitle(values: Column) -> tuple[Column, Column]:
    """Split titles at the first colon or dash into the parts before and after it; without one, after is null."""
    parts = pc.extract_regex(values, r"^(?P<head>.*?\S)(?:\s*:\s+|\s+[-–—]+\s+)(?P<tail>\S.*)$")
    head = pc.coalesce(_whole(pc.struct_field(parts, "head")), _whole(values))
    return head, _whole(pc.struct_field(parts, "tail"))


def letters_for_digits(folded: Column) -> Column:
    """Read digits that stand for letters inside words of folded text: "se7en" becomes "seven", "s1m0ne" "simone"."""
    return _some(folded, r"\p{L}[013457]\p{L}", lambda some: _each(_each(some, _LEET), _LEET))


def numbers(folded: Column) -> Column:
    """Keep only the words of folded text that are numbers: "ocean 12 part 2" becomes "12 2"."""
    digits = _each(folded, ((r"[^ ]*[^0-9 ][^ ]*", ""), (" +", " ")))
    return pc.utf8_trim_whitespace(digits)


#: Twice, since the letter after one digit may be the one before the next.
_LEET = [
    (rf"(\p{{L}}){digit}(\p{{L}})", rf"\1{letter}\2")
    for digit, letter in zip("013457", "oieasv", strict=True)
]


def fold_one(text: str) -> str:
    """Fold a single string."""
    return str(fold(pa.array([text], pa.string()))[0].as_py())


def _plain_letters(values: Column) -> Column:
    """Take accents off and spell out what Unicode does not decompose; in kana a mark makes another letter."""
    text = pc.replace_substring_regex(values, "([²³½⅓¼¾])", r" \1")
    text = pc.utf8_lower(pc.utf8_normalize(text, "NFKD"))
    return pc.utf8_normalize(_each(text, (("[\\x{0300}-\\x{036f}]", ""), *SPELLED)), "NFKC")


def _digits(values: Column) -> Column:
    text = _each(values, ((rf"\b{short}\b", word) for short, word in SHORT.items()))
    text = _each(text, ((rf"\b({PARTS}) {word}\b", rf"\1 {digit}") for word, digit in WORDS.items()))
    text = _each(text, ((rf"\b{roman}\b", digit) for roman, digit in ROMAN.items()))
    text = _each(text, ((r"([^ ]) v$", r"\1 5"), (r"([^ ]) x$", r"\1 10")))
    return _each(text, ((r"([^ ]) v ([^ ])", r"\1 versus \2"),))


def _initials(values: Column) -> Column:
    def joined(some: Column) -> Column:
        return pa.array([join_initials(title) for title in some.to_pylist()], pa.string())

    return _some(values, INITIALS, joined)


def _numeral_of_part(values: Column) -> Column:
    """Write a lone V or X before a colon as digits, and a half as one, while there are signs: "Star Trek V: …", "8.5"."""
    changes = ((r"([^ ]) [vV]:", r"\1 5:"), (r"([^ ]) [xX]:", r"\1 10:"), (r"([0-9])\.5\b", r"\1½"))
    return _some(values, r" [vVxX]:|[0-9]\.5\b", lambda some: _each(some, changes))


def _counted(values: Column) -> Column:
    return pa.array([count_words(folded) for folded in values.to_pylist()], pa.string())


def _some(values: Column, pattern: str, change: Callable[[Column], Column]) -> Column:
    """Change only the values that hold the pattern: most titles need few of the changes."""
    holds = _whole(pc.fill_null(pc.match_substring_regex(values, pattern), False))
    if not pc.any(holds).as_py():
        return values
    whole = _whole(values)
    return pc.replace_with_mask(whole, holds, _whole(change(whole.filter(holds))))


def _each(values: Column, changes: Iterable[tuple[str, str]]) -> Column:
    for pattern, new in changes:
        values = pc.replace_substring_regex(values, pattern, new)
    return values


def _whole(values: Column) -> Column:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
