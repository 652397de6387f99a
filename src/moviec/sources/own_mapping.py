"""The mapping of a user's own list, written as facts in the home; what the user changed in it is kept."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from moviec.errors import UsageError
from moviec.reading.layouts import Layout, Scale
from moviec.sources.registry import find_sources


def slug(path: Path) -> str:
    """Return a source name from a file's name: lower-case letters, digits and hyphens, a letter first."""
    stem = path.name.partition(".")[0]
    name = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:28].strip("-")
    return name if name[:1].isalpha() else f"list-{name}".rstrip("-")


def facts_text(layout: Layout, kept: Mapping[str, Any] | None = None) -> str:
    """Write a layout as a source's facts (`source.toml`). `kept`: facts outside of its files, which the user may have
    set.
    """
    facts = {
        "title": layout.title,
        "home_page": "",
        "licence": "the owner's",
        "attribution": "",
        "private": layout.private,
        **(kept or {}),
    }
    lines = [
        f"# Written by `moviec ingest`: {layout.title}. Change what you like; see docs/sources.md.",
        f"name = {_quoted(layout.name)}",
        *(
            f"{name} = {msgspec.json.encode(value).decode()}"
            + ("  # matched and shown to you, published to nobody" if name == "private" and value else "")
            for name, value in facts.items()
        ),
    ]
    if layout.keeps:
        lines += ["", "[empty]", 'default = "keep"  # each of the two files of a film has a part of it']
    for name, scale in layout.raters.items():
        lines += [
            "",
            f"[raters.{name}]",
            f"panel = {_quoted(scale.panel)}",
            f"lowest = {scale.lowest}",
            f"highest = {scale.highest}",
        ]
    first, *more = layout.key
    columns = dict(layout.columns)
    if not more and "key" not in columns.get(first, ()):
        columns[first] = ("key", *columns.get(first, ()))
    for name in more:
        columns.setdefault(name, ())
    columns = {
        name: tuple(feed for feed in feeds if feed != "key" or not more) for name, feeds in columns.items()
    }
    lines += [
        "",
        "[files.films]",
        f"names = [{_quoted(layout.name)}]",
        'format = "any"',
        f"key = {_quoted(first)}",
    ]
    if more:
        lines.append(f"with_key = [{', '.join(map(_quoted, more))}]")
    if layout.separator:
        lines.append(f"separator = {_quoted(layout.separator)}")
    if layout.dates:
        lines.append(f"dates = {_quoted(layout.dates)}")
    lines += ["", "[files.films.columns]", *_fed(columns)]
    for role, beside in layout.beside.items():
        lines += [
            "",
            f"[files.{role}]",
            f"names = [{_quoted(beside.name)}]",
            'format = "any"',
            f"key = {_quoted(beside.key)}",
            "optional = true",
            'of = "films"',
            "",
            f"[files.{role}.columns]",
            *_fed(beside.columns),
        ]
    return "\n".join(lines) + "\n"


def _fed(columns: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [f"{_quoted(name)} = [{', '.join(map(_quoted, feeds))}]" for name, feeds in columns.items()]


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")


def keep_mapping(
    layout: Layout, home: Path, overwrite: bool, assigned: Mapping[str, str] | None = None
) -> Path:
    """Write a layout's facts into MOVIEC_HOME/sources, keeping an existing file unless `overwrite`.

    Even then its facts outside of the columns are kept, and where columns were `assigned`, the other columns.
    """
    folder = home / "sources" / layout.name
    path = folder / "source.toml"
    if path.exists() and not overwrite:
        return path
    built_in = find_sources(None)
    if layout.name in built_in:
        raise UsageError(
            f"there is a source called '{layout.name}'", layout.name, "give the file another name"
        )
    before = _facts_in(path)
    folder.mkdir(parents=True, exist_ok=True)
    kept = {
        name: value
        for name, value in before.items()
        if isinstance(value, str | bool | int | float) and name != "name"
    }
    path.write_text(facts_text(_as_set(layout, before, assigned or {}), kept), encoding="utf-8")
    return path


def _facts_in(path: Path) -> dict[str, Any]:
    """Return the content of an existing mapping; empty without one. Raises UsageError for invalid TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UsageError(
            f"the mapping cannot be read ({error})", str(path), "correct it, or remove it"
        ) from error


def _as_set(layout: Layout, before: Mapping[str, Any], assigned: Mapping[str, str]) -> Layout:
    """Return a layout with an existing mapping's scales, dates and separators, and its columns if some were
    assigned.
    """
    file = before.get("files", {}).get("films", {})
    raters = layout.raters | {
        name: Scale(scale["panel"], scale["lowest"], scale["highest"])
        for name, scale in before.get("raters", {}).items()
        if assigned or name in layout.raters
    }
    columns = dict(layout.columns)
    if assigned:
        named = {*assigned.values()}
        taken = {feed for name in named for feed in columns.get(name, ())} - {"key"}
        was = {
            name: tuple(feed for feed in feeds if feed not in taken and feed != "key")
            for name, feeds in file.get("columns", {}).items()
            if name not in named
        }
        taken |= {feed for feeds in was.values() for feed in feeds}
        columns = {
            name: feeds if name in named else tuple(feed for feed in feeds if feed not in taken)
            for name, feeds in columns.items()
        }
        for name, feeds in was.items():
            key = ("key",) if "key" in columns.get(name, ()) else ()
            columns[name] = (*key, *feeds)
    return msgspec.structs.replace(
        layout,
        raters=raters,
        columns=columns,
        dates=file.get("dates", layout.dates),
        separator=file.get("separator", layout.separator),
    )
