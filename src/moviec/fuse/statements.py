"""The named statements of an .sql file, run in order: "-- view NAME" names a query, "-- keep NAME" runs it once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import resources

from moviec.engine import Engine


def run(engine: Engine, file: str, first: str, last: str, parts: Mapping[str, str] | None = None) -> None:
    """Make the statements of `file` from `first` to `last`, with each `{part}` replaced."""
    text = resources.files("moviec.fuse").joinpath(file).read_text("utf-8")
    found = re.split(r"^-- (view|keep) (\w+)\n", text, flags=re.MULTILINE)[1:]
    statements = list(zip(found[::3], found[1::3], found[2::3], strict=True))
    names = [name for _, name, _ in statements]
    for kind, name, statement in statements[names.index(first) : names.index(last) + 1]:
        for part, value in (parts or {}).items():
            statement = statement.replace("{" + part + "}", value)
        (engine.keep if kind == "keep" else engine.view)(name, statement)
