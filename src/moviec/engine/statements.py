"""The named statements of an .sql file, run in order: "-- view NAME" names a query, "-- keep NAME" runs it once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources
from typing import NamedTuple

from moviec.engine.base import Engine


class Statement(NamedTuple):
    """One named statement: `kind` is view or keep."""

    kind: str
    name: str
    sql: str


def statements(package: str, file: str, parts: Mapping[str, str] | None = None) -> list[Statement]:
    """Read the statements of a package's file, in order, with each `{part}` replaced."""
    text = resources.files(package).joinpath(file).read_text("utf-8")
    found = re.split(r"^-- (view|keep) (\w+)\n", text, flags=re.MULTILINE)[1:]
    read = zip(found[::3], found[1::3], found[2::3], strict=True)
    return [Statement(kind, name, _filled(sql, parts or {})) for kind, name, sql in read]


def make(engine: Engine, chosen: list[Statement]) -> None:
    """Make statements known to the engine, in order."""
    for kind, name, sql in chosen:
        (engine.keep if kind == "keep" else engine.view)(name, sql)


def _filled(sql: str, parts: Mapping[str, str]) -> str:
    for part, value in parts.items():
        sql = sql.replace("{" + part + "}", value)
    return sql
