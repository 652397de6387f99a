"""Choose one value per field from every source's claims, by the rules in fields.toml, with the losing claims and why.

The weights of the sources that claim a value give it a probability; how reliable a source is in a field is learned in
`training`. Returns `field_fused` (movie, field, value, source, rule, sources, confidence in millionths; several rows
for a union) and `field_verdicts` (movie, field, source, value, weight, chosen).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from typing import Any, Literal, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from moviec.decoding import decodable, plain
from moviec.engine import Engine
from moviec.errors import UsageError
from moviec.model import BEFORE_RELEASE, JUST_OUT, status_is
from moviec.sql import materialize, read_sql, run, view
from moviec.text import fold_title

_FIELDS_SQL = read_sql("moviec.fusion", "fields.sql")
_ONCE = (
    materialize("field_once"),
    materialize("field_repeated"),
)
_WEIGHED = (
    materialize("field_weighed"),
    materialize("field_totals"),
    materialize("field_tops"),
    materialize("field_odds"),
    materialize("field_chances", "field_every"),
)
_CHOSEN = (
    materialize("field_spellings", "field_spelled"),
    materialize("field_contested"),
    materialize("field_merits", "field_middles"),
    materialize(
        "field_fused",
        "field_years",
        "field_distant",
        "field_days",
        "field_out",
        "field_barred",
        "field_best",
        "field_chosen",
    ),
    view("field_verdicts"),
)

CLAIMS = ("movie", "field", "source", "value", "delivered")

#: Rules that compare numbers, and the numeric fields.
BY_SIZE = ("weighted_median", "largest")
NUMBERS = (
    "year",
    "runtime",
    "budget",
    "revenue",
    "revenue_domestic",
    "revenue_unstated",
    "popularity",
    "votes",
    "adult",
)

#: No source's claims count for nothing: the least weight, in millionths of a unit of log-odds.
LEAST_WEIGHT = 50_000

#: The prior probability that a source is right about a field.
Belief: TypeAlias = Callable[[str, str], float]


class Reliability(msgspec.Struct, frozen=True):
    """One source in one field: films on which others could judge it, and its mean probability of being right."""

    source: str
    field: str
    judged: int
    reliability: float

    @property
    def weight(self) -> int:
        """Log-odds of being right, in millionths."""
        return max(LEAST_WEIGHT, round(1e6 * math.log(self.reliability / (1 - self.reliability))))


class FieldCopy(msgspec.Struct, frozen=True):
    """A source that repeats another in a field: the two count as one."""

    source: str
    field: str
    of: str


@decodable
class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a field's claims become the field (see fields.toml)."""

    rule: Literal["most_reliable", "weighted_vote", "weighted_median", "union", "latest", "largest"]
    fold: Literal["title", "close", "exact"] = "exact"
    judged: bool = True


