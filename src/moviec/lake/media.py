"""Checks pictures and videos by their bytes: pictures are scaled down (three widths as WebP), videos are MP4 or
WebM.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from PIL import Image, ImageOps, UnidentifiedImageError

from moviec.errors import PayloadError
from moviec.lake.payloads import WIDTHS

#: A picture of more pixels is not a poster: TMDB's largest have 2,000 × 3,000. Larger pictures are not decoded.
MOST_PIXELS = 40_000_000

#: The least pixels that a side of a poster has.
LEAST_SIDE = 40

#: Formats that are opened: each further one adds a decoder that a crafted file may exploit.
KINDS = ("JPEG", "PNG", "WEBP")


class Pictures(msgspec.Struct, frozen=True):
    """A picture's own size in pixels, and its smaller ones by width, as WebP."""

    width: int
    height: int
    by_width: dict[int, bytes]


def smaller(data: bytes, where: str) -> Pictures:
    """Return a picture in three widths. Raises PayloadError for bytes that are not a picture, and for one too small or
    too large.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of a suspicious picture before it unpacks it
            with Image.open(io.BytesIO(data), formats=KINDS) as opened:
                width, height = opened.size
                _check(width, height, where)
                opened.load()
                whole = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, Warning) as error:
        raise PayloadError("this is not a picture that can be shown", where, _reason(error)) from error
    except (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        MemoryError,
        OverflowError,
        KeyError,
        IndexError,
    ) as error:
        raise PayloadError("the picture is damaged", where, _reason(error)) from error
    return Pictures(whole.width, whole.height, {width: _webp(whole, width) for width in WIDTHS})


def _check(width: int, height: int, where: str) -> None:
    if width * height > MOST_PIXELS:
        raise PayloadError(
            f"the picture has {width:,} × {height:,} pixels", where, "that is more than a poster has"
        )
    if min(width, height) < LEAST_SIDE:
        raise PayloadError(
            f"the picture has {width:,} × {height:,} pixels", where, "that is less than a poster has"
        )


def _webp(picture: Image.Image, width: int) -> bytes:
    if picture.width > width:
        height = max(round(picture.height * width / picture.width), 1)
        picture = picture.resize((width, height), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    picture.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def _reason(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0].split("<_io")[0].strip()


#: Brands of MP4 files (ISO/IEC 14496-12, 14496-14) that browsers play. QuickTime's `qt` is not among them.
_BRANDS = {b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"dash", b"av01"}


def kind_of(path: Path) -> str:
    """Return mp4 or webm by a file's bytes. Raises PayloadError for anything else, and for a file that is cut off."""
    with path.open("rb") as file:
        head = file.read(4096)
        if head[4:8] == b"ftyp":
            _check_mp4(file, path.stat().st_size)
            return "mp4"
        if head[:4] == b"\x1a\x45\xdf\xa3" and b"\x42\x82\x84webm" in head[:64]:
            if b"\x18\x53\x80\x67" not in head:
                raise PayloadError("the video is damaged", path.name, "it has no content")
            return "webm"
    raise PayloadError("this is not a video that browsers play", path.name, "give MP4 or WebM")


def _check_mp4(file: BinaryIO, size: int) -> None:
    """Raise PayloadError where the boxes of an MP4 do not fill the file, or one that a player needs is missing."""
    kinds = []
    for kind, begin, length in _boxes(file, size):
        if kind == b"ftyp":
            file.seek(begin)
            brands = file.read(min(length, 1024))
            if not any(brands[at : at + 4] in _BRANDS for at in range(0, len(brands), 4) if at != 4):
                raise PayloadError("this is not a video that browsers play", "", "give MP4 or WebM")
        kinds.append(kind)
    if kinds[0] != b"ftyp" or b"moov" not in kinds or not {b"mdat", b"moof"} & {*kinds}:
        raise PayloadError("the video is damaged", "", "it lacks its index or its content")


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, first byte and length of the content of each box of a file."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            raise PayloadError("the video is damaged", "", "it ends inside a part")
        length, kind, own = struct.unpack(">I", head[:4])[0], head[4:8], 8
        if length == 1 and len(head) == 16:
            length, own = struct.unpack(">Q", head[8:16])[0], 16
        elif length == 0:
            length = size - at
        if length < own or at + length > size:
            raise PayloadError("the video is damaged", "", "it ends inside a part")
        yield kind, at + own, length - own
        at += length
