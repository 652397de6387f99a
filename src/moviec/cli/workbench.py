"""The stages as the web asks for them. They are imported when first asked for: a server should start at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from moviec.config import Home
from moviec.errors import UsageError
from moviec.web.workbench import IngestOrder, Verdict


class PipelineWorkbench(msgspec.Struct, frozen=True):
    """Works on a home as the commands of the same names do; see `moviec.web.workbench.Workbench`."""

    home: Home

    def sources(self) -> Sequence[dict[str, Any]]:
        """List the sources with their facts."""
        from moviec.sources.registry import find_sources

        facts = ("name", "title", "licence", "attribution", "home_page", "cron", "complete")
        specs = [source.spec for source in find_sources(self.home.folder).values()]
        return [
            {**{name: getattr(spec, name) for name in facts}, "raters": sorted(spec.raters)} for spec in specs
        ]

    def scorecard(self, source: str) -> dict[str, Any]:
        """Give what the pinned model has learned of a source: reliability, genres, repeats, its raters' calibration."""
        from moviec.pipeline.scorecards import scorecard_of
        from moviec.pipeline.workshop import workshop

        with workshop(self.home) as shop:
            card: dict[str, Any] = msgspec.to_builtins(scorecard_of(shop, source))
        return {name: value for name, value in card.items() if name != "source"}

    def ingest(self, order: IngestOrder) -> dict[str, Any]:
        """Take in every delivery the order means, and publish."""
        from moviec.pipeline.arrivals import Asked, expected, take
        from moviec.pipeline.street import Scope, bring_up
        from moviec.pipeline.workshop import workshop
        from moviec.sources.registry import find_source

        source = find_source(order.source, self.home.folder)
        at = _instant(order.delivered_at) if order.delivered_at else None
        with workshop(self.home, alone=True) as shop:
            wanted = expected(self.home, source.spec, Asked(order.paths, None, "", at))
            taken = [take(shop, source, one, order.accept_shrink, lambda _: None) for one in wanted]
            outcome = bring_up(shop, Scope())
        return {"deliveries": taken, "changes": outcome.changes, "last_change": outcome.last_change}

    def decide(self, verdict: Verdict) -> dict[str, Any]:
        """Record a verdict and settle the two records again."""
        import pyarrow as pa
        import sqlalchemy as sa

        from moviec.catalog.accounts import now
        from moviec.catalog.connect import writing
        from moviec.catalog.schema.identity import decisions
        from moviec.pipeline.street import Scope, bring_up
        from moviec.pipeline.workshop import workshop

        ends = sorted(tuple(end.split(":", 1)) for end in (verdict.left, verdict.right))
        if ends[0] == ends[1]:
            raise UsageError("a record is always the same film as itself", verdict.left, "name two records")
        named = dict(
            zip(("left_source", "left_key", "right_source", "right_key"), (*ends[0], *ends[1]), strict=True)
        )
        row = {**named, "verdict": "same" if verdict.same else "different", "who": verdict.who, "at": now()}
        with workshop(self.home, alone=True) as shop:
            with writing(shop.catalogue) as connection:
                _refuse_unknown(connection, ends)
                connection.execute(sa.insert(decisions).values(row))
            also = pa.table({"source": [end[0] for end in ends], "key": [end[1] for end in ends]})
            outcome = bring_up(shop, Scope(also=also))
        return {"decision": row, "changes": outcome.changes, "last_change": outcome.last_change}

    def replay_quarantine(self, source: str | None) -> dict[str, Any]:
        """Read the deliveries of rejected rows again, and publish what is read now."""
        from moviec.catalog.deliveries import all_deliveries, rejected
        from moviec.pipeline.rebuild import replay
        from moviec.pipeline.street import Scope, bring_up
        from moviec.pipeline.workshop import workshop
        from moviec.sources.registry import find_source

        with workshop(self.home, alone=True) as shop:
            waiting = {row.delivery for row in rejected(shop.catalogue, "open", source)}
            done = {
                one.id: replay(shop, find_source(one.source, self.home.folder), one)
                for one in all_deliveries(shop.catalogue)
                if one.id in waiting and one.state == "applied"
            }
            outcome = bring_up(shop, Scope())
        return {"replayed": done, "changes": outcome.changes, "last_change": outcome.last_change}

    def replay_failures(self, numbers: Sequence[int]) -> dict[str, Any]:
        """Set failures to be tried again by the followers that they belong to."""
        import sqlalchemy as sa

        from moviec.catalog.connect import connect, writing
        from moviec.catalog.schema.serving import failures

        open_ = failures.c.state == "open"
        wanted = sa.and_(open_, failures.c.number.in_(numbers)) if numbers else open_
        catalogue = connect(self.home.catalogue)
        with writing(catalogue) as connection:
            done = connection.execute(sa.update(failures).where(wanted).values(state="replayed")).rowcount
        catalogue.dispose()
        return {"replayed": done}


def _refuse_unknown(connection: Any, ends: Sequence[tuple[str, ...]]) -> None:
    import sqlalchemy as sa

    from moviec.catalog.schema.identity import records

    for source, key in ends:
        known = sa.select(records.c.movie).where(records.c.source == source, records.c.key == key)
        if connection.scalar(known) is None:
            raise UsageError("no source lists this record", f"{source}:{key}", "write it SOURCE:KEY")


def _instant(text: str) -> dt.datetime:
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"'{text}' is no date", "delivered_at", "write it like 2026-11-21") from error
    return read if read.tzinfo else read.replace(tzinfo=dt.UTC)
