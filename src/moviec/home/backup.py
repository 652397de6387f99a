"""Backups: the whole database as of one moment, and every file of the lake that it names; and restoring it.

A backup's place is a folder or any fsspec URL, for one home. Files of the lake never change, so each is kept once, under
its name in the lake, however many backups name it:

    backups/INSTANT/manifest.json           written last: without it there is no backup
    backups/INSTANT/catalogue/TABLE.parquet
    backups/INSTANT/home/…                  settings and own sources, to be put back by hand
    raw/…  records/…  models/…  posters/…  videos/…  identity    as in the lake
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet
import sqlalchemy as sa

from moviec import __version__
from moviec.catalog.arrow import AT_ONCE, drop_tables, filled, parts_of, replace_rows, snapshot, table_names
from moviec.catalog.connect import HEAD, migrate, opened, shown, version, writing
from moviec.catalog.deliveries import derived_files, payloads_there
from moviec.catalog.known_posters import stored_posters, stored_videos
from moviec.catalog.leases import BACKUP, holding
from moviec.catalog.queries import last_change
from moviec.config import Home
from moviec.errors import DamagedError, StoreError, UsageError
from moviec.home.context import RunContext, Tell
from moviec.home.lake_identity import FILE, lake_name, mismatch, name_lake, readable_name
from moviec.home.ledger_copy import FOLDER as LEDGER
from moviec.home.ledger_copy import Place, complete, copy_anew, forget_copies, is_older, missing
from moviec.lake.payloads import POSTER_FOLDER, VIDEOS, payload_name, picture_names, video_name
from moviec.storage import archives as transport
from moviec.storage.files import PAYLOADS, Put, State, Store
from moviec.units import plural

BACKUPS, MANIFEST = "backups", "manifest.json"

#: Folders of the lake whose files a backup keeps; match features and the copy of the ledger are made again.
KEPT = (PAYLOADS.rstrip("/"), "records", "models", POSTER_FOLDER, VIDEOS)

#: Attempts in case tidying removes a file of the lake between reading the database and copying: everything is read
#: again.
TRIES = 3

#: Tables with a row if the catalogue is in use.
FILLED = ("deliveries", "documents", "decisions", "accounts")


class Dumped(msgspec.Struct, frozen=True):
    """A table of a backup: its file, rows, and the SHA-256 of the file."""

    file: str
    rows: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a backup. `missing`: files of the lake that the database names and that were missing or damaged.

    `home`: settings and own sources, by their names in the home folder.
    """

    moviec: str
    schema: str
    made_at: str
    lake: str
    last_change: int
    tables: dict[str, Dumped]
    files: list[str]
    missing: list[str] = []
    home: list[str] = []


class Backup(msgspec.Struct, frozen=True):
    """A stored backup: its name, which is the time it was made, and its manifest.

    `copied`: files of the lake that were copied, and their `bytes`.
    """

    name: str
    manifest: Manifest
    copied: int = 0
    bytes: int = 0

    @property
    def films(self) -> int:
        """The number of films in it."""
        return self.manifest.tables["documents"].rows


class Listed(msgspec.Struct, frozen=True):
    """The backups in a place, oldest first, and the names of those whose manifests cannot be read."""

    backups: list[Backup]
    unreadable: list[str]


class Restored(msgspec.Struct, frozen=True):
    """What was restored: which backup, rows by table, files of the lake that were written, and whether the lake is
    newer.

    `damaged`: files of the backup that are damaged or missing in its place, and were not restored.
    """

    name: str
    manifest: Manifest
    rows: dict[str, int]
    files: int
    damaged: list[str]
    is_older: bool


