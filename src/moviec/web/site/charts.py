"""Charts of figures: Vega-Lite specifications in both colour schemes, drawn to SVG and PNG here, and the library for browsers."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache, lru_cache
from typing import Any

import msgspec
import pyarrow as pa
import vl_convert

from moviec.measures import Question
from moviec.rollup.charts import bars, lines

#: The drawing engine is shared by the whole process and used by one thread at a time.
_drawing = threading.Lock()

#: The page's colours, by scheme.
THEMES = {
    "light": {"paper": "#ffffff", "ink": "#1d1b18", "quiet": "#625c53", "grid": "#e2dccf", "bar": "#ad3519"},
    "dark": {"paper": "#1c1a18", "ink": "#ece7dd", "quiet": "#a9a195", "grid": "#34302b", "bar": "#f2896c"},
}

#: Line colours that colour-blind readers can distinguish on both backgrounds; as many lines are drawn
#: (explore.MOST_LINES).
LINES = [
    "#4477aa",
    "#cc6633",
    "#228866",
    "#aa4499",
    "#999933",
    "#66aacc",
    "#994455",
    "#777777",
    "#ddaa33",
    "#117733",
    "#7755cc",
    "#dd77aa",
]


def specification(
    rows: Sequence[Mapping[str, Any]], question: Question, title: str, subtitle: str, theme: str
) -> dict[str, Any]:
    """Specify bars, or lines where the rows have years, with values to be read by pointing at them."""
    table = pa.Table.from_pylist(list(rows)) if rows else pa.table({"name": [], "value": []})
    has_years = "year" in table.column_names
    return themed((lines if has_years else bars)(table, question, title, subtitle), theme, has_years)


def themed(spec: Mapping[str, Any], theme: str, has_years: bool) -> dict[str, Any]:
    """Apply the page's colours to a specification, and add tooltips to its marks."""
    colours = THEMES[theme]
    made = {
        name: deepcopy(part) for name, part in spec.items() if name != "$schema"
    }  # the library uses its own version
    config = made["config"]
    config["background"] = colours["paper"]
    config["title"] |= {"color": colours["ink"], "subtitleColor": colours["quiet"]}
    config["axis"] |= {
        "labelColor": colours["ink"],
        "titleColor": colours["quiet"],
        "gridColor": colours["grid"],
    }
    config["legend"] |= {"labelColor": colours["ink"]}
    tooltip = [{"field": "name", "type": "nominal", "title": "Name"}]
    if has_years:
        tooltip.append({"field": "year", "type": "quantitative", "title": "Year", "format": "d"})
        made["encoding"]["color"]["scale"] = {"range": LINES}
        made["encoding"]["tooltip"] = [
            *tooltip,
            {"field": "value", "type": "quantitative", "title": "Value", "format": ",.10~g"},
        ]
    else:
        bar, label = made["layer"]
        bar["mark"]["color"], label["mark"]["color"] = colours["bar"], colours["ink"]
        bar["encoding"] = {
            "tooltip": [
                *tooltip,
                {"field": "value", "type": "quantitative", "title": "Value", "format": ",.10~g"},
            ]
        }
    return made


def svg(spec: Mapping[str, Any]) -> bytes:
    """Draw a specification as SVG."""
    return _svg(msgspec.json.encode(spec, order="sorted"))


def png(spec: Mapping[str, Any]) -> bytes:
    """Draw a specification as PNG, at twice the screen's resolution."""
    with _drawing:
        return bytes(vl_convert.vegalite_to_png(dict(spec), scale=2))


@lru_cache(maxsize=200)
def _svg(spec: bytes) -> bytes:
    with _drawing:
        return str(vl_convert.vegalite_to_svg(msgspec.json.decode(spec))).encode()


@cache
def library() -> bytes:
    """Return Vega and Vega-Lite as one script that defines `vegaEmbed`: it is part of the library that draws here."""
    with _drawing:
        return str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")).encode()
