"""The ids that a round requests: those of an export, of pages, of what changed, or of the catalogue's own films."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from moviec.catalog.online import ids_to_ask, used_today, was_asked
from moviec.decoding import decodable
from moviec.errors import AllowanceError, PayloadError, SourceError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.pipeline.asking import Asked, Asking, first_page, items_of, number_of
from moviec.sources.fetch_spec import CatalogueIds, Export, Pages, at_path, filled, stretches
from moviec.storage.http import Web
from moviec.storage.packs import Pack
from moviec.transient import patiently
from moviec.work import written_aside

#: The most bytes of an export of ids, compressed: TMDB's has 25 MB.
EXPORT_BYTES = 1_000_000_000

#: No bound: more ids than any source has.
EVERY = 1 << 40


@decodable
class Plan(msgspec.Struct, frozen=True):
    """A round's plan: when it began (its deliveries have that date), and from when changes are wanted; None for all."""

    began: dt.datetime
    since: dt.datetime | None = None


class RoundIds:
    """The ids of a round, gathered once and kept in its folder; `requests` counts what that took."""

    def __init__(self, context: RunContext, asking: Asking, plan: Plan, tell: Tell) -> None:
        """Prepare a round's ids, without requests."""
        self._home, self._catalogue, self._asking = context.home, context.catalogue, asking
        self._plan, self._tell, self._name = plan, tell, asking.spec.name
        self._folder = round_folder(context, self._name)
        self.requests = 0

    def file(self) -> Path:
        """Return the file of the ids to request, one per line; written once for a round."""
        ids = self._folder / "ids.txt"
        if ids.exists():
            return ids
        mine = self._home.settings.sources.get(self._name)
        most = mine.most if mine and mine.most is not None else EVERY
        count = 0
        with written_aside(ids) as fresh, fresh.open("w", encoding="utf-8") as file:
            for number in islice(self._found_ids(most), most):
                file.write(f"{number}\n")
                count += 1
            if not count and self._plan.since is None:
                self._explain_none()
        return ids

    def _explain_none(self) -> None:
        """Raise if the lack of ids is a fault: a list is empty, or the catalogue has none yet."""
        films = self._asking.fetch.catalogue
        if films is None:
            raise PayloadError(
                "the list of ids is empty", self._name, f"see `moviec sources check {self._name}`"
            )
        if not was_asked(self._catalogue, self._name):
            raise UsageError(
                f"no film of the catalogue has an id of {films.space} to request",
                self._name,
                "ingest a source that gives such ids first: imdb, tmdb or wikidata",
            )

    def _found_ids(self, most: int) -> Iterator[str]:
        fetch = self._asking.fetch
        if fetch.changes and self._plan.since:
            return self._listed(fetch.changes)
        if fetch.export:
            return iter(self._exported(fetch.export))
        if fetch.listing:
            return self._listed(fetch.listing)
        return iter(self._unasked(fetch.catalogue, most)) if fetch.catalogue else iter(())

    def _unasked(self, films: CatalogueIds, most: int) -> list[str]:
        """Return the ids of the catalogue's films to request, as many as the day's allowance permits."""
        before = (self._plan.began - dt.timedelta(days=films.again)).isoformat(timespec="seconds")
        with self._catalogue.connect() as connection:
            if self._asking.allowance:
                most = min(most, self._asking.allowance - used_today(connection, self._name))
            if most <= 0:
                raise AllowanceError(
                    "the day's allowance is used up", self._name, "it goes on tomorrow (UTC)"
                )
            return ids_to_ask(connection, self._name, films.space, before, most)

    def _exported(self, export: Export) -> list[str]:
        """Download the file of all ids, and return them, the greatest of `order` first."""
        day = self._plan.began.date()
        file = self._folder / "export.gz"
        web = Web(self._home.settings.options(export.url, self._name), self._asking.patience)
        for date in (day, day - dt.timedelta(days=1)):
            url = self._asking.moved(filled(export.url, {"date": date}))
            self._tell(f"{self._name}: downloading the list of ids")
            try:
                patiently(lambda url=url: web.download(url, file, None, EXPORT_BYTES), self._asking.patience)  # type: ignore[misc]
                break
            except UsageError as error:
                if date != day:
                    raise SourceError(error.what, error.where, "see `moviec sources check`") from error
        found: list[tuple[float, str]] = []
        try:
            with gzip.open(file, "rb") as lines:
                for line in lines:
                    row = msgspec.json.decode(line)
                    key = at_path(row, export.id)
                    if key is not None and not any(row.get(k) in v for k, v in export.leave_out.items()):
                        found.append(
                            (-float(at_path(row, export.order) or 0) if export.order else 0.0, str(key))
                        )
        except (OSError, EOFError, msgspec.DecodeError, ValueError, AttributeError) as error:
            raise PayloadError(
                f"the list of ids cannot be read ({error})", file.name, "fetch it again"
            ) from error
        found.sort(key=lambda pair: pair[0])
        return list(dict.fromkeys(key for _, key in found))

    def _listed(self, pages: Pages) -> Iterator[str]:
        """Yield the ids on pages, each once; pages listed before a crash are not requested again."""
        with Pack(self._folder, "listed") as listed:
            for items, _, after in self.pages(pages, listed.reached.at):
                listed.add([number.encode() for item in items if (number := number_of(pages, item))], after)
                self.requests += 1
        seen: set[str] = set()
        for line in lines_of(self._folder / "listed.lines", 0):
            if line not in seen:
                seen.add(line)
                yield line

    def pages(self, pages: Pages, at: Any) -> Iterator[tuple[list[Any], Asked[str], Any]]:
        """Yield each page's items, its answer, and the progress: the stretch, and the parameters of the next page's
        request.
        """
        since = (self._plan.since or self._plan.began).date()
        spans = list(stretches(since, self._plan.began.date(), pages.days))
        stretch, state = at if at else (0, {"page": pages.first, "offset": 0})
        while stretch < len(spans):
            while state is not None:
                first, last = spans[stretch]
                values = {**state, "size": pages.size, "since": first.isoformat(), "until": last.isoformat()}
                url = str(state.get("link", "")) or self._asking.url(pages.path, pages.query, values)
                asked = self._asking.one(url)
                items = items_of(pages, asked)
                state = self._next(pages, state, asked, len(items))
                yield items, asked, [stretch, state] if state else [stretch + 1, first_page(pages)]
            stretch, state = stretch + 1, first_page(pages)

    def _next(
        self, pages: Pages, state: dict[str, Any], asked: Asked[str], items: int
    ) -> dict[str, Any] | None:
        """Return the parameters of the next page's request; None after the last."""
        if pages.link:
            link = at_path(asked.body, pages.link)
            if link and _origin(link) not in (_origin(asked.wanted), ""):
                raise SourceError(
                    "the next page is on another host", _origin(link), "links to other hosts are not followed"
                )
            return {**state, "link": link} if link else None
        if pages.cursor:
            cursor = at_path(asked.body, pages.cursor)
            return {**state, "cursor": cursor} if cursor else None
        following = {"page": state["page"] + 1, "offset": state["offset"] + items}
        if pages.total:
            total = at_path(asked.body, pages.total) or 0
            return following if state["page"] < int(total) and items else None
        return following if items >= pages.size else None


def round_folder(context: RunContext, source: str) -> Path:
    """Return the folder in which a source's round keeps its ids and answers."""
    return context.home.folder / "downloads" / source


def _origin(url: str) -> str:
    return "/".join(url.split("/")[:3]) if "://" in url else ""


def lines_of(path: Path, start: int) -> Iterator[str]:
    """Yield the lines of a file from line `start` on; 0 is the first."""
    with path.open(encoding="utf-8") as file:
        for line in islice(file, start, None):
            yield line.rstrip("\n")
