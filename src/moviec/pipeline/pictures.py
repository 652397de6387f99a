"""A picture as it came, checked to be one and made smaller: three widths as WebP. Pure: bytes in, bytes out."""

from __future__ import annotations

import io
import warnings

import msgspec
from PIL import Image, ImageOps, UnidentifiedImageError

from moviec.errors import PayloadError
from moviec.lake.payloads import WIDTHS

#: A picture of more pixels is none of a poster: TMDB's largest have 2,000 × 3,000. What unpacks to more is not unpacked.
MOST_PIXELS = 40_000_000

#: Pixels that a side of a poster has at least.
LEAST_SIDE = 40

#: Kinds that are opened; any other has no business here, and each reader is one more that may be fooled.
KINDS = ("JPEG", "PNG", "WEBP")


class Pictures(msgspec.Struct, frozen=True):
    """A picture's own size in pixels, and its smaller ones by width, as WebP."""

    width: int
    height: int
    by_width: dict[int, bytes]


def smaller(data: bytes, where: str) -> Pictures:
    """Return a picture in three widths. Raises PayloadError for bytes that are no picture, or one that nobody would show."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of what is odd before it unpacks it
            with Image.open(io.BytesIO(data), formats=KINDS) as opened:
                width, height = opened.size
                _check(width, height, where)
                opened.load()
                whole = ImageOps.exif_transpose(opened).convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, Warning) as error:
        raise PayloadError("this is no picture that can be shown", where, _reason(error)) from error
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
    return Pictures(whole.width, whole.height, {each: _webp(whole, each) for each in WIDTHS})


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
