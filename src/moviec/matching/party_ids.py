"""The people and companies of all films, under stable ids.

A credit depends on others only through names, keys and the films that tell names apart, so a run resolves the names
connected with its films' changed credits; the result equals that of resolving everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import msgspec
import pyarrow as pa

from moviec.engine import DuckEngine
from moviec.matching import parties as who
from moviec.matching.identity import keep_ids
from moviec.model import PartyChanges
from moviec.sql import filled, read_sql
from moviec.text import Column, fold, pc

_SQL = read_sql("moviec.matching", "party_ids.sql")
_NONE: Column = pa.array([], pa.string())
_NO_NUMBERS: Column = pa.array([], pa.int64())
_CREDIT = ("movie", "source", "role", "key", "name", "folded", "short", "party", "year")
_NO_CREDITS = pa.table(
    {name: _NO_NUMBERS if name in ("movie", "party", "year") else _NONE for name in _CREDIT}
)


class PartyLedger(Protocol):
    """The stored people, or companies, that matching needs; implemented by `moviec.catalog.parties`."""

    def credits_of(self, movies: Column) -> pa.Table:
        """Return the credits of some films."""
        ...

    def credits_named(self, names: Column) -> pa.Table:
        """Return the credits that bear some folded names."""
        ...

    def bearers(self, keys: pa.Table) -> Column:
        """Return the folded names under which some keys (space, key) are known."""
        ...

    def related(self, names: Column) -> Column:
        """Return all folded names connected with some."""
        ...

    def members(self, names: Column | None) -> pa.Table:
        """Return space, key, name, id of every node with one of some folded names; of all nodes if None."""
        ...

    def next_party(self) -> int:
        """Return the next free id."""
        ...


class _Kind(msgspec.Struct, frozen=True):
    """How people, or companies, are distinguished, and which of their columns are shown."""

    find: Callable[[DuckEngine, str, Mapping[str, str]], who.Parties]
    spell: Callable[[Column], pa.Table]
    columns: tuple[str, ...]


_KINDS = {
    "people": _Kind(who.people, who.person_names, ("id", "name", "ids", "folded")),
    "companies": _Kind(who.companies, who.company_names, ("id", "name", "aliases", "ids", "folded")),
}


def find_parties(
    engine: DuckEngine,
    ledgers: Mapping[str, PartyLedger],
    spaces: Mapping[str, str],
    affected: Column | None,
    room: Path,
) -> dict[str, PartyChanges]:
    """Find the people and companies of the `affected` films, and those connected with them; None: all.

    `ledgers`: of "people" and of "companies"; `spaces`: of each source's keys. The engine's `live` holds records,
    `movie_of` (source, key, movie) says which of them are these films', `arrivals` (source, key, arrival) the order in
    which several deliveries brought them; it may be empty. The credits of all films are written to files in `room`.
    """
    known = {"source": list(spaces), "space": list(spaces.values())}
    engine.register("key_spaces", pa.table({name: pa.array(known[name], pa.string()) for name in known}))
    keep = engine.view if affected is None else engine.materialize  # few films: the lake is read once
    keep("credited", _SQL["credited"])
    engine.materialize("credited_arrivals", _SQL["credited_arrivals"])
    found = {}
    for kind, ledger in ledgers.items():
        engine.materialize("listed", _SQL[f"listed_{kind}"])
        if affected is None:
            found[kind] = _find_all(engine, _KINDS[kind], ledger, spaces, room / f"{kind}_credits.parquet")
        else:
            found[kind] = _find_some(engine, _KINDS[kind], ledger, spaces, affected)
    return found


def register_credits(
    engine: DuckEngine,
    ledgers: Mapping[str, PartyLedger],
    found: Mapping[str, PartyChanges],
    affected: Column | None,
) -> None:
    """Create `people_ids` and `companies_ids` (movie, source, key, name, role, id): the party of every credit of some
    films (None: of all), in order of movie.
    """
    for kind, now in found.items():
        if affected is None:
            engine.register(every := f"{kind}_credits", now.credits)
            engine.view(f"{kind}_ids", filled(_SQL["party_of_all_credits"], {"credits": every}))
            continue
        engine.register("credits_now", now.credits)
        engine.register("names_now", pa.table({"folded": now.names if now.names is not None else _NONE}))
        engine.register("credits_before", ledgers[kind].credits_of(affected))
        engine.materialize(f"{kind}_ids", _SQL["party_of_credits"])


def _find_all(
    engine: DuckEngine, kind: _Kind, ledger: PartyLedger, spaces: Mapping[str, str], file: Path
) -> PartyChanges:
    engine.view("involved", "SELECT * REPLACE (nullif(key, '') AS key) FROM listed")
    found = kind.find(engine, "involved", spaces)
    kept = _kept(engine, kind, found, ledger.members(None), ledger.next_party())
    engine.write(f"{_SQL['credits_with_ids']} ORDER BY movie", file)
    return msgspec.structs.replace(kept, credits=file)


def _find_some(
    engine: DuckEngine, kind: _Kind, ledger: PartyLedger, spaces: Mapping[str, str], affected: Column
) -> PartyChanges:
    names = _names(engine, kind, ledger, affected)
    if not len(names):
        return _unchanged(kind)
    engine.register("stored_credits", ledger.credits_named(names))
    engine.register("affected", pa.table({"movie": affected}))
    engine.materialize("involved", _SQL["involved"])
    found = kind.find(engine, "involved", spaces)
    kept = _kept(engine, kind, found, ledger.members(names), ledger.next_party())
    engine.register("credits_now", credits := engine.query(_SQL["credits_with_ids"]))
    changed = engine.query(_SQL["changed_films"])["movie"]
    return msgspec.structs.replace(kept, names=names, credits=credits, changed=changed)


def _names(engine: DuckEngine, kind: _Kind, ledger: PartyLedger, affected: Column) -> Column:
    """Return every folded name connected with the films' changed credits; register the listed ones as `spelt`."""
    engine.register("stored", ledger.credits_of(affected))
    engine.materialize("differing", _SQL["differing"])
    every = engine.query("SELECT name FROM listed UNION SELECT name FROM differing ORDER BY name")["name"]
    spelt = kind.spell(every.combine_chunks())
    engine.register("spellings", spelt)
    keyed = ledger.bearers(engine.query(_SQL["differing_keys"]))
    own = engine.query(_SQL["beginning"])["folded"]
    names = ledger.related(pa.array([*own.to_pylist(), *keyed.to_pylist()], pa.string()))
    engine.register("spelt", spelt.select(["name"]).filter(pc.is_in(spelt["folded"], names)))
    return names


