"""Charts drawn offline: bars for one span and lines over several years for reports, and other charts in the same
style.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import vl_convert

from moviec.errors import UsageError
from moviec.measures import Question
from moviec.work import written_aside

_UNITS = {
    "revenue": "US dollars",
    "budget": "US dollars",
    "profit": "US dollars",
}
_NAMES = {
    "revenue": "Worldwide gross",
    "budget": "Budget",
    "profit": "Gross less budget",
    "movies": "Films",
    "votes": "Votes",
    "popularity": "Popularity",
    "c_rating": "C-rating",
}
_FONT = "DejaVu Sans, Helvetica, Arial, sans-serif"
_AMOUNTS = {
    "format": "~s",
    "tickCount": 6,
    "labelOverlap": True,
    "labelSeparation": 6,
    "labelExpr": "datum.value == 0 ? '0' : replace(datum.label, 'G', 'B')",
}  # billions, not giga
_CONFIG = {
    "background": "white",
    "font": _FONT,
    "view": {"stroke": None},
    "title": {"anchor": "start", "fontSize": 17, "subtitleFontSize": 12, "subtitleColor": "#666", "offset": 14},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleColor": "#666", "gridColor": "#e6e6e6", "domain": False, "ticks": False},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "symbolStrokeWidth": 3},
}  # fmt: skip


def bars(rows: pa.Table, question: Question, title: str, subtitle: str) -> dict[str, Any]:
    """Return a specification of horizontal bars, the longest first, each with its amount."""
    values = [{"name": row["name"], "value": row["value"]} for row in rows.to_pylist()]
    place = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 260}}
    amount = {
        "field": "value",
        "type": "quantitative",
        "title": _axis(question),
        "axis": _AMOUNTS,
    }
    label = {"calculate": "replace(format(datum.value, '.3~s'), 'G', 'B')", "as": "label"}
    return {
        **_base(title, subtitle),
        "width": 620,
        "height": {"step": 26},
        "data": {"values": values},
        "transform": [label],
        "encoding": {"y": place, "x": amount},
        "layer": [
            {"mark": {"type": "bar", "color": "#31688e", "cornerRadiusEnd": 3, "height": {"band": 0.72}}},
            {
                "mark": {"type": "text", "align": "left", "dx": 5, "color": "#333"},
                "encoding": {"text": {"field": "label"}},
            },
        ],
    }


def lines(rows: pa.Table, question: Question, title: str, subtitle: str) -> dict[str, Any]:
    """Return a specification of one line per name over the years; names in the order of the rows' first appearance."""
    values = [{"name": row["name"], "year": row["year"], "value": row["value"]} for row in rows.to_pylist()]
    names = list(dict.fromkeys(row["name"] for row in values))
    colour = {
        "field": "name",
        "type": "nominal",
        "title": None,
        "sort": names,
        "scale": {"scheme": "tableau10"},
    }
    return {
        **_base(title, subtitle),
        "width": 720,
        "height": 380,
        "data": {"values": values},
        "mark": {"type": "line", "strokeWidth": 2.2, "point": {"size": 18}},
        "encoding": {
            "x": {"field": "year", "type": "quantitative", "title": None, "scale": {"zero": False, "nice": False}, "axis": {"format": "d", "grid": False}},
            "y": {"field": "value", "type": "quantitative", "title": _axis(question), "axis": _AMOUNTS},
            "color": colour,
        },
    }  # fmt: skip


class Picture(msgspec.Struct, frozen=True):
    """A chart by its Vega-Lite specification. Notebooks show it; `save` writes it."""

    spec: dict[str, Any]

    def _repr_svg_(self) -> str:
        """Return the picture for Jupyter."""
        svg: str = vl_convert.vegalite_to_svg(self.spec)
        return svg

    def save(self, path: str | Path) -> None:
        """Write an .svg or .png file. Raises UsageError for another ending."""
        draw(self.spec, Path(path))


def picture(rows: pa.Table, title: str, subtitle: str = "", **parts: Any) -> Picture:
    """Draw a table: `parts` are those of Vega-Lite (mark, encoding, layer, width, …)."""
    values = [{name: _plain(value) for name, value in row.items()} for row in rows.to_pylist()]
    size = {"width": 620, "height": 340}
    return Picture({**_base(title, subtitle), **size, "data": {"values": values}, **parts})


def _plain(value: Any) -> Any:
    """Return a value for JSON: dates as ISO texts, decimals as numbers."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value


def draw(spec: dict[str, Any], path: Path) -> None:
    """Draw a specification into an .svg or .png file. Raises UsageError for another ending."""
    if path.suffix.lower() == ".svg":
        picture = vl_convert.vegalite_to_svg(spec).encode()
    elif path.suffix.lower() == ".png":
        picture = vl_convert.vegalite_to_png(spec, scale=2)
    else:
        raise UsageError("a picture must end in .svg or .png", str(path))
    with written_aside(path) as ready:
        ready.write_bytes(picture)


def _base(title: str, subtitle: str) -> dict[str, Any]:
    head = {"text": title, "subtitle": subtitle}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "title": head,
        "padding": 16,
        "config": _CONFIG,
    }


def _axis(question: Question) -> str:
    if question.measure == "movies":  # can only be counted
        return _NAMES["movies"]
    unit = _UNITS.get(question.measure)
    return f"{_NAMES[question.measure]}{f', {unit}' if unit else ''} ({question.added_up})"
