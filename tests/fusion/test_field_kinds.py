"""What a field of claims holds, told from its cells."""

from __future__ import annotations

import pytest

from moviec.fusion.field_kinds import kind_of


@pytest.mark.parametrize(
    ("field", "cells", "kind"),
    [
        ("when", ["1999", "2003", "1972"], "year"),
        ("runtime", ["136", "1h 20m", "95 min"], "minutes"),
        ("length", ["136", "95", "101"], "minutes"),
        ("cost", ["$19M", "237,000,000", "63000000"], "money"),
        ("opening", ["60507900", "27788331", "1500000"], "money"),
        ("score", ["7.8", "8.1", "6.4"], "number"),
        ("premiere", ["1999-03-31", "2001-12-19"], "date"),
        ("genres", ["Drama;Western", "Comedy", "Drama"], "list"),
        ("title", ["1917", "300", "1984"], "text"),
        ("title", ["The Matrix", "1917", "Heat"], "text"),
        ("language", ["English", "French"], "text"),
        ("year", ["unknown to us", "no idea"], "text"),
        ("anything", [], "text"),
    ],
)
def test_the_kind_of_a_field(field: str, cells: list[str], kind: str) -> None:
    assert kind_of(field, cells) == kind
