"""Which title to show: the one in the language a reader prefers, put beside the stored document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

#: Languages read from one Accept-Language header.
MOST = 10


def preferred(header: str) -> tuple[str, ...]:
    """List the languages of an Accept-Language header, the dearest first, as ISO 639-1; those refused are left out."""
    wanted: list[tuple[float, str]] = []
    for part in header.split(",")[:MOST]:
        tag, _, rest = part.partition(";")
        language = tag.strip().split("-")[0].lower()
        quality = _quality(rest)
        if quality > 0 and (
            language == "*" or (language.isascii() and language.isalpha() and len(language) <= 3)
        ):
            wanted.append((quality, language))
    ordered = [language for _, language in sorted(wanted, key=lambda pair: -pair[0])]
    return tuple(dict.fromkeys(ordered))


def choose(title: str, titles: Mapping[str, str], languages: Sequence[str]) -> str | None:
    """Return the title in the dearest language there is one in; None where the display title serves as well.

    Display titles are the English ones where there are any, so a reader of English looks no further.
    """
    for language in languages:
        if language in titles:
            return titles[language] if titles[language] != title else None
        if language in ("en", "*"):
            return None
    return None


def beside(document: bytes, title: str) -> bytes:
    """Set `display_title` at the end of a stored document; all its other bytes stay as they are."""
    return document[:-1] + b',"display_title":' + msgspec.json.encode(title) + b"}"


def _quality(text: str) -> float:
    name, _, value = text.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
