"""From the words of a query to the tiers of an answer: how the words may be meant, and how well a film may match.

A film's place is its tier, then its prominence, then its number: no score that shifts as films are added, so a page
begins exactly where the one before ended.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
import tantivy
from tantivy import FieldType, Occur, Query

from moviec import spelling
from moviec.catalog.references import Genre
from moviec.search.location import BEGINNING

#: Letters from which on one typing error is forgiven, and two: of shorter words too many others are one letter away.
#: A word that may be only begun must be longer, since it stands for every word that begins like it.
WHOLE, BEGUN = (4, 6), (5, 8)

#: Words beyond this many say nothing more of a title.
MOST_WORDS = 12

_YEAR = re.compile("(?:18[7-9]|19[0-9]|20[0-9])[0-9]")
_WORDS = ("title", "people", "companies")

KnownTitle = Callable[[Sequence[str]], bool]


class Reading(msgspec.Struct, frozen=True):
    """One way to understand a query: words to find, and what its other words filter by."""

    words: tuple[str, ...]
    year: int | None = None
    genres: tuple[int, ...] = ()


class GenreWords:
    """Genre names and aliases, folded, as they may stand inside a query."""

    def __init__(self, names: Mapping[str, int]) -> None:
        """Take names and aliases with the genre's id."""
        self._ids = {tuple(fold(name).split()): genre for name, genre in names.items()}
        self._longest = max(map(len, self._ids), default=0)

    @classmethod
    def of(cls, genres: Iterable[Genre]) -> GenreWords:
        """Take the catalogue's genres; of two with one name or alias the name counts, then the first."""
        known = list(genres)
        names = {alias: genre.id for genre in reversed(known) for alias in genre.aliases}
        return cls({**names, **{genre.name: genre.id for genre in reversed(known)}})

    def split(self, words: Sequence[str]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Part words from the genres named among them; of two names the longer counts."""
        rest: list[str] = []
        genres: list[int] = []
        place = 0
        while place < len(words):
            for length in range(min(self._longest, len(words) - place), 0, -1):
                genre = self._ids.get(tuple(words[place : place + length]))
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


def readings(query: str, begun: bool, genres: GenreWords, known_title: KnownTitle) -> list[Reading]:
    """List how a query may be meant: a year in it as a filter or as a word, genres as filters unless they are a title.

    `begun` says that the last word may be only begun: `dr` is a doctor, or the beginning of a dream.
    """
    words = tuple(fold_title(query).split()[:MOST_WORDS])
    meant = [Reading(words)]
    if query.split()[0].casefold() == "la" and words[:1] != ("la",):  # an article, or Los Angeles
        meant.append(Reading(("la", *words)))
    last = fold(query.split()[-1])
    if begun and last not in words and fold_numerals(last) == "".join(words[-1:]):
        meant.append(Reading((*words[:-1], last)))
    years = [word for word in words if _YEAR.fullmatch(word)]
    if years:
        place = len(words) - 1 - words[::-1].index(years[-1])
        meant.append(Reading(words[:place] + words[place + 1 :], int(years[-1])))
    return [way for reading in meant for way in _with_genres(reading, genres, known_title)]


def _with_genres(reading: Reading, genres: GenreWords, known_title: KnownTitle) -> list[Reading]:
    """Read genres as filters; of words that are a title, too, both ways if they are nothing but genres ("western 1955")."""
    rest, named = genres.split(reading.words)
    if not named:
        return [reading]
    filtered = Reading(rest, reading.year, named)
    if not known_title(reading.words):
        return [filtered]
    return [reading] if rest else [reading, filtered]


class Fields:
    """Builds the queries of one index."""

    def __init__(self, schema: tantivy.Schema) -> None:
        """Take the index's schema."""
        self._schema = schema

    def term(self, field: str, value: str | int) -> Query:
        """Match a whole word, title or number."""
        return Query.term_query(self._schema, field, value, "basic")

    def span(self, field: str, kind: FieldType, low: int | None, high: int | None) -> Query:
        """Match numbers from low to high, both included."""
        return Query.range_query(self._schema, field, kind, low, high)

    def together(self, words: Sequence[str]) -> Query:
        """Match titles in which the words stand together, the last perhaps only begun."""
        return Query.phrase_prefix_query(self._schema, "title", list(words))

    def tiers(self, reading: Reading, begun: bool) -> list[Query]:
        """List what matches a reading, the best first: whole titles, titles, people and companies, typing errors."""
        words = reading.words
        if not words:
            nothing = Query.empty_query()
            says = reading.genres or reading.year is not None  # a query of signs alone says nothing
            some = self._filtered(Query.all_query(), reading) if says else nothing
            return [nothing, nothing, nothing, some, nothing, nothing]
        whole = " ".join(words)
        joined = whole.replace(" ", "")
        found = [
            self.term("display", whole),
            any_of([self.term("whole", whole), self.term("whole", joined)]),
            self._every(words, _WORDS[:1], 0, begun),
            self._every(words, _WORDS, 0, begun),
            any_of([self._every(words, _WORDS[:2], 1, begun), self._whole_typo(joined)]),
            self._every(words, _WORDS[:2], 2, begun),
        ]
        return [self._filtered(query, reading) for query in found]

    def _filtered(self, query: Query, reading: Reading) -> Query:
        filters = [self.term("genre", genre) for genre in reading.genres]
        if reading.year is not None:
            filters.append(self.term("year", reading.year))
        return all_of([query, *filters])

    def _every(self, words: Sequence[str], fields: Sequence[str], errors: int, begun: bool) -> Query:
        """Match films that have every word in one of the fields; the last may be only begun."""
        last = len(words) - 1
        return all_of(
            [
                any_of([self._word(field, word, errors, begun and place == last) for field in fields])
                for place, word in enumerate(words)
            ]
        )

    def _word(self, field: str, word: str, errors: int, begun: bool) -> Query:
        of_whole, of_begun = (
            min(errors, sum(len(word) >= letters for letters in least)) for least in (WHOLE, BEGUN)
        )
        if begun and of_begun == of_whole:
            return self._near(field, word, of_begun, True)
        whole = self._near(field, word, of_whole, False)
        return any_of([whole, self._near(field, word, of_begun, True)]) if begun else whole

    def _near(self, field: str, word: str, errors: int, begun: bool) -> Query:
        """Match a word, or one that begins so, with up to so many typing errors; a number is no other number."""
        errors = 0 if word.isdecimal() else errors
        if not errors and not begun:
            return self.term(field, word)
        if not errors and len(word) <= BEGINNING:
            return self.term(f"{field}_begun", word)
        return Query.fuzzy_term_query(self._schema, field, word, errors, True, begun)

    def _whole_typo(self, joined: str) -> Query:
        """Match whole titles one letter away, wherever their words are parted."""
        if len(joined) < WHOLE[0]:
            return Query.empty_query()
        return Query.fuzzy_term_query(self._schema, "whole", joined, 1, True, False)


def any_of(queries: Iterable[Query]) -> Query:
    """Match what any of the queries matches."""
    some = list(queries)
    return some[0] if len(some) == 1 else Query.boolean_query([(Occur.Should, query) for query in some])


def all_of(queries: Iterable[Query], but: Iterable[Query] = ()) -> Query:
    """Match what all of the queries match, but none of the others."""
    wanted = [(Occur.Must, query) for query in queries]
    unwanted = [(Occur.MustNot, query) for query in but]
    return wanted[0][1] if len(wanted) == 1 and not unwanted else Query.boolean_query(wanted + unwanted)


_SPELLED = tuple((re.compile(pattern), new) for pattern, new in spelling.SPELLED)

_ENTITY = re.compile("&(#[0-9]+|#x[0-9a-fA-F]+|[a-zA-Z]+);")
_ARTICLE = re.compile(rf"(?i)^(?:(?:{spelling.ARTICLES}) +|l['’])(.)", re.DOTALL | re.ASCII)
_INVERTED = re.compile(rf"(?i)^(.+), *({spelling.INVERTED}) *\Z", re.ASCII)
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
