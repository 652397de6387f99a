"""Inline drawings of a page: posters of films without one, ratings on their scale, small lines over years.

Drawings use the style sheet's classes for colours and fonts, so that they follow the light and dark schemes.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

#: Colours of placeholders by genre; the style sheet has one for each.
_HUES = {
    "Action": 1, "Adventure": 2, "Animation": 3, "Comedy": 4, "Crime": 5, "Documentary": 6, "Drama": 7, "Family": 3,
    "Fantasy": 8, "History": 9, "Horror": 10, "Music": 11, "Musical": 11, "Mystery": 5, "Romance": 11, "Science Fiction": 12,
    "Sci-Fi": 12, "Thriller": 5, "War": 9, "Western": 2,
}  # fmt: skip

#: Patterns that the style sheet draws behind a placeholder's title.
_PATTERNS = 6


def look(film: Any) -> str:
    """Return the classes of a film's placeholder: colour by its first genre that has one, pattern and size by its title."""
    names = [genre["name"] if isinstance(genre, dict) else genre for genre in _of(film, "genres") or ()]
    hue = next((_HUES[name] for name in names if name in _HUES), 0)
    title = str(_of(film, "title") or "")
    longest = max(map(len, title.split()), default=0)
    letters = len(title)
    fits = ((6, 16, "short"), (8, 24, "wordy"), (10, 40, "middle"))
    size = next((name for word, whole, name in fits if longest <= word and letters <= whole), "long")
    return f"hue{hue} pattern{zlib.crc32(title.encode()) % _PATTERNS} {size}"


def _of(film: Any, name: str) -> Any:
    return film.get(name) if isinstance(film, Mapping) else getattr(film, name, None)


def rating_scale(rating: Mapping[str, Any]) -> Markup:
    """Draw a C-rating on 0 to 100 with its interval; empty where there is none."""
    value, low, high = (rating.get(name) for name in ("c_rating", "low", "high"))
    if value is None or low is None or high is None:
        return Markup("")
    ticks = "".join(
        f'<line class="tick" x1="{at * 6 + 14}" y1="30" x2="{at * 6 + 14}" y2="38"/>'
        f'<text class="quiet" x="{at * 6 + 14}" y="54" text-anchor="middle">{at}</text>'
        for at in range(0, 101, 20)
    )
    parts = [
        '<rect class="track" x="14" y="16" width="600" height="14" rx="7"/>',
        f'<rect class="band" x="{low * 6 + 14:.1f}" y="16" width="{max(high - low, 0.5) * 6:.1f}" height="14" rx="7"/>',
        ticks,
        f'<line class="mark" x1="{value * 6 + 14:.1f}" y1="9" x2="{value * 6 + 14:.1f}" y2="37"/>',
    ]
    label = f"C-rating {value:.0f} of 100; with a probability of 90% between {low:.0f} and {high:.0f}"
    return _svg(640, 58, label, parts, "scale")


def point(points: float, low: float | None, high: float | None, panel: str) -> Markup:
    """Draw one rater's value on 0 to 100, before the C-rating's interval."""
    parts = ['<line class="axis" x1="5" y1="8" x2="205" y2="8"/>']
    if low is not None and high is not None:
        parts.append(
            f'<rect class="band faint" x="{low * 2 + 5:.1f}" y="2" width="{(high - low) * 2:.1f}" height="12"/>'
        )
    shape = (
        f'<circle class="dot audience" cx="{points * 2 + 5:.1f}" cy="8" r="5"/>'
        if panel != "critics"
        else f'<rect class="dot critics" x="{points * 2:.1f}" y="3" width="10" height="10"/>'
    )
    return _svg(210, 16, f"{points:.0f} of 100", [*parts, shape], "point")


def bar(value: float | None, most: float, name: str = "") -> Markup:
    """Draw a bar as long as a value among the largest; nothing for what is unknown or below zero."""
    length = 0.0 if not value or most <= 0 else max(0.0, value / most) * 100
    label = f' role="img" aria-label="{escape(name)}"' if name else ' aria-hidden="true"'
    return Markup(  # noqa: S704  numbers, and a name that is escaped
        f'<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none"{label}>'
        f'<rect class="fill" width="{length:.1f}" height="8"/></svg>'
    )


def spark(values: Sequence[tuple[int, float]], label: str, width: int = 220, height: int = 48) -> Markup:
    """Draw values over years as an area with a line on it."""
    if len(values) < 2:
        return Markup("")
    first, last = values[0][0], values[-1][0]
    most = max(value for _, value in values) or 1

    def at(year: int, value: float) -> str:
        return f"{(year - first) / (last - first) * width:.1f},{height - 2 - value / most * (height - 6):.1f}"

    line = " ".join(at(year, value) for year, value in values)
    area = f"0,{height} {line} {width},{height}"
    parts = [f'<polygon class="area" points="{area}"/>', f'<polyline class="line" points="{line}"/>']
    return _svg(width, height, label, parts, "spark")


def yearly(values: Sequence[tuple[int, int, int | None]], label: str) -> Markup:
    """Draw films by year as columns, with the share of them whose money is known darker: (year, films, known)."""
    if not values:
        return Markup("")
    first, last = values[0][0], values[-1][0]
    most = max(films for _, films, _ in values)
    step = 640 / max(last - first + 1, 12)
    parts = []
    for year, films, known in values:
        x, height = (year - first) * step, films / most * 80
        parts.append(
            f'<rect class="column" x="{x:.1f}" y="{84 - height:.1f}" width="{max(step - 1, 0.8):.1f}" height="{height:.1f}"><title>{year}: {films}</title></rect>'
        )
        if known:
            part = known / most * 80
            parts.append(
                f'<rect class="column known" x="{x:.1f}" y="{84 - part:.1f}" width="{max(step - 1, 0.8):.1f}" height="{part:.1f}"/>'
            )
    decades = [year for year in range(first // 10 * 10, last + 1, 10) if year >= first]
    every = max(1, len(decades) // 8 + (len(decades) % 8 > 0))
    parts += [
        f'<text class="quiet" x="{(year - first) * step:.1f}" y="100">{year}</text>'
        for year in decades[::every]
        if (year - first) * step < 612
    ]
    return _svg(640, 104, label, parts, "yearly")


def histogram(steps: Sequence[tuple[int, int]], label: str) -> Markup:
    """Draw how many films lie in each step of five points from 0 to 100."""
    most = max((films for _, films in steps), default=0) or 1
    parts = []
    for start, films in steps:
        height = films / most * 100
        parts.append(
            f'<rect class="column known" x="{start * 6 + 20}" y="{104 - height:.1f}" width="28" height="{height:.1f}">'
            f"<title>{start} to {start + 5}: {films:,} films</title></rect>"
        )
    parts += [f'<text x="{at * 6 + 20}" y="122" text-anchor="middle">{at}</text>' for at in range(0, 101, 20)]
    return _svg(640, 128, label, parts, "yearly")


def _svg(width: int, height: int, label: str, parts: Sequence[str], kind: str) -> Markup:
    inner = "".join(parts)
    return Markup(  # noqa: S704  every text in it is a number or escaped
        f'<svg class="{kind}" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{inner}</svg>'
    )
