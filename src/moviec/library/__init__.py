"""A catalogue in this process: the API's answers without a server, tables for Arrow, pandas and Polars, and MCP."""

from moviec.library.catalogue import Catalogue
from moviec.library.rows import Rows

__all__ = ["Catalogue", "Rows"]
