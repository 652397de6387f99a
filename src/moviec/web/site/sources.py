"""Sources: who delivers, how fresh, under which licence; one source with what it delivers, how right it is, how it rates."""

from __future__ import annotations

from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.sources import coverage, freshness, matched_share, matching
from moviec.web.errors import not_found
from moviec.web.server_state import server_of
from moviec.web.site.methods import JUDGED
from moviec.web.site.movie import source_facts
from moviec.web.site.rendering import kept_page, page

#: Deliveries of a source that a page lists.
DELIVERIES = 12


@get("/sources", include_in_schema=False)
async def sources(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Every source with its last delivery and licence."""
    server = server_of(request)
    facts = await source_facts(server)

    def read(connection: sa.Connection) -> tuple[dict[str, dict[str, Any]], dict[str, dict[str, int]]]:
        return freshness(connection), matching(connection)

    fresh, matched = await server.read(read)
    rows = [
        {
            **fact,
            **fresh.get(name, {}),
            "matched": matched_share(matched.get(name)),
            "delivers": name in fresh,
        }
        for name, fact in facts.items()
    ]
    rows.sort(key=lambda row: (not row["delivers"], -(row.get("records") or 0)))
    return page(request, "sources.html", rows=rows)


@get("/sources/{name:str}", include_in_schema=False)
async def source(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """One source's scorecard."""
    server = server_of(request)
    facts = await source_facts(server)
    if name not in facts:
        raise not_found(f"there is no source '{name[:50]}'")

    def make() -> tuple[str, dict[str, Any]]:
        from moviec.catalog.deliveries import all_deliveries  # brings Arrow, which a server starts without

        with server.catalogue.connect() as connection:
            fresh, covered = freshness(connection).get(name, {}), coverage(connection, name)
            shares = matching(connection).get(name)
        delivered = list(reversed(all_deliveries(server.catalogue, name)))
        newest = next((each for each in delivered if each.state == "applied"), None)
        learned = msgspec.to_builtins(server.workbench.scorecard(name))
        return "source.html", {
            "source": {**facts[name], **fresh},
            "covered": covered,
            "shares": shares,
            "deliveries": delivered[:DELIVERIES],
            "filled": filled_of(newest.report if newest else {}),
            "card": learned,
            "judged": [row for row in learned.get("reliability", ()) if row["judged"] >= JUDGED],
            "least_judged": JUDGED,
        }

    return await kept_page(request, 0, f"source:{name}", make)


def filled_of(report: dict[str, Any]) -> list[tuple[str, float]]:
    """Return how full each field of a delivery is, the fullest first, from its report."""
    audit = report.get("audit") or {}
    found, films = audit.get("filled") or {}, audit.get("films") or 0
    if not films:
        return []
    return sorted(
        ((name, count / films) for name, count in found.items() if count),
        key=lambda pair: (-pair[1], pair[0]),
    )


ROUTES: list[ControllerRouterHandler] = [sources, source]
