"""Where a page of a search ended, as text for a URL: the next page begins behind it, whatever has come meanwhile."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from moviec.errors import UsageError


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
