"""Posters in the lake: three widths of each as WebP, under the SHA-256 of the picture as it came; and videos under theirs."""

from __future__ import annotations

#: The folder, and the widths in pixels; a picture that is narrower keeps its own.
FOLDER = "posters"
WIDTHS = (185, 342, 780)


def picture_name(sha256: str, width: int) -> str:
    """Return the name in the lake of a poster in a width."""
    return f"{FOLDER}/{sha256[:2]}/{sha256}/w{width}.webp"


def picture_names(sha256: str) -> list[str]:
    """Return the names in the lake of a poster in every width."""
    return [picture_name(sha256, width) for width in WIDTHS]


#: The folder of videos.
VIDEOS = "videos"


def video_name(sha256: str, kind: str) -> str:
    """Return the name in the lake of a video."""
    return f"{VIDEOS}/{sha256[:2]}/{sha256}.{kind}"
