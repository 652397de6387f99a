"""`moviec sources NAME`: a source's facts, its deliveries, and its scorecard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from moviec.catalog.deliveries import Delivery, all_deliveries
from moviec.catalog.freshness import coverage
from moviec.cli.console import print_json, print_table
from moviec.cli.reading import reading
from moviec.config import Home
from moviec.fusion.scorecard import Scorecard
from moviec.pipeline.fit import learned_here, scorecard_of
from moviec.pipeline.probe import needs_of
from moviec.sources.registry import find_source
from moviec.sources.spec import SourceSpec
from moviec.units import plural


def about_source(home: Home, name: str, as_json: bool) -> None:
    """Print all that is known of a source; raises UsageError where there is none of this name."""
    spec = find_source(name, home.folder).spec
    with reading(home) as context:
        deliveries = all_deliveries(context.catalogue, name)
        card, own = scorecard_of(context, name), learned_here(context)
        with context.catalogue.connect() as connection:
            covered = coverage(connection, name)
    filled = _filled(deliveries)
    if as_json:
        known = {"coverage": covered, "filled": filled, "learned_here": own, "scorecard": card}
        print_json({"facts": spec, "deliveries": deliveries, **known})
        return
    needs, how = needs_of(home.key_of(name), spec)
    _tell_facts(spec, (("needs", needs), ("how", how)))
    for delivery in deliveries:
        print(f"{delivery.id}: {delivery.state}, {plural(delivery.records or 0, 'record', 'records')}")
    print(
        f"{plural(covered['records'], 'record', 'records')} of {plural(covered['movies'], 'movie', 'movies')}, {covered['shared_movies']:,} of which others list too"
    )
    _tell_card(card, filled, own)


def _filled(deliveries: list[Delivery]) -> dict[str, float]:
    """Give the share of the last read delivery's films for which each field is known."""
    audits: list[dict[str, Any]] = [
        delivery.report["audit"] for delivery in deliveries if delivery.report.get("audit")
    ]
    if not audits:
        return {}
    last = audits[-1]
    return {field: round(films / max(last["films"], 1), 4) for field, films in last["filled"].items()}


def _tell_facts(spec: SourceSpec, more: Sequence[tuple[str, str]]) -> None:
    names = ("title", "home_page", "licence", "attribution", "cron")
    facts = [(name, str(getattr(spec, name))) for name in names]
    facts += [("complete", "yes" if spec.complete else "no"), ("raters", ", ".join(spec.raters) or "–")]
    facts += [("files", ", ".join(f"{role} ({file.names[0]})" for role, file in spec.files.items()))]
    print_table(spec.name, ("fact", "value"), [*facts, *more])


def _tell_card(card: Scorecard, filled: dict[str, float], own: bool) -> None:
    """Print how the source fares by field and genre, which others it repeats, and how its raters rate."""
    if not own:
        print(
            f"\nThis home has not learned a model yet. What follows is of {card.version}, the model shipped with MovieC,"
            " and counts the films it was learned from; `moviec fit` learns one from yours."
        )
    rows = [
        (
            one.field,
            f"{filled[one.field]:.1%}" if one.field in filled else "–",
            f"{one.judged:,}",
            f"{one.reliability:.3f}",
        )
        for one in card.reliability
    ]
    if rows:
        print_table(f"Fields, as {card.version} has them", ("field", "filled", "judged", "right"), rows)
    else:
        print(
            f"{card.version} knows nothing of its fields: `moviec fit` learns that once films are shared with others"
        )
    used = [(genre.genre, f"{genre.said_if_true:.2f}", f"{genre.said_if_not:.3f}") for genre in card.genres]
    if used:
        print_table("Genres", ("genre", "said if true", "said if not"), used)
    for rater in card.calibration:
        others = ", ".join(f"{name} {value:.2f}" for name, value in rater.correlation.items()) or "no other"
        print(
            f"{rater.rater} ({rater.panel}): {plural(rater.films, 'film', 'films')}, {rater.shared:,} of them shared; mean {rater.mean:.1f}"
            f" ({rater.bias:+.1f} against all), spread {rater.spread:.1f}; correlates with {others}"
        )
    for field in card.repeats:
        print(f"repeats {field.of} in {field.field}: the two are one voice there")
    for copy in card.repeating_raters:
        print(
            f"its {copy.name} repeats {copy.of} ({plural(copy.shared, 'film', 'films')}): the two are one voice"
        )
