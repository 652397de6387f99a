"""Raw payloads: the exact bytes as delivered, named by their SHA-256."""

from __future__ import annotations

from pathlib import Path

import msgspec

from moviec.lake.store import Store


class Payload(msgspec.Struct, frozen=True):
    """Bytes as delivered: their name at the provider, SHA-256 and size."""

    name: str
    sha256: str
    size: int


def keep_payload(store: Store, path: Path, sha256: str) -> Payload:
    """Keep a delivered file's bytes in the lake; the same bytes are kept once."""
    store.put(path, payload_name(sha256))
    return Payload(path.name, sha256, path.stat().st_size)


def payload_name(sha256: str) -> str:
    """Give the name in the lake of the payload with this SHA-256."""
    return f"raw/{sha256[:2]}/{sha256}"
