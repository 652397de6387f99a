"""Texts that the database keeps compressed: documents, claims, match evidence. Zstandard with a shipped dictionary.

A film's document and claims share their structure with every other film's, so a dictionary compresses them to a
seventh. The number of the dictionary is in each frame (RFC 8878); a shipped dictionary is never changed, and need not
be in a backup. To SQLAlchemy a column of type `Compressed` holds text; driver values are decoded by `decompress`.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from threading import local
from typing import Any

import sqlalchemy as sa
import zstandard

from moviec.errors import DamagedError

#: Level 3 takes 450 MB/s of a core; 6 is 12% smaller at a quarter of the speed (made-up films).
LEVEL = 3

#: The dictionary in use for each kind of text.
NEWEST = {"films": "films-1", "evidence": "evidence-1", "credits": "credits-1"}

_threads = local()


@cache
def _dictionary(name: str) -> zstandard.ZstdCompressionDict:
    found = files("moviec.catalog").joinpath("dictionaries", f"{name}.zdict").read_bytes()
    return zstandard.ZstdCompressionDict(found, dict_type=zstandard.DICT_TYPE_FULLDICT)


@cache
def _numbers() -> dict[int, str]:
    """Return every shipped dictionary's name by its number."""
    folder = files("moviec.catalog").joinpath("dictionaries")
    names = [file.name.removesuffix(".zdict") for file in folder.iterdir() if file.name.endswith(".zdict")]
    return {_dictionary(name).dict_id(): name for name in names}


def compress(text: str, kind: str) -> bytes:
    """Compress a text with the newest dictionary of its kind."""
    return _compressor(kind).compress(text.encode())


def decompress(frame: bytes) -> bytes:
    """Return the bytes of a compressed text, whichever dictionary it was compressed with. Raises DamagedError."""
    try:
        return _decompressor(zstandard.get_frame_parameters(frame).dict_id).decompress(frame)
    except (zstandard.ZstdError, KeyError, TypeError) as error:
        raise DamagedError(
            "what is stored of films is damaged", "the catalogue", "see `moviec doctor --repair`"
        ) from error


def compress_all(texts: Any, kind: str) -> Any:
    """Compress a column of texts; NULL stays NULL."""
    import pyarrow as pa  # only publishing compresses columns: a server need not load Arrow

    compressor = _compressor(kind)
    parts: list[Any] = []
    chunk: Any
    for chunk in texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]:
        if pa.types.is_dictionary(chunk.type):  # each distinct text once
            parts.append(compress_all(chunk.dictionary, kind).take(chunk.indices))
            continue
        plain = chunk.cast(pa.binary()).to_pylist()
        parts.append(
            pa.array([None if text is None else compressor.compress(text) for text in plain], pa.binary())
        )
    return pa.concat_arrays(parts) if parts else pa.array([], pa.binary())


def as_text(column: Any) -> Any:
    """Return a column of texts, compressed or not, as texts."""
    import pyarrow as pa

    if not pa.types.is_binary(column.type):
        return column
    return pa.array(
        [None if frame is None else decompress(frame).decode() for frame in column.to_pylist()], pa.string()
    )


def decompress_sound(frame: bytes | None) -> str | None:
    """Decompress a text; a damaged one becomes empty, which matches no checksum."""
    try:
        return None if frame is None else decompress(frame).decode()
    except (DamagedError, UnicodeDecodeError):
        return ""


def _compressor(kind: str) -> zstandard.ZstdCompressor:
    """Return this thread's compressor: one is not safe for two threads at once."""
    made = _own("compressors")
    if kind not in made:
        made[kind] = zstandard.ZstdCompressor(level=LEVEL, dict_data=_dictionary(NEWEST[kind]))
    found: zstandard.ZstdCompressor = made[kind]
    return found


def _decompressor(number: int) -> zstandard.ZstdDecompressor:
    made = _own("decompressors")
    if number not in made:
        made[number] = zstandard.ZstdDecompressor(dict_data=_dictionary(_numbers()[number]))
    found: zstandard.ZstdDecompressor = made[number]
    return found


def _own(name: str) -> dict[Any, Any]:
    found: dict[Any, Any] = _threads.__dict__.setdefault(name, {})
    return found


class Compressed(sa.types.TypeDecorator[str]):
    """A text column that the database holds compressed; `kind` names the dictionary."""

    impl = sa.LargeBinary
    cache_ok = True

    def __init__(self, kind: str) -> None:
        """Set the kind of dictionary."""
        super().__init__()
        self.kind = kind

    @property
    def python_type(self) -> type[str]:
        """Return the Python type, str."""
        return str

    def process_bind_param(self, value: str | None, dialect: sa.Dialect) -> bytes | None:
        """Compress what is written."""
        return None if value is None else compress(value, self.kind)

    def process_result_value(self, value: bytes | None, dialect: sa.Dialect) -> str | None:
        """Decompress what is read."""
        return None if value is None else decompress(value).decode()
