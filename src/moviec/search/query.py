"""The levels of a search result: how well a film matches the meaning of a query, and the index queries for each level.

A film's rank is how well known it is, minus its level's penalty for a looser match, then its number: no score that
changes as films are added, so a page begins exactly where the previous one ended.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import msgspec
import tantivy
from tantivy import FieldType, Occur, Query

from moviec.romanise import UNSPACED, is_consonantal, simplify, skeleton
from moviec.search.location import BEGINNING
from moviec.search.readings import Reading, fold

#: Word lengths from which one typing error is allowed, and two: shorter words have too many neighbours.
#: An incomplete word must be longer, since it matches every word that begins with it.
WHOLE, BEGUN = (4, 6), (5, 8)

#: The same for whole titles, written without blanks.
LETTERS_OF_WHOLE = (4, 9)

#: Longer words are not corrected.
LONGEST = 30

#: The penalty of a level, as a share of the greatest popularity; a film counts in the first level that matches it. An
#: exact title leads unless another film is better known by this much. Set by bench/search_queries.py on its queries for
#: development.
LEVELS = {
    "written": 0.0,  # the title as written
    "display": 0.03,
    "whole": 0.06,  # another title, or one with different word boundaries
    "series": 0.08,  # a part of a title before or after a colon, or the collection
    "near": 0.15,  # a title with a year off by one, transliterated, or with numbers in another notation
    "person": 0.2,
    "title": 0.35,  # every word in the titles
    "filtered": 0.4,  # genres and years alone
    "keyword": 0.4,
    "surname": 0.45,
    "begun": 0.5,  # the same, with an incomplete last word
    "names": 0.65,  # every word in titles or names
    "typo": 0.5,  # one typing error in a title, or initials
    "mistyped": 0.7,  # one typing error in titles or names
    "typos": 0.6,  # two typing errors in a title
    "garbled": 0.8,  # two typing errors in titles or names
    "most": 0.8,  # every word but one
}

#: Levels contained in another level.
WITHIN = {"title": "begun", "begun": "names", "mistyped": "garbled"}

_WORDS = ("title", "people", "companies")
_UNSPACED = re.compile(f"[{UNSPACED}]+")
#: Levels in which every word must be in one of the fields: the fields, typing errors, whether the last may be
#: incomplete.
_EVERY = {
    "title": (_WORDS[:1], 0, False),
    "begun": (_WORDS[:1], 0, True),
    "names": (_WORDS, 0, True),
    "typo": (_WORDS[:1], 1, True),
    "mistyped": (_WORDS[:2], 1, True),
    "typos": (_WORDS[:1], 2, True),
    "garbled": (_WORDS[:2], 2, True),
}


class Fields:
    """Builds the queries of one index."""

    def __init__(self, schema: tantivy.Schema) -> None:
        """Set the index's schema."""
        self._schema = schema

    def term(self, field: str, value: str | int) -> Query:
        """Match a whole word, title or number."""
        return Query.term_query(self._schema, field, value, "basic")

    def span(self, field: str, kind: FieldType, low: int | None, high: int | None) -> Query:
        """Match numbers from low to high, both included."""
        return Query.range_query(self._schema, field, kind, low, high)

    def in_title(self, words: Sequence[str]) -> Query:
        """Match titles with the words as a phrase."""
        if len(words) == 1:
            return self.term("title", words[0])
        return Query.phrase_query(self._schema, "title", list(words))

    def in_titles(self, words: Sequence[str]) -> Query:
        """Match films that have every word in their titles."""
        return self._every(words, _WORDS[:1], 0, False)

    def in_names(self, words: Sequence[str], begun: bool, errors: int = 0) -> Query:
        """Match films that have every word in the names of their people, the last possibly incomplete."""
        return self._every(words, ("people",), errors, begun)

    def together(self, words: Sequence[str]) -> Query:
        """Match titles with the words as a phrase, the last possibly incomplete."""
        return Query.phrase_prefix_query(self._schema, "title", list(words))

    def by_id(self, name: str) -> Query:
        """Match the film with an id of `ids_in`."""
        number = name.removeprefix("mc:")
        return self.term("id", name) if number == name else self.term("movie", int(number))

    def whole(self, words: Sequence[str]) -> Query:
        """Match whole titles, and whole parts of them."""
        value = " ".join(words)
        return any_of([self.term(name, value) for name in ("display", "whole", "series")])

    def as_written(self, query: str) -> dict[str, Query]:
        """Return what matches the literal query, by level: the title as written, a part of a title
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
        """Return what matches a reading in a level; None if the level does not apply to it."""
        if not reading.words:
            says = reading.genres or reading.years is not None  # a query of punctuation only has no meaning
            return self._filtered(Query.all_query(), reading) if says and name == "filtered" else None
        if name == "near":
            return self._nearly(reading)
        if reading.loose and name not in ("title", "typo"):
            return None
        query = self._of_words(name, reading.words, begun and not reading.loose)
        return None if query is None else self._filtered(query, reading)

    def _nearly(self, reading: Reading) -> Query | None:
        """Match whole titles of neighbouring years, or in other forms of the typed words."""
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
        """List further matches of a mistyped query: a title with other word boundaries, initials, consonants."""
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
        """Match films that have every word in one of the fields; the last may be incomplete."""
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
        of_whole, of_begun = forgiven(word, errors, begun=False), forgiven(word, errors, begun=True)
        if begun and of_begun == of_whole:
            return self._near(field, word, of_begun, True)
        whole = self._near(field, word, of_whole, False)
        return any_of([whole, self._near(field, word, of_begun, True)]) if begun else whole

    def _near(self, field: str, word: str, errors: int, begun: bool) -> Query:
        """Match a word, or one that begins with it, with a number of typing errors; numbers must be exact."""
        if not errors and not begun:
            return self.term(field, word)
        if not errors and len(word) <= BEGINNING:
            return self.term(f"{field}_begun", word)
        return Query.fuzzy_term_query(self._schema, field, word, errors, True, begun)

    def _but_one(self, words: Sequence[str]) -> Query:
        """Match whole titles that consist of all words but one, and films with all words but one in titles or names, at
        least two.
        """
        if len(words) < 2:
            return Query.empty_query()
        some = [[*words[:place], *words[place + 1 :]] for place in range(len(words))]
        wholly = [self.whole(rest) for rest in some]
        return any_of([*wholly, *(self._every(rest, _WORDS, 0, False) for rest in some if len(rest) > 1)])

    def _whole_typo(self, joined: str, errors: int = 1) -> Query:
        """Match whole titles one or two letters away, with any word boundaries; numbers must be exact."""
        if any(map(str.isdecimal, joined)) or not LETTERS_OF_WHOLE[errors - 1] <= len(joined) <= 2 * LONGEST:
            return Query.empty_query()
        return any_of(
            Query.fuzzy_term_query(self._schema, field, joined, errors, True, False)
            for field in ("whole", "series")
        )


def forgiven(word: str, errors: int, *, begun: bool) -> int:
    """Return the typing errors allowed in a word, by its length; numbers must be exact."""
    if word.isdecimal() or len(word) > LONGEST:
        return 0
    return min(errors, sum(len(word) >= letters for letters in (BEGUN if begun else WHOLE)))


def any_of(queries: Iterable[Query]) -> Query:
    """Match what any of the queries matches."""
    some = list(queries)
    return some[0] if len(some) == 1 else Query.boolean_query([(Occur.Should, query) for query in some])


def all_of(queries: Iterable[Query], but: Iterable[Query] = ()) -> Query:
    """Match what all of the queries match, but none of the others."""
    wanted = [(Occur.Must, query) for query in queries]
    unwanted = [(Occur.MustNot, query) for query in but]
    return wanted[0][1] if len(wanted) == 1 and not unwanted else Query.boolean_query(wanted + unwanted)
