"""Methods: how matching, fusion and the C-rating work, with the figures of this catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from litestar import Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.queries import count_documents
from moviec.catalog.rating_figures import rated_films, rating_steps
from moviec.catalog.sources import freshness, matching, pairs_to_review
from moviec.web.server_state import server_of
from moviec.web.site import words
from moviec.web.site.rendering import kept_page

#: Films that others could judge, at least, for a source's reliability in a field to be shown: of fewer it says little.
JUDGED = 30


@get("/methods", include_in_schema=False)
async def methods(request: Request[Any, Any, Any]) -> ASGIResponse:
    """How it works, held until the catalogue changes."""
    server = server_of(request)

    def make() -> tuple[str, dict[str, Any]]:
        with server.catalogue.connect() as connection:
            found: dict[str, Any] = {
                "films": count_documents(connection),
                "shares": matching(connection),
                "pairs": pairs_to_review(connection),
                "rated": rated_films(connection),
                "steps": rating_steps(connection),
                "delivering": sorted(freshness(connection)),
            }
        cards = [msgspec.to_builtins(server.workbench.scorecard(name)) for name in found["delivering"]]
        named = list(zip(found["delivering"], cards, strict=True))
        found |= {
            "reliability": reliability(named),
            "raters": raters(cards),
            "versions": sorted({card.get("version", "") for card in cards} - {""}),
        }
        return "methods.html", found

    return await kept_page(request, 0, "methods", make)


def reliability(cards: Sequence[tuple[str, Mapping[str, Any]]]) -> list[tuple[str, list[float | None]]]:
    """Lay out how right each source is in each field, of those that enough films could judge; a column for each source."""
    known = {
        (row["field"], name): row["reliability"]
        for name, card in cards
        for row in card.get("reliability", ())
        if row["judged"] >= JUDGED
    }
    fields = sorted({field for field, _ in known}, key=lambda field: words.field(field))
    return [(field, [known.get((field, name)) for name, _ in cards]) for field in fields]


def raters(cards: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """List every rater once, the one with the most films first."""
    found = {row["rater"]: row for card in cards for row in card.get("calibration", ())}
    return sorted(found.values(), key=lambda row: (-row["films"], row["rater"]))


ROUTES: list[ControllerRouterHandler] = [methods]
