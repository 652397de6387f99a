"""Units: of whole numbers that stand for fractions, and amounts as a person writes them."""

from __future__ import annotations

#: Popularity, probabilities and weights are kept in millionths.
MILLION = 1_000_000


def short_number(value: float | None) -> str:
    """Write an amount as a person would: 1.23 billion is 1.23B."""
    if value is None:
        return "–"
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size:
            return f"{value / size:,.2f}{letter}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")
