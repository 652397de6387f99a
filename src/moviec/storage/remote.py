"""Remote files (on the web, over SFTP, in S3, in a drop folder): one interface to list, fetch and move them.

Transient failures are retried after growing pauses; a fetched file appears under its name once it is whole. Every failure is
one of moviec.errors, and names no password.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from moviec.errors import UsageError
from moviec.storage.filesystems import Elsewhere, Options, name_of, open_files, shown, translated
from moviec.transient import Patience, patiently
from moviec.work import written_aside

#: Kinds of addresses that reach local files, bypassing the checks of paths; so do nested addresses
#: (`zip://…::file://…`).
_HERE = {"file", "local", "memory"}


class Remote(Protocol):
    """One kind of place. Raises UsageError where there is nothing, TransportError for transient failures, else
    SourceError.
    """

    def is_folder(self, url: str) -> bool:
        """Return whether there is a folder at this address."""

    def names(self, url: str) -> list[str]:
        """List the names in a folder."""

    def get(self, url: str, target: Path) -> None:
        """Copy a file's bytes."""


def open_remote(url: str, options: Options, patience: Patience) -> Remote:
    """Open the kind of place an address names; only what is needed is imported. Raises UsageError for an unknown kind.

    `options` are those of the place: `headers` on the web, those of docs/settings.md for SFTP, fsspec's for the others.
    """
    kind = url.partition("://")[0].lower()
    if kind in _HERE or "::" in url:
        raise UsageError(
            "this kind of address is not supported", shown(url), "give the path of the file itself"
        )
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
            "this kind of address needs a package that is not installed",
            shown(url),
            "pip install 'moviec[remote]'",
        ) from error


def fetch(remote: Remote, url: str, folder: Path, patience: Patience) -> Path:
    """Copy a file into a folder, under its own name, once it is complete."""
    name = name_of(url)
    if not name:
        raise UsageError("this address does not name a file", shown(url))
    with written_aside(folder / name) as part:
        patiently(lambda: remote.get(url, part), patience)
    return folder / name


class Dropped(msgspec.Struct, frozen=True):
    """A file in a folder: its size, and values that change when it is written to; `whole` if it can only appear
    complete.
    """

    name: str
    size: int
    mark: str
    whole: bool = False


class Drop(Protocol):
    """A folder that files are dropped into."""

    def entries(self) -> list[Dropped]:
        """Return the files in the folder, not those in folders below it."""

    def address(self, name: str) -> str:
        """Return where a file is, as `moviec ingest` takes it."""

    def move(self, name: str, to: str) -> None:
        """Give a file another name below the folder."""

    def write(self, name: str, text: str) -> None:
        """Write a small text file in the folder."""


def open_drop(place: str, options: Options, patience: Patience) -> Drop:
    """Open a folder. Raises UsageError for one whose files cannot be moved."""
    scheme = urlsplit(place).scheme if "://" in place else ""
    if not scheme:
        return _Here(Path(place).expanduser())
    if scheme in ("http", "https"):
        raise UsageError(
            "files on the web cannot be moved away", shown(place), "an inbox is a folder, sftp:// or s3://"
        )
    if scheme in ("sftp", "ssh"):
        return _OverSftp(place.rstrip("/"), options, patience)
    return _InBucket(place.rstrip("/"), options)


class _Here:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entries(self) -> list[Dropped]:
        if not self._folder.is_dir():
            raise UsageError("no such folder", str(self._folder), "create it, or set another inbox")
        found = [(path, path.stat()) for path in sorted(self._folder.iterdir()) if path.is_file()]
        return [
            Dropped(path.name, stat.st_size, f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ino}")
            for path, stat in found
        ]

    def address(self, name: str) -> str:
        return str(self._folder / name)

    def move(self, name: str, to: str) -> None:
        target = self._folder / to
        target.parent.mkdir(parents=True, exist_ok=True)
        (self._folder / name).replace(target)

    def write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, "utf-8")


class _OverSftp:
    def __init__(self, url: str, options: Options, patience: Patience) -> None:
        from moviec.storage.sftp import Sftp

        self._url, self._files = url, Sftp(options, patience)

    def entries(self) -> list[Dropped]:
        found = self._files.stats(self._url)
        return [Dropped(name, size, f"{size} {at}") for name, (size, at) in sorted(found.items())]

    def address(self, name: str) -> str:
        return f"{self._url}/{name}"

    def move(self, name: str, to: str) -> None:
        self._files.move(self.address(name), self.address(to))

    def write(self, name: str, text: str) -> None:
        self._files.write(self.address(name), text)


class _InBucket(Elsewhere):
    """Objects appear complete, never half written."""

    def __init__(self, url: str, options: Options) -> None:
        super().__init__(options)
        self._url = url

    def entries(self) -> list[Dropped]:
        with translated(self._url):
            files, path = open_files(self._url, self._options)
            files.invalidate_cache()
            found = (
                [each for each in files.ls(path, detail=True) if each["type"] == "file"]
                if files.exists(path)
                else []
            )
        names = [(each["name"].rpartition("/")[2], each) for each in found]
        return [
            Dropped(
                name, each["size"], f"{each['size']} {each.get('ETag', each.get('mtime', ''))}", whole=True
            )
            for name, each in sorted(names, key=lambda pair: pair[0])
            if name
        ]

    def address(self, name: str) -> str:
        return f"{self._url}/{name}"

    def move(self, name: str, to: str) -> None:
        with translated(self.address(name)):
            files, path = open_files(self._url, self._options)
            files.mv(f"{path}/{name}", f"{path}/{to}")

    def write(self, name: str, text: str) -> None:
        with translated(self.address(name)):
            files, path = open_files(self._url, self._options)
            files.pipe_file(f"{path}/{name}", text.encode())
