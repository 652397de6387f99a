"""Structs that may be decoded by several threads at once from the first time on, and what is wrong with a text that cannot be,
as a person says it.
"""

from __future__ import annotations

import re
from typing import Any, TypeVar

import msgspec

#: What a person calls the types of values.
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

#: Messages of msgspec (0.22), which names types and fields between backticks, and how a person is told.
_SAID = (
    (re.compile("Object contains unknown field `(.*)`"), r"there is no entry '\1'"),
    (re.compile("Object missing required field `(.*)`"), r"the entry '\1' is missing"),
    (re.compile("Invalid enum value (.*)"), r"\1 is none of the values it may have"),
    (re.compile("Expected `str` matching regex .*"), "it is not written as it should be"),
    (re.compile("Expected `([a-z]+)` of length (.*)"), r"<\1> of length \2 is expected"),
    (re.compile("Expected `([a-z]+)` ([<>]=?) (.*)"), r"<\1> \2 \3 is expected"),
    (re.compile("Expected `(.*)`, got `(.*)`"), r"<\1> is expected, not <\2>"),
    (re.compile("Expected `(.*)`"), r"<\1> is expected"),
    (re.compile("JSON is malformed: (.*)"), r"it is no JSON: \1"),
    (re.compile("Input data was truncated"), "it ends too early"),
)

Kind = TypeVar("Kind", bound=type[Any])


def decodable(kind: Kind) -> Kind:
    """Have a struct's fields worked out as its class is made, by the one thread that imports its module.

    msgspec (0.22) does it at the first decoding, and a process whose threads do so at the same time crashes.
    """
    msgspec.json.Decoder(kind)
    return kind


def plain(error: Exception) -> str:
    """Say in plain words what msgspec found wrong, and at which entry: "threads: a whole number is expected, not text"."""
    reason, _, place = str(error).partition(" - at ")
    for pattern, said in _SAID:
        if found := pattern.fullmatch(reason):
            reason = re.sub("<([a-z |]+)>", lambda types: _named(types[1]), found.expand(said))
            break
    where = place.strip("`").removeprefix("$").removeprefix(".").replace("[...]", ".…")
    return f"{where.lstrip('.')}: {reason}" if where else reason


def _named(types: str) -> str:
    return " or ".join(_TYPES.get(name, name) for name in types.split(" | "))
