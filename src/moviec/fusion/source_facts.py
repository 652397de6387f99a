"""What fusing needs to know of the sources, as plain values: order of trust, labels, limits, raters, id space.

Made from the sources' specs by the pipeline; fusing itself imports no source.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pyarrow as pa

from moviec.fusion.survivorship import Rule, shipped_rules
from moviec.rating.model import Panel

#: The prior probability that a source is right: of the first in the order, and less for each later one.
FIRST = 0.90
STEP = 0.02
LEAST = 0.60

#: The place in the order of a source that does not state its own.
LAST_PLACE = 100


class SourceFacts(msgspec.Struct, frozen=True):
    """One source. `space` names the id space of its own keys, and of its people's and companies' (kaggle: tmdb).

    `genres`: label -> canonical names, several for a composite. `order`: field -> place in the order of trust, 1 first,
    `default` for the rest. `raters`: whose ratings it carries, with their panels.
    """

    name: str
    space: str
    order: Mapping[str, int] = {}
    genres: Mapping[str, tuple[str, ...]] = {}
    unable: tuple[str, ...] = ()
    genre_limit: int | None = None
    raters: Mapping[str, Panel] = {}

    def place(self, field: str) -> int:
        """Return the source's place in the order of trust for a field."""
        return self.order.get(field, self.order.get("default", LAST_PLACE))


class FuseFacts(msgspec.Struct, frozen=True):
    """The known sources, the rules by which claims become fields (the shipped ones unless settings change them), and
    the stored posters (address, poster), None for none.
    """

    sources: tuple[SourceFacts, ...]
    rules: Mapping[str, Rule] = msgspec.field(default_factory=shipped_rules)
    posters: pa.Table | None = None

    def belief(self, source: str, field: str) -> float:
        """Return the prior probability that the source is right about a field; LEAST for an unknown source."""
        places = {each.name: each.place(field) for each in self.sources}
        return max(LEAST, FIRST - STEP * (places.get(source, LAST_PLACE) - 1))

    @property
    def raters(self) -> dict[str, Panel]:
        """Every rater that a source carries, with its panel; where sources disagree, the first by name wins."""
        found: dict[str, Panel] = {}
        for source in sorted(self.sources, key=lambda each: each.name):
            for rater, panel in source.raters.items():
                found.setdefault(rater, panel)
        return dict(sorted(found.items()))
