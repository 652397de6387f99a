"""Single facts about the catalogue, by name: which lake is its own, which models it was built with, …"""

from __future__ import annotations

import sqlalchemy as sa

from moviec.catalog.schema.serving import catalogue_state

#: The number after which the change log begins: that of the last change in a catalogue that was lost.
LOG_BEGINS = "log_begins_after"


def fact(connection: sa.Connection, name: str) -> str | None:
    """Return a fact, None where it is not known."""
    query = sa.select(catalogue_state.c.value).where(catalogue_state.c.name == name)
    found: str | None = connection.scalar(query)
    return found


def note_fact(connection: sa.Connection, name: str, value: str | None) -> None:
    """Note a fact in the place of what was known; None forgets it. Inside a `writing` transaction."""
    connection.execute(sa.delete(catalogue_state).where(catalogue_state.c.name == name))
    if value is not None:
        connection.execute(sa.insert(catalogue_state).values(name=name, value=value))
