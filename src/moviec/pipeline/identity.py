"""A lake and a catalogue belong together: each carries the name of the pair, and two that do not match are not written to."""

from __future__ import annotations

import uuid
from pathlib import Path

import sqlalchemy as sa

from moviec.catalog.connect import writing
from moviec.catalog.schema.arrivals import deliveries
from moviec.catalog.schema.serving import catalogue_state
from moviec.errors import StoreError
from moviec.lake.store import PAYLOADS, Store

#: The file in the lake, and the name of the fact in the catalogue.
FILE, FACT = "identity", "lake"


def check_pair(store: Store, catalogue: sa.Engine, work: Path) -> None:
    """Make sure that the catalogue is the lake's own; name the pair where neither has a name yet.

    Raises StoreError where one of them is empty and the other is not, or they have different names: a catalogue that
    does not know the lake's files would take all of them for leftovers.
    """
    lake = store.path(FILE).read_text("ascii").strip() if store.has(FILE) else None
    with catalogue.connect() as connection:
        known = connection.scalar(sa.select(catalogue_state.c.value).where(catalogue_state.c.name == FACT))
        delivered = connection.scalar(sa.select(deliveries.c.id).limit(1)) is not None
    if lake is not None and lake == known:
        return
    filled = bool(store.names("records") or store.names(PAYLOADS.rstrip("/")))
    strangers = lake is not None and known is not None
    if strangers or filled != delivered:
        raise StoreError(_said(lake, known, filled, delivered), store.root, _HINT)
    name = lake or known or str(uuid.uuid4())
    with writing(catalogue) as connection:
        connection.execute(sa.delete(catalogue_state).where(catalogue_state.c.name == FACT))
        connection.execute(sa.insert(catalogue_state).values(name=FACT, value=name))
    if lake is None:
        made = work / FILE
        made.write_text(name, "ascii")
        store.put(made, FILE)


_HINT = "check MOVIEC_CATALOGUE and MOVIEC_LAKE, or put the catalogue's backup back"


def _said(lake: str | None, known: str | None, filled: bool, delivered: bool) -> str:
    if filled and not delivered:
        return "this lake holds deliveries and the catalogue knows none"
    if delivered and not filled:
        return "the catalogue knows deliveries and this lake holds none"
    return f"this is the lake of another catalogue (it is of {lake}, the catalogue's is {known})"
