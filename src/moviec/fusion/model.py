"""The model that fusing uses: one immutable artifact of learned numbers, with a version, kept as JSON.

Written only by `moviec fit`; a shipped one (model.json) serves until then.
"""

from __future__ import annotations

import hashlib
from importlib import resources

import msgspec

from moviec.decoding import decodable, plain
from moviec.errors import StoreError
from moviec.fusion.genres import GenreModel
from moviec.fusion.survivorship import FieldCopy, Reliability
from moviec.rating.model import RatingModel


class FuseModel(msgspec.Struct, frozen=True):
    """Everything learned: sources' reliability by field, which sources repeat others, genre habits, and the rating
    model.
    """

    reliability: tuple[Reliability, ...]
    copies: tuple[FieldCopy, ...]
    genres: GenreModel
    rating: RatingModel

    @property
    def version(self) -> str:
        """Return the content's version: `f1-` and eight hexadecimal digits."""
        return f"f1-{hashlib.sha256(msgspec.json.encode(self, order='sorted')).hexdigest()[:8]}"

    def to_json(self) -> bytes:
        """The model as JSON, the same bytes for the same model."""
        whole = msgspec.json.encode({"version": self.version, "model": self}, order="sorted")
        return msgspec.json.format(whole, indent=1) + b"\n"


@decodable
class _File(msgspec.Struct):
    version: str
    model: FuseModel


def from_json(text: bytes) -> FuseModel:
    """Read a model back; raises StoreError when it was altered or is not a fuse model."""
    try:
        file = msgspec.json.decode(text, type=_File)
    except msgspec.DecodeError as error:
        raise StoreError(
            f"this is not a model for fusing ({plain(error)})", "fuse model", "fit it again"
        ) from error
    if file.version != file.model.version:
        raise StoreError(
            f"its content is {file.model.version} but it says {file.version}", "fuse model", "fit it again"
        )
    return file.model


def shipped_model() -> FuseModel:
    """Read the model that ships with the package (bench/fit_fuse_model.py says what it was fitted on)."""
    return from_json(resources.files("moviec.fusion").joinpath("model.json").read_bytes())
