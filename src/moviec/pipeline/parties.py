"""Who is who among the people and companies of all films, under ids that stay."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.arrow import read
from moviec.catalog.schema.identity import movie_parties, parties
from moviec.catalog.schema.movies import companies, people
from moviec.engine import DuckEngine
from moviec.resolve.identity import keep_ids
from moviec.resolve.parties import Parties
from moviec.resolve.parties import companies as find_companies
from moviec.resolve.parties import people as find_people
from moviec.text import Column, fold, pc

#: Every credit of every film, from `live` records and `movie_of` (source, key, movie).
_PEOPLE = """
SELECT movie, source, person.key AS key, person.name AS name, person.role AS role
FROM (SELECT movie, source, unnest(people) AS person FROM live JOIN movie_of USING (source, key))
WHERE person.name IS NOT NULL
"""
_COMPANIES = """
SELECT movie, source, company.key AS key, company.name AS name
FROM (SELECT movie, source, unnest(companies) AS company FROM live JOIN movie_of USING (source, key))
WHERE company.name IS NOT NULL
"""

#: {kind}: the table of parties with their names and keys, ready to be shown.
_SHOWN = """
SELECT i.id, any_value(n.name) FILTER (n.main) AS name,
       coalesce(to_json(list(n.name ORDER BY n.films DESC, n.name) FILTER (NOT n.main))::VARCHAR, '[]') AS aliases,
       coalesce(any_value(k.ids), '{}') AS ids
FROM names n JOIN party_ids i USING (party)
LEFT JOIN (SELECT party, to_json(map_from_entries(list((space, keys) ORDER BY space)))::VARCHAR AS ids
           FROM (SELECT party, space, list(key ORDER BY key) AS keys FROM keys GROUP BY party, space) GROUP BY party) k
  USING (party)
GROUP BY i.id ORDER BY i.id
"""


class Cast(msgspec.Struct, frozen=True):
    """The parties as they now are: rows of `people`, `companies`, `parties`, `movie_parties` (`digests`).

    `people_ids`, `companies_ids`: movie, source, key, name, role, id: the party of every credit. `changed`: movies whose
    people or companies are not those that they were shown with.
    """

    people: pa.Table
    companies: pa.Table
    parties: pa.Table
    digests: pa.Table
    people_ids: pa.Table
    companies_ids: pa.Table
    changed: Column


def cast_of(engine: DuckEngine, connection: sa.Connection, spaces: Mapping[str, str]) -> Cast:
    """Find the people and companies behind the engine's `live` records of the movies in `movie_of`."""
    engine.view("raw_people", _PEOPLE)
    engine.view("raw_companies", _COMPANIES)
    shown_people, people_nodes = _settle(
        engine, connection, "people", find_people(engine, "raw_people", spaces)
    )
    shown_companies, company_nodes = _settle(
        engine, connection, "companies", find_companies(engine, "raw_companies", spaces)
    )
    digests = engine.query("""
        SELECT movie, md5(string_agg(concat_ws('|', kind, source, key, name, role, id), '\n'
                          ORDER BY kind, source, role, key, name, id)) AS digest
        FROM (SELECT 'p' AS kind, * FROM people_ids UNION ALL SELECT 'c', * FROM companies_ids)
        GROUP BY movie ORDER BY movie""")
    return Cast(
        people=shown_people.drop_columns(["aliases"]),
        companies=shown_companies,
        parties=pa.concat_tables([company_nodes, people_nodes]),
        digests=digests,
        people_ids=engine.query("SELECT * FROM people_ids"),
        companies_ids=engine.query("SELECT * FROM companies_ids"),
        changed=_changed(engine, connection, digests),
    )


def _changed(engine: DuckEngine, connection: sa.Connection, digests: pa.Table) -> Column:
    """Give the movies whose people or companies are not those they were shown with."""
    engine.table("digests", digests)
    engine.table("digests_before", read(connection, sa.select(movie_parties)))
    return engine.query("""
        SELECT movie FROM digests d FULL JOIN digests_before b USING (movie)
        WHERE d.digest IS DISTINCT FROM b.digest ORDER BY movie""")["movie"]


def _settle(
    engine: DuckEngine, connection: sa.Connection, kind: str, found: Parties
) -> tuple[pa.Table, pa.Table]:
    """Keep the parties' ids; name `<kind>_ids`; give the parties as shown, and the rows of `parties`."""
    table = {"people": people, "companies": companies}[kind]
    ledger = read(
        connection,
        sa.select(
            parties.c.space, parties.c.key, parties.c.folded.label("name"), parties.c.party.label("id")
        ).where(parties.c.kind == kind),
    )
    highest = [
        connection.scalar(sa.select(sa.func.max(table.c.id))) or 0,
        pc.max(ledger["id"]).as_py() or 0,
    ]
    kept = keep_ids(found.nodes.rename_columns(["space", "key", "name", "cluster"]), ledger, max(highest) + 1)
    engine.table("nodes", found.nodes)
    engine.table("kept_nodes", kept.members)
    engine.keep(
        "party_ids", "SELECT DISTINCT n.party, k.id FROM nodes n JOIN kept_nodes k USING (space, key, name)"
    )
    for name in ("names", "keys", "credits"):
        engine.table(name, getattr(found, name))
    engine.keep(
        f"{kind}_ids",
        "SELECT movie, source, key, name, role, id FROM credits JOIN party_ids USING (party)",
    )
    shown = engine.query(_SHOWN)
    shown = shown.append_column("folded", fold(shown["name"]))
    everyone = pa.concat_tables([kept.members, kept.gone]).rename_columns(["space", "key", "folded", "party"])
    return shown, everyone.add_column(0, "kind", pa.array([kind] * everyone.num_rows, pa.string()))
