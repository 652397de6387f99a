"""A lake and a catalogue belong together: each has the name of the pair, and two that do not match are not written
to.
"""

from __future__ import annotations

import uuid
from pathlib import Path

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import shown, writing
from moviec.catalog.deliveries import has_deliveries
from moviec.catalog.facts import fact, note_fact
from moviec.errors import DamagedError, StoreError
from moviec.home.ledger_copy import OLDER, OLDER_HINT, is_older
from moviec.storage.files import PAYLOADS, Store

#: The file in the lake, and the name of the fact in the catalogue.
FILE, FACT = "identity", "lake"


class Mismatch(msgspec.Struct, frozen=True):
    """Why a lake and a catalogue do not belong together, where that shows, and how to fix it."""

    what: str
    where: str
    hint: str


def check_pair(store: Store, catalogue: sa.Engine, work: Path) -> None:
    """Make sure that the catalogue is the lake's own; name the pair where neither has a name yet.

    Raises StoreError where they do not belong together: a catalogue that does not know the lake's files would treat
    them as leftovers.
    """
    if wrong := mismatch(store, catalogue):
        raise StoreError(wrong.what, wrong.where, wrong.hint)
    lake, known = readable_name(store), _known_name(catalogue)
    name = lake or known or new_name()
    if known is None:
        with writing(catalogue) as connection:
            note_fact(connection, FACT, name)
    if lake is None:
        name_lake(store, name, work)


def new_name() -> str:
    """Return a new name for a pair."""
    return str(uuid.uuid4())


def name_lake(store: Store, name: str, work: Path) -> None:
    """Write a lake's name if it has no readable one."""
    if store.has(FILE):
        store.remove(FILE)
    made = work / FILE
    made.write_text(name, "ascii")
    store.put(made, FILE)


def mismatch(store: Store, catalogue: sa.Engine) -> Mismatch | None:
    """Return why the two do not belong together: their names differ, one is empty and the other is not, or one is out
    of date.
    """
    lake, known = readable_name(store), _known_name(catalogue)
    if None not in (lake, known):
        wrong = f"this is the lake of another catalogue (it is of {lake}, the catalogue's is {known})"
        wrong = wrong if lake != known else ""
    else:
        wrong = _one_is_empty(store, catalogue)
    if wrong:
        return Mismatch(wrong, store.root, _HINT)
    with catalogue.connect() as connection:
        older = is_older(store, connection)
    return Mismatch(OLDER, shown(str(catalogue.url)), OLDER_HINT) if older else None


def readable_name(store: Store) -> str | None:
    """Return a lake's name; None if it has none, or it is damaged."""
    try:
        return lake_name(store)
    except DamagedError:
        return None


def lake_name(store: Store) -> str | None:
    """Return a lake's name; None if it has none yet."""
    return store.path(FILE).read_text("ascii").strip() if store.has(FILE) else None


_HINT = (
    "check MOVIEC_CATALOGUE and MOVIEC_LAKE; if the catalogue is lost, `moviec restore` restores a backup, and"
    " `moviec rebuild --from-lake` builds it again"
)


def _known_name(catalogue: sa.Engine) -> str | None:
    with catalogue.connect() as connection:
        return fact(connection, FACT)


def _one_is_empty(store: Store, catalogue: sa.Engine) -> str:
    """Return which of the two holds deliveries where the other does not."""
    filled = bool(store.names("records") or store.names(PAYLOADS.rstrip("/")))
    with catalogue.connect() as connection:
        delivered = has_deliveries(connection)
    if filled == delivered:
        return ""
    if filled:
        return "this lake holds deliveries and the catalogue has none"
    return "the catalogue has deliveries and this lake has none"
