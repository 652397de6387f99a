"""Raw payloads: the exact bytes as delivered, named by their SHA-256."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from moviec.errors import DamagedError
from moviec.storage.files import Put, Store


class Payload(msgspec.Struct, frozen=True):
    """Bytes as delivered: their name at the provider, SHA-256, size, and whether the lake had them."""

    name: str
    sha256: str
    size: int
    put: Put


def keep_payload(store: Store, path: Path) -> Payload:
    """Keep a delivered file's bytes in the lake; the same bytes are kept once, and mend those that are damaged.

    The file may still be written to: what is kept is hashed as it is copied.
    """
    kept = store.keep(path, payload_name)
    return Payload(path.name, kept.sha256, kept.size, kept.put)


def let_go(store: Store, payloads: Iterable[Payload]) -> None:
    """Take those of a delivery that was refused out of the lake again that came into it with this delivery."""
    for payload in payloads:
        if payload.put is Put.STORED:
            store.remove(payload_name(payload.sha256))


def payload_name(sha256: str) -> str:
    """Return the name in the lake of the payload with this SHA-256."""
    return f"raw/{sha256[:2]}/{sha256}"


def payload_path(store: Store, name: str, sha256: str) -> Path:
    """Return a local path to the verified bytes of a payload that was delivered under `name`.

    Raises DamagedError, which tells that name, where they are not what was delivered.
    """
    try:
        return store.path(payload_name(sha256))
    except DamagedError as error:
        raise DamagedError(
            f"the payload '{name}' is damaged ({payload_name(sha256)})", error.where, error.hint
        ) from error
