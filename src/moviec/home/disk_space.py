"""Space: whether the disks have what a delivery and its publication need at least, before work begins.

The figures are the least that any source needed when it was measured (4,000 made-up films from five sources; the most
was six times that): a delivery that is refused here could not have come through, one that passes may still run out.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import sqlalchemy as sa

from moviec.config import Home
from moviec.errors import StoreError

#: Bytes per byte delivered: in the temporary folder, and in the lake besides the payload itself.
TEMPORARY, BATCHES = 0.5, 0.4

#: Bytes that SQLite writes per record that waits: rows, document and write-ahead log.
PER_RECORD = 4_000


def check_delivery(home: Home, paths: Sequence[Path]) -> None:
    """Raise StoreError where the temporary folder or the lake has no room for files that were delivered."""
    size = sum(path.stat().st_size for path in paths if path.is_file())
    needs = {Path(tempfile.gettempdir()): int(TEMPORARY * size)}
    if "://" not in home.lake:
        needs[Path(home.lake)] = int((1 + BATCHES) * size)
    require(needs)


def check_publication(home: Home, records: int) -> None:
    """Raise StoreError where the catalogue's file, if it is one, has no room for records that wait."""
    url = sa.make_url(home.catalogue)
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        require({Path(url.database).parent: PER_RECORD * records})


def require(needs: Mapping[Path, int]) -> None:
    """Raise StoreError where a disk has less free than the folders on it need together, in bytes."""
    by_disk: dict[int, list[Path]] = {}
    for folder in needs:
        by_disk.setdefault(_present(folder).stat().st_dev, []).append(folder)
    for folders in by_disk.values():
        need, free = sum(needs[folder] for folder in folders), shutil.disk_usage(_present(folders[0])).free
        if need > free:
            raise StoreError(
                f"at least {need / 1e6:,.1f} MB are needed and {free / 1e6:,.1f} MB free",
                ", ".join(map(str, folders)),
                "make room there, or name another folder (TMPDIR, or `lake` and `catalogue` in moviec.toml)",
            )


def _present(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return next(each for each in (folder, *folder.absolute().parents) if each.exists())
