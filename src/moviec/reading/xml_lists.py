"""Lists of films in XML, as Kodi exports its library, made into a JSON list: one object for each element of a film."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import TypeAlias
from xml.etree import ElementTree

from moviec.errors import PayloadError

#: Elements that are films are deeper than this in no export.
DEEPEST = 3
#: Documents may define entities, which grow without end: no export does.
_ENTITIES = re.compile(rb"<!ENTITY", re.IGNORECASE)

Tree: TypeAlias = str | list["Tree"] | dict[str, "Tree"]


def films_in_xml(path: Path, copy: Path) -> Path:
    """Write the elements that a document repeats as a JSON list; raises PayloadError where there is no such list in it."""
    data = path.read_bytes()
    if _ENTITIES.search(data):
        raise PayloadError("the XML defines entities of its own", path.name, "save it without them")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - entities are refused above
    except (ElementTree.ParseError, RecursionError) as error:
        raise PayloadError(
            f"this is no list that can be read ({error})", path.name, "save it as CSV or JSON"
        ) from error
    films = _repeated(root)
    if not films:
        raise PayloadError("no list of films is in the XML", path.name, "save it as CSV or JSON")
    copy.write_text(
        json.dumps([_tree(film) for film in films], ensure_ascii=False, indent=0), encoding="utf-8"
    )
    return copy


def _repeated(root: ElementTree.Element) -> list[ElementTree.Element]:
    """Return the elements that stand for films: `movie` where there are any, else the most frequent with elements inside."""
    level = [root]
    for _ in range(DEEPEST):
        if len(level) == 1 and level[0].tag.lower() == "movie":
            return level
        level = [child for element in level for child in element]
        filled = [element for element in level if len(element)]
        movies = [element for element in filled if element.tag.lower() in ("movie", "film", "item", "video")]
        if movies:
            return movies
        counts = Counter(element.tag for element in filled)
        if counts and counts.most_common(1)[0][1] > 1:
            tag = counts.most_common(1)[0][0]
            return [element for element in filled if element.tag == tag]
    return []


def _tree(element: ElementTree.Element, depth: int = 0) -> Tree:
    """Return an element as text, or as an object of what is inside; what stands several times is a list."""
    if not len(element) or depth > DEEPEST:
        return (element.text or "").strip()
    found: dict[str, Tree] = {name: value for name, value in element.attrib.items() if depth == 0}
    for child in element:
        value = _tree(child, depth + 1)
        if kind := child.get("type"):  # <uniqueid type="imdb">tt0113277</uniqueid>
            inside = found.setdefault(child.tag, {})
            if isinstance(inside, dict):
                inside[kind] = value
        elif child.tag not in found:
            found[child.tag] = value
        else:
            before = found[child.tag]
            found[child.tag] = [*before, value] if isinstance(before, list) else [before, value]
    return found
