"""Wikidata's query service on the loopback: answers the queries of the source `wikidata`, in the service's own format.

It is no SPARQL engine: it tells a list of films by LIMIT and OFFSET from a question about named films by VALUES ?film. Without a
User-Agent that says who asks it answers 403, as the service's policy has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from moviec.loopback.server import Request, Response, as_json
from moviec.synth.film import Film

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
    yield from (row("P57", _item(f"Q{director.id}"), director.name) for director in film.directors)
    yield from (row("P161", _item(f"Q{actor.id}"), actor.name) for actor in film.cast)
    yield from (row("P272", _item(f"Q{company.id}"), company.name) for company in film.companies)
    yield from (row("P495", _text(code)) for code in film.countries)
    yield from (row("P364", _text(code)) for code in film.languages)
    for name in film.genres:
        if name in _GENRES:
            yield row("P136", _item(f"Q{500 + list(_GENRES).index(name)}"), _GENRES[name])
    if film.budget:
        yield row("P2130", _text(f"+{film.budget}"), more=f"{_ENTITY}Q4917")
    if film.revenue:
        yield row("P2142", _text(f"+{film.revenue}"), more=f"{_ENTITY}Q4917")


def _item(number: str) -> dict[str, str]:
    return {"type": "uri", "value": f"{_ENTITY}{number}"}


def _text(value: str, language: str = "") -> dict[str, str]:
    return {"type": "literal", "value": value} | ({"xml:lang": language} if language else {})


def _answer(names: list[str], rows: list[dict[str, dict[str, str]]]) -> Response:
    return as_json({"head": {"vars": names}, "results": {"bindings": rows}})
