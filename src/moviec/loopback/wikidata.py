"""Wikidata's query service on the loopback: answers the queries of the source `wikidata`, in the service's own format.

It is not a SPARQL engine: it recognises a list of films by LIMIT and OFFSET, and a query about named films by VALUES
?film. Without a User-Agent that identifies the caller it responds 403, as the service's policy has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from moviec.loopback.server import Request, Response, as_json
from moviec.synth.film import Company, Film, Person

_ENTITY = "http://www.wikidata.org/entity/"

#: Items that films refer to, by label.
_GENRES = {"Action": "action film", "Comedy": "comedy film", "Drama": "drama film", "Horror": "horror film", "Western": "Western film",
           "Thriller": "thriller film", "Science Fiction": "science fiction film", "Romance": "romance film", "Crime": "crime film",
           "Adventure": "adventure film", "Fantasy": "fantasy film", "War": "war film", "Mystery": "mystery film"}  # fmt: skip


class Wikidata:
    """The query service with some films; one without a number of Wikidata's gets one. `changed` are those that changed lately."""

    def __init__(self, films: Sequence[Film]) -> None:
        """Hold the films."""
        self.films = {film.ids.wikidata or f"Q{9_000_000 + film.number}": film for film in films}
        self.changed: set[str] = set()

    def __call__(self, request: Request) -> Response:
        """Answer a request."""
        if "(" not in request.headers.get("user-agent", ""):
            return Response(b"Please set a user-agent that says who you are", 403)
        query = request.query.get("query", "")
        if found := re.search(r"LIMIT (\d+) OFFSET (\d+)", query):
            size, offset = int(found[1]), int(found[2])
            every = sorted(self.changed if "dateModified" in query else self.films)
            return _answer(["film"], [{"film": _item(each)} for each in every[offset : offset + size]])
        if found := re.search(r"VALUES \?film \{([^}]*)\}", query):
            asked = re.findall(r"wd:(Q\d+)", found[1])
            rows = [row for each in asked if each in self.films for row in facts(each, self.films[each])]
            return _answer(["film", "p", "value", "label", "more"], rows)
        return Response(b"malformed query", 400)


def facts(number: str, film: Film) -> Iterator[dict[str, dict[str, str]]]:
    """Yield what is said of a film, one value a row."""

    def row(p: str, value: dict[str, str], label: str = "", more: str = "") -> dict[str, dict[str, str]]:
        found = {"film": _item(number), "p": _text(p), "value": value}
        return (
            found | ({"label": _text(label, "en")} if label else {}) | ({"more": _text(more)} if more else {})
        )

    yield row("P345", _text(film.ids.imdb))
    yield row("P4947", _text(str(film.ids.tmdb)))
    yield row("P1258", _text(f"m/{film.ids.rottentomatoes}"))
    yield row("P31", _item("Q11424"), "film")
    yield row("label", _text(film.title, "en"), more="en")
    if film.original_title:
        yield row("label", _text(film.original_title, film.language), more=film.language)
        yield row("P1476", _text(film.original_title, film.language), more=film.language)
    yield row("P577", _text(f"{film.released}T00:00:00Z"), more="11")
    yield row("P2047", _text(f"+{film.runtime}"), more=f"{_ENTITY}Q7727")
    yield from (row("P57", _item(person_item(director)), director.name) for director in film.directors)
    yield from (row("P161", _item(person_item(actor)), actor.name) for actor in film.cast)
    yield from (row("P272", _item(company_item(company)), company.name) for company in film.companies)
    yield from (row("P495", _text(code)) for code in film.countries)
    yield from (row("P364", _text(code)) for code in film.languages)
    for name in film.genres:
        if name in _GENRES:
            yield row("P136", _item(f"Q{500 + list(_GENRES).index(name)}"), _GENRES[name])
    if film.budget:
        yield row("P2130", _text(f"+{film.budget}"), more=f"{_ENTITY}Q4917")
    if film.revenue:
        yield row("P2142", _text(f"+{film.revenue}"), more=f"{_ENTITY}Q4917")


