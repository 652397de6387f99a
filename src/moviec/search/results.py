"""Search results: a page of summaries in order, the number of matches, and facets by genre and decade."""

from __future__ import annotations

import binascii
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import msgspec
import tantivy
from tantivy import FieldType, Order, Query

from moviec.errors import StoreError, UsageError
from moviec.search.location import current, open_index, position, value_of
from moviec.search.query import LEVELS, WITHIN, Fields, all_of, any_of
from moviec.search.readings import GenreWords, Reading, fold_title, ids_in, readings
from moviec.search.request import Ask, Counted, Cursor, Page, read_cursor, write_cursor
from moviec.search.similar import Alike, similar
from moviec.search.summaries import Film, Summary
from moviec.units import MILLION

#: The greatest sort value of films without a value in a field of `ORDERS`.
UNKNOWN = (1 << 32) - 1

#: The most collections listed: all known sources together have about 6,000.
MOST_COLLECTIONS = 65_000

#: The levels of whole titles: for such a query only literal matches are used.
WHOLE_LEVELS = ("written", "display", "whole")

#: The levels of whole values: most incomplete, mistyped or partial queries have no match in any, which one query shows.
VALUES = ("written", "display", "whole", "series", "person", "keyword")

#: The levels that are always searched.
ALWAYS = 11

#: The levels with every word as typed, in titles or names.
AS_TYPED = 12

#: The further levels to search if the previous ones have fewer films than this: words in names, one typing error, two,
#: one word too many.
#: Words in names are searched only if titles do not fill the largest page: a name's prefix may be in most films. Of
#: typing errors bench/bench_api.py counts how often the intended film is found.
WIDER = ((12, 100), (13, 5), (15, 1), (17, 1))

#: If the best film is less known than this, after its level's penalty, the query may be mistyped: "Son of
#: Alladin" has the word as typed, but is not intended. Then titles with two typing errors are searched.
DOUBTFUL, DOUBTED = 0.15, 15

#: Films among which the parts of a series are counted, how much less known than the best one of them may be, and after how
#: many years without a part the earlier ones, if less known, are of another series: the Batman of 1966.
SERIES, PART_OF_SERIES, PAUSE = 60, 0.35, 10


#: A cache of counts of an index, by search and number of levels. The pages of one list, and
#: its orders, share one count; this many are kept, of one or two kilobytes each.
Counts = dict[tuple[Ask, int], Counted]
COUNTS = 1_000


class Finder:
    """Searches the index in use; `refresh` opens the indexer's latest version. Usable from any thread."""

    def __init__(self, folder: Path) -> None:
        """Set the folder of the host's index, without opening it."""
        self._folder = folder
        self._opened: tuple[Path, int] | None = None
        self._index: tantivy.Index | None = None
        self._counts: Counts = {}

    @property
    def position(self) -> int | None:
        """Number of the change log that the opened index holds; None while there is none."""
        return self._opened[1] if self._opened else None

    @property
    def films(self) -> int:
        """How many films the opened index has; 0 while there is none."""
        return int(self._index.searcher().num_docs) if self._index else 0

    def refresh(self) -> None:
        """Open what is in use now. A damaged index counts as missing: it is being rebuilt."""
        used = current(self._folder)
        held = position(used) if used else None
        latest = (used, held.change) if used is not None and held is not None else None
        if latest is None or latest == self._opened:
            # An index deleted meanwhile is still served from its open files.
            return
        if self._index is not None and self._opened and self._opened[0] == latest[0]:
            self._index.reload()
        else:
            try:
                self._index = open_index(latest[0])
            except StoreError:
                return
        self._opened, self._counts = latest, {}

    def find(self, ask: Ask, genres: GenreWords) -> Page:
        """Search or list. Raises StoreError where there is no index, UsageError for a cursor of another search."""
        counts = self._counts  # read before the index, so that counts of a newly opened one are not mixed up
        searcher, fields = self._opened_index()
        return _Search(searcher, fields, ask, genres, counts).page()

    def has(self, field: str, value: str) -> bool:
        """Return whether a film has a value in a field of whole values. Raises StoreError where there is no index."""
        searcher, fields = self._opened_index()
        return bool(searcher.search(fields.term(field, value), 1, count=False).hits)

    def with_people(self, words: Sequence[str], begun: bool, limit: int, errors: int = 0) -> list[Summary]:
        """Return the best known films that have every word in their people's names, with at most a number of typing
        errors in each; the last word may be incomplete.
        """
        searcher, fields = self._opened_index()
        query = all_of([fields.in_names(words, begun, errors)], [fields.term("adult", 1)])
        hits = searcher.search(query, limit, count=False, order_by_field="by_popularity").hits
        return [_summary_at(searcher, address) for _, address in hits]

    def similar(self, film: Film, limit: int, space: str = "") -> list[Summary]:
        """Return films like a film, only those with an id in a `space`. Raises StoreError where there is no index."""
        searcher, fields = self._opened_index()
        found = similar(searcher, fields, film, Alike(limit, space))
        return [_summary_at(searcher, address) for address in found]

    def collections(self) -> list[tuple[str, int]]:
        """List the collections by name, with how many films of each there are. Raises StoreError where there is no index."""
        searcher, fields = self._opened_index()
        terms = {"names": {"terms": {"field": "collection_name", "size": MOST_COLLECTIONS}}}
        found = searcher.aggregate(fields.term("adult", 0), terms)["names"]["buckets"]
        return sorted((str(bucket["key"]), int(bucket["doc_count"])) for bucket in found)

    def _opened_index(self) -> tuple[tantivy.Searcher, Fields]:
        if self._index is None:
            raise StoreError("there is no search index yet", hint="it is being built")
        return self._index.searcher(), Fields(self._index.schema)


