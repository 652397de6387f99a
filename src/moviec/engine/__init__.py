"""Set-level work: one protocol, DuckDB by default. Callers never learn which engine runs."""

from moviec.engine.base import Batches, Engine, PerRecord
from moviec.engine.duckdb import DuckEngine, Limits

__all__ = ["Batches", "DuckEngine", "Engine", "Limits", "PerRecord"]
