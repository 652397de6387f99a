"""Who is who among the people and companies of all films, under ids that stay.

A credit depends on others only through names, keys and the films that tell names apart; so a run works out the names
that its films' changed credits hang together with, which gives what working out everything gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
import pyarrow as pa
import sqlalchemy as sa

from moviec.catalog.parties import Cast, bearers, credits_named, credits_of, next_party, party_ledger, related
from moviec.engine import DuckEngine
from moviec.matching import parties as who
from moviec.matching.identity import keep_ids
from moviec.text import Column, fold, pc

_CREDITED = "SELECT movie, source, people, companies, coalesce(year, year(released))::BIGINT AS year FROM live JOIN movie_of USING (source, key)"

#: Every credit of every film.
_LISTED = {
    "people": """
SELECT movie, source, person.role AS role, coalesce(person.key, '') AS key, person.name AS name, min(year) AS year
FROM (SELECT movie, source, unnest(people) AS person, year FROM credited)
WHERE person.name IS NOT NULL GROUP BY ALL
""",
    "companies": """
SELECT DISTINCT movie, source, '' AS role, coalesce(company.key, '') AS key, company.name AS name, NULL::BIGINT AS year
FROM (SELECT movie, source, unnest(companies) AS company FROM credited)
WHERE company.name IS NOT NULL
""",
}

#: Credits of the run's films that are new or no more.
_DIFFERING = """
(SELECT movie, source, role, key, name, year FROM listed EXCEPT SELECT movie, source, role, key, name, year FROM stored)
UNION ALL
(SELECT movie, source, role, key, name, year FROM stored EXCEPT SELECT movie, source, role, key, name, year FROM listed)
"""

#: Their keys: two sources may share the space of theirs.
_KEYS = """
SELECT DISTINCT coalesce(s.space, d.source) AS space, d.key
FROM differing d LEFT JOIN key_spaces s USING (source) WHERE d.key <> ''
"""

#: All credits that are worked out: of the run's films as listed now, of others as stored, where one of the names is.
_INVOLVED = """
SELECT movie, source, role, nullif(key, '') AS key, name, year FROM listed SEMI JOIN spelt USING (name)
UNION ALL SELECT movie, source, role, nullif(key, ''), name, year FROM standing
WHERE movie NOT IN (SELECT movie FROM affected)
"""

#: Where a changed credit's name leads at once: to itself, and to names alike in its role of its film.
_BEGINNING = """
SELECT s.folded FROM differing d JOIN spellings s USING (name)
UNION
SELECT o.folded FROM differing d JOIN spellings s USING (name)
JOIN listed l ON l.movie = d.movie AND l.role = d.role JOIN spellings o ON o.name = l.name AND o.short = s.short
"""

#: The credits with the ids of their parties.
_CREDITS = """
SELECT movie, source, role, key, name, folded, short, id AS party, year FROM credits JOIN party_ids USING (party)
"""

_CHANGED = """
SELECT DISTINCT movie FROM (
  (SELECT movie, source, role, key, name, party FROM standing
   EXCEPT SELECT movie, source, role, key, name, party FROM credits_now)
  UNION ALL
  (SELECT movie, source, role, key, name, party FROM credits_now
   EXCEPT SELECT movie, source, role, key, name, party FROM standing))
"""

#: The parties with their names and keys, ready to be shown.
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


_NONE: Column = pa.array([], pa.string())
_NO_NUMBERS: Column = pa.array([], pa.int64())
_CREDIT = ("movie", "source", "role", "key", "name", "folded", "short", "party", "year")


class _Trade(msgspec.Struct, frozen=True):
    """How people, or companies, are told apart, and which columns of theirs are shown."""

    find: Callable[[DuckEngine, str, Mapping[str, str]], who.Parties]
    spell: Callable[[Column], pa.Table]
    columns: tuple[str, ...]


class _Run(msgspec.Struct, frozen=True):
    """Which kind is worked out, and the space of each source's keys."""

    kind: str
    spaces: Mapping[str, str]


_TRADES = {
    "people": _Trade(who.people, who.person_names, ("id", "name", "ids", "folded")),
    "companies": _Trade(who.companies, who.company_names, ("id", "name", "aliases", "ids", "folded")),
}


def cast_of(
    engine: DuckEngine, connection: sa.Connection, spaces: Mapping[str, str], affected: Column | None
) -> dict[str, Cast]:
    """Find the people and companies that the `affected` films have, and who hangs together with them; None: all.

    The engine's `live` holds records, `movie_of` (source, key, movie) says which of them are these films'.
    """
    known = {"source": list(spaces), "space": list(spaces.values())}
    engine.register("key_spaces", pa.table({name: pa.array(known[name], pa.string()) for name in known}))
    name = engine.view if affected is None else engine.materialize  # few films: the lake is read once
    name("credited", _CREDITED)
    return {kind: _work_out(engine, connection, _Run(kind, spaces), affected) for kind in _TRADES}


