"""Shows what migrating a catalogue to this version's schema would do, tried on the data itself and rolled back."""

from __future__ import annotations

import time

import msgspec
import sqlalchemy as sa

from moviec.catalog.connect import HEAD, alembic_config, migrated, opened, shown, version
from moviec.errors import StoreError


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema's history."""

    number: str
    title: str


class Upgrade(msgspec.Struct, frozen=True, kw_only=True):
    """A catalogue's revision, the target revision, and the steps between; `tables`: what changes in each table.

    `at` is None for an empty database. `seconds`: how long the steps took, None if none were run.
    """

    at: str | None
    newest: str
    steps: list[Migration]
    tables: dict[str, str] = {}
    seconds: float = 0.0


def upgrade_of(url: str) -> Upgrade:
    """Return the pending steps of a catalogue. Raises StoreError for one of a newer MovieC."""
    with opened(url) as engine:
        at = version(engine)
        engine.dispose()
    return Upgrade(at=at, newest=HEAD, steps=_steps(at, url))


def rehearse(url: str) -> Upgrade:
    """Run the steps on the data itself and roll them back; return what they changed.

    Readers continue meanwhile; writers wait. Raises StoreError where a step fails.
    """
    planned = upgrade_of(url)
    if not planned.steps or planned.at is None:
        return planned
    with opened(url) as engine:
        with engine.connect() as connection:
            before = _tables(connection)
        begun = time.perf_counter()
        with migrated(engine) as connection:
            seconds = time.perf_counter() - begun
            after = _tables(connection)
            connection.rollback()
        engine.dispose()
    return msgspec.structs.replace(planned, tables=_compared(before, after), seconds=round(seconds, 3))


def _steps(at: str | None, url: str) -> list[Migration]:
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    history = ScriptDirectory.from_config(alembic_config())
    try:
        found = list(history.iterate_revisions("head", at or "base"))
    except (CommandError, RevisionError) as error:
        hint = "install the newer one"
        raise StoreError(
            f"its schema is not of this version of MovieC ({error})", shown(url), hint
        ) from error
    return [
        Migration(each.revision, " ".join((each.doc or "").partition("\n\n")[0].split()))
        for each in reversed(found)
    ]


def _tables(connection: sa.Connection) -> dict[str, tuple[frozenset[str], int]]:
    """Return every table's columns and number of rows."""
    looked = sa.inspect(connection)
    return {
        name: (
            frozenset(column["name"] for column in looked.get_columns(name)),
            int(connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0),
        )
        for name in looked.get_table_names()
        if name != "alembic_version"
    }


def _compared(
    before: dict[str, tuple[frozenset[str], int]], after: dict[str, tuple[frozenset[str], int]]
) -> dict[str, str]:
    """Describe the change of each table that differs from before."""
    found = {}
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            found[name] = f"dropped, with {before[name][1]:,} rows"
        elif name not in before:
            found[name] = f"made, {after[name][1]:,} rows"
        else:
            (columns, rows), (now, left) = before[name], after[name]
            said = [f"+ {', '.join(sorted(now - columns))}"] if now - columns else []
            said += [f"- {', '.join(sorted(columns - now))}"] if columns - now else []
            said += [f"{rows:,} rows become {left:,}"] if rows != left else []
            if said:
                found[name] = "; ".join(said)
    return found