class _Search:
    """One search on one version of the index."""

    def __init__(
        self, searcher: tantivy.Searcher, fields: Fields, ask: Ask, genres: GenreWords, counts: Counts
    ) -> None:
        self.searcher = searcher
        self.fields = fields
        self.ask = ask
        self.genres = genres
        self.rising = ask.sort.startswith("-")
        self.field = f"by_{ask.sort.removeprefix('-').replace('relevance', 'popularity')}"
        self.filters, self.unwanted = self._filters()
        self.begun, self.meant, self.part = False, list[Reading](), list[int]()
        self.given: dict[str, Query] = {}
        self._built: dict[str, Query | None] = {}
        self._counts = counts
        self._first: dict[str, list[tuple[int, tantivy.DocAddress]]] = {}
        self._understand(genres)
        self.of = binascii.crc32(
            msgspec.json.encode(msgspec.structs.replace(ask, cursor="", limit=0, facets=False))
        )

    def page(self) -> Page:
        """Return the page after the cursor."""
        begin = self._begin()
        used = begin.levels if begin else ALWAYS
        for wider, enough in WIDER if self.meant and not begin else ():
            if self._suffice(used, enough):
                break
            used = wider
        if self.meant and not begin and used < DOUBTED and self._doubtful(used):
            used = DOUBTED
        found = self._walk(used, begin)
        more = len(found) > self.ask.limit
        items = [self._summary(address) for _, address in found[: self.ask.limit]]
        if not self.ask.counted:
            counted = Counted(len(found), [], [])
        else:
            counted = self._count(used) if more or begin else self._count_shown(items)
        cursor = None
        if more:
            cursor = write_cursor(Cursor(found[self.ask.limit - 1][0], used, self.of))
        nearest = bool(items and self.meant) and not begin and used > AS_TYPED and not self._has_as_typed()
        return Page(items, counted.total, counted.genres, counted.decades, cursor, nearest)

    def _has_as_typed(self) -> bool:
        """Return whether a film has every word of the query as typed."""
        return bool(self.searcher.search(self._wanted(self._any(AS_TYPED)), 1, count=False).hits)

    def _suffice(self, used: int, enough: int) -> bool:
        """Return whether the levels so far are enough.

        Filters with any result do not change the interpretation: a facet returns as many films as its count.
        """
        if used > ALWAYS and self._titled:
            return True
        # Hits are needed anyway, and give the count if they do not fill a page.
        total = len(self._walk(used, None)) if self.ask.sort == "relevance" else self.ask.limit + 1
        if total > self.ask.limit and (total < enough or self.ask.sort != "relevance"):
            total = self._count(used).total
        if self.filters and total:
            total = self._total(all_of([self._any(used)], self.unwanted))
        return total >= enough

    def _doubtful(self, used: int) -> bool:
        """Return whether a single word is not a title, and only occurs in little known films, regardless of filters."""
        if len(self.meant[0].words) > 1 or self._titled:
            return False
        best: float | None = None
        if not self.filters and self.ask.sort == "relevance":
            found = self._walk(used, None)
            return bool(found) and found[0][0] < round(DOUBTFUL * MILLION) << 32
        for name, query in self._upto(used).items():
            hits = self.searcher.search(
                all_of([query], self.unwanted), 1, count=False, order_by_field="by_popularity"
            ).hits
            if hits:
                best = max(value_of(int(hits[0][0])) - LEVELS[name], -1.0 if best is None else best)
        return best is not None and best < DOUBTFUL

    @cached_property
    def _titled(self) -> bool:
        """Return whether the query is a whole title of some film: then it has no typing error."""
        whole = any_of([query for name in WHOLE_LEVELS if (query := self._level(name)) is not None])
        return bool(self.searcher.search(all_of([whole], self.unwanted), 1, count=False).hits)

    def _begin(self) -> Cursor | None:
        if not self.ask.cursor:
            return None
        cursor = read_cursor(self.ask.cursor)
        if cursor.of != self.of:
            raise UsageError(
                "this cursor belongs to another search", "cursor", "leave it out, or ask as before"
            )
        return cursor

    def _walk(self, used: int, begin: Cursor | None) -> list[tuple[int, tantivy.DocAddress]]:
        """List (rank, address) after the cursor, the best first, one more than requested if available.

        A film's rank is its sort value minus the penalty of the first level that matches it.
        """
        if self.ask.sort != "relevance" or not self.meant:
            hits = self._hits(self._any(used), begin.place if begin else None, [])
            return [(value, address) for value, address in hits]
        levels = self._upto(used)
        found: dict[tuple[int, int], tuple[int, tantivy.DocAddress]] = {}
        for name in sorted(levels, key=LEVELS.__getitem__):
            if not begin and self._is_empty(name, levels):
                continue
            taken_off = round(LEVELS[name] * MILLION) << 32
            for value, address in self._of_level(name, taken_off, begin):
                found.setdefault((address.segment_ord, address.doc), (value - taken_off, address))
        return sorted(found.values(), key=lambda found_movie: -found_movie[0])[: self.ask.limit + 1]

    def _is_empty(self, name: str, levels: Mapping[str, Query]) -> bool:
        """Return whether a level certainly has no hits: it is within one without hits, or no value equals the query."""
        if name in VALUES:
            return not self._has_value
        outer = WITHIN.get(name)
        return outer in levels and not self._of_level(str(outer), 0, None)

    @cached_property
    def _has_value(self) -> bool:
        """Return whether the query is a whole title, series, name or keyword, searching each separately if so."""
        some = [query for name in VALUES if (query := self._level(name)) is not None]
        return bool(self.searcher.search(self._wanted(any_of(some)), 1, count=False).hits)

    def _of_level(
        self, name: str, taken_off: int, begin: Cursor | None
    ) -> list[tuple[int, tantivy.DocAddress]]:
        """List the best hits of a level.

        On the first page a film's best rank counts: its other hits in later levels are outnumbered by as many
        others. On later pages, films of earlier levels have been shown, or have a better rank.
        """
        query = self._level(name)
        if query is None:
            return []
        if begin:
            better = [level for level in LEVELS if LEVELS[level] < LEVELS[name]]
            before = [found for level in better if (found := self._upto(begin.levels).get(level)) is not None]
            return self._hits(query, begin.place + taken_off, before)
        if name not in self._first:
            self._first[name] = self._hits(query, None, [])
        return self._first[name]

    def _hits(
        self, query: Query, below: int | None, but: Sequence[Query]
    ) -> list[tuple[int, tantivy.DocAddress]]:
        """List (sort value, address) of the best that match, one more than requested if available."""
        wanted = self._wanted(query)
        if below is not None:
            if below <= 0:
                return []
            bounds = (below + 1, None) if self.rising else (None, below - 1)
            wanted = all_of([wanted, self.fields.span(self.field, FieldType.Unsigned, *bounds)], but)
        order = Order.Asc if self.rising else Order.Desc
        result = self.searcher.search(
            wanted, self.ask.limit + 1, count=False, order_by_field=self.field, order=order
        )
        return [(int(value), address) for value, address in result.hits]

    def _level(self, name: str) -> Query | None:
        """Return what matches the query in a level; None for nothing."""
        if name not in self._built:
            some = [self.fields.level(name, reading, self.begun) for reading in self.meant]
            found = [query for query in (*some, self.given.get(name)) if query is not None]
            if name == "whole":
                found += [self.fields.term("movie", movie) for movie in self.part]
            self._built[name] = any_of(found) if found else None
        return self._built[name]

    def _upto(self, used: int) -> dict[str, Query]:
        """Return what matches the query in each of the first levels."""
        built = ((name, self._level(name)) for name in list(LEVELS)[:used])
        return {name: query for name, query in built if query is not None}

    def _any(self, used: int) -> Query:
        """Match what any of the first levels matches; a level contained in another is left out."""
        levels = self._upto(used)
        return any_of([query for name, query in levels.items() if WITHIN.get(name) not in levels])

    def _understand(self, genres: GenreWords) -> None:
        """Compute the query's interpretations, and its literal matches."""
        if not self.ask.query.strip():
            self.given = {"written": Query.all_query()}
            return
        if ids := ids_in(self.ask.query):
            named = any_of([self.fields.by_id(identifier) for identifier in ids])
            if self.searcher.search(named, 1, count=False).hits:
                self.given = {"written": named}
                return
        self.begun = not self.ask.query[-1].isspace()
        self.meant = readings(self.ask.query, self.begun, genres, self._known_title)
        self.given = self.fields.as_written(self.ask.query)
        self.part = self._part(self.meant[0].words)

    def _part(self, words: Sequence[str]) -> list[int]:
        """Return the n-th film of a series by year, if the words are a series' name and a number.

        "harry potter 3" is not a title of a similarly well known film, as "Star Wars: Episode V" is; among the films
        whose titles begin with the words before the number those that are similarly well known are counted, each title
        and year once.
        """
        if len(words) < 2 or not words[-1].isdecimal() or not 1 <= int(words[-1]) <= 30:
            return []
        name = words[:-1]
        if self.searcher.search(self.fields.whole(words), 1, count=False).hits:
            return []
        query = any_of([self.fields.in_title(name), self.fields.term("series", " ".join(name))])
        wanted = all_of([query], self.unwanted)
        hits = self.searcher.search(wanted, SERIES, count=False, order_by_field="by_popularity").hits
        numbered = all_of([self.fields.in_titles(words)], self.unwanted)
        titled = self.searcher.search(numbered, 1, count=False, order_by_field="by_popularity").hits
        if not hits or (titled and value_of(int(titled[0][0])) >= value_of(int(hits[0][0])) - PART_OF_SERIES):
            return []
        films = [(value_of(int(order)), self._summary(address)) for order, address in hits]
        for belongs in (_begins_with, _has_in_title):
            parts: dict[tuple[int, str], tuple[float, Summary]] = {}
            some = [(known, film) for known, film in films if film.year and belongs(film, " ".join(name))]
            for known, film in some:
                if known >= some[0][0] - PART_OF_SERIES:
                    parts.setdefault((film.year or 0, fold_title(film.title)), (known, film))
            ranked = [parts[key] for key in sorted(parts)]
            while len(ranked) > 1 and _is_other_series(*ranked[:2]):
                del ranked[0]
            if len(ranked) > 1:
                return [int(film.id[2:]) for _, film in ranked[int(words[-1]) - 1 :][:1]]
        return []

    def _known_title(self, words: Sequence[str]) -> bool:
        """Return whether words are a title: a lone word a whole one, several also a part of one."""
        query = self.fields.term("whole", " ".join(words))
        display = self.fields.term("display", " ".join(words))
        parts = [query, display] if len(words) == 1 else [query, display, self.fields.together(words)]
        return bool(self.searcher.search(any_of(parts), 1, count=False).hits)

    def _filters(self) -> tuple[list[Query], list[Query]]:
        ask, fields = self.ask, self.fields
        wanted: list[Query] = []
        for some in ask.wanted:
            for group in some.groups:
                wanted.append(any_of(fields.term(some.field, value) for value in group))
        if ask.runtime_from is not None or ask.runtime_to is not None:
            least = max(ask.runtime_from or 1, 1)
            wanted.append(fields.span("runtime", FieldType.Integer, least, ask.runtime_to))
        if ask.released_from is not None or ask.released_to is not None:
            first = (ask.released_from or 1) << 32
            last = None if ask.released_to is None else (ask.released_to + 1 << 32) - 1
            wanted.append(fields.span("by_released", FieldType.Unsigned, first, last))
        if self.rising:
            wanted.append(fields.span(self.field, FieldType.Unsigned, UNKNOWN + 1, None))
        if ask.year_from is not None or ask.year_to is not None:
            wanted.append(fields.span("year", FieldType.Integer, max(ask.year_from or 1, 1), ask.year_to))
        if ask.min_rating is not None:
            wanted.append(fields.span("rating", FieldType.Integer, round(ask.min_rating * 100), None))
        for name, least in (("votes", ask.min_votes), ("raters", ask.min_raters)):
            if least:
                wanted.append(fields.span(name, FieldType.Integer, least, None))
        unwanted = [
            fields.term(some.field, value) for some in ask.without for group in some.groups for value in group
        ]
        return wanted, unwanted if ask.adult else [*unwanted, fields.term("adult", 1)]

    def _wanted(self, query: Query, but: Sequence[Query] = ()) -> Query:
        return all_of([query, *self.filters], [*self.unwanted, *but])

    def _total(self, query: Query) -> int:
        return int(self.searcher.search(query, 1).count or 0)  # type: ignore[attr-defined]  # the stub lacks it

    def _count(self, used: int) -> Counted:
        """Count the films that the first levels have, by genre and decade if requested."""
        sort = self.ask.sort if self.rising else "relevance"
        counted = (msgspec.structs.replace(self.ask, cursor="", limit=0, sort=sort), used)
        if counted not in self._counts:
            if len(self._counts) >= COUNTS:
                self._counts.clear()
            self._counts[counted] = self._count_all(self._wanted(self._any(used)))
        return self._counts[counted]

    def _count_shown(self, items: Sequence[Summary]) -> Counted:
        """Count the films of a page with all matches, like `_count_all` in the index."""
        if not self.ask.facets:
            return Counted(len(items), [], [])
        genres = Counter(self.genres.named(name) for film in items for name in dict.fromkeys(film.genres))
        decades = Counter(film.year // 10 * 10 for film in items if film.year)
        by_count = sorted(
            ((genre, count) for genre, count in genres.items() if genre is not None),
            key=lambda pair: (-pair[1], pair[0]),
        )
        return Counted(len(items), by_count, sorted(decades.items()))

    def _count_all(self, query: Query) -> Counted:
        """Count the films that match. Every film has one decade, 0 where its year is unknown."""
        if not self.ask.facets:
            return Counted(self._total(query), [], [])
        asked = {name: {"terms": {"field": name, "size": 1000}} for name in ("decade", "genre")}
        buckets = {
            name: [(int(bucket["key"]), int(bucket["doc_count"])) for bucket in each["buckets"]]
            for name, each in self.searcher.aggregate(query, asked).items()
        }
        total = sum(count for _, count in buckets["decade"])
        by_count = sorted(buckets["genre"], key=lambda pair: (-pair[1], pair[0]))
        return Counted(total, by_count, sorted(pair for pair in buckets["decade"] if pair[0]))

    def _summary(self, address: tantivy.DocAddress) -> Summary:
        return _summary_at(self.searcher, address)


def _begins_with(film: Summary, name: str) -> bool:
    """Return whether one of a film's titles, or the part after its colon, or its collection begins with a series' name."""
    return any(f"{title} ".startswith(f"{name} ") for title in _names(film))


def _has_in_title(film: Summary, name: str) -> bool:
    """Return whether one of a film's titles has a series' name in it."""
    return any(f" {name} " in f" {title} " for title in _names(film))


def _is_other_series(first: tuple[float, Summary], second: tuple[float, Summary]) -> bool:
    """Return whether a film belongs to an older, less known series than the next film."""
    return first[0] < second[0] and (second[1].year or 0) - (first[1].year or 0) > PAUSE


def _names(film: Summary) -> list[str]:
    titles = [film.title, film.original_title or "", *film.titles.values(), film.collection or ""]
    return [
        fold_title(title) for title_found in titles for title in (title_found, *title_found.split(": ")[1:])
    ]


_summary = msgspec.json.Decoder(Summary)


def _summary_at(searcher: tantivy.Searcher, address: tantivy.DocAddress) -> Summary:
    return _summary.decode(bytes(searcher.doc(address).get_first("summary") or b""))
