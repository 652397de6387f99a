"""Where the data come from: each source with what it delivers and how reliable it is, and the methods that join
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.freshness import coverage, freshness, matched_share, matching, pairs_to_review
from moviec.catalog.queries import count_documents
from moviec.catalog.rating_counts import rated_films, rating_steps
from moviec.web.errors import not_found
from moviec.web.server_state import server_of
from moviec.web.site import words
from moviec.web.site.movie import source_facts
from moviec.web.site.rendering import kept_page, page

#: Films that others could judge, at least, for a source's reliability in a field to be shown: with fewer it is
#: unreliable.
JUDGED = 30


@get("/methods", include_in_schema=False)
async def methods(request: Request[Any, Any, Any]) -> ASGIResponse:
    """How it works, cached until the catalogue changes."""
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
    """Return each source's reliability in each field judged on enough films; a column for each source."""
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
        from moviec.catalog.deliveries import all_deliveries  # needs Arrow, which a server starts without

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
    """Return the filled share of each field of a delivery, the fullest first, from its report."""
    audit = report.get("audit") or {}
    found, films = audit.get("filled") or {}, audit.get("films") or 0
    if not films:
        return []
    return sorted(
        ((name, count / films) for name, count in found.items() if count),
        key=lambda pair: (-pair[1], pair[0]),
    )


ROUTES: list[ControllerRouterHandler] = [methods, sources, source]
