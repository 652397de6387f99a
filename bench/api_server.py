"""MovieC's server with one more route, of fixed bytes behind the same gate: what its documents are measured against."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.response.base import ASGIResponse
from litestar.types import ASGIApp

from moviec.cli.pipeline_workbench import PipelineWorkbench
from moviec.config import open_home
from moviec.web.app import make_litestar
from moviec.web.middleware import Middleware
from moviec.web.responses import from_bytes, respond
from moviec.web.server_state import open_server

FIXED = from_bytes(b'{"fixed":"' + b"x" * 900 + b'"}')


@get("/v1/fixed", include_in_schema=False)
async def fixed(request: Request[Any, Any, Any]) -> ASGIResponse:
    """Give the same bytes to everyone."""
    return respond(request, FIXED)


def make() -> ASGIApp:
    """Make the application in granian's worker; the home is MOVIEC_HOME."""
    home = open_home()
    site = open_server(home, PipelineWorkbench(home))
    app = make_litestar(site)
    app.register(fixed)
    return Middleware(app, site)
