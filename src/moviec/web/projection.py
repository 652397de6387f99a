"""Parts of a stored document for a response: the chosen fields, and the title in the reader's language."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.queries import claims_of, documents_of
from moviec.search.summaries import Summary
from moviec.web import schemas as shapes
from moviec.web.errors import wrong_parameter
from moviec.web.responses import quality_of

#: Languages read from one Accept-Language header.
MOST = 10


def preferred(header: str) -> tuple[str, ...]:
    """List the languages of an Accept-Language header, the preferred first, as ISO 639-1; refused ones are left out."""
    wanted: list[tuple[float, str]] = []
    for part in header.split(",")[:MOST]:
        tag, _, rest = part.partition(";")
        language = tag.strip().split("-")[0].lower()
        quality = quality_of(rest)
        if quality > 0 and (
            language == "*" or (language.isascii() and language.isalpha() and len(language) <= 3)
        ):
            wanted.append((quality, language))
    ordered = [language for _, language in sorted(wanted, key=lambda pair: -pair[0])]
    return tuple(dict.fromkeys(ordered))


def choose(title: str, titles: Mapping[str, str], languages: Sequence[str]) -> str | None:
    """Return the title in the most preferred language that has one; None where the display title is the right one.

    Display titles are the English ones where there are any, so for readers of English the search ends there.
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


#: What `include` adds: claims, which are stored separately; ratings with their points; people, which lists leave out.
INCLUDED = ("claims", "ratings", "people")

#: Always included, so that responses say which film they are about.
KEPT = ("id", "title", "display_title")

_KNOWN = (*shapes.Movie.__struct_fields__, "claims")
_SUMMARY = frozenset(Summary.__struct_fields__) - {"titles", "collection"}
_raw = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Parts(msgspec.Struct, frozen=True):
    """The wanted parts of a film: `fields` (all if empty), and additions."""

    fields: tuple[str, ...] = ()
    include: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the stored document, or the summary, is wanted unchanged."""
        return not self.fields and not self.include

    @property
    def wants_claims(self) -> bool:
        """Whether claims are to be read."""
        return "claims" in self.include or "claims" in self.fields


def parts_of(fields: str, include: str) -> Parts:
    """Read `fields` and `include`. Raises Problem 400 for unknown fields."""
    return Parts(_read("fields", fields, _KNOWN), _read("include", include, INCLUDED))


def _read(name: str, text: str, known: Collection[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if unknown := [part for part in found if part not in known]:
        raise wrong_parameter(name, f"no '{unknown[0][:40]}'; there are {', '.join(known)}")
    return found


def project(document: bytes | str, claims: bytes | str | None, parts: Parts) -> dict[str, Any]:
    """Return the wanted parts of a document, as stored bytes, in the document's order."""
    found: dict[str, Any] = dict(_raw.decode(document))
    if "ratings" in parts.include and "ratings" in found:
        found["ratings"] = with_points(msgspec.json.decode(found["ratings"]))
    if parts.fields:
        wanted = {*parts.fields, *KEPT, *parts.include}
        found = {name: value for name, value in found.items() if name in wanted}
    if parts.wants_claims and claims is not None:
        found["claims"] = _raw.decode(claims)["fields"]
    return found


def with_points(ratings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add each rater's value on a scale of 0 to 100."""
    return [{**rating, "points": points(rating)} for rating in ratings]


def points(rating: Mapping[str, Any]) -> float:
    """Return a rater's value on 0 to 100."""
    value, lowest, highest = (float(rating[name]) for name in ("value", "lowest", "highest"))
    return round(100 * (value - lowest) / (highest - lowest), 2)


def needs_documents(parts: Parts) -> bool:
    """Return whether something is wanted that a list's summaries lack."""
    return bool(parts.include) or not set(parts.fields) <= _SUMMARY


def project_list(
    connection: sa.Connection | None, summaries: Sequence[Summary], parts: Parts
) -> list[dict[str, Any]]:
    """Return the wanted parts of films in a list, read from their documents if summaries lack them (`connection`).

    Without `fields` it is the summary with the additions.
    """
    shown = [_raw.decode(msgspec.json.encode(summary)) for summary in summaries]
    if connection is None:
        wanted = {*parts.fields, *KEPT}
        return [{name: value for name, value in film.items() if name in wanted} for film in shown]
    numbers = [int(summary.id[2:]) for summary in summaries]
    documents = dict(documents_of(connection, numbers))
    claims = claims_of(connection, numbers) if parts.wants_claims else {}
    found = []
    for number, film in zip(numbers, shown, strict=True):
        if number not in documents:  # withdrawn after the index was written
            found.append(dict[str, Any](film))
            continue
        projected = project(documents[number], claims.get(number), parts)
        if parts.fields:
            beside = {"display_title": film["display_title"]} if "display_title" in film else {}
            found.append({**projected, **beside})
        else:
            found.append({**film, **{name: projected[name] for name in parts.include if name in projected}})
    return found
