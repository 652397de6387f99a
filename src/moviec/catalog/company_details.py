"""What sources say of production companies (country, owner, other names): stored by source, and applied to the
companies.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.schema.arrivals import asked, company_details
from moviec.catalog.schema.identity import parties
from moviec.catalog.schema.movies import companies, company_names, movie_companies
from moviec.catalog.staging import merge, stage
from moviec.text import Column, fold

#: Rows of `put_details`: the id at the source, and what it says; a row without a name is of a deleted company.
DETAILS = pa.schema(
    [(name, pa.string()) for name in ("id", "name", "country", "parent", "parent_name", "names")]
)


def put_details(connection: sa.Connection, source: str, by_delivery: Mapping[str, pa.Table]) -> None:
    """Store what deliveries of a source say of companies (DETAILS); for one company the later delivery wins."""
    for delivery, rows in sorted(by_delivery.items()):
        if not rows.num_rows:
            continue
        given = {"source": [source] * rows.num_rows, "delivery": [delivery] * rows.num_rows}
        staged = stage(
            connection, "delivered_details", company_details, pa.table({**given, **_columns(rows)})
        )
        mine = sa.and_(company_details.c.source == source, company_details.c.id.in_(sa.select(staged.c.id)))
        connection.execute(sa.delete(company_details).where(mine, company_details.c.delivery <= delivery))
        names = [column.name for column in staged.columns]
        kept = sa.select(company_details.c.id).where(company_details.c.source == source)
        fresh = sa.select(*staged.columns).where(staged.c.id.not_in(kept))
        connection.execute(sa.insert(company_details).from_select(names, fresh))
        connection.execute(sa.schema.DropTable(staged))


def replace_details(connection: sa.Connection, source: str, by_delivery: Mapping[str, pa.Table]) -> None:
    """Replace what is stored of a source's companies by what its deliveries say when read again."""
    connection.execute(sa.delete(company_details).where(company_details.c.source == source))
    put_details(connection, source, by_delivery)


def _columns(rows: pa.Table) -> dict[str, Column]:
    return {name: rows[name] for name in DETAILS.names}


#: What the details say of a company, besides its names.
_COLUMNS = ("country", "parent", "parent_name", "told_by")


def apply_details(connection: sa.Connection, spaces: Mapping[str, str], among: Column | None = None) -> int:
    """Apply the stored details to the companies; return how many rows changed.

    `spaces` gives the id space of each source that may be shown, the most trusted first. Where a company has several
    ids, the first with a value counts. `among`: companies that changed; only these and those that they own are updated,
    else all.
    """
    some = None if among is None else _concerned(connection, spaces, among)
    known = _known_details(connection, spaces, some)
    columns: dict[str, Column] = {"id": pa.array([*known], pa.int64())}
    for name in _COLUMNS:
        kind = pa.int64() if name == "parent" else pa.string()
        columns[name] = pa.array([getattr(one, name) for one in known.values()], kind)
    staged = stage(connection, "companies_known", companies, pa.table(columns))
    differs = sa.or_(*(companies.c[name].is_distinct_from(staged.c[name]) for name in _COLUMNS))
    values = {name: staged.c[name] for name in _COLUMNS}
    done = connection.execute(
        sa.update(companies).values(values).where(companies.c.id == staged.c.id, differs)
    )
    any_detail = sa.or_(*(companies.c[name].is_not(None) for name in _COLUMNS))
    without = sa.and_(
        any_detail, companies.c.id.not_in(sa.select(staged.c.id)), _within(companies.c.id, some)
    )
    cleared = connection.execute(sa.update(companies).values(dict.fromkeys(_COLUMNS)).where(without))
    connection.execute(sa.schema.DropTable(staged))
    pairs = sorted({(company, name) for company, one in known.items() for name in one.names})
    names = pa.array([name for _, name in pairs], pa.string())
    other = {"company": pa.array([company for company, _ in pairs], pa.int64()), "name": names}
    scope = _within(company_names.c.company, some)
    merged = merge(connection, company_names, pa.table({**other, "folded": fold(names)}), scope)
    if some is not None:
        connection.execute(sa.schema.DropTable(some))
    return done.rowcount + cleared.rowcount + merged.written + merged.removed


