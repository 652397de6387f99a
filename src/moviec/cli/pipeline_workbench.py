"""The pipeline's operations for the web. Stages are imported on first use, so that a server starts quickly."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from moviec.catalog.webhooks import Sent
from moviec.config import Home
from moviec.errors import UsageError
from moviec.library.in_process import ReadingWorkbench, said
from moviec.web.workbench import IngestOrder, Verdict


class PipelineWorkbench(ReadingWorkbench, frozen=True):
    """Works on a home as the commands of the same names do; see `moviec.web.workbench.Workbench`."""

    def ping(self, hook: Mapping[str, Any]) -> Sent:
        """Send a webhook a body without changes."""
        from moviec.jobs.webhook_sender import Sending, send

        return send(hook, [], Sending(self.home.settings.webhooks_private, self.home.signing_key()))

    def refusal(self, url: str) -> str:
        """Check a webhook's address. A name that cannot be resolved now may be resolvable later."""
        from moviec.errors import SourceError, TransportError
        from moviec.jobs.webhook_sender import target_of

        try:
            target_of(url, self.home.settings.webhooks_private)
        except TransportError:
            return ""
        except SourceError as error:
            return str(error)
        return ""

    def ingest(self, order: IngestOrder) -> dict[str, Any]:
        """Ingest every delivery of the order, and publish."""
        from moviec.pipeline.aggregator import drain
        from moviec.pipeline.arrivals import IngestRequest, expected, take
        from moviec.pipeline.online import is_online, take_online
        from moviec.pipeline.opening import arriving, open_run
        from moviec.sources.registry import find_source

        source = find_source(order.source, self.home.folder)
        check_places(self.home, order.source, order.paths)
        at = _instant(order.delivered_at) if order.delivered_at else None
        if not order.paths and at is None and is_online(self.home, source.spec):
            with open_run(self.home) as context:
                asked = take_online(context, source).deliveries
                outcome = drain(context)
            return {"deliveries": asked, "changes": outcome.changes, "last_change": outcome.last_change}
        with open_run(self.home) as context:
            with arriving(context) as alone:
                wanted = expected(self.home, source.spec, IngestRequest(order.paths, None, "", at))
                taken = [
                    take(alone, source, arrival, order.accept_shrink, lambda _: None) for arrival in wanted
                ]
            outcome = drain(context)
        return {"deliveries": taken, "changes": outcome.changes, "last_change": outcome.last_change}

    def decide(self, verdict: Verdict) -> dict[str, Any]:
        """Record a verdict and resolve the two records again."""
        from moviec.catalog import decisions
        from moviec.pipeline.aggregator import drain
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            with context.writing() as copy:
                row = decisions.decide(copy.connection, [said(verdict)])[0]
                copy.table("decisions")
            outcome = drain(context)
        return {"decision": row, "changes": outcome.changes, "last_change": outcome.last_change}

    def replay_quarantine(self, source: str | None) -> dict[str, Any]:
        """Read the deliveries of rejected rows again, and publish the rows that can be read now."""
        from moviec.pipeline.aggregator import drain
        from moviec.pipeline.opening import arriving, open_run
        from moviec.pipeline.rebuild import replay_waiting

        with open_run(self.home) as context:
            with arriving(context) as alone:
                done = replay_waiting(alone, source)
            outcome = drain(context)
        return {"replayed": done, "changes": outcome.changes, "last_change": outcome.last_change}

    def replay_failures(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Mark failures to be tried again by their followers."""
        from moviec.catalog.ingest_queue import replay
        from moviec.pipeline.aggregator import drain
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            done = replay(context.catalogue, numbers)
            drain(context)
        return {"replayed": done}

    def decide_all(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        """Record verdicts in one transaction, and publish once."""
        from moviec.catalog import decisions
        from moviec.pipeline.aggregator import drain
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            with context.writing() as copy:
                rows = decisions.decide(copy.connection, [said(verdict) for verdict in verdicts])
                copy.table("decisions")
            outcome = drain(context)
        return {"decisions": rows, "changes": outcome.changes, "last_change": outcome.last_change}

    def undo(self, numbers: Sequence[int], who: str) -> dict[str, Any]:
        """Undo decisions in one transaction, and publish once."""
        from moviec.catalog import decisions
        from moviec.pipeline.aggregator import drain
        from moviec.pipeline.opening import open_run

        with open_run(self.home) as context:
            with context.writing() as copy:
                rows = [decisions.undo(copy.connection, number, who) for number in numbers]
                copy.table("decisions")
            outcome = drain(context)
        return {"decisions": rows, "changes": outcome.changes, "last_change": outcome.last_change}

    def accept_held(self, delivery: str) -> dict[str, Any]:
        """Apply a held delivery as it was delivered then, and publish."""
        from moviec.pipeline.aggregator import drain
        from moviec.pipeline.ingest import accept_held
        from moviec.pipeline.opening import arriving, open_run

        with open_run(self.home) as context:
            with arriving(context) as alone:
                done = accept_held(alone, delivery)
            outcome = drain(context)
        return {"delivery": done, "changes": outcome.changes, "last_change": outcome.last_change}

    def refuse_held(self, delivery: str, who: str) -> dict[str, Any]:
        """Refuse a held delivery."""
        from moviec.pipeline.ingest import refuse_held
        from moviec.pipeline.opening import arriving, open_run

        with open_run(self.home) as context, arriving(context) as alone:
            done = refuse_held(alone, delivery, who)
        return {"delivery": done}


def check_places(home: Home, source: str, places: Sequence[str]) -> None:
    """Raise UsageError for a place that is neither below `ingest_from` nor one of the source's own: a key for requests
    must not give access to the whole disk and network.
    """
    mine = home.settings.sources.get(source)
    own = [place for place in (mine.path, mine.inbox) if place] if mine else []
    roots = [*home.settings.ingest_from.split(), *own]
    for place in places:
        if place not in own and not any(_is_below(place, root) for root in roots):
            raise UsageError(
                "requests may not ingest from here",
                place,
                "add a place above it to ingest_from (docs/settings.md)",
            )


def _is_below(place: str, root: str) -> bool:
    """Return whether a place lies below a root: of the same kind, and without a way back up."""
    if "://" in place or "://" in root:
        parts = unquote(place.partition("://")[2]).split("/")
        return place.startswith(root.rstrip("/") + "/") and "://" in root and ".." not in parts
    return Path(place).expanduser().resolve().is_relative_to(Path(root).expanduser().resolve())


def _instant(text: str) -> dt.datetime:
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a date", "delivered_at", "write it like 2026-11-21") from error
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
