"""Files that lie elsewhere: on the web, over SFTP, in S3 and whatever else fsspec opens. One way to list and to fetch.

What may pass is tried again after growing pauses; a fetched file appears under its name once it is whole. Every
failure is one of moviec.errors, and names no password.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from moviec.errors import UsageError
from moviec.storage.filesystems import Options, name_of, shown
from moviec.storage.retry import Patience, patiently
from moviec.work import written_aside

#: Kinds of addresses that lead to files here, past what looks at paths; so do addresses inside addresses (`zip://…::file://…`).
_HERE = {"file", "local", "memory"}


class Remote(Protocol):
    """One kind of place. Raises UsageError where there is nothing, TransportError for what may pass, else SourceError."""

    def is_folder(self, url: str) -> bool:
        """Return whether there is a folder at this address."""

    def names(self, url: str) -> list[str]:
        """List the names in a folder."""

    def get(self, url: str, target: Path) -> None:
        """Copy a file's bytes."""


def open_remote(url: str, options: Options, patience: Patience) -> Remote:
    """Open the kind of place an address names; only what is called is imported. Raises UsageError for an unknown kind.

    `options` are those of the place: `headers` on the web, those of docs/settings.md for SFTP, fsspec's for the others.
    """
    kind = url.partition("://")[0].lower()
    if kind in _HERE or "::" in url:
        raise UsageError("this kind of address is not opened", shown(url), "give the path of the file itself")
    try:
        match urlsplit(url).scheme:
            case "http" | "https":
                from moviec.storage.http import Web

                return Web(options, patience)
            case "sftp" | "ssh":
                from moviec.storage.sftp import Sftp

                return Sftp(options, patience)
            case _:
                from moviec.storage.filesystems import Elsewhere

                return Elsewhere(options)
    except ImportError as error:
        raise UsageError(
            "this kind of address takes a package that is not installed",
            shown(url),
            "pip install 'moviec[remote]'",
        ) from error


def fetch(remote: Remote, url: str, folder: Path, patience: Patience) -> Path:
    """Copy a file into a folder, under its own name, once it is whole."""
    name = name_of(url)
    if not name:
        raise UsageError("this address names no file", shown(url))
    with written_aside(folder / name) as part:
        patiently(lambda: remote.get(url, part), patience)
    return folder / name