def _within(column: sa.Column[int], some: sa.Table | None) -> sa.ColumnElement[bool]:
    return sa.true() if some is None else column.in_(sa.select(some.c.id))


def _concerned(connection: sa.Connection, spaces: Mapping[str, str], among: Column) -> sa.Table:
    """Return a table of the companies (id) that changed, and of those that they own or owned."""
    changed = stage(connection, "changed_companies", companies, pa.table({"id": among}))
    ids = sa.select(changed.c.id)
    owned = sa.select(companies.c.id).where(companies.c.parent.in_(ids))
    found = {*connection.scalars(ids), *connection.scalars(owned)}
    for source, space in spaces.items():
        owner, details = parties.alias("owner"), company_details.c
        query = (
            sa.select(parties.c.party)
            .select_from(owner)
            .join(company_details, sa.and_(details.source == source, details.parent == owner.c.key))
            .join(
                parties,
                sa.and_(parties.c.kind == "companies", parties.c.space == space, parties.c.key == details.id),
            )
            .where(owner.c.kind == "companies", owner.c.space == space, owner.c.party.in_(ids))
        )
        found |= {*connection.scalars(query)}
    connection.execute(sa.schema.DropTable(changed))
    return stage(
        connection, "concerned_companies", companies, pa.table({"id": pa.array(sorted(found), pa.int64())})
    )


class _Details(msgspec.Struct):
    """What is known of one company, put together from its ids."""

    country: str | None = None
    parent: int | None = None
    parent_name: str | None = None
    told_by: str | None = None
    names: set[str] = set()


def _known_details(
    connection: sa.Connection, spaces: Mapping[str, str], some: sa.Table | None
) -> dict[int, _Details]:
    """Return what sources say of each company; a loop over the companies given, not over films."""
    found: dict[int, _Details] = {}
    for source, space in spaces.items():
        owner, details = parties.alias("owner"), company_details.c
        of_space = sa.and_(
            parties.c.kind == "companies", parties.c.space == space, parties.c.key == details.id
        )
        owned = sa.and_(owner.c.kind == "companies", owner.c.space == space, owner.c.key == details.parent)
        query = (
            sa.select(
                parties.c.party,
                details.name,
                details.country,
                owner.c.party.label("owner"),
                details.parent_name,
                details.names,
                companies.c.name.label("shown"),
            )
            .select_from(company_details)
            .join(parties, of_space)
            .join(companies, companies.c.id == parties.c.party)
            .outerjoin(owner, owned)
            .where(details.source == source, details.name.is_not(None), _within(parties.c.party, some))
            .order_by(parties.c.party, sa.func.length(details.id), details.id, owner.c.party)
        )
        for row in read(connection, query).to_pylist():
            one = found.setdefault(row["party"], _Details())
            one.told_by = one.told_by or source
            one.country = one.country or row["country"]
            if one.parent_name is None and row["parent_name"] and row["owner"] != row["party"]:
                one.parent, one.parent_name = row["owner"], row["parent_name"]
            one.names |= {row["name"], *msgspec.json.decode(row["names"])} - {row["shown"]}
    return found


def companies_to_ask(connection: sa.Connection, asker: str, space: str, before: str, most: int) -> list[str]:
    """Return the ids that the films' companies have in a space, and that `asker` has not been queried for since
    `before`.

    Those never queried come first, then by number of films.
    """
    films = (
        sa.select(movie_companies.c.company, sa.func.count().label("films"))
        .group_by(movie_companies.c.company)
        .subquery()
    )
    last = sa.select(asked.c.id, asked.c.at).where(asked.c.source == asker).subquery()
    query = (
        sa.select(parties.c.key)
        .join(films, films.c.company == parties.c.party)
        .outerjoin(last, last.c.id == parties.c.key)
        .where(parties.c.kind == "companies", parties.c.space == space, parties.c.key != "")
        .where(sa.or_(last.c.at.is_(None), last.c.at < before))
        .group_by(parties.c.key, last.c.at)
        .order_by(last.c.at.is_not(None), sa.func.max(films.c.films).desc(), parties.c.key)
        .limit(most)
    )
    return list(connection.scalars(query))
