"""Answers from the index: a page of summaries in order, how many films match, and facets by genre and decade."""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import tantivy
from tantivy import FieldType, Query

from moviec.errors import StoreError, UsageError
from moviec.search.location import current, open_index, position
from moviec.search.query import Fields, GenreWords, all_of, any_of, readings
from moviec.search.summaries import Summary

Sort = Literal["relevance", "rating", "year", "popularity"]

_FIELDS = {
    "relevance": "by_popularity",
    "popularity": "by_popularity",
    "rating": "by_rating",
    "year": "by_year",
}

#: The first tiers are whole titles: a query that is one stays with what matches as it stands.
WHOLE_TIERS = 2

#: The first tiers are titles: these are always looked into.
TITLE_TIERS = 3

#: With fewer films than so many from the tiers so far the next one is looked into, too: people and companies, one typing
#: error, two. Titles fill the largest page before names are asked: a name's beginning may be in most films, and they
#: would come after the titles. Of typing errors bench/bench_api.py counts how often the film that was meant is found.
WIDER = (100, 5, 1)


class Least(msgspec.Struct, frozen=True):
    """The fewest votes at one rater, and the fewest raters, of the films in a list."""

    votes: int
    raters: int


#: What a list of top rated films asks of a film unless the caller says otherwise; where no film has as much the next is
#: taken. Of the 100 that lead it over all shared data all have 2,000 votes at IMDb or TMDB or 100 at MovieLens; without
#: a least number of raters films of one country's fans lead, with 1,000 votes it is 91 of 100.
TOP_RATED = (Least(2000, 2), Least(2000, 0), Least(0, 0))


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for. `genres` and `company` are ids of the catalogue; ratings are 0 to 100.

    `sort` by rating goes by the lower end of the C-rating's interval: by what one can be sure of.
    """

    query: str = ""
    genres: tuple[int, ...] = ()
    company: int | None = None
    year_from: int | None = None
    year_to: int | None = None
    min_rating: float | None = None
    min_votes: int = 0
    min_raters: int = 0
    adult: bool = False
    sort: Sort = "relevance"
    limit: int = 20
    cursor: str = ""
    facets: bool = True


class Counted(msgspec.Struct, frozen=True):
    """Films that match in all, and (value, films) by genre id, the most first, and by decade."""

    total: int
    genres: list[tuple[int, int]]
    decades: list[tuple[int, int]]


class Page(msgspec.Struct, frozen=True):
    """A page: summaries, films that match in all, (value, films) by genre id and decade, and the next page's cursor."""

    items: list[Summary]
    total: int
    genres: list[tuple[int, int]]
    decades: list[tuple[int, int]]
    cursor: str | None


class Finder:
    """Searches the index in use; `refresh` moves on to what the indexer has done since. Usable from any thread."""

    def __init__(self, folder: Path) -> None:
        """Take the folder of the host's index; nothing is opened yet."""
        self._folder = folder
        self._opened: tuple[Path, int] | None = None
        self._index: tantivy.Index | None = None

    @property
    def position(self) -> int | None:
        """Number of the change log that the opened index holds; None while there is none."""
        return self._opened[1] if self._opened else None

    def refresh(self) -> None:
        """Open what is in use now. A damaged index counts as none: it is being built anew."""
        used = current(self._folder)
        held = position(used) if used else None
        stands = (used, held.change) if used is not None and held is not None else None
        if stands is None or stands == self._opened:
            # An index that was deleted under us is still served from its open files.
            return
        if self._index is not None and self._opened and self._opened[0] == stands[0]:
            self._index.reload()
        else:
            try:
                self._index = open_index(stands[0])
            except StoreError:
                return
        self._opened = stands

    def find(self, ask: Ask, genres: GenreWords) -> Page:
        """Search or list. Raises StoreError where there is no index, UsageError for a cursor of another search."""
        if self._index is None:
            raise StoreError("there is no search index yet", str(self._folder), "it is being built")
        return _Search(self._index, ask, genres).page()