def shipped_rules() -> dict[str, Rule]:
    """Read the shipped rules, by field."""
    text = resources.files("moviec.fusion").joinpath("fields.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, Rule])


def chosen_rules(instead: Mapping[str, Mapping[str, Any]]) -> dict[str, Rule]:
    """Return the shipped rules with those of some fields changed, entry by entry; raises UsageError for an invalid
    rule.
    """
    shipped = shipped_rules()
    rules = dict(shipped)
    for field, entries in instead.items():
        if field not in rules:
            raise UsageError(f"there is no field '{field}'", "fields", f"there are {', '.join(rules)}")
        try:
            rules[field] = msgspec.convert({**msgspec.to_builtins(rules[field]), **entries}, Rule)
        except msgspec.ValidationError as error:
            raise UsageError(
                f"this is not a valid rule ({plain(error, Rule)})", f"fields.{field}", "see docs/fusion.md"
            ) from error
        if reason := _misfit(field, rules[field].rule, shipped[field].rule):
            raise UsageError(reason, f"fields.{field}", "choose another rule; see docs/fusion.md")
    return rules


def _misfit(field: str, rule: str, shipped: str) -> str | None:
    """Return why a rule cannot make this field: a list stays a list, and only numbers can be compared."""
    if (rule == "union") != (shipped == "union"):
        several = "holds every value" if shipped == "union" else "holds one value"
        return f"{field} {several}: '{rule}' cannot make it"
    if rule in BY_SIZE and field not in NUMBERS:
        return f"{field} is not a number: '{rule}' cannot make it"
    return None


def rule_table(rules: Mapping[str, Rule]) -> pa.Table:
    """Return the rules as a table: field, place (in the order of the rules), rule, judged."""
    columns = {
        "field": pa.array(rules, pa.string()),
        "place": pa.array(range(len(rules)), pa.int64()),
        "rule": pa.array([rule.rule for rule in rules.values()], pa.string()),
        "judged": pa.array([rule.judged for rule in rules.values()], pa.bool_()),
    }
    return pa.table(columns)


def open_claims(
    engine: Engine, claims: pa.Table, rules: Mapping[str, Rule], copies: Sequence[FieldCopy] = ()
) -> None:
    """Make claims (movie, field, source, value as text, delivered as a number) available, folded by their fields'
    rules.

    Claims of fields without a rule and empty ones are left out. `copies` name sources that repeat another.
    """
    engine.register("field_rules", rule_table(rules))
    engine.register("field_copies", _as_table(copies))
    parts = [
        _folded(engine, claims, fold, [name for name, rule in rules.items() if rule.fold == fold])
        for fold in ("title", "close", "exact")
    ]
    engine.register("field_claims", pa.concat_tables(parts))


def fuse(engine: Engine, reliability: tuple[Reliability, ...]) -> None:
    """Make `field_fused` and `field_verdicts` from the opened claims."""
    open_once(engine)
    weigh(engine, reliability, "field_once")
    passing = status_is("t.fold", (*BEFORE_RELEASE, *JUST_OUT))
    run(engine, _FIELDS_SQL, _CHOSEN, {"passing": passing})


def open_once(engine: Engine) -> None:
    """Make `field_once` from the opened claims (each source's claims on a field of a movie), and `field_repeated`
    (claims that only repeat another source).
    """
    run(engine, _FIELDS_SQL, _ONCE)


def believed(engine: Engine, belief: Belief, claims: str = "field_claims") -> tuple[Reliability, ...]:
    """Return the prior of every source and field in a table of claims."""
    pairs = engine.query(f"SELECT DISTINCT source, field FROM {claims} ORDER BY source, field").to_pylist()
    return tuple(
        Reliability(row["source"], row["field"], 0, belief(row["source"], row["field"])) for row in pairs
    )


def weigh(engine: Engine, reliability: tuple[Reliability, ...], claims: str) -> None:
    """Weigh every claim in the table `claims` by its source's reliability; make the tables `field_weighed` to
    `field_chances`.
    """
    weights = {
        "source": pa.array([each.source for each in reliability], pa.string()),
        "field": pa.array([each.field for each in reliability], pa.string()),
        "millionths": pa.array([each.weight for each in reliability], pa.int64()),
    }
    engine.register("field_weights", pa.table(weights))
    run(engine, _FIELDS_SQL, _WEIGHED, {"claims": claims})


def _folded(engine: Engine, claims: pa.Table, fold: str, fields: list[str]) -> pa.Table:
    """Return the claims of some fields with `fold`, the form in which equal values are equal."""
    engine.register("field_given", claims)
    names = ", ".join(f"'{name}'" for name in fields) or "''"
    close = "CAST(ROUND(LN(CAST(value AS DOUBLE)) / LN(1.05)) AS STRING)"
    form = (
        f"CASE WHEN TRY_CAST(value AS DOUBLE) > 0 THEN {close} ELSE value END" if fold == "close" else "value"
    )
    rows = engine.query(
        f"SELECT {', '.join(CLAIMS)}, {form} AS fold FROM field_given WHERE field IN ({names})"
        " AND TRIM(COALESCE(value, '')) <> ''"
    )
    if fold != "title":
        return rows
    folded = fold_title(rows.column("fold"))
    kept = pc.if_else(pc.equal(folded, pa.scalar("")), rows.column("value"), folded)
    return rows.set_column(rows.num_columns - 1, "fold", kept)


def _as_table(copies: Sequence[FieldCopy]) -> pa.Table:
    names = ("source", "field", "of")
    return pa.table({name: pa.array([getattr(copy, name) for copy in copies], pa.string()) for name in names})
