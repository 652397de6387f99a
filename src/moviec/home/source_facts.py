"""The facts of the sources whose records a home has: as their files say, else as they last stood when something was published.

Without a source's facts nobody knows its raters and its licence, nor whether it is private.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from moviec.catalog.deliveries import Batch, all_batches
from moviec.catalog.facts import fact, note_fact
from moviec.errors import StoreError
from moviec.home.context import RunContext
from moviec.sources.registry import faulty_sources, find_sources
from moviec.sources.spec import SourceSpec

_KEPT = "source/"


def facts_in_force(context: RunContext, batches: Sequence[Batch] | None = None) -> list[SourceSpec]:
    """Return the facts of every source there is, and kept ones of those with batches whose files are gone or faulty.

    Raises StoreError for a source with batches of which nothing is known.
    """
    found = {name: source.spec for name, source in find_sources(context.home.folder).items()}
    needed = {batch.source for batch in (all_batches(context.catalogue) if batches is None else batches)}
    for name in sorted(needed - {*found}):
        with context.catalogue.connect() as connection:
            kept = fact(connection, _KEPT + name)
        if kept is None:
            fault = faulty_sources(context.home.folder).get(name)
            what = str(fault) if fault else "this home has its records and not its facts"
            raise StoreError(f"{what}; nothing is published without them", name, f"put sources/{name} back")
        found[name] = msgspec.json.decode(kept, type=SourceSpec)
    return [found[name] for name in sorted(found)]


def unpublished(context: RunContext, specs: Iterable[SourceSpec]) -> set[str]:
    """Return the sources of which nothing is published, although they are matched: private ones, and where the settings say
    `public` those whose licence does not let one pass on what they deliver.
    """
    public = context.home.settings.public
    return {spec.name for spec in specs if spec.private or (public and not spec.redistribute)}


def spaces_shown(context: RunContext, specs: Sequence[SourceSpec] | None = None) -> dict[str, str]:
    """Return the id space of the companies of each source whose word on these may be shown, the surest source first."""
    some = facts_in_force(context) if specs is None else specs
    hidden = unpublished(context, some)
    telling = [spec for spec in some if any(file.about == "companies" for file in spec.files.values())]
    telling.sort(key=lambda spec: (spec.place("companies"), spec.name))
    return {spec.name: spec.space or spec.name for spec in telling if spec.name not in hidden}


def keep_facts(connection: sa.Connection, specs: Iterable[SourceSpec], batches: Iterable[Batch]) -> None:
    """Keep what was known of the sources of batches when these were published. Inside a `writing` transaction."""
    wanted = {batch.source for batch in batches}
    for spec in specs:
        if spec.name in wanted:
            text = msgspec.json.encode(spec).decode()
            if fact(connection, _KEPT + spec.name) != text:
                note_fact(connection, _KEPT + spec.name, text)
