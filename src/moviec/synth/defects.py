"""Faults planted at given places: how many of each kind a delivery holds, and on which films they fall."""

from __future__ import annotations

import msgspec

#: What a reader makes of a faulty row of the main file; a fault not named here leaves the row kept.
EFFECTS = {
    "torn_record": "repaired",
    "cut_record": "rejected",
    "id_twice": "merged",
    "listed_twice": "merged",
    "series": "skipped",
}


class KaggleDefects(msgspec.Struct, frozen=True):
    """The faults of the real movies_metadata.csv; `cut_record`, half a row that nothing can mend, is not in it."""

    torn_record: int = 3
    id_twice: int = 2
    zero_money: int = 2
    tiny_budget: int = 3
    zero_runtime: int = 2
    blank_status: int = 2
    rumored: int = 2
    foreign_genre: int = 2
    quoted_company: int = 1
    backslash_company: int = 1
    long_overview: int = 2
    cut_record: int = 0


def places(defects: msgspec.Struct, spacing: int = 5) -> dict[int, str]:
    """Place faults on film numbers, one a film: the kinds in turn, from film 3 on, `spacing` films apart."""
    left = {kind: count for kind, count in msgspec.structs.asdict(defects).items() if count}
    planned: dict[int, str] = {}
    while left:
        for kind in list(left):
            planned[3 + spacing * len(planned)] = kind
            left[kind] -= 1
            if not left[kind]:
                del left[kind]
    return planned
