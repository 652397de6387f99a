"""Chance that can be repeated: draws that follow from a place alone (seed, provider, film), whatever was drawn elsewhere."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from statistics import NormalDist
from typing import TypeVar

T = TypeVar("T")

_BLOCK = struct.Struct("<16I")
_STANDARD = NormalDist()


class Chance:
    """Uniform draws read off BLAKE2b of the place and a block number: the same on every machine and version."""

    def __init__(self, *place: int | str) -> None:
        self._key = "/".join(map(str, place)).encode()
        self._block = 0
        self._drawn: list[int] = []

    def uniform(self) -> float:
        """Draw from the open interval (0, 1)."""
        if not self._drawn:
            digest = blake2b(self._key, salt=self._block.to_bytes(16, "little")).digest()
            self._drawn.extend(_BLOCK.unpack(digest))
            self._block += 1
        return (self._drawn.pop() + 0.5) / 4_294_967_296

    def happens(self, rate: float) -> bool:
        """Say yes at the given rate, 0–1."""
        return self.uniform() < rate

    def below(self, limit: int) -> int:
        """Draw a whole number from 0 to limit - 1."""
        return int(self.uniform() * limit)

    def letters(self, count: int) -> str:
        """Draw so many of the 16 hexadecimal digits, up to 128."""
        self._block += 1
        return blake2b(self._key, salt=self._block.to_bytes(16, "big")).hexdigest()[:count]

    def pick(self, items: Sequence[T]) -> T:
        """Draw one of the items."""
        return items[int(self.uniform() * len(items))]

    def normal(self) -> float:
        """Draw from the standard normal distribution."""
        return _STANDARD.inv_cdf(self.uniform())
