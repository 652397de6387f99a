"""SQL files: a file holds statements, each under its own line `-- name: NAME`; the code that runs them lists their order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import NamedTuple, Protocol


class Runs(Protocol):
    """What of an engine is needed to run statements."""

    def view(self, name: str, sql: str) -> None:
        """Name a query."""

    def materialize(self, name: str, sql: str) -> None:
        """Run a query once and keep its rows."""


class Step(NamedTuple):
    """One statement of a computation: `materialize` runs it and keeps its rows under its name; a view only names it.

    `parts`: other statements that it names, in their order, and that no other step needs.
    """

    name: str
    parts: tuple[str, ...]
    materialize: bool


def view(name: str, *parts: str) -> Step:
    """Return the step that names a statement as a view."""
    return Step(name, parts, materialize=False)


def materialize(name: str, *parts: str) -> Step:
    """Return the step that runs a statement once and keeps its rows."""
    return Step(name, parts, materialize=True)


@cache
def read_sql(package: str, file: str) -> Mapping[str, str]:
    """Return the statements of a package's .sql file by name, in the order of the file."""
    return statements(resources.files(package).joinpath(file).read_text("utf-8"))


def statements(text: str) -> Mapping[str, str]:
    """Return the statements of an SQL file by name, in order; none where it names none."""
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return MappingProxyType(dict(zip(parts[::2], parts[1::2], strict=True)))


def run(
    engine: Runs, sql: Mapping[str, str], steps: Sequence[Step], parts: Mapping[str, str] | None = None
) -> None:
    """Run statements of `sql` in the order of `steps`, with each `{part}` in them replaced."""
    for step in steps:
        statement = filled(with_parts(sql, step.parts, step.name), parts or {})
        (engine.materialize if step.materialize else engine.view)(step.name, statement)


def with_parts(sql: Mapping[str, str], parts: Sequence[str], name: str) -> str:
    """Return a statement that has others in it as common table expressions: a view would be planned once more, and its rows
    worked out wherever it is named.
    """
    if not parts:
        return sql[name]
    named = ",\n".join(f"{part} AS (\n{sql[part]})" for part in parts)
    return f"WITH {named}\n{sql[name]}"


def filled(sql: str, parts: Mapping[str, str]) -> str:
    """Return a statement with each `{part}` replaced by its value; other braces stay."""
    for part, value in parts.items():
        sql = sql.replace("{" + part + "}", value)
    return sql
