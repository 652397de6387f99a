"""Unpacks delivered files into plain files for the readers."""

from __future__ import annotations

import hashlib
import lzma
import zipfile
import zlib
from pathlib import Path

from moviec.bounds import DEFAULT, Bounds, check_bounds, check_regular, copy_bounded
from moviec.engine.textfile.dialect import gunzip
from moviec.errors import PayloadError

_ONE_NAME = "unpack it, and ingest each folder as a delivery of its own"


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unpack(path: Path, work: Path, bounds: Bounds = DEFAULT, apart: bool = False) -> list[Path]:
    """Return the plain files in a payload: itself, or the content of its gzip or zip, written into `work`.

    `apart`: each folder of a zip is one in `work`, so that it may hold two files of one name. The bytes decide, not the name. Raises UsageError where there is no such file, PayloadError where it is
    truncated, damaged or beyond the bounds.
    """
    check_regular(path)
    with path.open("rb") as file:
        magic = file.read(4)
    if magic[:2] == b"\x1f\x8b":
        return [gunzip(path, work / path.name.removesuffix(".gz"), bounds)]
    if magic == b"PK\x03\x04" and not _is_workbook(path):
        return _unzip(path, work, bounds, apart)
    check_bounds(path, bounds)
    return [path]


def _unzip(path: Path, work: Path, bounds: Bounds, apart: bool) -> list[Path]:
    plain: list[Path] = []
    size = 0
    try:
        with zipfile.ZipFile(path) as archive:
            if len(archive.infolist()) > bounds.files:
                raise PayloadError(
                    f"the zip has {len(archive.infolist()):,} files, more than {bounds.files:,}",
                    path.name,
                    "unpack it yourself, or raise files under [bounds] in the settings",
                )
            for member in archive.infolist():
                name = Path(member.filename).name
                if member.is_dir() or name.startswith(".") or member.filename.startswith("__MACOSX"):
                    continue
                folder = work.joinpath(*map(_folder, Path(member.filename).parts[:-1])) if apart else work
                if folder / name in plain:
                    raise PayloadError(f"the zip has two files named '{name}'", path.name, _ONE_NAME)
                folder.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, (folder / name).open("wb") as file:
                    size = copy_bounded(packed, file, path, bounds, size)  # type: ignore[arg-type]
                plain.append(folder / name)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        EOFError,
        NotImplementedError,
        RuntimeError,
    ) as error:
        raise PayloadError(f"the zip cannot be read ({error})", path.name, "fetch it again") from error
    if not plain:
        raise PayloadError("the zip holds no file", path.name)
    for one in plain:
        check_bounds(one, bounds)
    return plain


def _folder(name: str) -> str:
    """Return the name of a zip's folder as one that cannot leave the folder."""
    return name.replace("\\", "_").replace("/", "_").replace("..", "_") or "_"


def _is_workbook(path: Path) -> bool:
    """Return whether a zip is an office document: those are read as such, and rejected by their header."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False
