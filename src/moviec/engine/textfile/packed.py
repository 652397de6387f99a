"""A gzipped file written out plain: whoever walks a file by bytes wants it so."""

from __future__ import annotations

import gzip
import shutil
import zlib
from pathlib import Path

from moviec.errors import PayloadError


def gunzip(path: Path, plain: Path) -> Path:
    """Write what a gzip file holds to `plain`; raises PayloadError where it is truncated or damaged."""
    try:
        with gzip.open(path) as packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 22)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise PayloadError("the gzip is truncated or damaged", path.name, "fetch it again") from error
    return plain