def backup(
    context: RunContext, url: str, keep: int = 0, verify: bool = False, tell: Tell = lambda _: None
) -> Backup:
    """Write a backup, while others work; with `keep`, keep only this many of the newest in that place.

    With `verify` existing files are checked, and copied again if damaged. Raises StoreError where the place is
    another home's or has other files, cannot be written, or where lake and catalogue do not belong together.
    """
    vault = _vault(context.home, url, context.work)
    _check_place(context, vault)
    with holding(context.catalogue, BACKUP, context.home.settings.patience, tell):
        _check_owner(context, vault)
        copied: dict[str, int] = {}
        for _ in range(TRIES):
            name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%fZ}"
            with snapshot(context.catalogue) as connection:
                tell("writing the database's tables")
                tables = _dump(connection, vault, f"{BACKUPS}/{name}", context.room("dump"))
                files, last = _named(connection), last_change(connection)
            sound = _sound(vault, verify)
            missing = _copy_files(context, vault, [name for name in files if name not in sound], copied, tell)
            with snapshot(context.catalogue) as connection:
                still = set(_named(connection))
            if still.issuperset(missing):  # otherwise tidying removed them meanwhile
                break
        settings = _copy_home(context.home, vault, f"{BACKUPS}/{name}")
        manifest = Manifest(
            moviec=__version__,
            schema=HEAD,
            made_at=dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
            lake=lake_name(context.store) or "",
            last_change=last,
            tables=tables,
            files=[file for file in files if file not in missing],
            missing=missing,
            home=settings,
        )
        ready = context.work / MANIFEST
        ready.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        vault.put(ready, f"{BACKUPS}/{name}/{MANIFEST}")
        if keep:
            _remove_older(vault, keep, tell)
    return Backup(name, manifest, len(copied), sum(copied.values()))


def backups(home: Home, url: str, work: Path, at: str = "") -> Listed:
    """List the backups in a place whose names begin with `at`. Raises UsageError where there are none."""
    vault = _vault(home, url, work)
    found = _listed(vault, at)
    if not (found.backups or found.unreadable):
        raise UsageError(
            f"there is no backup whose name begins with '{at}'" if at else "there is no backup here",
            vault.root,
            "see `moviec restore DIR --list`" if at else "name the DIR given to `moviec backup DIR`",
        )
    return found


def restore(home: Home, url: str, at: str, work: Path, tell: Tell = lambda _: None) -> Restored:
    """Restore a backup, the newest or the one whose name begins with `at`: its files into the lake, then its tables.

    The catalogue must be empty, and the lake too, or the backup's own. Raises StoreError where they are not, or where
    the backup's manifest or a table is damaged: then nothing of the catalogue was written.
    """
    vault = _vault(home, url, work)
    chosen = _newest(backups(home, url, work, at), vault)
    if chosen.manifest.schema > HEAD:
        raise StoreError(f"MovieC {chosen.manifest.moviec} made this backup", url, "install that version")
    store = Store(home.lake, home.folder / "cache", home.settings.options(home.lake))
    with opened(home.catalogue) as engine:
        _check_empty(engine, store, chosen)
        tell("restoring the lake's files")
        files, damaged = _put_files(vault, store, chosen.manifest)
        if readable_name(store) is None:
            name_lake(store, chosen.manifest.lake, work)
        tell("restoring the database")
        rows = _load(engine, vault, chosen, store)
        place = Place(store, work)
        complete(place, engine)
        with engine.connect() as connection:
            older = is_older(store, connection)
            behind = [] if older else list(missing(store, connection))
        if behind:  # an earlier restore of this backup began the lake's copy anew
            copy_anew(place, engine, behind)
        engine.dispose()
    return Restored(chosen.name, chosen.manifest, rows, files, damaged, older)


def _vault(home: Home, url: str, work: Path) -> Store:
    if not url:
        raise UsageError("the place has no name", "DIR", "name a folder or a URL")
    place = url if "://" in url else str(Path(url).expanduser().resolve())
    return Store(place, work / "vault", home.settings.options(place), lambda _: _MENDS)


#: How to recover from a damaged file of a backup.
_MENDS = (
    "name another backup with --at; if the home still exists, `moviec backup DIR --verify` copies it again"
)


def _listed(vault: Store, at: str = "") -> Listed:
    """Read the manifests in a place, those whose name begins with `at`."""
    found, unreadable = [], []
    for file in _manifests(vault):
        name = file.split("/")[1]
        if not name.startswith(at):
            continue
        try:
            found.append(Backup(name, msgspec.json.decode(vault.path(file).read_bytes(), type=Manifest)))
        except (DamagedError, msgspec.DecodeError):
            unreadable.append(name)
    return Listed(found, unreadable)


