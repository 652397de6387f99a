"""The reference lists: genres and production companies, with their names elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.movies import companies, genres
from moviec.decoding import decodable


@decodable
class Genre(msgspec.Struct, frozen=True):
    """A genre with its aliases and its ids at the sources."""

    id: int
    name: str
    facet: str
    aliases: list[str]
    ids: dict[str, Any]


class Company(msgspec.Struct, frozen=True):
    """A production company with other spellings and its ids at the sources."""

    id: int
    name: str
    aliases: list[str]
    ids: dict[str, Any]


def all_genres(connection: sa.Connection) -> list[Genre]:
    """List the genres by id."""
    query = sa.select(genres.c.id, genres.c.name, genres.c.facet, genres.c.aliases, genres.c.ids).order_by(
        genres.c.id
    )
    return [
        Genre(id, name, facet, _read(aliases), _read(ids))
        for id, name, facet, aliases, ids in connection.execute(query)
    ]


def genre_at(known: Sequence[Genre], space: str, key: str) -> int | None:
    """Return the genre with an id at a source (`tmdb`, `16`)."""
    for genre in known:
        ids = genre.ids.get(space, [])
        if key in [str(known) for known in (ids if isinstance(ids, list) else [ids])]:
            return genre.id
    return None


def companies_of(connection: sa.Connection, ids: Sequence[int]) -> Mapping[int, Company]:
    """Return companies by id."""
    found = {}
    for start in range(0, len(ids), 10_000):
        query = _companies().where(companies.c.id.in_(ids[start : start + 10_000]))
        found.update({company.id: company for company in map(_company, connection.execute(query))})
    return found


def companies_named(connection: sa.Connection, folded: str, after: int, limit: int) -> list[Company]:
    """List companies by id, those after one, whose folded name begins so."""
    query = _companies().where(companies.c.id > after).order_by(companies.c.id).limit(limit)
    if folded:
        query = query.where(companies.c.folded >= folded, companies.c.folded < folded + "\U0010ffff")
    return [_company(row) for row in connection.execute(query)]


def companies_called(connection: sa.Connection, folded: str) -> list[int]:
    """List the ids of companies with a folded name."""
    query = sa.select(companies.c.id).where(companies.c.folded == folded).order_by(companies.c.id).limit(100)
    return list(connection.scalars(query))


def _companies() -> sa.Select[Any]:
    return sa.select(companies.c.id, companies.c.name, companies.c.aliases, companies.c.ids)


def _company(row: Any) -> Company:
    return Company(row.id, row.name, _read(row.aliases), _read(row.ids))


def _read(text: str) -> Any:
    return msgspec.json.decode(text)
