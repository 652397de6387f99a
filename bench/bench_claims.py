"""A table of claims fused without one source at a time: how often is its value foretold, against simple votes?

A source that goes back to IMDb is hidden with the others that do (and, for comparison, alone). First source and ties go by the
order of the table; the median is of all claims; "one voice" is a majority in which IMDb's have one voice, the first's. Films are
those of which another source speaks. `--halves` gives the figures of two halves of the films.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from moviec.engine import DuckEngine
from moviec.fusion.claims_file import open_claims_file
from moviec.fusion.claims_table import FusedClaims, fuse_claims
from moviec.fusion.field_kinds import Field, read_fields

CLAIMS = Path(__file__).parents[2] / "shared" / "data" / "fields" / "claims.csv"
FIELDS = ("year", "runtime", "budget", "revenue")

#: The sources that go back to IMDb, as the data's own description says; MovieC is not told.
IMDB = ("OMDb", "HetRec", "IMDb5000", "IMDb2019")

#: What is near enough: minutes, and a share of an amount.
NEAR = {"runtime": 2.0, "budget": 0.05, "revenue": 0.05}

Claim = tuple[str, float]
Rule = Callable[[Sequence[Claim]], float]


def first(claims: Sequence[Claim]) -> float:
    """Return the first source's value."""
    return claims[0][1]


def majority(claims: Sequence[Claim]) -> float:
    """Return the value that most sources have, of equals the first."""
    values = [value for _, value in claims]
    return max(values, key=lambda value: (values.count(value), -values.index(value)))


def one_voice(claims: Sequence[Claim]) -> float:
    """Return the value that most origins have."""
    heard: dict[str, Claim] = {}
    for source, value in claims:
        heard.setdefault("IMDb" if source in IMDB else source, (source, value))
    return majority(list(heard.values()))


def median(claims: Sequence[Claim]) -> float:
    """Return the middle of all values."""
    return float(np.median([value for _, value in claims]))


RULES: dict[str, Rule] = {"first": first, "majority": majority, "one voice": one_voice, "median": median}


def measure(engine: DuckEngine, fields: tuple[Field, ...], hidden: tuple[str, ...]) -> FusedClaims:
    """Fuse the table without the hidden sources."""
    names = ", ".join(f"'{name}'" for name in hidden)
    engine.materialize("claim_values", f"SELECT * FROM every_claim WHERE source NOT IN ({names})")
    return fuse_claims(engine, fields, lambda _: None)


def report(engine: DuckEngine, fused: FusedClaims, source: str, named: str) -> None:
    """Print a hidden source's figures, field by field."""
    engine.register("fused_claims", fused.values)
    for field in FIELDS:
        rows = engine.query(
            "SELECT h.movie, h.number AS hidden, f.value::DOUBLE AS fused, f.confidence, c.claims FROM every_claim h"
            " JOIN fused_claims f USING (movie, field) JOIN (SELECT movie, field, list([source, number::VARCHAR]"
            " ORDER BY file_row) AS claims FROM claim_values GROUP BY movie, field) c USING (movie, field)"
            f" WHERE h.source = '{source}' AND h.field = '{field}' ORDER BY md5(h.movie)"
        ).to_pylist()
        for half, some in _halves(rows):
            hidden = np.array([row["hidden"] for row in some])
            claims = [[(name, float(value)) for name, value in row["claims"]] for row in some]
            told = {"fused": np.array([row["fused"] for row in some])}
            told |= {name: np.array([rule(each) for each in claims]) for name, rule in RULES.items()}
            print(f"  {field:8}{named:27}{half:5}{len(some):6} films " + _line(field, hidden, told))


def _halves(rows: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    if not rows:
        return []
    if "--halves" not in sys.argv:
        return [("", rows)]
    return [(str(half), rows[half::2]) for half in (0, 1)]


def _line(field: str, hidden: np.ndarray, told: dict[str, np.ndarray]) -> str:
    out = ["equal " + " ".join(f"{name} {np.mean(values == hidden):.4f}" for name, values in told.items())]
    if field in NEAR:
        off = {name: np.abs(values - hidden) for name, values in told.items()}
        if field != "runtime":
            off = {name: each / np.maximum(hidden, 1) for name, each in off.items()}
        out.append(
            "near " + " ".join(f"{name} {np.mean(each <= NEAR[field]):.4f}" for name, each in off.items())
        )
        if field != "runtime":
            middle = " ".join(f"{name} {100 * np.median(each):.2f}%" for name, each in off.items())
            out.append(f"median error {middle}")
    return " | ".join(out)


def main() -> None:
    """Hide each source in turn, then say what was learned from all."""
    if not CLAIMS.exists():
        sys.exit(print(f"skipped: the shared data is not at {CLAIMS}"))
    with DuckEngine() as engine:
        open_claims_file(engine, CLAIMS)
        fields = read_fields(engine).fields
        engine.materialize("every_claim", "SELECT * FROM claim_values")
        names = engine.query("SELECT DISTINCT source FROM every_claim ORDER BY source")["source"].to_pylist()
        for source in map(str, names):
            if source not in IMDB:
                report(engine, measure(engine, fields, (source,)), source, source)
        without = measure(engine, fields, IMDB)
        for source in IMDB:
            report(engine, without, source, f"{source} and IMDb's others")
        for source in IMDB:
            report(engine, measure(engine, fields, (source,)), source, f"{source} alone")
        fused = measure(engine, fields, ("",))
        groups: dict[str, list[str]] = {}
        for source, origin in fused.origin.items():
            groups.setdefault(origin, []).append(source)
        print("one origin:", "; ".join(", ".join(group) for group in groups.values() if len(group) > 1))
        for pair in fused.shared[:8]:
            print(f"  {pair.one} and {pair.other} share {pair.share:.2f} of {pair.values} values")


if __name__ == "__main__":
    main()
