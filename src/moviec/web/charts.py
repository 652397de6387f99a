"""Small pictures drawn here as SVG text: no script, no library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

_WIDTH, _ROW, _LABEL = 640, 26, 210


def interval(rating: Mapping[str, Any]) -> Markup:
    """Draw a C-rating on 0 to 100 with its interval; empty where there is none."""
    value, low, high = (rating.get(name) for name in ("c_rating", "low", "high"))
    if value is None or low is None or high is None:
        return Markup("")
    scale = _WIDTH / 100
    parts = [
        f'<line class="axis" x1="0" y1="20" x2="{_WIDTH}" y2="20" stroke-width="2"/>',
        f'<rect class="bar" opacity="0.35" x="{low * scale:.1f}" y="13" width="{(high - low) * scale:.1f}" height="14" rx="4"/>',
        f'<circle class="bar" cx="{value * scale:.1f}" cy="20" r="7"/>',
        '<text class="quiet" x="0" y="44">0</text>',
        f'<text class="quiet" x="{_WIDTH}" y="44" text-anchor="end">100</text>',
    ]
    return _svg(50, f"C-rating {value}, between {low} and {high}", parts)


def contributions(rating: Mapping[str, Any]) -> Markup:
    """Draw what each rater adds to or takes from the base."""
    some = rating.get("contributions") or []
    most = max((abs(one["points"]) for one in some), default=0) or 1
    middle, half = _LABEL + (_WIDTH - _LABEL) / 2, (_WIDTH - _LABEL) / 2 - 60
    parts = []
    for row, one in enumerate(some):
        points = one["points"]
        length = abs(points) / most * half
        x = middle if points >= 0 else middle - length
        sign, end = ("plus", x + length + 6) if points >= 0 else ("minus", x - 6)
        anchor = "start" if points >= 0 else "end"
        y = row * _ROW
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 17}" text-anchor="end">{escape(one["rater"])}</text>',
            f'<rect class="{sign}" x="{x:.1f}" y="{y + 4}" width="{length:.1f}" height="16" rx="3"/>',
            f'<text class="quiet" x="{end:.1f}" y="{y + 17}" text-anchor="{anchor}">{points:+.1f}</text>',
        ]
    return _svg(len(some) * _ROW, "What each rater adds to the base", parts) if some else Markup("")


def bars(rows: Sequence[tuple[str, float | None]]) -> Markup:
    """Draw bars with their names, as long as their values; unknown and negative ones have none."""
    most = max((value for _, value in rows if value is not None), default=0) or 1
    parts = []
    for row, (name, value) in enumerate(rows):
        y, length = row * _ROW, max(0.0, (value or 0) / most) * (_WIDTH - _LABEL)
        shown = name if len(name) < 28 else name[:27] + "…"
        parts += [
            f'<text x="{_LABEL - 8}" y="{y + 17}" text-anchor="end">{escape(shown)}</text>',
            f'<rect class="bar" x="{_LABEL}" y="{y + 4}" width="{length:.1f}" height="16" rx="3"/>',
        ]
    return _svg(len(rows) * _ROW, "Bars", parts) if rows else Markup("")


def _svg(height: int, title: str, parts: Sequence[str]) -> Markup:
    inner = "".join(parts)
    return Markup(  # noqa: S704  every text in it is escaped above
        f'<svg viewBox="0 0 {_WIDTH} {height}" width="100%" style="max-width:{_WIDTH}px" role="img"'
        f' aria-label="{escape(title)}">{inner}</svg>'
    )
