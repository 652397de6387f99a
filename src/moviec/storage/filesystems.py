"""File systems by fsspec, with the errors of the libraries behind them converted to MovieC's."""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import fsspec

from moviec.errors import SourceError, TransportError, UsageError

Options = Mapping[str, Any]

_HERE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


def open_files(url: str, options: Options) -> tuple[fsspec.AbstractFileSystem, str]:
    """Return the file system of an address and the path in it; its listings are not cached.

    Raises UsageError for an unknown kind, or if its package is missing.
    """
    try:
        files, path = fsspec.core.url_to_fs(url, **{"use_listings_cache": False, **options})
    except ImportError as error:
        hint = "pip install 'moviec[remote]'" if url.startswith(("s3://", "s3a://")) else _line(error)
        raise UsageError(
            "this kind of address needs a package that is not installed", shown(url), hint
        ) from error
    except (ValueError, TypeError) as error:
        raise UsageError(f"this kind of address cannot be opened ({_line(error)})", shown(url)) from error
    return files, path


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Convert a file system's errors to UsageError (nothing there), SourceError (refused) or TransportError."""
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError("no such file or folder", where) from error
    except PermissionError as error:
        raise SourceError(
            f"access refused ({_line(error)})", where, "see docs/settings.md for keys and passwords"
        ) from error
    except TimeoutError as error:
        raise TransportError("no response in time", where) from error
    except _failures() as error:
        if is_ours(error):
            raise
        raise TransportError(f"the other side failed ({_line(error)})", where) from error


def is_ours(error: Exception) -> bool:
    """Return whether the local disk is at fault, not the other side."""
    return isinstance(error, OSError) and error.errno in _HERE


def _failures() -> tuple[type[Exception], ...]:
    """Return the possible errors: if loaded, S3's library has errors that are not OSErrors."""
    botocore = sys.modules.get("botocore.exceptions")
    return (OSError, botocore.BotoCoreError) if botocore else (OSError,)


def _line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]


class Elsewhere:
    """One of fsspec's file systems, with its own options."""

    def __init__(self, options: Options) -> None:
        """Set the options."""
        self._options = options

    def is_folder(self, url: str) -> bool:
        """Return whether there is a folder at this address."""
        with translated(url):
            files, path = open_files(url, self._options)
            return bool(files.isdir(path))

    def names(self, url: str) -> list[str]:
        """List the names in a folder."""
        with translated(url):
            files, path = open_files(url, self._options)
            found = (entry.rstrip("/").rpartition("/")[2] for entry in files.ls(path, detail=False))
            return sorted(name for name in found if name)

    def get(self, url: str, target: Path) -> None:
        """Copy a file, and check its length against the announced one."""
        with translated(url):
            files, path = open_files(url, self._options)
            files.get_file(path, str(target))
            announced = files.size(path)
        if announced is not None and target.stat().st_size != announced:
            raise TransportError(f"{target.stat().st_size:,} of {announced:,} bytes received", url)


def name_of(url: str) -> str:
    """Return the file's name in an address; on the web it is escaped."""
    if urlsplit(url).scheme in ("http", "https"):
        return Path(unquote(urlsplit(url).path)).name
    return url.rpartition("/")[2]


def shown(url: str) -> str:
    """Return an address that is safe to show: without password, and without the query, which may be a signature."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "sftp", "ssh", "ftp"):
        return url
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
