"""Set-level work: one protocol, and DuckDB behind it; `spark` spreads it over a cluster, part by part."""

from moviec.engine.base import Batches, Engine, PerRecord
from moviec.engine.duckdb import DuckEngine, Limits

__all__ = ["Batches", "DuckEngine", "Engine", "Limits", "PerRecord"]
