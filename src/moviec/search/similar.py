"""Similar films: those that share rare values, the better known ones first among equals.

A shared value counts by how rare it is (BM25 without lengths: the logarithm of all films by those that have it), so that a
collection says more than a director, and a director more than a genre.
"""

from __future__ import annotations

import msgspec
import tantivy
from tantivy import Occur, Query

from moviec.search.location import slug, value_of
from moviec.search.query import Fields, all_of
from moviec.search.readings import fold, fold_title
from moviec.search.summaries import LEADING, Film

#: The factor of a shared value's rarity, by field: judgements.
WEIGHTS = {"collection": 2.0, "keyword": 1.0, "director": 1.0, "credit": 0.5, "genre": 1.0, "company": 0.2}

#: People whose films are considered, in the order of their credits; keywords; films that are compared in the end.
PEOPLE, KEYWORDS, COMPARED = 8, 40, 200

#: The weight of popularity: the best known film counts twice as much as an unknown one.
KNOWN = 1.0


class Alike(msgspec.Struct, frozen=True):
    """How many films like a film are wanted, and the id space that they have an id in, "" for any."""

    limit: int
    space: str = ""


def similar(
    searcher: tantivy.Searcher, fields: Fields, film: Film, wanted: Alike
) -> list[tantivy.DocAddress]:
    """Return the index addresses of the most similar films, most similar first, without adult films."""
    shared = [
        (Occur.Should, Query.boost_query(fields.term(field, value), weight))
        for field, value, weight in _shared(film)
    ]
    if not shared:
        return []
    unwanted = [fields.term("movie", film.number), *([] if film.adult else [fields.term("adult", 1)])]
    musts = [Query.boolean_query(shared)]
    if wanted.space:
        musts.append(Query.const_score_query(fields.term("space", wanted.space), 0.0))
    query = all_of(musts, unwanted)
    hits = searcher.search(query, COMPARED, count=False).hits
    addresses = [address for _, address in hits]
    known = searcher.fast_field_values("by_popularity", addresses)
    ranked = sorted(
        (
            (-score * (1 + KNOWN * value_of(int(order or 0))), place, address)
            for place, ((score, address), order) in enumerate(zip(hits, known, strict=True))
        ),
    )
    return [address for _, _, address in ranked[: wanted.limit]]


def _shared(film: Film) -> list[tuple[str, str | int, float]]:
    """List (field, value, weight) of values that other films may share with a film."""
    found: list[tuple[str, str | int, float]] = []
    if film.collection:
        found.append(("collection", slug(fold(film.collection)), WEIGHTS["collection"]))
    found += [("keyword", fold_title(keyword), WEIGHTS["keyword"]) for keyword in film.keywords[:KEYWORDS]]
    leading = [person for person in film.people if person.role in LEADING][:PEOPLE]
    weights = {
        person.id: WEIGHTS["director" if person.role == "director" else "credit"]
        for person in reversed(leading)
    }
    found += [("credit", person, weight) for person, weight in weights.items()]
    found += [("genre", genre.id, WEIGHTS["genre"]) for genre in film.genres]
    found += [("company", company.id, WEIGHTS["company"]) for company in film.companies[:3]]
    return found
