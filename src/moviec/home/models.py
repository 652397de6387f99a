"""The models in force: the pinned ones from the lake, the shipped ones until someone fits; and the rules of fields."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.facts import fact, note_fact
from moviec.catalog.models import fitted, pin_version, pinned_files
from moviec.errors import UsageError
from moviec.fusion.model import FuseModel, from_json
from moviec.fusion.model import shipped_model as shipped_fuse_model
from moviec.fusion.survivorship import Rule, chosen_rules
from moviec.home.context import RunContext
from moviec.matching.model import Model, read_model
from moviec.matching.model import shipped_model as shipped_match_model
from moviec.matching.parties import parties_version

#: Under this name the catalogue says which models it was built with.
BUILT_WITH = "built_with"

#: Names the models that come with MovieC, where a version is asked for.
SHIPPED = "shipped"


class Models(msgspec.Struct, frozen=True):
    """What a run works under: the match model, the fuse model, the rules by which claims become fields, and whether what is
    published is `public`, so that it holds only what may be passed on.
    """

    match: Model
    fuse: FuseModel
    rules: Mapping[str, Rule]
    public: bool = False

    @property
    def versions(self) -> str:
        """Name all of these, and the rules of people and companies."""
        rules = hashlib.sha256(msgspec.json.encode(self.rules, order="sorted")).hexdigest()[:8]
        public = " public" if self.public else ""
        return f"{self.match.version} {self.fuse.version} r-{rules} {parties_version()}{public}"


def pinned_models(context: RunContext) -> Models:
    """Read the models in force. Raises UsageError where the settings hold a rule that is none."""
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
    """Return the file of the match weights in force; None for those that come with MovieC."""
    with context.catalogue.connect() as connection:
        file = pinned_files(connection).get("match")
    return context.store.path(file) if file else None


def fitted_models(context: RunContext) -> list[dict[str, Any]]:
    """List the models that were fitted, oldest first: version, kind, fitted_at, pinned."""
    with context.catalogue.connect() as connection:
        return fitted(connection)


def pin_again(context: RunContext, version: str) -> None:
    """Put a model that was fitted before in force, for its kind; `shipped`: those that come with MovieC, for both.

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
    """Name the models that the catalogue was built with."""
    return fact(connection, BUILT_WITH)


def note_built_with(connection: sa.Connection, versions: str) -> None:
    """Note the models that the catalogue is built with from here on."""
    note_fact(connection, BUILT_WITH, versions)
