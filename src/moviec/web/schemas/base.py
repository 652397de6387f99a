"""What all answers and all request bodies are made with."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

#: Several values of whatever kind a field has.
Values = Annotated[list[Any], Meta(extra_json_schema={"items": {}})]


class Shape(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer."""


class Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request brings: fields nobody knows are refused."""
