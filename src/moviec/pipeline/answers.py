"""What answers hold: the rows of pages and of details, as lines of a pack, and what a pack's lines say."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from moviec.errors import PayloadError, UsageError
from moviec.pipeline.asking import Asked, Asking
from moviec.sources.fetch_spec import CompanyAsks, Details, Pages, at_path
from moviec.storage.filesystems import shown


def rows_of_probe(asking: Asking) -> tuple[str, int, list[bytes]]:
    """Return the address, the status and the lines of one request: of the ids that the facts name for it, else of a first page."""
    fetch = asking.fetch
    if fetch.details and fetch.probe:
        url = detail_url(asking, fetch.details, fetch.probe)
        asked = asking.one(url)
        found = list(rows_of(fetch.details, asked._replace(wanted=list(fetch.probe))))  # type: ignore[arg-type]
        return url, asked.status, [line_of(key, asked.status, body) for key, body in found]
    pages = fetch.listing
    if pages is None:
        raise UsageError(
            "its facts name nothing to ask for in a probe", asking.spec.name, "give probe under [fetch]"
        )
    url = asking.url(pages.path, pages.query, {**first_page(pages), "size": pages.size})
    asked = asking.one(url)
    return url, asked.status, page_lines(pages, asked)


def page_lines(pages: Pages, asked: Asked[str]) -> list[bytes]:
    """Return the items of a page as lines."""
    return [
        line_of(number_of(pages, item) if pages.id else "", asked.status, msgspec.json.encode(item))
        for item in items_of(pages, asked)
    ]


def items_of(pages: Pages, asked: Asked[str]) -> list[Any]:
    """Return the items of a page. Raises PayloadError where the answer has none where the facts say."""
    items = at_path(asked.body, pages.items)
    if not isinstance(items, list):
        raise PayloadError(
            f"the answer has no list at '{pages.items}'", shown(asked.wanted), "has it changed?"
        )
    return items


def detail_url(asking: Asking, details: Details, ids: Sequence[str]) -> str:
    """Return the address of the request for some ids."""
    each = [details.each.replace("{id}", one) for one in ids]
    return asking.url(details.path, details.query, {"id": ids[0], "ids": details.join.join(each)})


def number_of(pages: Pages, item: Any) -> str:
    """Return the id of an item."""
    return _id_in(at_path(item, pages.id) if pages.id else item, pages.id_pattern)


def _id_in(value: Any, pattern: str) -> str:
    found = re.search(pattern, str(value)) if value is not None else None
    return found[0] if found else ""


def rows_of(details: Details, asked: Asked[list[str]]) -> Iterator[tuple[str, bytes]]:
    """Yield the rows of an answer: the id and the body, which is empty where the id is gone; ids that have no row are gone."""
    if asked.gone:
        for key in asked.wanted:
            yield key, b""
        return
    if details.items:
        items = at_path(asked.body, details.items)
        if not isinstance(items, list):
            raise PayloadError(f"the answer has no list at '{details.items}'", ", ".join(asked.wanted[:3]))
        keys = [_id_in(at_path(item, details.id), details.id_pattern) for item in items]
        for key, item in zip(keys, items, strict=True):
            yield key, msgspec.json.encode(item)
        yield from ((key, b"") for key in asked.wanted if key not in set(keys))
        return
    key = _id_in(at_path(asked.body, details.id), details.id_pattern) if details.id else asked.wanted[0]
    yield from ((wanted, b"") for wanted in asked.wanted if wanted != key)
    yield key, msgspec.json.format(asked.raw, indent=-1)


def company_lines(
    asks: CompanyAsks, asked: Asked[tuple[str, str]], more: Sequence[Asked[tuple[str, str]]]
) -> list[bytes]:
    """Return the answer about a company as a line, with what was asked beside it under the names of that; gone where its id is
    no more, or answers as another's.
    """
    wanted = asked.wanted[0]
    key = _id_in(at_path(asked.body, asks.id), ".+") if not asked.gone else ""
    if key != wanted:
        return [line_of(wanted, asked.status, b"")]
    body = {**asked.body, **{part.wanted[1]: part.body for part in more if not part.gone}}
    return [line_of(wanted, asked.status, msgspec.json.encode(body))]


def line_of(key: str, status: int, body: bytes) -> bytes:
    """Return an answer as a line of a pack: the id, the status, and the body as it came, or that it is gone."""
    head = b'{"id":' + msgspec.json.encode(key) + b',"status":' + str(status).encode()
    return head + (b',"body":' + body + b"}" if body else b',"gone":true}')


class _Answer(msgspec.Struct):
    """What is read back of a line of a pack."""

    id: str
    gone: bool = False


def answered(pack: Path) -> Iterator[tuple[str, bool]]:
    """Yield each id of a pack, and whether the source knows it."""
    with gzip.open(pack, "rb") as lines:
        for line in lines:
            row = msgspec.json.decode(line, type=_Answer)
            yield row.id, not row.gone


def first_page(pages: Pages) -> dict[str, Any]:
    """Return what asks for the first page."""
    return {"page": pages.first, "offset": 0}
