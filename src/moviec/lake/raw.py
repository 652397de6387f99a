"""Raw payloads: the exact bytes as delivered, named by their SHA-256."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moviec.lake.store import Kept, Store, raw_name


class Payload(msgspec.Struct, frozen=True):
    """Bytes as delivered: their name at the provider, SHA-256 and size, and what became of them in the lake."""

    name: str
    sha256: str
    size: int
    kept: Kept


def keep_payload(store: Store, path: Path) -> Payload:
    """Keep a delivered file's bytes in the lake; the same bytes are kept once."""
    kept, sha256, size = store.keep(path)
    return Payload(path.name, sha256, size, kept)


def payload_name(sha256: str) -> str:
    """Return the name in the lake of the payload with this SHA-256."""
    return raw_name(sha256)