def _newest(found: Listed, vault: Store) -> Backup:
    """Return the newest backup. Raises DamagedError where its manifest cannot be read: choosing an older one is up to a
    person.
    """
    name = max([backup.name for backup in found.backups] + found.unreadable)
    if name in found.unreadable:
        raise DamagedError(
            f"the manifest of the backup {name} is damaged", vault.root, "name another with --at (see --list)"
        )
    return found.backups[-1]


def _check_place(context: RunContext, vault: Store) -> None:
    """Make sure that the place is outside the home, and that there is something intact to back up."""
    if wrong := mismatch(context.store, context.catalogue):
        raise StoreError(wrong.what, wrong.where, wrong.hint)
    here = [str(context.home.folder.resolve()), context.store.root]
    if any(f"{vault.root}/".startswith(f"{place}/") for place in here):
        raise UsageError("a backup must be outside the home", vault.root, "name another place")


def _check_owner(context: RunContext, vault: Store) -> None:
    """Make sure that the place is this home's, or empty; the home's name is written first, which claims the place."""
    mine = lake_name(context.store)
    if mine is None:
        raise StoreError("there is nothing to back up yet", str(context.home.folder), "ingest a source first")
    named, listed = readable_name(vault), _listed(vault).backups
    there = named or (listed[-1].manifest.lake if listed else None)
    if there is not None and there != mine:
        raise StoreError("this place holds the backups of another home", vault.root, "name another")
    if there is None and any(not name.startswith("parts/") for name in vault.names("")):
        raise StoreError("this place holds other files", vault.root, "name an empty or a new one")
    if named is None:
        name_lake(vault, mine, context.work)
    vault.clear_parts()


def _dump(connection: sa.Connection, vault: Store, folder: str, room: Path) -> dict[str, Dumped]:
    """Write every table of the database as a Parquet file."""
    done = {}
    for name in table_names():
        ready = room / f"{name}.parquet"
        rows = _write_parquet(parts_of(connection, name), ready)
        file = f"{folder}/catalogue/{name}.parquet"
        done[name] = Dumped(file, rows, transport.sha256(ready))
        vault.put(ready, file)
        vault.drop_copy(file)
        ready.unlink()
    return done


def _write_parquet(parts: Iterator[pa.Table], path: Path) -> int:
    first = next(parts)
    with pyarrow.parquet.ParquetWriter(path, first.schema, compression="zstd") as writer:
        rows = 0
        for part in (first, *parts):
            writer.write_table(part)
            rows += part.num_rows
    return rows


def _named(connection: sa.Connection) -> list[str]:
    """Return the files of the lake that the database names."""
    payloads = {payload_name(sha256) for sha256 in payloads_there(connection)}
    pictures = {name for poster in stored_posters(connection) for name in picture_names(poster.sha256 or "")}
    videos = {video_name(video.sha256 or "", video.kind or "") for video in stored_videos(connection)}
    return sorted({*payloads, *derived_files(connection), *pictures, *videos, FILE})


def _sound(vault: Store, verify: bool) -> set[str]:
    """Return the lake's files in the place; with `verify`, without damaged ones."""
    there = {name for folder in KEPT for name in vault.names(folder)} | ({FILE} if vault.has(FILE) else set())
    return {name for name in there if not verify or vault.check(name) is State.SOUND}


def _copy_files(
    context: RunContext, vault: Store, fresh: Sequence[str], copied: dict[str, int], tell: Tell
) -> list[str]:
    """Copy files that the place does not have; return those that are missing in the lake, or damaged."""
    tell(f"copying {plural(len(fresh), 'file', 'files')} of the lake")
    missing = []
    for name in fresh:
        try:
            path = context.store.path(name) if context.store.has(name) else None
        except DamagedError:
            path = None
        if path is None:
            missing.append(name)
            continue
        copied[name] = path.stat().st_size
        vault.put(path, name)
        vault.drop_copy(name)
    return missing


