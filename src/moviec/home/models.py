"""What every run of a home uses: the models in force, the rules of fields, and the facts of its sources.

Facts come from the sources' files, else from the last publication: without them a source's raters
and licence are unknown, and whether it is private.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.deliveries import Batch, all_batches
from moviec.catalog.facts import fact, fitted, note_fact, pin_version, pinned_files
from moviec.errors import StoreError, UsageError
from moviec.fusion.documents import SHAPE
from moviec.fusion.model import FuseModel, from_json
from moviec.fusion.model import shipped_model as shipped_fuse_model
from moviec.fusion.survivorship import Rule, chosen_rules
from moviec.home.context import RunContext
from moviec.matching.model import Model, read_model
from moviec.matching.model import shipped_model as shipped_match_model
from moviec.matching.parties import parties_version
from moviec.sources.registry import faulty_sources, find_sources
from moviec.sources.spec import SourceSpec

#: The fact that names the models the catalogue was built with.
BUILT_WITH = "built_with"

#: The version name of the shipped models.
SHIPPED = "shipped"


class Models(msgspec.Struct, frozen=True):
    """The configuration of a run: the match model, the fuse model, the rules by which claims become fields, and whether
    what is published is `public`, so that it holds only what may be passed on.
    """

    match: Model
    fuse: FuseModel
    rules: Mapping[str, Rule]
    public: bool = False

    @property
    def versions(self) -> str:
        """Return one name for all of these, the rules of people and companies, and what documents say."""
        rules = hashlib.sha256(msgspec.json.encode(self.rules, order="sorted")).hexdigest()[:8]
        public = " public" if self.public else ""
        return f"{self.match.version} {self.fuse.version} r-{rules} {parties_version()} d-{SHAPE}{public}"


def pinned_models(context: RunContext) -> Models:
    """Read the models in force. Raises UsageError where the settings name an unknown rule."""
    with context.catalogue.connect() as connection:
        files = pinned_files(connection)
    match, fuse = files.get("match"), files.get("fuse")
    return Models(
        read_model(context.store.path(match)) if match else shipped_match_model(),
        from_json(context.store.path(fuse).read_bytes()) if fuse else shipped_fuse_model(),
        chosen_rules(context.home.settings.fields),
        context.home.settings.public,
    )


def pinned_match_file(context: RunContext) -> Path | None:
    """Return the file of the match weights in force; None for the shipped ones."""
    with context.catalogue.connect() as connection:
        file = pinned_files(connection).get("match")
    return context.store.path(file) if file else None


def fitted_models(context: RunContext) -> list[dict[str, Any]]:
    """List the models that were fitted, oldest first: version, kind, fitted_at, pinned."""
    with context.catalogue.connect() as connection:
        return fitted(connection)


def pin_again(context: RunContext, version: str) -> None:
    """Put a model that was fitted before in force, for its kind; `shipped`: the shipped models, for both kinds.

    Raises UsageError where no model has this version.
    """
    known = {row["version"]: row["kind"] for row in fitted_models(context)}
    if version not in (*known, SHIPPED):
        raise UsageError(
            "no model has this version", version, f"see `moviec fit --list`, or name '{SHIPPED}'"
        )
    with context.writing() as copy:
        pin_version(copy.connection, version, None if version == SHIPPED else known[version])
        copy.table("models")


def built_with(connection: sa.Connection) -> str | None:
    """Return the models that the catalogue was built with."""
    return fact(connection, BUILT_WITH)


def note_built_with(connection: sa.Connection, versions: str) -> None:
    """Record the models that the catalogue is built with from here on."""
    note_fact(connection, BUILT_WITH, versions)


_KEPT = "source/"


def facts_in_force(context: RunContext, batches: Sequence[Batch] | None = None) -> list[SourceSpec]:
    """Return the facts of every available source, and stored ones of those with batches whose files are gone or faulty.

    Raises StoreError for a source with batches without any facts.
    """
    found = {name: source.spec for name, source in find_sources(context.home.folder).items()}
    needed = {batch.source for batch in (all_batches(context.catalogue) if batches is None else batches)}
    for name in sorted(needed - {*found}):
        with context.catalogue.connect() as connection:
            kept = fact(connection, _KEPT + name)
        if kept is None:
            fault = faulty_sources(context.home.folder).get(name)
            what = str(fault) if fault else "this home has its records but not its facts"
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
    """Return the id space of the companies of each source whose details of them may be shown, the most trusted
    first.
    """
    some = facts_in_force(context) if specs is None else specs
    hidden = unpublished(context, some)
    telling = [spec for spec in some if any(file.about == "companies" for file in spec.files.values())]
    telling.sort(key=lambda spec: (spec.place("companies"), spec.name))
    return {spec.name: spec.space or spec.name for spec in telling if spec.name not in hidden}


def keep_facts(connection: sa.Connection, specs: Iterable[SourceSpec], batches: Iterable[Batch]) -> None:
    """Store the facts of the batches' sources at their publication. Inside a `writing` transaction."""
    wanted = {batch.source for batch in batches}
    for spec in specs:
        if spec.name in wanted:
            text = msgspec.json.encode(spec).decode()
            if fact(connection, _KEPT + spec.name) != text:
                note_fact(connection, _KEPT + spec.name, text)