def _unchanged(kind: _Kind) -> PartyChanges:
    """Return the result of a run that changes no credit."""
    return PartyChanges(
        names=_NONE,
        ids=_NO_NUMBERS,
        shown=pa.table({name: _NO_NUMBERS if name == "id" else _NONE for name in kind.columns}),
        parties=pa.table({"space": _NONE, "key": _NONE, "folded": _NONE, "party": _NO_NUMBERS}),
        credits=_NO_CREDITS,
        changed=_NO_NUMBERS,
    )


def _kept(engine: DuckEngine, kind: _Kind, found: who.Parties, ledger: pa.Table, first: int) -> PartyChanges:
    """Keep the parties' ids, new ones from `first` on; the engine has them as `party_ids`, credits are not read."""
    engine.register("nodes", found.nodes)
    engine.view("credits", who.CREDITS_SQL["credits"])
    kept = keep_ids(engine.query(_SQL["node_arrivals"]), ledger, first)
    engine.register("kept_nodes", kept.members)
    engine.materialize(
        "party_ids", "SELECT DISTINCT n.party, k.id FROM nodes n JOIN kept_nodes k USING (space, key, name)"
    )
    for name in ("names", "keys"):
        engine.register(name, getattr(found, name))
    shown = engine.query(_SQL["shown"])
    everyone = pa.concat_tables([kept.members, kept.gone])
    return PartyChanges(
        names=None,
        ids=pc.unique(pa.concat_tables([ledger, everyone])["id"]),
        shown=shown.append_column("folded", fold(shown["name"])).select(kind.columns),
        parties=everyone.rename_columns(["space", "key", "folded", "party"]),
        credits=_NO_CREDITS,
        changed=_NO_NUMBERS,
    )
