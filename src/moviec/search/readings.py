"""The possible meanings of a query's folded words: titles, genres, years, decades, ids."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from moviec import spelling
from moviec.catalog.finding import read_id
from moviec.catalog.references import Genre
from moviec.romanise import romanise

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
    """Convert numerals and number words in folded words to digits, and expand usual short forms."""
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
    """Lower letter by letter, as Arrow does: Python lowers the last sigma of a word differently."""
    return value.replace("Σ", "σ").lower()


def _kept(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] in "LMN"


#: The most words used of a query.
MOST_WORDS = 12

#: A year of two digits, which an apostrophe marks.
_SHORT_YEAR = re.compile(r"(?<![^\W\d_])['’‘]([0-9]{2})(?=\W*$)")
_YEAR = re.compile("(?:18[7-9]|19[0-9]|20[0-9])[0-9]")
_DECADE = re.compile("(18|19|20)?([0-9])0s")
_DECADES = {
    "twenties": "20s", "thirties": "30s", "forties": "40s", "fifties": "50s", "sixties": "60s", "seventies": "70s",
    "eighties": "80s", "nineties": "90s", "noughties": "00s",
}  # fmt: skip
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
]
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}
#: Short forms of words before a number, and ordinals in digits, with their usual form in titles; and the reverse.
_OTHERWISE = {"pt": "part", "ep": "episode", "ch": "chapter"}
for _place, _ordinal in enumerate(_ORDINALS, 1):
    _digits = f"{_place}{_ENDINGS.get(_place, 'th')}"
    _OTHERWISE |= {_digits: _ordinal, _ordinal: _digits}
_NUMBERS: dict[str, str] = {}
for _number, _word in enumerate(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
):
    _NUMBERS |= {str(_number): _word, _word: str(_number)}
#: Words that people add to a search: after a title, and around genres and years.
_BEHIND = {"movie", "movies", "film", "films", "trilogy", "saga", "series", "franchise", "collection"}
_AROUND = _BEHIND | {
    "the",
    "of",
    "from",
    "in",
    "best",
    "good",
    "great",
    "top",
    "rated",
    "highest",
    "a",
    "some",
    "and",
}
#: Words with genres and years that request the best rated films.
_BEST = {"best", "top", "highest"}
_IDS = (
    (re.compile(r"(?i)\b(tt[0-9]{5,12})\b"), r"\1"),
    (re.compile(r"(?i)themoviedb\.org/movie/([0-9]+)"), r"tmdb:\1"),
    (re.compile(r"(?i)rottentomatoes\.com/(m/[a-z0-9_-]+)"), r"rottentomatoes:\1"),
)
KnownTitle = Callable[[Sequence[str]], bool]


class Reading(msgspec.Struct, frozen=True):
    """One interpretation of a query: words to find, and filters from its other words (`years`: from and to).

    `near`: neighbouring years, as a source's year may differ from the typed one. `loose`: words not
    as typed but transliterated, or with numbers in another notation: they match whole words of titles only.
    """

    words: tuple[str, ...]
    years: tuple[int, int] | None = None
    genres: tuple[int, ...] = ()
    near: tuple[int, int] | None = None
    loose: bool = False


class GenreWords:
    """Genre names and aliases, folded, as they may occur inside a query."""

    def __init__(self, names: Mapping[str, int]) -> None:
        """Set names and aliases with the genre's id."""
        self._ids = {tuple(fold(name).split()): genre for name, genre in names.items()}
        self._longest = max(map(len, self._ids), default=0)

    @classmethod
    def of(cls, genres: Iterable[Genre]) -> GenreWords:
        """Set the catalogue's genres; if two share a name or alias, the name counts, then the first."""
        known = list(genres)
        names = {alias: genre.id for genre in reversed(known) for alias in genre.aliases}
        return cls({**names, **{genre.name: genre.id for genre in reversed(known)}})

    def split(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Separate words from genre names among them; the longest names count."""
        rest: list[str] = []
        genres: list[int] = []
        place = 0
        while place < len(words):
            for length in range(min(self._longest, len(words) - place), 0, -1):
                genre = self._id(tuple(words[place : place + length]))
                if genre is not None:
                    genres.append(genre)
                    place += length
                    break
            else:
                rest.append(words[place])
                place += 1
        return tuple(rest), tuple(genres)

    def named(self, text: str) -> int | None:
        """Return the genre of a name or an alias."""
        return self._ids.get(tuple(fold(text).split()))

    def _id(self, words: tuple[str, ...]) -> int | None:
        """Return the genre of folded words, also in the plural: comedies, westerns."""
        last = words[-1]
        for form in (last, last.removesuffix("s"), f"{last.removesuffix('ies')}y"):
            if (found := self._ids.get((*words[:-1], form))) is not None:
                return found
        return None


def readings(query: str, begun: bool, genres: GenreWords, known_title: KnownTitle) -> list[Reading]:
    """List the interpretations of a query: a year in it as a filter or as a word, genres as filters unless they are a
    title.

    `begun`: the last word may be incomplete: `dr` is a doctor, or the beginning of a dream.
    """
    words = tuple(fold_title(query).split()[:MOST_WORDS])
    meant = [Reading(words)]
    otherwise = tuple(_OTHERWISE.get(word, word) for word in words)
    for spelled in (otherwise, tuple(_NUMBERS.get(word, word) for word in words)):
        if spelled != words:
            meant.append(Reading(spelled, loose=True))
    if short := _SHORT_YEAR.search(query):
        meant += _with_years((*words[:-1], f"{19 if int(short[1]) > 29 else 20}{short[1]}"))
    if query.split()[0].casefold() == "la" and words[:1] != ("la",):  # an article, or Los Angeles
        meant.append(Reading(("la", *words)))
    last = fold(query.split()[-1])
    if begun and last not in words and fold_numerals(last) == "".join(words[-1:]):
        meant.append(Reading((*words[:-1], last)))
    if "and" in words[1:-1]:
        meant.append(Reading(tuple(word for word in words if word != "and")))
    spoken = [tuple(fold_title(way).split()[:MOST_WORDS]) for way in romanise(query)]
    meant += [Reading(way, loose=True) for way in spoken if way]
    if without_part := _without_part(otherwise):
        meant.append(Reading(without_part))
    meant += _with_years(words)
    found = [way for reading in meant for way in _with_genres(reading, genres, known_title)]
    return list(dict.fromkeys(found))


def asks_for_best(query: str, genres: GenreWords) -> bool:
    """Return whether a query is nothing but genres or years, with words that request the best rated: "best rated horror
    80s".
    """
    words = tuple(fold_title(query).split()[:MOST_WORDS])
    if not _BEST & set(words):
        return False
    meant = [Reading(words), *_with_years(words)]
    found = [way for reading in meant for way in _with_genres(reading, genres, lambda title: False)]
    return any(not way.words and (way.genres or way.years) for way in found)


def years_in(query: str) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Return the year or decade in a query, as years from and to, and the other words."""
    words = tuple(fold_title(query).split()[:MOST_WORDS])
    found = _with_years(words)
    return (found[0].years, found[0].words) if found else (None, words)


def _with_years(words: tuple[str, ...]) -> list[Reading]:
    """Read the last year, or the last decade, as a filter."""
    for place in range(len(words) - 1, -1, -1):
        rest = words[:place] + words[place + 1 :]
        if _YEAR.fullmatch(words[place]):
            year = int(words[place])
            return [Reading(rest, (year, year), near=(year - 1, year + 1))]
        if found := _DECADE.fullmatch(_DECADES.get(words[place], words[place])):
            centuries = [found[1]] if found[1] else ["19", "20"] if found[2] in "012" else ["19"]
            begins = [int(f"{century}{found[2]}0") for century in centuries]
            return [Reading(rest, (first, first + 9)) for first in begins]
    return []


def _without_part(words: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out "part", "chapter" or the like before a number; () without any."""
    for place in range(1, len(words) - 1):
        if PART_WORDS.fullmatch(words[place]) and words[place + 1].isdecimal():
            return words[:place] + words[place + 1 :]
    return ()


def _with_genres(reading: Reading, genres: GenreWords, known_title: KnownTitle) -> list[Reading]:
    """Read genres as filters; words that are also a title are read both ways if they are nothing but genres ("western
    1955"), or if there is another word before or after them ("star wars 5").
    """
    rest, named = genres.split(reading.words)
    if set(rest) <= _AROUND and (named or reading.years):
        rest = ()
    if not named:
        if rest and rest[-1] in _BEHIND and len(rest) > 1:
            return [reading, msgspec.structs.replace(reading, words=rest[:-1])]
        return [msgspec.structs.replace(reading, words=rest)]
    filtered = msgspec.structs.replace(reading, words=rest, genres=named)
    if not known_title(reading.words):
        parts = [
            part
            for part in (reading.words[:-1], reading.words[1:])
            if len(part) > 1 and genres.split(part)[1]
        ]
        return [reading, filtered] if any(map(known_title, parts)) else [filtered]
    return [reading] if rest else [reading, filtered]


def ids_in(query: str) -> list[str]:
    """List the ids, as the index keeps them, that a query is, or that are in an address in it."""
    text = query.strip()
    for pattern, written in _IDS:
        if found := pattern.search(text):
            text = found.expand(written)
            break
    named = read_id(text) if " " not in text else None
    if named is None:
        return []
    return [f"mc:{named.movie}"] if named.movie else [f"{named.space}:{named.key}"]
