"""Feeds for readers of Atom and RSS: recent changes, and the best rated new films."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.queries import changes_before, newest_change, titles_and_years
from moviec.web.errors import not_found
from moviec.web.params import FeedQuery, FilterQuery, ListQuery, query_of
from moviec.web.responses import Answer, from_bytes, respond
from moviec.web.routes.lists import find
from moviec.web.server_state import ServerState, server_of

#: Entries of a feed.
ENTRIES = 50

#: Days after its release for which a film is new.
NEW_FOR = 365

_MEDIA = {"atom": "application/atom+xml", "rss": "application/rss+xml"}
_ATOM = "http://www.w3.org/2005/Atom"
_HAPPENED = {"created": "new", "withdrawn": "withdrawn", "merged": "merged", "split": "split"}


class Entry(msgspec.Struct, frozen=True):
    """An entry: a permanent id, a title, a page, its time, and a summary."""

    id: str
    title: str
    link: str
    at: str
    summary: str


class Feed(msgspec.Struct, frozen=True):
    """A feed with its own address, its page, and its entries, the newest first; without any it is as new as `made`."""

    title: str
    link: str
    page: str
    entries: Sequence[Entry]
    made: str

    @property
    def updated(self) -> str:
        """Return the time of the newest entry."""
        return max((entry.at for entry in self.entries), default=self.made)


@get("/feeds/{name:str}", include_in_schema=False)
async def feed(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """`changes.atom`, `changes.rss`, `top.atom`, `top.rss`; of new films those that the filters of a list let through."""
    what, _, kind = name.partition(".")
    if what not in ("changes", "top") or kind not in _MEDIA:
        raise not_found("the feeds are changes.atom, changes.rss, top.atom and top.rss")
    server, params = server_of(request), query_of(request, FeedQuery)
    base = f"{request.url.scheme}://{request.url.netloc}{server.prefix}"
    link = f"{base}{request.url.path.removeprefix(server.prefix)}" + (
        f"?{request.url.query}" if request.url.query else ""
    )
    _, changed = await server.read(newest_change)
    published = changed or f"{dt.datetime.now(dt.UTC).date()}T00:00:00+00:00"
    if what == "changes":
        entries = await server.read(lambda connection: _changes(connection, base))
        made = Feed("Changes of films", link, f"{base}/", entries, published)
    else:
        entries = await _top(server, params, base)
        made = Feed("New films, best rated first", link, _page_of(params, base), entries, published)
    return respond(request, _written(made, kind))


def _page_of(params: FeedQuery, base: str) -> str:
    """Return the address of the site's page with the feed's films: the same filters."""
    usual = FeedQuery()
    apart = ("limit", "cursor", "facets", "fields", "include")
    kept = {
        name: value
        for name, value in msgspec.to_builtins(_listed(params)).items()
        if name not in apart and value != getattr(usual, name, None)
    }
    return f"{base}/search?{urlencode({**kept, 'adult': 'true'} if params.adult else kept)}"


def _listed(params: FeedQuery) -> ListQuery:
    """Return the list of a feed: films released in the last year by default."""
    today = dt.datetime.now(dt.UTC).date()
    same = {name: getattr(params, name) for name in FilterQuery.__struct_fields__}
    listed = ListQuery(**same, sort="rating")
    since = params.released_from or today - dt.timedelta(NEW_FOR)
    return msgspec.structs.replace(
        listed, limit=ENTRIES, cursor="", facets=False, released_from=since, released_to=params.released_to or today,
        fields="", include="",
    )  # fmt: skip


def _changes(connection: sa.Connection, base: str) -> list[Entry]:
    items = changes_before(connection, ENTRIES)
    named = {
        movie: f"{title} ({year})" if year else title
        for movie, title, year in titles_and_years(connection, [int(item["id"][2:]) for item in items])
    }
    return [
        Entry(
            id=f"{base}/v1/changes/{item['number']}",
            title=f"{named.get(int(item['id'][2:]), item['id'])}: {_HAPPENED.get(item['kind'], 'changed')}",
            link=f"{base}/movies/{item['id']}",
            at=item["at"],
            summary=_summary(item),
        )
        for item in items
    ]


def _summary(item: dict[str, Any]) -> str:
    fields = sorted(msgspec.json.decode(item["fields"]))
    said = f"{item['kind']}: {', '.join(fields)}" if fields else item["kind"]
    return f"{said} ({item['source']})" if item["source"] else said


async def _top(server: ServerState, params: FeedQuery, base: str) -> list[Entry]:
    """Return films released in the last year, by the lower bound of their rating; dated by their release."""
    today = dt.datetime.now(dt.UTC).date()
    found = await find(server, _listed(params), "")
    return [
        Entry(
            id=f"{base}/movies/{film.id}",
            title=f"{film.title} ({film.year}): {film.c_rating:.0f}"
            if film.c_rating is not None
            else film.title,
            link=f"{base}/movies/{film.id}",
            at=f"{film.year or today.year:04}-01-01T00:00:00+00:00",
            summary=", ".join(film.genres),
        )
        for film in found.page.items
    ]


def _written(feed: Feed, kind: str) -> Answer:
    root = _atom(feed) if kind == "atom" else _rss(feed)
    return from_bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True), _MEDIA[kind])


def _atom(feed: Feed) -> ElementTree.Element:
    root = ElementTree.Element("feed", {"xmlns": _ATOM})
    _texts(root, {"id": feed.link, "title": feed.title, "updated": feed.updated})
    ElementTree.SubElement(root, "link", {"rel": "self", "href": feed.link})
    ElementTree.SubElement(root, "link", {"rel": "alternate", "href": feed.page})
    _texts(ElementTree.SubElement(root, "author"), {"name": "MovieC"})
    for each in feed.entries:
        entry = ElementTree.SubElement(root, "entry")
        _texts(
            entry,
            {"id": each.id, "title": _plain(each.title), "updated": each.at, "summary": _plain(each.summary)},
        )
        ElementTree.SubElement(entry, "link", {"rel": "alternate", "href": each.link})
    return root


def _rss(feed: Feed) -> ElementTree.Element:
    root = ElementTree.Element("rss", {"version": "2.0"})
    channel = ElementTree.SubElement(root, "channel")
    _texts(
        channel,
        {
            "title": feed.title,
            "link": feed.page,
            "description": feed.title,
            "lastBuildDate": _dated(feed.updated),
        },
    )
    for entry in feed.entries:
        item = ElementTree.SubElement(channel, "item")
        _texts(
            item,
            {
                "title": _plain(entry.title),
                "link": entry.link,
                "description": _plain(entry.summary),
                "pubDate": _dated(entry.at),
            },
        )
        guid = ElementTree.SubElement(item, "guid", {"isPermaLink": "false"})
        guid.text = entry.id
    return root


def _texts(parent: ElementTree.Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        ElementTree.SubElement(parent, name).text = value


def _plain(text: str) -> str:
    """Remove characters that XML cannot represent."""
    return "".join(letter for letter in text if letter >= " " and letter not in "\ufffe\uffff")


def _dated(instant: str) -> str:
    return format_datetime(dt.datetime.fromisoformat(instant))


ROUTES: list[ControllerRouterHandler] = [feed]
