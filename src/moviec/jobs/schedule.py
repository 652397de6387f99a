"""Takes in the sources that are due, tries again what failed, and sets it aside after some tries until its next round."""

from __future__ import annotations

import datetime as dt
from typing import Any

from moviec.catalog.connect import writing
from moviec.catalog.deliveries import all_deliveries
from moviec.catalog.failures import failed, set_aside
from moviec.catalog.leases import ARRIVALS, holding_if_free
from moviec.config import Home
from moviec.pipeline.context import RunContext
from moviec.pipeline.due import Outcome, Standing, run_due, standings
from moviec.pipeline.opening import arriving, open_run
from moviec.pipeline.steps import Tell
from moviec.sources.registry import find_sources

#: The follower's name among the failures.
FOLLOWER = "schedule"

#: Tries of one round of one source, and seconds before the second; four times longer before each further one.
TRIES, PAUSE = 4, 60.0


class Schedule:
    """What one worker remembers of its tries: how many of which round, and when the next may be."""

    def __init__(self, home: Home) -> None:
        """Remember nothing."""
        self._home = home
        self._tries: dict[tuple[str, str], tuple[int, dt.datetime]] = {}

    def step(self, tell: Tell) -> list[Outcome]:
        """Take in what is due, unless another process takes deliveries in."""
        now = dt.datetime.now(dt.UTC)
        sources = find_sources(self._home.folder)
        with open_run(self._home) as context:
            due = self._due(
                context, standings(self._home, sources, all_deliveries(context.catalogue), now), now
            )
            if not due:
                return []
            with holding_if_free(context.catalogue, ARRIVALS) as held:
                if held is None:
                    return []
            with arriving(context, tell) as alone:
                known = all_deliveries(context.catalogue)
                due = self._due(context, standings(self._home, sources, known, now), now)
                done = run_due(alone, sources, due, tell)
            self._note(context, due, done)
        return done

    def _due(self, context: RunContext, found: list[Standing], now: dt.datetime) -> list[Standing]:
        with context.catalogue.connect() as connection:
            aside = [one.subject for one in failed(connection) if one.follower == FOLLOWER]
        return [
            one
            for one in found
            if one.due_since
            and _subject(one) not in aside
            and self._tries.get(_round(one), (0, now))[1] <= now
        ]

    def _note(self, context: RunContext, due: list[Standing], done: list[Outcome]) -> None:
        for standing, outcome in zip(due, done, strict=True):
            if outcome.state != "failed":
                self._tries.pop(_round(standing), None)
                continue
            tries = self._tries.get(_round(standing), (0, None))[0] + 1
            again = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=PAUSE * 4 ** (tries - 1))
            self._tries[_round(standing)] = (tries, again)
            if tries >= TRIES:
                del self._tries[_round(standing)]
                with writing(context.catalogue) as connection:
                    set_aside(connection, FOLLOWER, [_subject(standing)], outcome.error, tries)


def _round(standing: Standing) -> tuple[str, str]:
    return standing.source, str(standing.due_since)


def _subject(standing: Standing) -> dict[str, Any]:
    return {"source": standing.source, "due": str(standing.due_since)}
