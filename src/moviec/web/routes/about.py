"""About the service: its sources, the caller's own usage, probes and metrics."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler

from moviec.catalog.accounts import usage_of
from moviec.catalog.freshness import coverage, freshness, gauges, lag
from moviec.catalog.queries import newest_change
from moviec.web import schemas as shapes
from moviec.web.callers import unauthorized
from moviec.web.errors import Problem, not_found
from moviec.web.responses import answer, respond
from moviec.web.routes.docs import gives
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
        raise unauthorized("this reports on the caller's own key: send one")
    await asyncio.to_thread(server.usage.write)
    days = await asyncio.to_thread(usage_of, server.catalogue, key.number)
    usage = {
        "key": key.number,
        "name": key.name,
        "account": key.account,
        "prefix": key.prefix,
        "scope": key.scope,
    }
    left = max(0, request.scope["moviec.window"].left)  # type: ignore[typeddict-item]
    return respond(request, answer({**usage, "per_minute": key.per_minute, "left": left, "days": days}))


async def _sources(server: ServerState) -> list[dict[str, Any]]:
    fresh = await server.read(freshness)
    facts = await asyncio.to_thread(server.workbench.sources)
    return [{**fact, **fresh.get(str(fact["name"]), {"last_delivery": None, "records": 0})} for fact in facts]


async def _source(server: ServerState, name: str) -> dict[str, Any]:
    for source in await _sources(server):
        if source["name"] == name:
            return source
    raise not_found(f"there is no source '{name[:50]}'")


@get("/healthz", responses=gives(shapes.Done), summary="Alive", tags=["probes"])
async def healthz(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The process answers."""
    return respond(request, answer({"done": True}))


@get("/readyz", responses=gives(shapes.Ready), summary="Ready", tags=["probes"])
async def readyz(request: Request[Any, Any, Any]) -> ASGIResponse:
    """The catalogue is there, and this server and its index are not too far behind the log."""
    server = server_of(request)
    state = await state_of(server)
    if not state.ready:
        raise Problem(
            503, "not ready: too far behind the change log, or the index is being built", "not_ready", state
        )
    return respond(request, answer(state))


@get(
    "/metrics",
    media_type="text/plain",
    responses=gives(str, media="text/plain"),
    summary="Metrics",
    tags=["probes"],
)
async def metrics(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Prometheus metrics."""
    server = server_of(request)
    state = await state_of(server)
    server.metrics.behind.labels("server").set(state.behind)
    server.metrics.behind.labels("search").set(state.search_behind if state.search_behind is not None else -1)
    text = await asyncio.to_thread(server.metrics.text)
    figures = await server.read(lambda connection: lag(connection, dt.datetime.now(dt.UTC)))
    return ASGIResponse(body=text + gauges(figures).encode(), media_type="text/plain; version=0.0.4")


async def state_of(server: ServerState) -> shapes.Ready:
    """Return how far behind the log a server and its index are."""
    newest, at = await server.probe(newest_change)
    if at is not None:
        server.metrics.published.set(dt.datetime.fromisoformat(at).timestamp())
    held = server.finder.position
    behind, search_behind = newest - server.follower.position, None if held is None else newest - held
    most = server.home.settings.most_lag
    ready = behind <= most and search_behind is not None and search_behind <= most
    return shapes.Ready(
        ready=ready, behind=behind, search_behind=search_behind, filters=server.follower.known is not None
    )


ROUTES: list[ControllerRouterHandler] = [source_list, one_source, scorecard, usage, healthz, readyz, metrics]
