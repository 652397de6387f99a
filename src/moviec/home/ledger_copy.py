"""The lake's own copy of the ledger: what neither payloads nor batches contain, so that the lake alone is enough to
rebuild the catalogue (`moviec rebuild --from-lake`).

Below `ledger/TABLE/` are numbered Parquet files. Each holds rows as they are from then on; one named `…-whole` holds
all rows of the table, which replaces all earlier ones. A file is written before the transaction that changes the rows
is committed, so the copy is never behind; `ledger/committed/NUMBER` is written after it. What a transaction leaves that
was rolled back has the number of the next one, which moves it aside. A catalogue that does not know of the
last committed transaction is out of date. A migration that changes a copied table deletes its fact, `ledger/TABLE`:
then the next run copies the table whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet
import sqlalchemy as sa

from moviec.catalog.arrow import columns_of, key_of, rows_of
from moviec.catalog.connect import shown, writing
from moviec.catalog.facts import LOG_BEGINS, fact, note_fact
from moviec.catalog.parties import of_kind
from moviec.catalog.queries import last_change
from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.errors import StoreError
from moviec.lake.payloads import move_aside
from moviec.model import PartyChanges
from moviec.storage import archives as transport
from moviec.storage.files import Store

#: The folder in the lake; the name of the newest file is a fact of the catalogue, `ledger/TABLE`.
FOLDER = "ledger"

#: The folder of transaction marks; the number of the last is a fact of the catalogue.
COMMITTED = "ledger/committed"

#: The tables that are copied (of `catalogue_state` one fact, LOG_BEGINS), with the columns whose rows take the place of one another.
UNITS = {
    "deliveries": ("id",),
    "delivery_payloads": ("delivery",),
    "batches": ("delivery",),
    "rejected_rows": ("delivery",),
    "decisions": ("number",),
    "models": ("version",),
    "identities": ("movie",),
    "records": ("source", "key"),
    "parties": ("kind", "space", "key", "folded"),
    "catalogue_state": ("name",),
}

#: These tables of a delivery are copied together; for small ones every file holds all rows.
OF_DELIVERIES = ("deliveries", "delivery_payloads", "batches", "rejected_rows")
SMALL = ("decisions", "models", "catalogue_state")

#: Columns that a publication changes, which are recomputed and not copied again for that.
AFTERWARDS = frozenset({("deliveries", "report"), ("batches", "published")})

#: More deliveries than this are copied by copying all.
MANY = 1_000


class Place(msgspec.Struct, frozen=True):
    """Where a copy is written: the lake, and a folder for unfinished files."""

    store: Store
    work: Path


class Copied(msgspec.Struct, frozen=True, order=True):
    """A file of the copy, ordered as they were written."""

    number: int
    name: str

    @property
    def whole(self) -> bool:
        """Whether it holds all rows of its table."""
        return self.name.endswith("-whole.parquet")


class Copy:
    """The part of the copy written with one transaction."""

    def __init__(self, place: Place, connection: sa.Connection) -> None:
        """Start empty; `connection` is that of the `writing` transaction."""
        self.connection = connection
        self._place = place
        self._files: list[str] = []
        self._state: list[str] = []

    def deliveries(self, ids: Sequence[str]) -> None:
        """Copy the rows of some deliveries as they are now."""
        for name in OF_DELIVERIES:
            some = None if len(ids) > MANY else ids
            self._write(name, rows_of(self.connection, name, UNITS[name][0], some), whole=some is None)

    def movies(self, rows: Mapping[str, pa.Table], parties: Mapping[str, PartyChanges]) -> None:
        """Copy rows of `records` and `identities` that a publication wrote, who its people and companies are, and the
        number of the last change.
        """
        nodes = [("parties", of_kind(kind, now.parties)) for kind, now in sorted(parties.items())]
        for name, some in [*rows.items(), *nodes]:
            self._write(name, some.select(columns_of(name)))
        self.table("catalogue_state")

    def table(self, name: str) -> None:
        """Copy a table whole."""
        if name == "catalogue_state":
            rows = pa.table({"name": [LOG_BEGINS], "value": [str(last_change(self.connection))]})
        else:
            rows = rows_of(self.connection, name)
        self._write(name, rows, whole=True)

    def count(self) -> str:
        """Count the transaction, where it copied anything, before it is committed; return its mark, else nothing."""
        if not self._files:
            return ""
        number = int(fact(self.connection, COMMITTED) or 0) + 1
        note_fact(self.connection, COMMITTED, str(number))
        self._state = [file for name in UNITS if (file := fact(self.connection, _fact(name)))]
        return f"{COMMITTED}/{number:08}"

    def mark(self, name: str) -> None:
        """Record in the lake that the transaction was committed, and which file of every table is the newest then."""
        place = self._place
        ready = place.work / "committed"
        ready.write_text("".join(f"{file}\n" for file in self._state), "ascii")
        before = place.store.names(COMMITTED)
        place.store.put(ready, name)
        for earlier in before:
            if earlier < name:
                place.store.remove(earlier)

    def _write(self, name: str, rows: pa.Table, whole: bool = False) -> None:
        """Write the next file of a table; a table copied for the first time is copied whole."""
        place, connection = self._place, self.connection
        if fact(connection, _fact(name)) is None and not whole:
            rows, whole = rows_of(connection, name), True
        if not rows.num_rows and not whole:
            return
        number = _newest(connection, name) + 1
        files = _files(place.store, name)
        if ahead := [file.name for file in files if file.number >= number]:
            move_aside(place.store, ahead, "its transaction was rolled back", place.work)
        ready = place.work / f"{name}.parquet"
        pyarrow.parquet.write_table(rows, ready, compression="zstd")
        file = f"{FOLDER}/{name}/{number:08}-{transport.sha256(ready)[:8]}{'-whole' if whole else ''}.parquet"
        place.store.put(ready, file)
        note_fact(connection, _fact(name), file)
        self._files.append(file)
        if name in SMALL:  # the previous one stays: this transaction may still be rolled back
            for earlier in files:
                if earlier.number < number - 1:
                    place.store.remove(earlier.name)


@contextmanager
def copying(place: Place, catalogue: sa.Engine, enforced: bool = True) -> Iterator[Copy]:
    """Open one `writing` transaction that also writes the copy of the ledger.

    Raises StoreError where the catalogue is older than its lake.
    """
    with writing(catalogue, enforced=enforced) as connection:
        if is_older(place.store, connection):
            raise StoreError(OLDER, shown(str(catalogue.url)), OLDER_HINT)
        copy = Copy(place, connection)
        yield copy
        mark = copy.count()
    if mark:
        copy.mark(mark)


def complete(place: Place, catalogue: sa.Engine) -> None:
    """Copy tables without a copy. Needs the lease on arrivals."""
    with catalogue.connect() as connection:
        wanted = [name for name in UNITS if not fact(connection, _fact(name))]
    if wanted:
        with copying(place, catalogue) as copy:
            for name in wanted:
                copy.table(name)


def compact(place: Place, catalogue: sa.Engine, most: int) -> int:
    """Copy tables again whose copy has more than a number of files, and remove those files; return how many tables."""
    many = [name for name, files in _every(place.store).items() if len(files) > most and name not in SMALL]
    copy_anew(place, catalogue, many)
    return len(many)


def copy_anew(place: Place, catalogue: sa.Engine, names: Sequence[str]) -> None:
    """Copy tables whole, and remove earlier files, including damaged ones."""
    with copying(place, catalogue) as copy:
        for name in names:
            copy.table(name)
    for name in names:
        files = _files(place.store, name)
        for file in files[:-1]:
            place.store.remove(file.name)


def copied_table(file: str) -> str:
    """Return the table that a file of the copy belongs to; that of a mark is written with the next transaction."""
    name = file.split("/")[1].partition(":")[0]
    return name if name in UNITS else "catalogue_state"


def missing(store: Store, connection: sa.Connection) -> dict[str, list[str]]:
    """Return, by table, what its copy lacks: the newest file, or an earlier one."""
    known = {name: _newest(connection, name) for name in UNITS}
    there = _every(store)
    found = {}
    for name, last in known.items():
        files = _in_force(there[name])
        numbers = {file.number for file in files}
        if last and not (files and files[0].whole):
            found[name] = [f"{FOLDER}/{name}: the file that is whole"]
        elif last and (
            lacking := [missing for missing in range(min(numbers), last + 1) if missing not in numbers]
        ):
            found[name] = [f"{FOLDER}/{name}/{number:08}" for number in lacking]
    if int(fact(connection, COMMITTED) or 0) and not _committed(store):
        found.setdefault("catalogue_state", []).append(COMMITTED)
    return found


def is_older(store: Store, connection: sa.Connection) -> bool:
    """Return whether the catalogue is older than its lake: transactions were committed that it knows nothing of."""
    marks = store.names(COMMITTED)  # read first: later commits are in the catalogue
    known = int(fact(connection, COMMITTED) or 0)
    return any(int(mark.rpartition("/")[2]) > known for mark in marks)


def name_copies(engine: DuckEngine, store: Store) -> list[str]:
    """Materialize each copied table's rows under its own name; return the names.

    Raises StoreError where the lake has no copy, or a file of it is missing.
    """
    there = {name: _in_force(files) for name, files in _every(store).items()}
    committed = _committed(store)
    if not there["deliveries"]:
        raise StoreError(
            "this lake has no copy of the ledger", store.root, "restore a backup, or ingest the files again"
        )
    for name, files in there.items():
        numbers = {file.number for file in files} or {0}
        is_torn = bool(files) and (not files[0].whole or max(numbers) - min(numbers) >= len(numbers))
        if is_torn or max(numbers) < committed.get(name, 0 if committed else 1):
            raise StoreError(
                "the lake's copy of the ledger lacks files", f"{FOLDER}/{name}", "restore a backup"
            )
        if files:
            engine.materialize(name, _rows(name, [store.path(file.name) for file in files]))
    return [name for name, files in there.items() if files]


def _committed(store: Store) -> dict[str, int]:
    """Return, by table, the number of its newest file at the last transaction marked in the lake."""
    marks = store.names(COMMITTED)
    if not marks:
        return {}
    files = store.path(marks[-1]).read_text("ascii").split()
    return {file.split("/")[1]: _number(file) for file in files}


def _rows(name: str, paths: Sequence[Path]) -> str:
    """Return the query of a table's current rows: of rows that replace one another, those written last.

    Columns missing in an older version are NULL.
    """
    columns = ", ".join(map(identifier, columns_of(name)))
    key = ", ".join(map(identifier, key_of(name)))
    files = ", ".join(quoted(str(path)) for path in paths)
    unknown = ", ".join(f"NULL AS {identifier(column)}" for column in columns_of(name))
    return (
        f"SELECT {columns} FROM (SELECT *, rank() OVER (PARTITION BY {', '.join(UNITS[name])} ORDER BY filename DESC)"
        f" AS place FROM (SELECT {unknown} WHERE false UNION ALL BY NAME"
        f" FROM read_parquet([{files}], filename = true, union_by_name = true))) WHERE place = 1 ORDER BY {key}"
    )


#: The message for a restored catalogue that is out of date, and the hint.
OLDER = "the catalogue is older than its lake"
OLDER_HINT = "`moviec rebuild --from-lake` updates it, or restore a newer one"


def forget_copies(connection: sa.Connection) -> None:
    """Make the next run copy everything: the lake has no copy."""
    for name in (*map(_fact, UNITS), COMMITTED):
        note_fact(connection, name, None)


def note_copies(connection: sa.Connection, store: Store) -> None:
    """Record that the catalogue has read the whole copy."""
    for name, files in _every(store).items():
        note_fact(connection, _fact(name), files[-1].name if files else None)
    marks = store.names(COMMITTED)
    note_fact(connection, COMMITTED, str(int(marks[-1].rpartition("/")[2])) if marks else None)


def _fact(name: str) -> str:
    return f"{FOLDER}/{name}"


def _newest(connection: sa.Connection, name: str) -> int:
    known = fact(connection, _fact(name))
    return _number(known) if known else 0


def _number(file: str) -> int:
    return int(file.rpartition("/")[2].partition("-")[0])


def _files(store: Store, name: str) -> list[Copied]:
    return sorted(Copied(_number(file), file) for file in store.names(f"{FOLDER}/{name}"))


def _every(store: Store) -> dict[str, list[Copied]]:
    """Return the files of every table, listed at once."""
    found: dict[str, list[Copied]] = {name: [] for name in UNITS}
    for file in store.names(FOLDER):
        if file.startswith(f"{COMMITTED}/"):
            continue
        found[file.split("/")[1]].append(Copied(_number(file), file))
    return {name: sorted(files) for name, files in found.items()}


def _in_force(files: list[Copied]) -> list[Copied]:
    """Return the files from the last whole one on."""
    wholes = [place for place, file in enumerate(files) if file.whole]
    return files[wholes[-1] :] if wholes else files
