"""Structs that several threads may decode at once from the first use, and readable messages about texts that cannot be
decoded.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
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

#: How much of a misspelt name is as in the one that it is taken for, at least: "titel" and "title" have .8.
LIKE = 0.75

Kind = TypeVar("Kind", bound=type[Any])


def decodable(kind: Kind) -> Kind:
    """Make msgspec analyse a struct's fields when its class is created, in the one thread that imports its module.

    msgspec (0.22) does it on first decoding, and concurrent threads doing so crash the process.
    """
    msgspec.json.Decoder(kind)
    return kind


def plain(error: Exception, kind: type[Any] | None = None) -> str:
    """Return in plain words what msgspec found wrong, and at which entry: "threads: a whole number is expected, not text".

    With the struct that was decoded (`kind`), a misspelt entry is answered with the one that was probably meant, and a wrong
    value of an enumeration with the values that there are.
    """
    reason, _, place = str(error).partition(" - at ")
    hint = _hint(reason, place, kind) if kind else ""
    for pattern, said in _SAID:
        if found := pattern.fullmatch(reason):
            reason = re.sub("<([a-z |]+)>", lambda types: _named(types[1]), found.expand(said))
            break
    where = place.strip("`").removeprefix("$").removeprefix(".").replace("[...]", ".*")
    return (f"{where.lstrip('.')}: {reason}" if where else reason) + hint


def _hint(reason: str, place: str, kind: type[Any]) -> str:
    """Return what probably was meant by an unknown entry, or which values an enumeration has; "" where nothing can be said."""
    known = _entries(kind)
    if found := re.fullmatch("Object contains unknown field `(.*)`", reason):
        near = get_close_matches(found[1], known, 1, LIKE)
        return f"; did you mean '{near[0]}'?" if near else ""
    values = known.get(place.strip("`").rpartition(".")[2], ())
    return f": {', '.join(values)}" if values and reason.startswith("Invalid enum value") else ""


def _entries(kind: type[Any]) -> dict[str, tuple[str, ...]]:
    """Return the names of all entries of a struct and of those inside it, with the values of those that are enumerations."""
    found: dict[str, tuple[str, ...]] = {}
    ahead: list[Any] = [msgspec.inspect.type_info(kind)]
    seen: set[type] = set()
    while ahead:
        match ahead.pop():
            case msgspec.inspect.StructType(cls=cls, fields=fields) if cls not in seen:
                seen.add(cls)
                for field in fields:
                    found.setdefault(field.encode_name, _values(field.type))
                    ahead.append(field.type)
            case msgspec.inspect.UnionType(types=types):
                ahead += types
            case msgspec.inspect.DictType(value_type=inner) | msgspec.inspect.VarTupleType(item_type=inner):
                ahead.append(inner)
    return found


def _values(kind: msgspec.inspect.Type) -> tuple[str, ...]:
    if isinstance(kind, msgspec.inspect.DictType):
        return _values(kind.value_type)
    if isinstance(kind, msgspec.inspect.LiteralType):
        return tuple(f"'{value}'" for value in kind.values if value != "")
    return ()


def _named(types: str) -> str:
    return " or ".join(_TYPES.get(name, name) for name in types.split(" | "))
