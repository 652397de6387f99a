"""`moviec mcp`: the catalogue for language-model clients, over standard input and output."""

from __future__ import annotations

from moviec.cli.options import HomeOption
from moviec.errors import UsageError


def mcp(home: HomeOption = None) -> None:
    """Serve the Model Context Protocol on standard input and output, read only, until the client goes.

    Clients start it themselves: name `moviec mcp --home DIR` in their settings. Needs `pip install 'moviec[mcp]'`.
    """
    from moviec.library.catalogue import Catalogue

    try:
        from moviec.library.mcp_server import make_server
    except ImportError as error:
        raise UsageError("the MCP SDK is not installed", hint="pip install 'moviec[mcp]'") from error
    with Catalogue.open(home) as films:
        make_server(films).run("stdio")
