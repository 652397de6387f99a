"""The web application: routes, errors and the middleware, over one server state."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.types import ASGIApp, ControllerRouterHandler

from moviec.config import Home
from moviec.web import site as site_pages
from moviec.web.compat import omdb, tmdb
from moviec.web.compat.shared import as_imitated, is_imitated
from moviec.web.connections import watch
from moviec.web.errors import Problem, handlers
from moviec.web.middleware import Middleware
from moviec.web.params import NoQuery, query_of
from moviec.web.routes import (
    about,
    admin,
    analytics,
    changes,
    docs,
    feeds,
    lists,
    matching,
    media,
    movies,
    people,
)
from moviec.web.server_state import ServerState, open_server, running
from moviec.web.site.rendering import problem_page
from moviec.web.workbench import Workbench

#: The most bytes of a request's body; larger ones get status 413.
LARGEST_BODY = 1 << 20

ROUTES: Sequence[ControllerRouterHandler] = [
    *movies.ROUTES, *lists.ROUTES, *people.ROUTES, *matching.ROUTES, *analytics.ROUTES, *changes.ROUTES, *feeds.ROUTES, *about.ROUTES,
    *admin.ROUTES, *media.ROUTES, *docs.ROUTES, *omdb.ROUTES, *tmdb.ROUTES, *site_pages.ROUTES,
]  # fmt: skip


def create_app(home: Home, workbench: Workbench) -> ASGIApp:
    """Create the application for a home. Raises StoreError where its catalogue cannot be opened."""
    server = open_server(home, workbench)
    watch(home.settings.serving, server.open, server.trusted)
    return Middleware(make_litestar(server), server)


async def refuse_unknown(request: Request[Any, Any, Any]) -> None:
    """Reject query parameters on API routes that take none; the other routes check their own."""
    if request.scope["path"].startswith("/v1/") and "query" not in request.route_handler.opt:
        query_of(request, NoQuery)


def _page(request: Request[Any, Any, Any], problem: Problem) -> bytes | None:
    """Render a problem as a page if a browser requested one; never on paths that imitate another service."""
    return None if is_imitated(problem) else problem_page(request, problem)


def make_litestar(server: ServerState) -> Litestar:
    """Create the application behind the middleware."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with running(server):
            yield

    return Litestar(
        route_handlers=ROUTES,
        opt={"routes": ROUTES},  # described by `/openapi.json`
        before_request=refuse_unknown,
        exception_handlers=handlers(server.log, _page, as_imitated),
        lifespan=[lifespan],
        state=State({"server": server}),
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        logging_config=None,
    )
