"""Logs: one JSON object a line, on standard error or in a file, quick enough to write one for every request."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog

from moviec.config import private


def open_log(file: Path | None = None) -> Any:
    """Return the log, in a file that is appended to where one is given. Keys never get here: callers are named by their key's number."""
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
    """Return a log that is written nowhere, for a server without a console of its own."""
    silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
    return structlog.wrap_logger(structlog.ReturnLogger(), wrapper_class=silent)


def _written(event: dict[str, Any], **_: Any) -> bytes:
    return msgspec.json.encode(event, enc_hook=str)
