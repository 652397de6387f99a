"""The named statements of an .sql file, run in order: "-- view NAME" names a query, "-- keep NAME" runs it once.

"-- rows NAME" is neither: it is asked for by its name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources

from moviec.engine import Engine


def run(engine: Engine, file: str, first: str, last: str, parts: Mapping[str, str] | None = None) -> None:
    """Make the statements of `file` from `first` to `last`, with each `{part}` replaced."""
    names = list(_statements(file))
    for name in names[names.index(first) : names.index(last) + 1]:
        kind, _ = _statements(file)[name]
        if kind != "rows":
            (engine.keep if kind == "keep" else engine.view)(name, statement(file, name, parts))


def statement(file: str, name: str, parts: Mapping[str, str] | None = None) -> str:
    """Return one statement with each `{part}` replaced."""
    _, text = _statements(file)[name]
    for part, value in (parts or {}).items():
        text = text.replace("{" + part + "}", value)
    return text


@cache
def _statements(file: str) -> dict[str, tuple[str, str]]:
    text = resources.files("moviec.fuse").joinpath(file).read_text("utf-8")
    found = re.split(r"^-- (view|keep|rows) (\w+)\n", text, flags=re.MULTILINE)[1:]
    return {name: (kind, body) for kind, name, body in zip(found[::3], found[1::3], found[2::3], strict=True)}