def credits_shown(
    engine: DuckEngine, connection: sa.Connection, cast: Mapping[str, Cast], affected: Column | None
) -> None:
    """Name `people_ids` and `companies_ids` (movie, source, key, name, role, id): the party of every credit of some films."""
    for kind, now in cast.items():
        engine.register("credits_now", now.credits)
        engine.register("names_now", pa.table({"folded": now.names if now.names is not None else _NONE}))
        before = now.credits.slice(0, 0) if affected is None else credits_of(connection, kind, affected)
        engine.register("credits_before", before)
        engine.materialize(
            f"{kind}_ids",
            """SELECT movie, source, nullif(key, '') AS key, name, role, party AS id FROM
               (FROM credits_now UNION ALL FROM credits_before ANTI JOIN names_now USING (folded))""",
        )


def _work_out(engine: DuckEngine, connection: sa.Connection, run: _Run, affected: Column | None) -> Cast:
    engine.materialize("listed", _LISTED[run.kind])
    first, trade = next_party(connection, run.kind), _TRADES[run.kind]
    if affected is None:
        engine.materialize("involved", "SELECT * REPLACE (nullif(key, '') AS key) FROM listed")
        ledger = party_ledger(connection, run.kind, None)
        return _kept(engine, trade, trade.find(engine, "involved", run.spaces), ledger, first)
    names = _names(engine, connection, run.kind, affected)
    if not len(names):
        return _unchanged(trade)
    engine.register("standing", credits_named(connection, run.kind, names))
    engine.register("affected", pa.table({"movie": affected}))
    engine.materialize("involved", _INVOLVED)
    ledger = party_ledger(connection, run.kind, names)
    kept = _kept(engine, trade, trade.find(engine, "involved", run.spaces), ledger, first)
    engine.register("credits_now", kept.credits)
    return msgspec.structs.replace(kept, names=names, changed=engine.query(_CHANGED)["movie"])


def _names(engine: DuckEngine, connection: sa.Connection, kind: str, affected: Column) -> Column:
    """Return every folded name that the films' changed credits hang together with; name the listed ones `spelt`."""
    spell = _TRADES[kind].spell
    engine.register("stored", credits_of(connection, kind, affected))
    engine.materialize("differing", _DIFFERING)
    every = engine.query("SELECT name FROM listed UNION SELECT name FROM differing ORDER BY name")["name"]
    spelt = spell(every.combine_chunks())
    engine.register("spellings", spelt)
    keyed = bearers(connection, kind, engine.query(_KEYS))
    own = engine.query(_BEGINNING)["folded"]
    names = related(connection, kind, pa.array([*own.to_pylist(), *keyed.to_pylist()], pa.string()))
    engine.register("spelt", spelt.select(["name"]).filter(pc.is_in(spelt["folded"], names)))
    return names


def _unchanged(trade: _Trade) -> Cast:
    """Return what a run comes to that changes no credit."""
    return Cast(
        names=_NONE,
        ids=_NO_NUMBERS,
        shown=pa.table({name: _NO_NUMBERS if name == "id" else _NONE for name in trade.columns}),
        parties=pa.table({"space": _NONE, "key": _NONE, "folded": _NONE, "party": _NO_NUMBERS}),
        credits=pa.table(
            {name: _NO_NUMBERS if name in ("movie", "party", "year") else _NONE for name in _CREDIT}
        ),
        changed=_NO_NUMBERS,
    )


def _kept(engine: DuckEngine, trade: _Trade, found: who.Parties, ledger: pa.Table, first: int) -> Cast:
    """Keep the parties' ids, new ones from `first` on."""
    nodes = found.nodes.rename_columns(["space", "key", "name", "cluster"])
    kept = keep_ids(nodes, ledger, first)
    engine.register("nodes", found.nodes)
    engine.register("kept_nodes", kept.members)
    engine.materialize(
        "party_ids", "SELECT DISTINCT n.party, k.id FROM nodes n JOIN kept_nodes k USING (space, key, name)"
    )
    for name in ("names", "keys", "credits"):
        engine.register(name, getattr(found, name))
    shown = engine.query(_SHOWN)
    everyone = pa.concat_tables([kept.members, kept.gone])
    return Cast(
        names=None,
        ids=pc.unique(pa.concat_tables([ledger, everyone])["id"]),
        shown=shown.append_column("folded", fold(shown["name"])).select(trade.columns),
        parties=everyone.rename_columns(["space", "key", "folded", "party"]),
        credits=engine.query(_CREDITS),
        changed=_NO_NUMBERS,
    )
