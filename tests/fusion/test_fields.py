"""One value per field: by which rule, against which claims, and from whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pytest

from moviec.engine import DuckEngine, Limits
from moviec.errors import UsageError
from moviec.fusion.survivorship import (
    FieldCopy,
    Reliability,
    Rule,
    chosen_rules,
    fuse,
    open_claims,
    shipped_rules,
)
from moviec.fusion.training import find_repeats, learn_from, open_judged
from tests.engines import new_engine

#: movie, field, source, value, delivered
Claim: TypeAlias = tuple[str, str, str, str | None, int]
Answer: TypeAlias = list[dict[str, Any]]


def table(claims: Sequence[Claim]) -> pa.Table:
    movie, field, source, value, delivered = zip(*claims, strict=True)
    columns: dict[str, Any] = {
        "movie": pa.array(movie),
        "field": pa.array(field),
        "source": pa.array(source),
        "value": pa.array(value, pa.string()),
        "delivered": pa.array(delivered, pa.int64()),
    }
    return pa.table(columns)


def fused(
    claims: Sequence[Claim], trust: Mapping[str, float], copies: Sequence[FieldCopy] = ()
) -> tuple[Answer, Answer]:
    """Fuse under given reliabilities: the fields, and every claim's verdict."""
    fields = {claim[1] for claim in claims}
    known = tuple(
        Reliability(source, field, 100, share) for source, share in trust.items() for field in fields
    )
    with new_engine() as engine:
        open_claims(engine, table(claims), shipped_rules(), copies)
        fuse(engine, known)
        return (
            engine.query("SELECT * FROM field_fused ORDER BY movie, field, value").to_pylist(),
            engine.query("SELECT * FROM field_verdicts ORDER BY movie, field, source, value").to_pylist(),
        )


TRUST = {"good": 0.95, "fair": 0.8, "poor": 0.6}


@pytest.mark.parametrize(
    ("field", "values", "expected"),
    [
        ("year", {"good": "1999", "fair": "2000", "poor": "2000"}, "1999"),  # log-odds 2.9 against 1.4 + 0.4
        ("overview", {"good": "a", "fair": "b", "poor": "b"}, "a"),
        ("runtime", {"good": "100", "fair": "104", "poor": "300"}, "100"),
        ("runtime", {"fair": "104", "poor": "90"}, "104"),
        ("votes", {"good": "9", "fair": "1000", "poor": "20"}, "1000"),
        ("status", {"good": "Rumored", "fair": "Planned", "poor": "Released"}, "Released"),  # delivered last
        ("revenue", {"fair": "100000000", "poor": "101000000", "good": "7"}, "7"),
    ],
)
def test_the_rule_of_the_field_decides(field: str, values: dict[str, str], expected: str) -> None:
    days = {"good": 1, "fair": 2, "poor": 3}
    fields, verdicts = fused(
        [("m", field, source, value, days[source]) for source, value in values.items()], TRUST
    )
    assert [row["value"] for row in fields] == [expected]
    assert fields[0]["source"] in values and 0 < fields[0]["confidence"] <= 1_000_000
    assert {row["source"] for row in verdicts if row["chosen"]} == {
        source for source, value in values.items() if value == expected
    }
    assert len(verdicts) == len(values)


def test_close_amounts_support_each_other() -> None:
    claims: list[Claim] = [("m", "revenue", "fair", "100000000", 0), ("m", "revenue", "poor", "100100000", 0)]
    fields, _ = fused([*claims, ("m", "revenue", "other", "50000000", 0)], {**TRUST, "other": 0.81})
    assert fields[0]["value"] == "100000000" and fields[0]["sources"] == 2


def test_a_union_keeps_every_value_once() -> None:
    claims: list[Claim] = [
        ("m", "countries", source, value, 0) for source in ("good", "poor") for value in ("FR", "IT")
    ]
    fields, _ = fused([*claims, ("m", "countries", "fair", "DE", 0)], TRUST)
    assert [(row["value"], row["sources"]) for row in fields] == [("DE", 1), ("FR", 2), ("IT", 2)]


def test_spellings_fold_before_the_vote_and_the_prettiest_is_shown() -> None:
    claims: list[Claim] = [
        ("m", "title", "poor", "AMÉLIE", 0),
        ("m", "title", "fair", "Amélie", 0),
        ("m", "title", "good", "The Fabulous Destiny of Amélie Poulain", 0),
        ("m", "title", "okay", "amelie", 0),
    ]
    fields, _ = fused(claims, {"good": 0.8, "fair": 0.7, "poor": 0.7, "okay": 0.7})
    assert fields[0]["value"] == "Amélie" and fields[0]["sources"] == 3


def test_what_is_empty_is_no_claim() -> None:
    claims: list[Claim] = [
        ("m", "year", "good", None, 0),
        ("m", "year", "fair", " ", 0),
        ("m", "year", "poor", "1987", 0),
    ]
    fields, verdicts = fused(claims, TRUST)
    assert fields[0]["value"] == "1987" and len(verdicts) == 1


