"""The reference lists: genres and production companies, with their other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from moviec.catalog.schema.identity import parties
from moviec.catalog.schema.movies import companies, company_names, genres
from moviec.decoding import decodable


@decodable
class Genre(msgspec.Struct, frozen=True):
    """A genre with its aliases and its ids at the sources."""

    id: int
    name: str
    facet: str
    aliases: list[str]
    ids: dict[str, Any]


class Owner(msgspec.Struct, frozen=True, omit_defaults=True):
    """The company that owns another; `id` if it has films here."""

    name: str
    id: int | None = None


class Company(msgspec.Struct, frozen=True, omit_defaults=True):
    """A production company with other names and its ids at the sources; `country`, `parent` as the source `told_by` says."""

    id: int
    name: str
    aliases: list[str]
    ids: dict[str, Any]
    country: str | None = None
    parent: Owner | None = None
    told_by: str | None = None


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
        found.update({company.id: company for company in _read_companies(connection, query)})
    return found


def companies_named(connection: sa.Connection, folded: str, after: int, limit: int) -> list[Company]:
    """List companies by id, those after one, with a name or spelling that has a prefix."""
    query = _companies().where(companies.c.id > after).order_by(companies.c.id).limit(limit)
    if folded:
        end = folded + "\U0010ffff"
        spelled = sa.select(parties.c.party).where(
            parties.c.kind == "companies", parties.c.folded >= folded, parties.c.folded < end
        )
        called = sa.select(company_names.c.company).where(
            company_names.c.folded >= folded, company_names.c.folded < end
        )
        begins = sa.and_(companies.c.folded >= folded, companies.c.folded < end)
        query = query.where(sa.or_(begins, companies.c.id.in_(spelled), companies.c.id.in_(called)))
    return _read_companies(connection, query)


def companies_called(connection: sa.Connection, folded: str) -> list[int]:
    """List the ids of companies with a folded name; if there is none, those with it as another name."""
    query = sa.select(companies.c.id).where(companies.c.folded == folded).order_by(companies.c.id).limit(100)
    known = sa.select(company_names.c.company).where(company_names.c.folded == folded)
    found = list(connection.scalars(query))
    return found or list(connection.scalars(known.order_by(company_names.c.company).limit(100)))


def _companies() -> sa.Select[Any]:
    shown = ("id", "name", "aliases", "ids", "country", "parent", "parent_name", "told_by")
    return sa.select(*(companies.c[name] for name in shown))


def _read_companies(connection: sa.Connection, query: sa.Select[Any]) -> list[Company]:
    """Return companies with every other name: the spellings in films, then those from a source."""
    rows = connection.execute(query).all()
    names: dict[int, list[str]] = {}
    for start in range(0, len(rows), 10_000):
        some = [row.id for row in rows[start : start + 10_000]]
        known = sa.select(company_names.c.company, company_names.c.name).where(
            company_names.c.company.in_(some)
        )
        for company, name in connection.execute(
            known.order_by(company_names.c.company, company_names.c.name)
        ):
            names.setdefault(company, []).append(name)
    return [_company(row, names.get(row.id, [])) for row in rows]


def _company(row: Any, names: list[str]) -> Company:
    aliases = list(dict.fromkeys([*_read(row.aliases), *names]))
    parent = Owner(row.parent_name, row.parent) if row.parent_name else None
    return Company(row.id, row.name, aliases, _read(row.ids), row.country, parent, row.told_by)


def _read(text: str) -> Any:
    return msgspec.json.decode(text)
