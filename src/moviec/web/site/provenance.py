"""The origin of each of a film's fields: its claims, which won and why, and the records behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from moviec.web.site import words

#: Fields in the order of a page; those with their own section come last.
ORDER = (
    "title", "original_title", "titles", "kind", "year", "released", "status", "runtime", "certificate", "original_language",
    "languages", "countries", "collection", "genres", "keywords", "budget", "revenue", "revenue_domestic", "revenue_unstated",
    "people", "companies", "popularity", "votes", "overview", "tagline", "poster", "trailer", "homepage", "adult",
)  # fmt: skip

#: The most names listed for a claim; the rest is counted.
LISTED = 12

#: Characters shown of a claim.
LETTERS = 320


class Claim(msgspec.Struct, frozen=True):
    """One source's claim: in words, with its weight, whether it agrees with the value, and the records it comes
    from.
    """

    source: str
    name: str
    said: str
    weight: float | None
    chosen: bool
    records: tuple[str, ...]


class Fact(msgspec.Struct, frozen=True):
    """A field: its value and rule in words, its confidence, how many sources agree of how many, every claim."""

    field: str
    label: str
    value: str
    rule: str
    confidence: float | None
    agree: int
    sources: int
    claims: tuple[Claim, ...]

    @property
    def behind(self) -> str:
        """Return in a few words which sources support the value."""
        if self.sources == 1:
            return self.claims[0].name
        if self.agree == self.sources:
            return f"{self.sources} sources agree"
        return f"{self.agree} of {self.sources} sources"


def facts_of(
    film: Mapping[str, Any], said: Mapping[str, Any], records: Mapping[str, Sequence[str]]
) -> list[Fact]:
    """List the fields with any claim, in the order of a page."""
    fields = said.get("fields", {})
    ordered = [name for name in ORDER if name in fields] + sorted(set(fields) - set(ORDER))
    return [fact for name in ordered if (fact := _fact(name, film, fields[name], records)) is not None]


def _fact(
    name: str, film: Mapping[str, Any], field: Mapping[str, Any], records: Mapping[str, Sequence[str]]
) -> Fact | None:
    claims = _claims(name, field["claims"], records)
    value = _value(name, film, field)
    if not claims or (name == "adult" and value == "no"):
        return None
    if name == "poster" and not isinstance(film.get("poster"), Mapping):
        return None  # a path at a provider, with no picture of it here
    sources = {claim.source for claim in claims}
    agree = {claim.source for claim in claims if claim.chosen}
    return Fact(
        field=name,
        label=words.field(name),
        value=value,
        rule=words.rule(field["rule"]),
        confidence=field.get("confidence"),
        agree=len(agree),
        sources=len(sources),
        claims=tuple(claims),
    )


def _claims(
    name: str, said: Sequence[Mapping[str, Any]], records: Mapping[str, Sequence[str]]
) -> list[Claim]:
    """Combine one source's claims on a list, the chosen and weightiest first."""
    together: dict[tuple[str, bool, float | None], list[str]] = {}
    for claim in said:
        listed = claim.get("labels") or claim.get("names")
        values = list(map(str, listed)) if listed else [words.said(claim.get("value"), name)]
        place = (claim["source"], claim.get("chosen", True), claim.get("weight"))
        together.setdefault(place, []).extend(value for value in values if value)
    found = [
        Claim(source, words.name_of(source), _listed(values), weight, chosen, tuple(records.get(source, ())))
        for (source, chosen, weight), values in together.items()
    ]
    return sorted(found, key=lambda claim: (not claim.chosen, -(claim.weight or 0), claim.source))


def _value(name: str, film: Mapping[str, Any], field: Mapping[str, Any]) -> str:
    if name == "titles":
        others = [
            film.get("title"),
            film.get("original_title"),
            *(each["title"] for each in film.get("other_titles", [])),
        ]
        return _listed(list(dict.fromkeys(str(title) for title in others if title)))
    if name == "people":
        return f"{len({person['id'] for person in film.get('people', [])})} people"
    if name == "genres":
        return ", ".join(f"{genre['name']} {genre['confidence']:.0%}" for genre in film.get("genres", []))
    value = field.get("value", film.get(name))
    if isinstance(value, list):
        return _listed([words.said(each, name) for each in value])
    text = words.said(value if value is not None else film.get(name), name)
    return text if len(text) <= LETTERS else text[:LETTERS] + "…"


def _listed(values: Sequence[str]) -> str:
    more = f" and {len(values) - LISTED} more" if len(values) > LISTED else ""
    text = ", ".join(values[:LISTED]) + more
    return text if len(text) <= LETTERS else text[:LETTERS] + "…"
