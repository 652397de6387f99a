"""Files in S3 and wherever else fsspec reaches; credentials come from the usual environment of its libraries."""

from __future__ import annotations

from pathlib import Path

from moviec.errors import TransportError
from moviec.lake.distant import Options, open_files, told


class Elsewhere:
    """One of fsspec's file systems, with its own options."""

    def __init__(self, options: Options) -> None:
        """Hold the options."""
        self._options = options

    def is_folder(self, url: str) -> bool:
        """Say whether there is a folder at this address."""
        with told(url):
            files, path = open_files(url, self._options)
            return bool(files.isdir(path))

    def names(self, url: str) -> list[str]:
        """List the names in a folder."""
        with told(url):
            files, path = open_files(url, self._options)
            found = (entry.rstrip("/").rpartition("/")[2] for entry in files.ls(path, detail=False))
            return sorted(name for name in found if name)

    def get(self, url: str, target: Path) -> None:
        """Copy a file, and hold its length against the one announced."""
        with told(url):
            files, path = open_files(url, self._options)
            files.get_file(path, str(target))
            announced = files.size(path)
        if announced is not None and target.stat().st_size != announced:
            raise TransportError(f"{target.stat().st_size:,} of {announced:,} bytes came", url)
