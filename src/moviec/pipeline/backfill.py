"""Months again: the deliveries of dated places whose dates lie in some months, known ones left as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from moviec.catalog.deliveries import Delivery
from moviec.errors import MovieCError, UsageError
from moviec.pipeline.arrivals import Asked, expected, take
from moviec.pipeline.context import RunContext
from moviec.pipeline.delivery_files import DATE
from moviec.pipeline.due import Outcome, needs_look
from moviec.pipeline.steps import Tell
from moviec.sources.spec import Source


class Months(msgspec.Struct, frozen=True):
    """The first day of the first month, and of the last."""

    first: dt.date
    last: dt.date

    @property
    def end(self) -> dt.date:
        """The last day of the last month."""
        return (self.last + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)

    def each(self) -> list[str]:
        """Name every month, like 2026-11."""
        found, day = [], self.first
        while day <= self.last:
            found.append(f"{day:%Y-%m}")
            day = (day + dt.timedelta(days=31)).replace(day=1)
        return found


def read_months(first: str, last: str) -> Months:
    """Read two months. Raises UsageError for what is none, and where the last comes before the first."""
    found = []
    for text, option in ((first, "--from"), (last, "--to")):
        try:
            found.append(dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date())
        except ValueError as error:
            raise UsageError(f"'{text}' is no month", option, "write it like 2026-11") from error
    if found[1] < found[0]:
        raise UsageError(f"{last} comes before {first}", "--to")
    return Months(*found)


def dated_sources(context: RunContext, sources: Mapping[str, Source], names: Sequence[str]) -> list[Source]:
    """Give the named sources, all with a dated place where none is named. Raises UsageError for one without."""
    places = {name: one.path for name, one in context.home.settings.sources.items() if DATE in one.path}
    for name in names:
        if name not in sources or name not in places:
            raise UsageError(
                "this source has no dated place in the settings",
                name,
                f"set path under [sources.{name}] in moviec.toml, with {{date}} in it",
            )
    return [sources[name] for name in sorted(names or places) if name in sources]


def backfill(context: RunContext, chosen: Sequence[Source], months: Months, tell: Tell) -> list[Outcome]:
    """Take what the places of sources hold for some months, oldest first; one that fails does not stop the others."""
    done = []
    for source in chosen:
        name = source.spec.name
        tell(f"{name}: {months.first:%Y-%m} to {months.last:%Y-%m}")
        taken: list[Delivery] = []
        try:
            asked = Asked(since=months.first, until=months.end)
            for one in expected(context.home, source.spec, asked, tell):
                taken.append(take(context, source, one, False, tell))
        except (MovieCError, OSError) as error:
            done.append(Outcome(source=name, state="failed", deliveries=taken, error=str(error)))
            continue
        there = {one.delivered_at[:7] for one in taken}
        looks = [look for one in taken if (look := needs_look(one, context.home.settings))]
        looks += [f"{name}: nothing is there for {month}" for month in months.each() if month not in there]
        done.append(
            Outcome(source=name, state="done" if taken else "nothing new", deliveries=taken, looks=looks)
        )
    return done
