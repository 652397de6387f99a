"""Probes and metrics: whether a server lives, whether it may be asked, and how it does."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from litestar import Request, get
from litestar.response.base import ASGIResponse

from moviec.catalog.lag import gauges, lag
from moviec.catalog.queries import newest_change
from moviec.web import schemas as shapes
from moviec.web.errors import Problem
from moviec.web.responses import answer, respond
from moviec.web.route_docs import gives
from moviec.web.server_state import ServerState, server_of


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
    """Say how far behind the log a server and its index are."""
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


ROUTES = [healthz, readyz, metrics]
