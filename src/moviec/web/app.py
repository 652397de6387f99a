"""Makes the web application: routes, errors and the gate, over one site."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence

from litestar import Litestar
from litestar.datastructures import State
from litestar.types import ASGIApp, ControllerRouterHandler

from moviec.config import Home
from moviec.web import lists, movies, probes
from moviec.web.errors import handlers
from moviec.web.gate import Gate
from moviec.web.site import Site, open_site, running
from moviec.web.workbench import Workbench

#: Bytes of a request's body; more is answered 413.
LARGEST_BODY = 1 << 20

ROUTES: Sequence[ControllerRouterHandler] = [*movies.ROUTES, *lists.ROUTES, *probes.ROUTES]


def create_app(home: Home, workbench: Workbench) -> ASGIApp:
    """Make the application over a home. Raises StoreError where its catalogue cannot be opened."""
    site = open_site(home, workbench)
    return Gate(make_litestar(site), site)


def make_litestar(site: Site) -> Litestar:
    """Make the application behind the gate."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with running(site):
            yield

    return Litestar(
        route_handlers=ROUTES,
        exception_handlers=handlers(site.log),
        lifespan=[lifespan],
        state=State({"site": site}),
        request_max_body_size=LARGEST_BODY,
        openapi_config=None,
        logging_config=None,
    )
