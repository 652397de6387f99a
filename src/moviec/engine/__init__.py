"""Set-level work: one protocol, and DuckDB behind it; `spark` spreads it over a cluster, part by part."""

from moviec.engine.duckdb import Batches, DuckEngine, Engine, Limits, PerRecord

__all__ = ["Batches", "DuckEngine", "Engine", "Limits", "PerRecord"]
