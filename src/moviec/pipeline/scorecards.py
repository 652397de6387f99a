"""A source's scorecard under the model in force, for the command line and the API."""

from __future__ import annotations

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
