"""A source's scorecard under the model in force, for the command line and the API."""

from __future__ import annotations

from moviec.fuse.artifact import shipped_model
from moviec.fuse.scorecard import Scorecard, scorecard
from moviec.pipeline.fusing import facts_of
from moviec.pipeline.models import pinned_models
from moviec.pipeline.workshop import Workshop
from moviec.sources.registry import find_source


def scorecard_of(shop: Workshop, name: str) -> Scorecard:
    """Say what the pinned model has learned of a source; raises UsageError where there is no such source."""
    models = pinned_models(shop)
    facts = facts_of([find_source(name, shop.home.folder).spec], models.rules)
    return scorecard(models.fuse, facts.sources[0])


def learned_here(shop: Workshop) -> bool:
    """Return whether the model in force was learned from this home's records, not shipped with MovieC."""
    return pinned_models(shop).fuse.version != shipped_model().version
