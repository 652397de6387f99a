"""A server process's telemetry: a log line for each request, and metrics for Prometheus."""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from moviec.catalog.accounts import add_usage
from moviec.config import private


def open_log(file: Path | None = None) -> Any:
    """Return the log, appended to a file if given. Keys are never logged: callers are identified by their key's
    number.
    """
    return structlog.wrap_logger(
        structlog.BytesLogger(open(file, "ab", opener=private) if file else sys.stderr.buffer),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_written),
        ],
        wrapper_class=structlog.BoundLogger,
    )


def no_log() -> Any:
    """Return a log that discards its lines, for a server without a console."""
    silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
    return structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=silent)


def _written(event: dict[str, Any], **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)


_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Metrics:
    """The metrics. With several workers each writes to PROMETHEUS_MULTIPROC_DIR, and all are added up."""

    def __init__(self) -> None:
        """Make the metrics in a registry of their own."""
        self.registry = CollectorRegistry()
        self.seconds = Histogram(
            "moviec_request_seconds",
            "Time to answer, by route.",
            ("method", "route"),
            registry=self.registry,
            buckets=_BUCKETS,
        )
        self.requests = Counter(
            "moviec_requests", "Requests by route and status.", ("route", "status"), registry=self.registry
        )
        self.cache = Counter(
            "moviec_cache", "Answers held ready (hit) and not (miss).", ("outcome",), registry=self.registry
        )
        self.denied = Counter(
            "moviec_unknown_ids", "Unknown ids answered without the database.", registry=self.registry
        )
        self.left_out = Counter(
            "moviec_left_out",
            "Films that matched and were left out, having no id that the imitated service knows.",
            ("service",),
            registry=self.registry,
        )
        behind = ("moviec_changes_behind", "Changes of the log not yet followed.", ("follower",))
        self.behind = Gauge(*behind, registry=self.registry, multiprocess_mode="max")
        self.published = Gauge(
            "moviec_published_timestamp_seconds",
            "When the catalogue last changed.",
            registry=self.registry,
            multiprocess_mode="max",
        )

    def text(self) -> bytes:
        """Write all metrics in Prometheus's format."""
        if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
            return generate_latest(self.registry)
        together = CollectorRegistry()
        MultiProcessCollector(together)  # type: ignore[no-untyped-call]
        return generate_latest(together)


class UsageCounter:
    """Requests of keys since the last write."""

    def __init__(self, catalogue: sa.Engine) -> None:
        """Set where it is written."""
        self._catalogue = catalogue
        self._counts: dict[tuple[int, str], tuple[int, int]] = {}
        self._alone = threading.Lock()  # requests are counted in their threads while another one writes

    def count(self, key: int, refused: bool) -> None:
        """Count one request of a key."""
        place = (key, dt.datetime.now(dt.UTC).date().isoformat())
        self._add(place, int(not refused), int(refused))

    def write(self) -> None:
        """Write the counts; if that fails they are kept for the next time."""
        with self._alone:
            counts, self._counts = self._counts, {}
        try:
            add_usage(self._catalogue, counts)
        except sa.exc.SQLAlchemyError:
            for place, (answered, over) in counts.items():
                self._add(place, answered, over)
            raise

    def _add(self, place: tuple[int, str], answered: int, over: int) -> None:
        with self._alone:
            before = self._counts.get(place, (0, 0))
            self._counts[place] = (before[0] + answered, before[1] + over)
