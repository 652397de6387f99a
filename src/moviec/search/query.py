"""From the words of a query to the levels of an answer: how the words may be meant, and how well a film may match.

A film's place is how well known it is, less what its level takes off for a looser match, then its number: no score that
shifts as films are added, so a page begins exactly where the one before ended.
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
from moviec.catalog.finding import read_id
from moviec.catalog.references import Genre
from moviec.romanise import UNSPACED, is_consonantal, romanise, simplify, skeleton
from moviec.search.location import BEGINNING

#: Letters from which on one typing error is forgiven, and two: of shorter words too many others are one letter away.
#: A word that may be only begun must be longer, since it stands for every word that begins like it.
WHOLE, BEGUN = (4, 6), (5, 8)

#: The same of whole titles, written without blanks.
LETTERS_OF_WHOLE = (4, 9)

#: A longer word is no mistyped one.
LONGEST = 30

#: Words beyond this many say nothing more of a title.
MOST_WORDS = 12

#: What a level takes off, as a share of how well known a film can be; a film counts in the first level that has it. An exact
#: title leads unless a film is so much better known. Set by bench/search_queries.py on its queries for development.
LEVELS = {
    "written": 0.0,  # the title as it is written
    "display": 0.03,
    "whole": 0.06,  # another title, or one whose words are parted otherwise
    "series": 0.08,  # a part of a title before or behind a colon, or the collection
    "near": 0.15,  # a title with a year that is one off, read in Latin letters, or with its numbers otherwise
    "person": 0.2,
    "title": 0.35,  # every word in the titles
    "filtered": 0.4,  # genres and years alone
    "keyword": 0.4,
    "surname": 0.45,
    "begun": 0.5,  # the same, the last word only begun
    "names": 0.65,  # every word in titles or names
    "typo": 0.5,  # one typing error in a title, or initials
    "mistyped": 0.7,  # one typing error in titles or names
    "typos": 0.6,  # two typing errors in a title
    "garbled": 0.8,  # two typing errors in titles or names
    "most": 0.8,  # every word but one
}

#: Levels that are wholly within another, and which.
WITHIN = {"title": "begun", "begun": "names", "mistyped": "garbled"}

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
#: Short forms of what stands before a number, and ordinals in digits, beside how titles mostly write them; and back.
_OTHERWISE = {"pt": "part", "ep": "episode", "ch": "chapter"}
for _place, _ordinal in enumerate(_ORDINALS, 1):
    _digits = f"{_place}{_ENDINGS.get(_place, 'th')}"
    _OTHERWISE |= {_digits: _ordinal, _ordinal: _digits}
_NUMBERS: dict[str, str] = {}
for _number, _word in enumerate(
    ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 1
):
    _NUMBERS |= {str(_number): _word, _word: str(_number)}
#: What people write beside what they look for: behind a title, and around genres and years.
_BEHIND = {"movie", "movies", "film", "films", "trilogy", "saga", "series", "franchise", "collection"}
_AROUND = _BEHIND | {"the", "of", "from", "in", "best", "good", "great", "top", "a", "some", "and"}
_WORDS = ("title", "people", "companies")
_UNSPACED = re.compile(f"[{UNSPACED}]+")
_IDS = (
    (re.compile(r"(?i)\b(tt[0-9]{5,12})\b"), r"\1"),
    (re.compile(r"(?i)themoviedb\.org/movie/([0-9]+)"), r"tmdb:\1"),
    (re.compile(r"(?i)rottentomatoes\.com/(m/[a-z0-9_-]+)"), r"rottentomatoes:\1"),
)
#: Levels in which every word must be in one of the fields: the fields, typing errors, whether the last may be only begun.
_EVERY = {
    "title": (_WORDS[:1], 0, False),
    "begun": (_WORDS[:1], 0, True),
    "names": (_WORDS, 0, True),
    "typo": (_WORDS[:1], 1, True),
    "mistyped": (_WORDS[:2], 1, True),
    "typos": (_WORDS[:1], 2, True),
    "garbled": (_WORDS[:2], 2, True),
}

KnownTitle = Callable[[Sequence[str]], bool]


class Reading(msgspec.Struct, frozen=True):
    """One way to understand a query: words to find, and what its other words filter by (`years`: from and to).

    `near` are years that are nearly meant: where a source has another one than the person who asks. `loose` words are not
    what was typed, but what it reads as in Latin letters, or how else a number is written: whole words of titles only.
    """

    words: tuple[str, ...]
    years: tuple[int, int] | None = None
    genres: tuple[int, ...] = ()
    near: tuple[int, int] | None = None
    loose: bool = False


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
        """Return the genre of folded words, in the plural, too: comedies, westerns."""
        last = words[-1]
        for form in (last, last.removesuffix("s"), f"{last.removesuffix('ies')}y"):
            if (found := self._ids.get((*words[:-1], form))) is not None:
                return found
        return None


def readings(query: str, begun: bool, genres: GenreWords, known_title: KnownTitle) -> list[Reading]:
    """List how a query may be meant: a year in it as a filter or as a word, genres as filters unless they are a title.

    `begun` says that the last word may be only begun: `dr` is a doctor, or the beginning of a dream.
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
    """Leave out "part", "chapter" or the like before a number; () where there is none."""
    for place in range(1, len(words) - 1):
        if _PART.fullmatch(words[place]) and words[place + 1].isdecimal():
            return words[:place] + words[place + 1 :]
    return ()