class _Search:
    """One search over one state of the index."""

    def __init__(self, index: tantivy.Index, ask: Ask, genres: GenreWords) -> None:
        self.searcher = index.searcher()
        self.fields = Fields(index.schema)
        self.ask = ask
        self.field = _FIELDS[ask.sort]
        self.filters, self.unwanted = self._filters()
        self.tiers = self._tiers(genres)
        self.of = binascii.crc32(
            msgspec.json.encode(msgspec.structs.replace(ask, cursor="", limit=0, facets=False))
        )

    def page(self) -> Page:
        """Return the page after the cursor."""
        begin = self._begin()
        tiers = self.tiers[: begin.tiers]
        counted = self._count(self._wanted(any_of(tiers)), self.ask.facets)
        for enough in () if self.ask.cursor else WIDER:
            if len(tiers) == len(self.tiers) or self._suffice(tiers, counted.total, enough):
                break
            tiers = self.tiers[: len(tiers) + 1]
            counted = self._count(self._wanted(any_of(tiers)), self.ask.facets)
        found = self._walk(tiers, begin)
        more = len(found) > self.ask.limit
        items = [self._summary(address) for _, _, address in found[: self.ask.limit]]
        cursor = None
        if more:
            tier, value, _ = found[self.ask.limit - 1]
            cursor = write_cursor(Cursor(tier, value, len(tiers), self.of))
        return Page(items, counted.total, counted.genres, counted.decades, cursor)

    def _suffice(self, tiers: Sequence[Query], total: int, enough: int) -> bool:
        """Return whether these tiers do without the next.

        Filters that leave anything do not change what the words mean: a facet gives as many films as it tells.
        """
        if self.filters and total:
            total = self._count(all_of([any_of(tiers)], self.unwanted), False).total
        return total >= enough or (len(tiers) > TITLE_TIERS and self._titled())

    def _titled(self) -> bool:
        """Return whether the query is a whole title of some film: then it holds no typing error."""
        whole = all_of([any_of(self.tiers[:WHOLE_TIERS])], self.unwanted)
        return bool(self.searcher.search(whole, 1, count=False).hits)

    def _begin(self) -> Cursor:
        if not self.ask.cursor:
            return Cursor(0, 0, TITLE_TIERS, self.of)
        cursor = read_cursor(self.ask.cursor)
        if cursor.of != self.of:
            raise UsageError(
                "this cursor belongs to another search", "cursor", "leave it out, or ask as before"
            )
        return cursor

    def _walk(self, tiers: Sequence[Query], begin: Cursor) -> list[tuple[int, int, tantivy.DocAddress]]:
        """List (tier, sort value, address) after the cursor, one more than asked for where there is one."""
        if self.ask.sort != "relevance" or len(tiers) == 1:
            tiers = [any_of(tiers)]
        found: list[tuple[int, int, tantivy.DocAddress]] = []
        for place in range(begin.tier, len(tiers)):
            query = self._wanted(tiers[place], tiers[:place])
            if self.ask.cursor and place == begin.tier:
                before = self.fields.span(self.field, FieldType.Unsigned, None, begin.value - 1)
                query = all_of([query, before])
            missing = self.ask.limit + 1 - len(found)
            result = self.searcher.search(query, missing, count=False, order_by_field=self.field)
            found += [(place, int(value), address) for value, address in result.hits]
            if len(found) > self.ask.limit:
                break
        return found

    def _tiers(self, genres: GenreWords) -> list[Query]:
        if not self.ask.query.strip():
            return [Query.all_query()]
        begun = not self.ask.query[-1].isspace()
        meant = readings(self.ask.query, begun, genres, self._known_title)
        each = [self.fields.tiers(reading, begun) for reading in meant]
        return [any_of(some) for some in zip(*each, strict=True)]

    def _known_title(self, words: Sequence[str]) -> bool:
        """Return whether words are a title: a lone word a whole one, several also a part of one."""
        query = self.fields.term("whole", " ".join(words))
        display = self.fields.term("display", " ".join(words))
        parts = [query, display] if len(words) == 1 else [query, display, self.fields.together(words)]
        return bool(self.searcher.search(any_of(parts), 1, count=False).hits)

    def _filters(self) -> tuple[list[Query], list[Query]]:
        ask, fields = self.ask, self.fields
        wanted = [fields.term("genre", genre) for genre in ask.genres]
        if ask.company is not None:
            wanted.append(fields.term("company", ask.company))
        if ask.year_from is not None or ask.year_to is not None:
            wanted.append(fields.span("year", FieldType.Integer, max(ask.year_from or 1, 1), ask.year_to))
        if ask.min_rating is not None:
            wanted.append(fields.span("rating", FieldType.Integer, round(ask.min_rating * 100), None))
        for name, least in (("votes", ask.min_votes), ("raters", ask.min_raters)):
            if least:
                wanted.append(fields.span(name, FieldType.Integer, least, None))
        return wanted, [] if ask.adult else [fields.term("adult", 1)]

    def _wanted(self, query: Query, but: Sequence[Query] = ()) -> Query:
        return all_of([query, *self.filters], [*self.unwanted, *but])

    def _count(self, query: Query, facets: bool) -> Counted:
        """Count the films that match. Every film has one decade, 0 where its year is unknown: their sum is the total."""
        wanted = ["decade", "genre"] if facets else ["decade"]
        asked = {name: {"terms": {"field": name, "size": 1000}} for name in wanted}
        buckets = {
            name: [(int(one["key"]), int(one["doc_count"])) for one in each["buckets"]]
            for name, each in self.searcher.aggregate(query, asked).items()
        }
        total = sum(count for _, count in buckets["decade"])
        if not facets:
            return Counted(total, [], [])
        by_count = sorted(buckets["genre"], key=lambda pair: (-pair[1], pair[0]))
        return Counted(total, by_count, sorted(pair for pair in buckets["decade"] if pair[0]))

    def _summary(self, address: tantivy.DocAddress) -> Summary:
        return _summary.decode(bytes(self.searcher.doc(address).get_first("summary") or b""))


_summary = msgspec.json.Decoder(Summary)


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """Where a page ended: tier, the last film's sort value, how many tiers are looked into, of which search."""

    tier: int
    value: int
    tiers: int
    of: int


_cursor = msgspec.msgpack.Decoder(Cursor)


def write_cursor(cursor: Cursor) -> str:
    """Write a cursor as text for a URL."""
    return urlsafe_b64encode(msgspec.msgpack.encode(cursor)).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """Read a cursor. Raises UsageError for anything that is none."""
    try:
        found = _cursor.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, msgspec.DecodeError) as error:
        raise UsageError(
            "this is no cursor", "cursor", "give `next` of the page before as it stands"
        ) from error
    if not (0 <= found.tier < found.tiers < 10 and 0 < found.value < 1 << 64):
        raise UsageError("this is no cursor", "cursor", "give `next` of the page before as it stands")
    return found
