"""How routes describe themselves: what they give, which errors they have, and parameters that several share."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any

from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from moviec.web import schemas as shapes
from moviec.web.errors import ErrorShape
from moviec.web.ids import PATTERN

#: Every route may answer so, whatever else it does.
ALWAYS = (400, 401, 429, 500, 503)

MovieId = Annotated[
    str,
    PathParameter(
        description="`mc…`, or an id elsewhere: `imdb:tt0114709`, `tmdb:862`, `wikidata:Q171048`.",
        schema_extra={"pattern": PATTERN, "examples": ["mc1", "imdb:tt0114709"]},
    ),
]


def gives(
    kind: Any, *errors: int, status: int = 200, media: str = "application/json"
) -> Mapping[int, ResponseSpec]:
    """Return what a route gives and which errors it has besides those all have."""
    found = {status: ResponseSpec(kind, generate_examples=False, description="As asked.", media_type=media)}
    if status == 200:
        found[304] = ResponseSpec(None, generate_examples=False, description="The caller has it already.")
    for error in sorted({*errors, *ALWAYS}):
        shape = shapes.Redirect if error == 308 else ErrorShape
        found[error] = ResponseSpec(shape, generate_examples=False, description=HTTPStatus(error).phrase)
    return found