def dump(films: Iterable[tuple[str, Film]]) -> bytes:
    """Return what the dump of all entities says of some films and the items that they name, and of a person who is no film."""
    entities: dict[str, dict[str, Any]] = {}
    for number, film in films:
        entities[number] = entity(number, film)
        for person in (*film.directors, *film.cast):
            entities[person_item(person)] = _named(person_item(person), person.name)
        for company in film.companies:
            entities[company_item(company)] = _named(company_item(company), company.name)
        for codes, property_, first in ((film.countries, "P297", 0), (film.languages, "P218", 1)):
            for code in codes:
                item = _coded(code, first)
                entities[item] = _named(item, code, {property_: [_said("external-id", code)]})
        for name in film.genres:
            if name in _GENRES:
                item = f"Q{500 + list(_GENRES).index(name)}"
                entities[item] = _named(item, _GENRES[name])
    entities["Q11424"] = _named("Q11424", "film")
    entities["Q5"] = _named("Q5", "human", {"P279": [_said("wikibase-item", "Q11424")]})
    lines = [msgspec.json.encode(each) for each in entities.values()]
    return b"[\n" + b",\n".join(lines) + b"\n]\n"


def entity(number: str, film: Film) -> dict[str, Any]:
    """Return a film in the dump's form, with a deprecated value in addition to the current ones."""
    labels = {"en": {"language": "en", "value": film.title}}
    claims: dict[str, list[dict[str, Any]]] = {
        "P31": [_said("wikibase-item", "Q11424")],
        "P345": [_said("external-id", film.ids.imdb)],
        "P4947": [_said("external-id", str(film.ids.tmdb))],
        "P1258": [_said("external-id", f"m/{film.ids.rottentomatoes}")],
        "P577": [_said("time", {"time": f"+{film.released}T00:00:00Z", "precision": 11}),
                 _said("time", {"time": "+1800-01-01T00:00:00Z", "precision": 11}, "deprecated")],
        "P2047": [_said("quantity", {"amount": f"+{film.runtime}", "unit": f"{_ENTITY}Q7727"})],
        "P57": [_said("wikibase-item", person_item(each)) for each in film.directors],
        "P161": [_said("wikibase-item", person_item(each)) for each in film.cast],
        "P272": [_said("wikibase-item", company_item(each)) for each in film.companies],
        "P495": [_said("wikibase-item", _coded(code, 0)) for code in film.countries],
        "P364": [_said("wikibase-item", _coded(code, 1)) for code in film.languages],
        "P136": [_said("wikibase-item", f"Q{500 + list(_GENRES).index(name)}") for name in film.genres if name in _GENRES],
    }  # fmt: skip
    if film.original_title:
        labels[film.language] = {"language": film.language, "value": film.original_title}
        claims["P1476"] = [_said("monolingualtext", {"text": film.original_title, "language": film.language})]
    for name, amount in (("P2130", film.budget), ("P2142", film.revenue)):
        if amount:
            claims[name] = [_said("quantity", {"amount": f"+{amount}", "unit": f"{_ENTITY}Q4917"})]
    return {"type": "item", "id": number, "labels": labels, "descriptions": {}, "aliases": {},
            "claims": {name: some for name, some in claims.items() if some}, "sitelinks": {}}  # fmt: skip


def _named(number: str, label: str, claims: dict[str, Any] | None = None) -> dict[str, Any]:
    labels = {"en": {"language": "en", "value": label}}
    return {"type": "item", "id": number, "labels": labels, "claims": claims or []}


def _said(kind: str, value: Any, rank: str = "normal") -> dict[str, Any]:
    if kind == "wikibase-item":
        value = {"entity-type": "item", "numeric-id": int(value[1:]), "id": value}
    data = {"value": value, "type": "wikibase-entityid" if kind == "wikibase-item" else kind}
    return {
        "mainsnak": {"snaktype": "value", "datavalue": data, "datatype": kind},
        "type": "statement",
        "rank": rank,
    }


def _coded(code: str, kind: int) -> str:
    """Return the item of a country (0) or a language (1)."""
    return f"Q{8_000_000 + kind * 100_000 + int.from_bytes(code.encode()) % 100_000}"


def person_item(person: Person) -> str:
    """Return the item of a person."""
    return f"Q{2_000_000_000 + person.id}"


def company_item(company: Company) -> str:
    """Return the item of a company."""
    return f"Q{3_000_000_000 + company.id}"


def _item(number: str) -> dict[str, str]:
    return {"type": "uri", "value": f"{_ENTITY}{number}"}


def _text(value: str, language: str = "") -> dict[str, str]:
    return {"type": "literal", "value": value} | ({"xml:lang": language} if language else {})


def _answer(names: list[str], rows: list[dict[str, dict[str, str]]]) -> Response:
    return as_json({"head": {"vars": names}, "results": {"bindings": rows}})
