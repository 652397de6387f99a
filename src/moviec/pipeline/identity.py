"""A lake and a catalogue belong together: each carries the name of the pair, and two that do not match are not written to."""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import shown, writing
from moviec.catalog.deliveries import has_deliveries
from moviec.catalog.facts import fact, note_fact
from moviec.errors import StoreError
from moviec.lake.store import PAYLOADS, Store
from moviec.pipeline.ledger_copy import OLDER, OLDER_HINT, is_older

#: The file in the lake, and the name of the fact in the catalogue.
FILE, FACT = "identity", "lake"


class Pair(msgspec.Struct, frozen=True):
    """What a lake and a catalogue say of themselves: their names, and whether they hold anything."""

    lake: str | None
    catalogue: str | None
    filled: bool
    delivered: bool


class Mismatch(msgspec.Struct, frozen=True):
    """Why a lake and a catalogue do not belong together, where that is seen, and what brings them together."""

    what: str
    where: str
    hint: str


def check_pair(store: Store, catalogue: sa.Engine, work: Path) -> None:
    """Make sure that the catalogue is the lake's own; name the pair where neither has a name yet.

    Raises StoreError where they do not belong together: a catalogue that does not know the lake's files would take them
    for leftovers.
    """
    pair = pair_of(store, catalogue)
    if wrong := mismatch(store, catalogue, pair):
        raise StoreError(wrong.what, wrong.where, wrong.hint)
    name = pair.lake or pair.catalogue or str(uuid.uuid4())
    if pair.catalogue is None:
        with writing(catalogue) as connection:
            note_fact(connection, FACT, name)
    if pair.lake is None:
        made = work / FILE
        made.write_text(name, "ascii")
        store.put(made, FILE)


def pair_of(store: Store, catalogue: sa.Engine) -> Pair:
    """Read what a lake and a catalogue say of themselves."""
    filled = bool(store.names("records") or store.names(PAYLOADS.rstrip("/")))
    with catalogue.connect() as connection:
        return Pair(lake_name(store), fact(connection, FACT), filled, has_deliveries(connection))


def mismatch(store: Store, catalogue: sa.Engine, pair: Pair) -> Mismatch | None:
    """Say why the two do not belong together: one is empty and the other is not, their names differ, or one is older."""
    if pair.lake is not None and pair.lake == pair.catalogue:
        with catalogue.connect() as connection:
            older = is_older(store, connection)
        return Mismatch(OLDER, shown(str(catalogue.url)), OLDER_HINT) if older else None
    strangers = pair.lake is not None and pair.catalogue is not None
    if strangers or pair.filled != pair.delivered:
        return Mismatch(_said(pair), store.root, _HINT)
    return None


def lake_name(store: Store) -> str | None:
    """Give the name that a lake carries; None where it has none yet."""
    return store.path(FILE).read_text("ascii").strip() if store.has(FILE) else None


_HINT = (
    "check MOVIEC_CATALOGUE and MOVIEC_LAKE; of a catalogue that is lost `moviec restore` brings a backup back, and"
    " `moviec rebuild --from-lake` makes it again"
)


def _said(pair: Pair) -> str:
    if pair.filled and not pair.delivered:
        return "this lake holds deliveries and the catalogue knows none"
    if pair.delivered and not pair.filled:
        return "the catalogue knows deliveries and this lake holds none"
    return (
        f"this is the lake of another catalogue (it is of {pair.lake}, the catalogue's is {pair.catalogue})"
    )