def _with_genres(reading: Reading, genres: GenreWords, known_title: KnownTitle) -> list[Reading]:
    """Read genres as filters; of words that are a title, too, both ways if they are nothing but genres ("western 1955"), or
    if another word stands before or behind them ("star wars 5").
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
    """List the ids, as the index keeps them, that a query is, or that an address in it has."""
    text = query.strip()
    for pattern, written in _IDS:
        if found := pattern.search(text):
            text = found.expand(written)
            break
    named = read_id(text) if " " not in text else None
    if named is None:
        return []
    return [f"mc:{named.movie}"] if named.movie else [f"{named.space}:{named.key}"]


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

    def in_title(self, words: Sequence[str]) -> Query:
        """Match titles in which the words stand together."""
        if len(words) == 1:
            return self.term("title", words[0])
        return Query.phrase_query(self._schema, "title", list(words))

    def in_titles(self, words: Sequence[str]) -> Query:
        """Match films that have every word in their titles."""
        return self._every(words, _WORDS[:1], 0, False)

    def in_names(self, words: Sequence[str], begun: bool) -> Query:
        """Match films that have every word in the names of their people, the last perhaps only begun."""
        return self._every(words, ("people",), 0, begun)

    def together(self, words: Sequence[str]) -> Query:
        """Match titles in which the words stand together, the last perhaps only begun."""
        return Query.phrase_prefix_query(self._schema, "title", list(words))

    def by_id(self, name: str) -> Query:
        """Match the film that an id of `ids_in` names."""
        number = name.removeprefix("mc:")
        return self.term("id", name) if number == name else self.term("movie", int(number))

    def whole(self, words: Sequence[str]) -> Query:
        """Match whole titles, and whole parts of them."""
        value = " ".join(words)
        return any_of([self.term(name, value) for name in ("display", "whole", "series")])

    def as_written(self, query: str) -> dict[str, Query]:
        """Return what matches the query before it is understood, by level: the title as it is written, a part of a title
        in a script without blanks, the consonants of one.
        """
        found = {"written": self.term("written", fold(query))}
        runs = () if query.isascii() else _UNSPACED.findall(unicodedata.normalize("NFKC", query))
        if runs and not _UNSPACED.sub("", fold(query)).strip():
            found["title"] = all_of([self._letters(simplify(run)) for run in runs])
        if is_consonantal(query) and (consonants := skeleton(query)):
            found["whole"] = self.term("skeleton", consonants)
        return found

    def level(self, name: str, reading: Reading, begun: bool) -> Query | None:
        """Return what matches a reading in a level; None where the level asks nothing of it."""
        if not reading.words:
            says = reading.genres or reading.years is not None  # a query of signs alone says nothing
            return self._filtered(Query.all_query(), reading) if says and name == "filtered" else None
        if name == "near":
            return self._nearly(reading)
        if reading.loose and name not in ("title", "typo"):
            return None
        query = self._of_words(name, reading.words, begun and not reading.loose)
        return None if query is None else self._filtered(query, reading)

    def _nearly(self, reading: Reading) -> Query | None:
        """Match whole titles of years that are nearly meant, or in other words than those that were typed."""
        if reading.near:
            reading = msgspec.structs.replace(reading, years=reading.near)
        elif not reading.loose:
            return None
        return self._filtered(self.whole(reading.words), reading)

    def _of_words(self, name: str, words: tuple[str, ...], begun: bool) -> Query | None:
        """Match words in a level."""
        whole = " ".join(words)
        if name == "whole":
            return any_of(
                self.term("whole", value) for value in dict.fromkeys((whole, whole.replace(" ", "")))
            )
        if name in ("display", "series", "person", "keyword"):
            return self.term(name, whole)
        if name == "surname":
            return self.term(name, whole) if len(words) == 1 else None
        if name == "begun" and not begun:
            return None
        if name in _EVERY:
            fields, errors, may_be_begun = _EVERY[name]
            every = self._every(words, fields, errors, begun and may_be_begun)
            return any_of([every, *self._beside(words, errors)]) if name in ("typo", "typos") else every
        return self._but_one(words) if name == "most" else None

    def _beside(self, words: tuple[str, ...], errors: int) -> list[Query]:
        """List what a mistyped query may mean besides its words: a title parted otherwise, initials, consonants."""
        found = [self._whole_typo("".join(words), errors)]
        return [*found, *self._initials(words)] if errors == 1 else found

    def _filtered(self, query: Query, reading: Reading) -> Query:
        filters = [self.term("genre", genre) for genre in reading.genres]
        if reading.years is not None:
            filters.append(self.span("year", FieldType.Integer, *reading.years))
        return all_of([query, *filters])

    def _letters(self, run: str) -> Query:
        if len(run) == 1:
            return self.term("letters", run)
        return Query.phrase_query(self._schema, "letters", list(run))

    def _initials(self, words: Sequence[str]) -> list[Query]:
        """Match the initials of a title, and its consonants, where the query is one word of Latin letters."""
        found = [self.term("initials", words[0])] if len(words) == 1 and 3 <= len(words[0]) <= 8 else []
        consonants = skeleton("".join(words))
        return [*found, self.term("skeleton", consonants)] if consonants else found

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
        if not errors and not begun:
            return self.term(field, word)
        of_whole, of_begun = (
            min(errors, sum(len(word) >= letters for letters in least)) for least in (WHOLE, BEGUN)
        )
        if begun and of_begun == of_whole:
            return self._near(field, word, of_begun, True)
        whole = self._near(field, word, of_whole, False)
        return any_of([whole, self._near(field, word, of_begun, True)]) if begun else whole

    def _near(self, field: str, word: str, errors: int, begun: bool) -> Query:
        """Match a word, or one that begins so, with up to so many typing errors; a number is no other number."""
        errors = 0 if word.isdecimal() or len(word) > LONGEST else errors
        if not errors and not begun:
            return self.term(field, word)
        if not errors and len(word) <= BEGINNING:
            return self.term(f"{field}_begun", word)
        return Query.fuzzy_term_query(self._schema, field, word, errors, True, begun)

    def _but_one(self, words: Sequence[str]) -> Query:
        """Match whole titles that are the words but one, and what has all the words but one in titles or names, two at least."""
        if len(words) < 2:
            return Query.empty_query()
        some = [[*words[:place], *words[place + 1 :]] for place in range(len(words))]
        wholly = [self.whole(rest) for rest in some]
        return any_of([*wholly, *(self._every(rest, _WORDS, 0, False) for rest in some if len(rest) > 1)])

    def _whole_typo(self, joined: str, errors: int = 1) -> Query:
        """Match whole titles one or two letters away, wherever their words are parted; a number is no other number."""
        if any(map(str.isdecimal, joined)) or not LETTERS_OF_WHOLE[errors - 1] <= len(joined) <= 2 * LONGEST:
            return Query.empty_query()
        return any_of(
            Query.fuzzy_term_query(self._schema, field, joined, errors, True, False)
            for field in ("whole", "series")
        )


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
_PART = re.compile(rf"(?:{spelling.PARTS})")
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
