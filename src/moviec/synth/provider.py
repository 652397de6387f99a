"""What every provider's writer is: it renders a film into rows, by itself; the files are opened elsewhere."""

from __future__ import annotations

from typing import Protocol

import msgspec

from moviec.synth.files import FileFormat, Row
from moviec.synth.film import Film


class Rendering(msgspec.Struct, frozen=True):
    """What a provider has of one film: its key there, the rows by file name, and the faults planted in them.

    There is no key where the film's row cannot be read.
    """

    key: str | None
    rows: dict[str, list[Row]]
    planted: tuple[str, ...] = ()


class Provider(Protocol):
    """A provider: the name of the source that reads it, its files (the main one first), and how it has a film."""

    @property
    def name(self) -> str:
        """The source's name."""

    @property
    def files(self) -> tuple[FileFormat, ...]:
        """The files of a delivery."""

    def render(self, film: Film) -> Rendering | None:
        """Return what the provider has of the film, or None where it has nothing."""