def test_a_copy_is_not_a_second_voice() -> None:
    claims: list[Claim] = [
        ("m", "year", "origin", "1990", 0),
        ("m", "year", "carrier", "1990", 0),
        ("m", "year", "other", "1991", 0),
    ]
    trust = {"origin": 0.8, "carrier": 0.8, "other": 0.85}
    assert fused(claims, trust)[0][0]["value"] == "1990"
    assert fused(claims, trust, [FieldCopy("carrier", "year", "origin")])[0][0]["value"] == "1991"


def made_up(films: int = 1500) -> tuple[list[Claim], dict[str, str]]:
    random = np.random.default_rng(2)
    right = {"keen": 0.97, "lax": 0.6, "sloppy": 0.6}
    claims: list[Claim] = []
    truth = {}
    for film in range(films):
        movie, year = f"m{film:05}", int(random.integers(1950, 2020))
        truth[movie] = str(year)
        for source, share in right.items():
            wrong = year + int(random.choice([-1, 1]))
            claims.append((movie, "year", source, str(year if random.random() < share else wrong), 0))
    return claims, truth


def learned(
    claims: Sequence[Claim], limits: Limits | None = None
) -> tuple[tuple[Reliability, ...], dict[str, str]]:
    with DuckEngine(limits) as engine:
        open_claims(engine, table(claims), {"year": Rule("weighted_vote")})
        open_judged(engine)
        found = learn_from(engine, lambda source, _: {"lax": 0.9, "sloppy": 0.88}.get(source, 0.86))
        fuse(engine, found)
        rows = engine.query("SELECT movie, value FROM field_fused").to_pylist()
        return found, {row["movie"]: row["value"] for row in rows}


def test_the_reliable_source_is_found_though_it_was_trusted_least() -> None:
    claims, truth = made_up()
    found, values = learned(claims)
    share = {each.source: each.reliability for each in found}
    assert share["keen"] > share["lax"] + 0.1 and share["keen"] > share["sloppy"] + 0.1
    said = {(claim[0], claim[2]): claim[3] for claim in claims}
    majority = 0
    for movie, year in truth.items():
        votes = [said[movie, source] for source in ("lax", "sloppy", "keen")]
        majority += max(votes, key=votes.count) == year
    assert sum(values[movie] == year for movie, year in truth.items()) > majority + 0.05 * len(truth)


def test_order_of_rows_and_threads_do_not_matter() -> None:
    claims, _ = made_up(300)
    assert learned(claims, Limits(threads=1)) == learned(claims[::-1], Limits(threads=2))


def test_shipped_rules_name_fields_that_records_have() -> None:
    from moviec.model import FIELDS

    assert set(shipped_rules()) - set(FIELDS) == {"votes", "revenue_domestic", "revenue_unstated"}


def repeated(right: Mapping[str, float], follows: Mapping[str, str], share: float = 1.0) -> set[FieldCopy]:
    """Make up claims where some sources mostly repeat another, and return the copies that are found."""
    random = np.random.default_rng(5)
    claims: list[Claim] = []
    for film in range(700):
        year = int(random.integers(1950, 2020))
        said = {
            source: year if random.random() < chance else year + int(random.choice([-1, 1]))
            for source, chance in right.items()
        }
        for source, original in follows.items():
            said[source] = said[original] if random.random() < share else said[source]
        claims += [(f"m{film:05}", "year", source, str(value), 0) for source, value in said.items()]
    with DuckEngine(Limits(threads=1)) as engine:
        open_claims(engine, table(claims), {"year": Rule("weighted_vote")})
        open_judged(engine)
        return set(find_repeats(engine, lambda source, _: 0.9 - 0.02 * (ord(source[0]) - ord("a"))))


@pytest.mark.parametrize("share", [1.0, 0.95])
def test_a_source_that_repeats_anothers_errors_is_found(share: float) -> None:
    right = {"a": 0.85, "b": 0.85, "c": 0.9, "d": 0.9}
    assert repeated(right, {"b": "a"}, share) == {FieldCopy("b", "year", "a")}


@pytest.mark.parametrize(
    "right",
    [
        {"a": 0.99, "b": 0.99, "c": 0.8},
        {"a": 0.97, "b": 0.97, "c": 0.97, "d": 0.6},
        {"a": 0.95, "b": 0.7, "c": 0.7, "d": 0.7},
        {"a": 0.9, "b": 0.9, "c": 0.9, "d": 0.9},
    ],
)
def test_sources_that_agree_because_they_are_right_repeat_nobody(right: dict[str, float]) -> None:
    assert repeated(right, {}) == set()


@pytest.mark.parametrize(
    ("field", "rule"),
    [("title", "union"), ("languages", "latest"), ("title", "weighted_median"), ("kind", "largest")],
)
def test_a_rule_that_cannot_make_the_field_is_refused(field: str, rule: str) -> None:
    with pytest.raises(UsageError, match="cannot make it; choose another rule"):
        chosen_rules({field: {"rule": rule}})