def _copy_home(home: Home, vault: Store, folder: str) -> list[str]:
    """Copy the settings and the home's own sources; return their names."""
    sources = sorted(path for path in (home.folder / "sources").rglob("*") if path.is_file())
    there = [path for path in (home.folder / "moviec.toml", *sources) if path.exists()]
    names = [str(path.relative_to(home.folder)) for path in there if "__pycache__" not in path.parts]
    for name in names:
        vault.put(home.folder / name, f"{folder}/home/{name}")
    return names


def _remove_older(vault: Store, keep: int, tell: Tell) -> None:
    """Remove all backups but the newest, each one's manifest first, then the lake's files that no other backup names.

    A backup whose manifest cannot be read is kept, and the lake's files with it: what it names is unknown.
    """
    found = _listed(vault)
    for old in found.backups[:-keep]:
        tell(f"removing the backup {old.name}")
        vault.remove(f"{BACKUPS}/{old.name}/{MANIFEST}")
        vault.remove_folder(f"{BACKUPS}/{old.name}")
    if found.unreadable:
        tell(f"no file of the lake is removed: the manifest of {', '.join(found.unreadable)} is damaged")
        return
    named = {file for backup in found.backups[-keep:] for file in backup.manifest.files}
    gone = {file for backup in found.backups[:-keep] for file in backup.manifest.files} - named
    for file in sorted(gone):
        if vault.has(file):
            vault.remove(file)


def _manifests(vault: Store) -> list[str]:
    """Return the manifests in a place, oldest first."""
    return [file for file in vault.names(BACKUPS) if file.endswith(f"/{MANIFEST}") and file.count("/") == 2]


def _check_empty(engine: sa.Engine, store: Store, chosen: Backup) -> None:
    """Make sure that nothing is overwritten: the catalogue is empty, and the lake has nothing of another home."""
    with engine.connect() as connection:
        _check_unused(connection, engine)
    there, records = readable_name(store), store.names("records")
    own = there == chosen.manifest.lake if there else not records or set(records) & set(chosen.manifest.files)
    if not own:
        raise StoreError("this is another home's lake", store.root, "name another with MOVIEC_LAKE")


def _check_unused(connection: sa.Connection, engine: sa.Engine) -> None:
    if used := filled(connection, FILLED):
        raise StoreError(
            f"the catalogue is not empty ({', '.join(used)})",
            shown(str(engine.url)),
            "move it away, or name another with --home or MOVIEC_CATALOGUE",
        )


def _put_files(vault: Store, store: Store, manifest: Manifest) -> tuple[int, list[str]]:
    """Restore the lake's files, each verified; return how many were missing or damaged, and the names of those that are
    damaged or missing in the place itself.
    """
    written, lost = 0, []
    there = {name for folder in KEPT for name in vault.names(folder)}
    for name in manifest.files:
        if name == FILE:
            continue
        try:
            path = vault.path(name) if name in there else None
        except DamagedError:
            path = None
        if path is None:
            lost.append(name)
            continue
        written += store.put(path, name) is not Put.KNOWN
        vault.drop_copy(name)
    return written, lost


def _load(engine: sa.Engine, vault: Store, chosen: Backup, store: Store) -> dict[str, int]:
    """Load the tables in one transaction under the schema that they were written with, then migrate it."""
    paths = {name: vault.path(table.file) for name, table in chosen.manifest.tables.items()}
    if version(engine) != chosen.manifest.schema:
        drop_tables(engine)
        migrate(engine, chosen.manifest.schema)
    with writing(engine) as connection:
        _check_unused(connection, engine)  # again: another process may have filled it since
        rows = replace_rows(connection, paths, lambda name: _parts(paths[name]))
        wrong = [name for name, table in chosen.manifest.tables.items() if rows.get(name) != table.rows]
        if wrong:
            raise DamagedError(f"rows are missing ({', '.join(wrong)})", chosen.name, "name another backup")
        if not store.names(LEDGER):
            forget_copies(connection)
    migrate(engine)
    return rows


def _parts(path: Path) -> Iterator[pa.Table]:
    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches(AT_ONCE):
            yield pa.Table.from_batches([batch])
