"""About the data and the caller: the sources and how they do, and what the caller's own key has used."""

from __future__ import annotations

import asyncio
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from moviec.catalog.accounts import usage_of
from moviec.catalog.sources import coverage, freshness
from moviec.web import schemas as shapes
from moviec.web.callers import unauthorized
from moviec.web.errors import not_found
from moviec.web.responses import answer, respond
from moviec.web.route_docs import gives
from moviec.web.server_state import ServerState, caller_of, server_of


@get(
    "/v1/sources",
    responses=gives(shapes.Sources),
    summary="Sources",
    tags=["sources"],
)
async def source_list(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Every source: licence, cadence, last delivery, records, rejected rows."""
    return respond(request, answer({"items": await _sources(server_of(request))}))


@get("/v1/sources/{name:str}", responses=gives(shapes.Source, 404), summary="One source", tags=["sources"])
async def one_source(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """A source by its name."""
    return respond(request, answer(await _source(server_of(request), name)))


@get(
    "/v1/sources/{name:str}/scorecard",
    responses=gives(shapes.Scorecard, 404),
    summary="How a source does",
    tags=["sources"],
)
async def scorecard(request: Request[Any, Any, Any], name: FromPath[str]) -> ASGIResponse:
    """Freshness, coverage, reliability and calibration of a source."""
    server = server_of(request)
    source = await _source(server, name)
    covered = await server.read(lambda connection: coverage(connection, name))
    learned = await asyncio.to_thread(server.workbench.scorecard, name)
    fresh = {
        part: source.get(part) for part in ("cron", "last_delivery", "delivered_at", "state", "rejected")
    }
    return respond(request, answer({"name": name, "freshness": fresh, "coverage": covered, **learned}))


@get(
    "/v1/usage",
    responses=gives(shapes.Usage),
    summary="The caller's use",
    tags=["usage"],
)
async def usage(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The caller's own key: its limit, what is left of this minute, and its requests by day."""
    server, caller = server_of(request), caller_of(request)
    key = caller.key
    if key is None:
        raise unauthorized("this tells of the caller's own key: show it")
    await asyncio.to_thread(server.usage.write)
    days = await asyncio.to_thread(usage_of, server.catalogue, key.number)
    told = {
        "key": key.number,
        "name": key.name,
        "account": key.account,
        "prefix": key.prefix,
        "scope": key.scope,
    }
    left = max(0, request.scope["moviec.window"].left)  # type: ignore[typeddict-item]
    return respond(request, answer({**told, "per_minute": key.per_minute, "left": left, "days": days}))


async def _sources(server: ServerState) -> list[dict[str, Any]]:
    fresh = await server.read(freshness)
    facts = await asyncio.to_thread(server.workbench.sources)
    return [{**fact, **fresh.get(str(fact["name"]), {"last_delivery": None, "records": 0})} for fact in facts]


async def _source(server: ServerState, name: str) -> dict[str, Any]:
    for source in await _sources(server):
        if source["name"] == name:
            return source
    raise not_found(f"there is no source '{name[:50]}'")


ROUTES = [source_list, one_source, scorecard, usage]
