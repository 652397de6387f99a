"""Columns of random numbers that follow from seed, column and film number alone, whatever the chunk: numpy at full speed."""

from __future__ import annotations

from hashlib import blake2b
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.uint64]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


class Draws:
    """Random columns for film numbers under one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def uniform(self, column: str, numbers: Ints) -> Floats:
        """Draw from (0, 1) with the output function of SplitMix64 (Steele, Lea and Flood, 2014)."""
        salt = int.from_bytes(blake2b(f"{self._seed}/{column}".encode(), digest_size=8).digest(), "little")
        z = numbers.astype(np.uint64) * _GOLDEN + np.uint64(salt)
        z = (z ^ (z >> np.uint64(30))) * _FIRST
        z = (z ^ (z >> np.uint64(27))) * _SECOND
        z ^= z >> np.uint64(31)
        return ((z >> np.uint64(12)).astype(np.float64) + 0.5) / 2.0**52

    def below(self, limit: int, column: str, numbers: Ints, skew: float = 1.0) -> Ints:
        """Draw whole numbers from 0 to limit - 1; a skew above 1 favours the small ones, as fame does."""
        return (self.uniform(column, numbers) ** skew * limit).astype(np.int64)

    def normal(self, column: str, numbers: Ints) -> Floats:
        """Draw from the standard normal distribution (Box and Muller, 1958)."""
        radius = np.sqrt(-2 * np.log(self.uniform(f"{column}/radius", numbers)))
        drawn: Floats = radius * np.cos(2 * np.pi * self.uniform(f"{column}/angle", numbers))
        return drawn
