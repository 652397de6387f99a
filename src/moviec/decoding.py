"""Structs that may be decoded by several threads at once from the first time on."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

Kind = TypeVar("Kind", bound=type[Any])


def decodable(kind: Kind) -> Kind:
    """Have a struct's fields worked out as its class is made, by the one thread that imports its module.

    msgspec (0.22) does it at the first decoding, and a process whose threads do so at the same time crashes.
    """
    msgspec.json.Decoder(kind)
    return kind
