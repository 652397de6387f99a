"""Why records stand alone, in the cases a person will ask about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa

from moviec.matching.decisions import DECISIONS
from moviec.matching.review import REASONS, Unmatched, unmatched
from tests.engines import new_engine
from tests.matching.catalogue import MODEL, Key, record, settled


def explained(*records: Mapping[str, Any], decisions: Iterable[tuple[Key, Key, bool]] = ()) -> Unmatched:
    said = list(decisions)
    result = settled(*records, decisions=said)
    rows = [dict(zip(DECISIONS.names, (*one, *other, same), strict=True)) for one, other, same in said]
    with new_engine() as engine:
        engine.register("pairs", result.pairs)
        engine.register("members", result.members)
        engine.register("decisions", pa.Table.from_pylist(rows, schema=DECISIONS))
        return unmatched(engine, MODEL)


def reasons(*records: Mapping[str, Any], decisions: Iterable[tuple[Key, Key, bool]] = ()) -> dict[Key, str]:
    rows = explained(*records, decisions=decisions).records.to_pylist()
    assert all(row["reason"] in REASONS for row in rows)
    return {(row["source"], row["key"]): row["reason"] for row in rows}


def emma(source: str, key: str = "1", **fields: Any) -> dict[str, Any]:
    return record(source, key, "Emma Woodhouse", **{"year": 1996, **fields})


def test_a_film_like_no_other_has_nothing_near() -> None:
    assert reasons(emma("a"), record("b", "1", "Kagemusha", year=1980)) == {
        ("a", "1"): "nothing near",
        ("b", "1"): "nothing near",
    }


def test_what_contradicts_is_named() -> None:
    both = {("a", "1"), ("b", "1")}
    cases = {
        "other ids": (emma("a", ids={"imdb": "tt1"}), emma("b", ids={"imdb": "tt2"})),
        "other directors": (emma("a", directors=["Ann Lee"]), emma("b", directors=["Bo Ek"])),
        "other number": (
            record("a", "1", "Zeppelin II", year=1990),
            record("b", "1", "Zeppelin III", year=1990),
        ),
    }
    for reason, records in cases.items():
        assert reasons(*records) == dict.fromkeys(both, reason)
    assert reasons(emma("a"), emma("b"), decisions=[(("a", "1"), ("b", "1"), False)]) == dict.fromkeys(
        both, "decided"
    )


def test_a_place_that_is_taken_is_named_with_who_took_it() -> None:
    taken = explained(emma("a"), emma("b"), emma("b", "2", year=1997))
    row = taken.records.to_pylist()[0]
    assert (row["key"], row["reason"], row["rival_key"], row["other_source"]) == ("2", "taken", "1", "a")


def test_several_that_fit_equally_well_are_said_to() -> None:
    assert set(reasons(emma("a"), emma("b"), emma("b", "2")).values()) == {"several fit"}


def test_methods_of_a_source_add_up_to_its_records() -> None:
    films = [emma("a", ids={"imdb": "tt1"}), emma("b", ids={"imdb": "tt1"}), record("a", "2", "Heat", year=1995),
             record("b", "2", "Heat", year=1995), record("a", "3", "Ran", year=1985), record("a", "4", "Solaris", year=1972),
             record("b", "4", "Solaris", year=1972), record("b", "5", "Solaris", year=1972)]  # fmt: skip
    assert explained(*films).sources.to_pylist() == [
        {
            "source": "a",
            "records": 4,
            "by_id": 1,
            "by_match": 1,
            "by_decision": 0,
            "in_review": 1,
            "alone": 1,
        },
        {
            "source": "b",
            "records": 4,
            "by_id": 1,
            "by_match": 1,
            "by_decision": 0,
            "in_review": 2,
            "alone": 0,
        },
    ]
