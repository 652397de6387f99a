"""How a source is queried online: the table `[fetch]` of its `source.toml`, as data.

Two forms. With `details` ids are gathered first (from an export, from pages, or those of the catalogue's films) and each is
requested; without it the items of the pages of `listing` are the rows themselves. Queries and paths may name `{id}`,
`{ids}`, `{page}`, `{offset}`, `{size}`, `{cursor}`, `{since}`, `{until}` and `{date:%Y-%m-%d}`.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

_NAMED = re.compile(r"\{(id|ids|page|offset|size|cursor|since|until|date)(?::([^}]+))?\}")


class KeyForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a key that looks like `pattern` is sent: in the query under a name, or in a header behind a prefix."""

    pattern: str = ".+"
    query: str = ""
    header: str = ""
    prefix: str = ""


class Sign(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The meaning of an answer with this status, or with text like `pattern` at `path` in its body.

    gone: the id does not exist (any more). limit: the day's allowance is used up. refused: the key is not accepted.
    """

    means: Literal["gone", "limit", "refused"]
    status: int | None = None
    path: str = ""
    pattern: str = ".*"

    def fits(self, status: int, body: Any) -> bool:
        """Return whether an answer is one of these."""
        if self.status is not None and status != self.status:
            return False
        if not self.path:
            return self.status is not None
        text = at_path(body, self.path)
        return text is not None and re.fullmatch(self.pattern, str(text), re.DOTALL) is not None


class Pages(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A list that comes in pages: where it is, where an answer has the items, and when it ends.

    It ends with the page that has the number at `total`, with one of fewer than `size` items, or without the `cursor` or the
    `link` (an address) of a next one. `id` is where an item has its id, `id_pattern` which part of that it is.
    `days`: from `since` to `until` it is requested in stretches of at most this many days.
    """

    path: str
    query: dict[str, str] = {}
    items: str = ""
    id: str = ""
    id_pattern: str = ".+"
    first: int = 1
    size: int = 0
    total: str = ""
    cursor: str = ""
    link: str = ""
    days: int = 0

    def __post_init__(self) -> None:
        """Reject pages without an end."""
        if not (self.size or self.total or self.cursor or self.link):
            raise ValueError(f"the pages of {self.path} have no end: give size, total, cursor or link")


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of all ids, JSON lines packed by gzip: its address, where a line has its id, and which come first.

    `order` is a number, the greatest first. `leave_out` names, by member, values of lines to leave out. If today's is
    not published yet, yesterday's is used.
    """

    url: str
    id: str
    order: str = ""
    leave_out: dict[str, tuple[Any, ...]] = {}


class CatalogueIds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ids that the catalogue's films have in a space: those never requested first, most voted first; again after
    `again` days.
    """

    space: str
    again: int = 30


class Details(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The request for an id, or for `group` ids at once (each written as `each`, joined by `join`).

    `items` is where an answer lists rows of several ids; `id` is where a row, or the body, has its id, `id_pattern` which part of
    that it is. A requested id without a row is gone; so is one whose answer is about another id.
    """

    path: str
    query: dict[str, str] = {}
    group: int = 1
    each: str = "{id}"
    join: str = ","
    items: str = ""
    id: str = ""
    id_pattern: str = ".+"


class CompanyAsks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The requests for a company that films of the catalogue name by this source's id: `path`, and `also`, whose
    answers are put into its body under their names.

    They are sent after a round, those with most films first, again after `again` days, and become files of the role
    `role`.
    """

    role: str
    path: str
    id: str = "id"
    also: dict[str, str] = {}
    again: int = 90


class FetchSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a source is queried: where, how often, with which key, for which ids, and what its answers mean.

    `rate` is requests a second, `allowance` requests a day (0: unlimited), `connections` requests at a time. The
    answers become files of the role `role`. `needs` says to a person what to get and where.
    """

    base: str
    role: str
    rate: float
    allowance: int = 0
    connections: int = 8
    headers: dict[str, str] = {}
    keys: tuple[KeyForm, ...] = ()
    needs: str = ""
    signs: tuple[Sign, ...] = ()
    export: Export | None = None
    listing: Pages | None = None
    catalogue: CatalogueIds | None = None
    changes: Pages | None = None
    details: Details | None = None
    companies: CompanyAsks | None = None
    max_bytes: int = 20_000_000
    probe: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Reject facts without requests."""
        if sum(each is not None for each in (self.export, self.listing, self.catalogue)) != 1:
            raise ValueError(
                "give one of export, listing and catalogue: where the ids, or the rows, come from"
            )
        if self.details is None and self.listing is None:
            raise ValueError("ids without details: say how to request one")
        if self.rate <= 0 or self.connections < 1:
            raise ValueError("rate and connections must be above 0")


def at_path(value: Any, path: str) -> Any:
    """Return the value at a path (`a.b`) in decoded JSON; None if there is none, the whole for an empty path."""
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Return a text with its placeholders filled in, such as `{date:%m_%d_%Y}`."""

    def one(found: re.Match[str]) -> str:
        value = values.get(found[1], "")
        return value.strftime(found[2] or "%Y-%m-%d") if isinstance(value, dt.date) else str(value)

    return _NAMED.sub(one, text)


def address(base: str, path: str, query: Mapping[str, str], values: Mapping[str, Any]) -> str:
    """Return the address of a request; values in a path are escaped."""
    safe = {
        name: quote(value, safe="") if isinstance(value, str) else value for name, value in values.items()
    }
    pairs = {name: text for name, given in query.items() if (text := filled(given, values))}
    return base.rstrip("/") + filled(path, safe) + (f"?{urlencode(pairs)}" if pairs else "")


def elsewhere(url: str, base: str) -> str:
    """Return an address with another origin: `base`, which may have a path of its own; unchanged without one."""
    if not base:
        return url
    parts, new = urlsplit(url), urlsplit(base)
    return urlunsplit((new.scheme, new.netloc, new.path.rstrip("/") + parts.path, parts.query, ""))


def stretches(first: dt.date, last: dt.date, days: int) -> Iterator[tuple[dt.date, dt.date]]:
    """Yield stretches of at most a number of days that cover the days from the first to the last; one for 0."""
    step = dt.timedelta(days=days)
    while days and last - first > step:
        yield first, first + step
        first += step
    yield first, last
