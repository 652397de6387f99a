"""IMDb's download site on the loopback: the datasets as gzip, with ETags, parts and conditional requests."""

from __future__ import annotations

from pathlib import Path

from moviec.loopback.server import Provider, files


def imdb_files(folder: Path) -> Provider:
    """Return a provider of the packed files in a folder: `/title.basics.tsv.gz` and so on."""
    return files({f"/{path.name}": path.read_bytes() for path in sorted(folder.glob("*.tsv.gz"))})
