"""Units: of whole numbers that stand for fractions, and amounts as a person writes them."""

from __future__ import annotations

#: Popularity, probabilities and weights are kept in millionths.
MILLION = 1_000_000

#: The year of the oldest film that is listed anywhere, as in `sources/checked.sql`: nothing of films is older.
FIRST_FILM = 1874

#: Films behind an average at least. The 20 companies with the highest median C-rating over all shared data have one film
#: each; 161 of its 2,188 companies have five films or more.
LEAST_FILMS = 5


def short_number(value: float | None) -> str:
    """Write an amount as a person would: 1.23 billion is 1.23B."""
    if value is None:
        return "–"
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if abs(value) >= size:
            return f"{value / size:,.2f}{letter}"
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def plural(count: int, one: str, more: str) -> str:
    """Write a number with the words that go with it: "1 pair", "1,200 pairs"."""
    return f"{count:,} {one if count == 1 else more}"
