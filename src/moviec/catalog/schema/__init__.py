"""The catalogue's tables, one schema for SQLite and PostgreSQL; docs/data-dictionary.md is generated from it."""

from moviec.catalog.schema import arrivals, identity, movies, operations, serving
from moviec.catalog.schema.base import metadata

__all__ = ["arrivals", "identity", "metadata", "movies", "online", "operations", "serving"]
