"""Structs that several threads may decode at once from the first use, and readable messages about texts that cannot be
decoded.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

#: Names of the types of values in messages.
_TYPES = {
    "int": "a whole number",
    "float": "a decimal number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table of entries",
    "null": "nothing",
    "date": "a date",
    "datetime": "an instant",
}

#: Messages of msgspec (0.22), which has types and fields between backticks, and ours instead.
_SAID = (
    (re.compile("Object contains unknown field `(.*)`"), r"there is no entry '\1'"),
    (re.compile("Object missing required field `(.*)`"), r"the entry '\1' is missing"),
    (re.compile("Invalid enum value (.*)"), r"\1 is not one of the allowed values"),
    (re.compile("Expected `str` matching regex .*"), "it has the wrong format"),
    (re.compile("Expected `([a-z]+)` of length (.*)"), r"<\1> of length \2 is expected"),
    (re.compile("Expected `([a-z]+)` ([<>]=?) (.*)"), r"<\1> \2 \3 is expected"),
    (re.compile("Expected `(.*)`, got `(.*)`"), r"<\1> is expected, not <\2>"),
    (re.compile("Expected `(.*)`"), r"<\1> is expected"),
    (re.compile("JSON is malformed: (.*)"), r"it is not valid JSON: \1"),
    (re.compile("Input data was truncated"), "it ends too early"),
)

Kind = TypeVar("Kind", bound=type[Any])


def decodable(kind: Kind) -> Kind:
    """Make msgspec analyse a struct's fields when its class is created, in the one thread that imports its module.

    msgspec (0.22) does it on first decoding, and concurrent threads doing so crash the process.
    """
    msgspec.json.Decoder(kind)
    return kind


def plain(error: Exception) -> str:
    """Return in plain words what msgspec found wrong, and at which entry: "threads: a whole number is expected, not
    text".
    """
    reason, _, place = str(error).partition(" - at ")
    for pattern, said in _SAID:
        if found := pattern.fullmatch(reason):
            reason = re.sub("<([a-z |]+)>", lambda types: _named(types[1]), found.expand(said))
            break
    where = place.strip("`").removeprefix("$").removeprefix(".").replace("[...]", ".…")
    return f"{where.lstrip('.')}: {reason}" if where else reason


def _named(types: str) -> str:
    return " or ".join(_TYPES.get(name, name) for name in types.split(" | "))
