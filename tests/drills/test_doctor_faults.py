"""One random fault in a sound home: the doctor finds it, and mends it or says why it cannot; sound homes it leaves alone.

In full fifty faulty homes and ten sound ones; the short form has a few of each.
"""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from moviec.config import Home, open_home
from moviec.errors import DamagedError, MovieCError
from moviec.home.context import RunContext
from moviec.home.models import pinned_models
from moviec.jobs.doctor import Finding, examine, examine_rows, repair
from moviec.lake.payloads import keep_payload
from moviec.pipeline.fit import pin
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.search.index import catch_up, indexer
from moviec.storage.files import SUM
from tests.drills.conftest import FULL, rounds
from tests.homes import copy_tree

Break = Callable[[Home, random.Random], str]

#: What readers see, whole.
SHOWN = (
    "SELECT movie, document, claims, hash FROM documents ORDER BY movie",
    "SELECT movie, title, year, folded FROM movies ORDER BY movie",
    "SELECT * FROM rollups ORDER BY 1, 2, 3, 4",
    "SELECT id, name FROM people ORDER BY id",
)


class Fault(msgspec.Struct, frozen=True):
    """Something broken on purpose. `way_back`: what a person does where the doctor cannot mend it.

    `stops`: publishing everything again stops at it. `deep`: only working everything out again finds it.
    """

    name: str
    damage: Break
    way_back: str = ""
    stops: bool = False
    deep: bool = False


def flip(path: Path, dice: random.Random) -> None:
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def cut(path: Path, dice: random.Random) -> None:
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])


def lose(path: Path, dice: random.Random) -> None:
    path.unlink()


def one_of(folder: str, pattern: str, damage: Callable[[Path, random.Random], None]) -> Break:
    """Damage one file of a kind."""

    def broken(home: Home, dice: random.Random) -> str:
        path = dice.choice(of_kind(home, folder, pattern))
        damage(path, dice)
        return path.name

    return broken


def two_of(folder: str, pattern: str) -> Break:
    """Swap two files of a kind."""

    def broken(home: Home, dice: random.Random) -> str:
        one, other = dice.sample(of_kind(home, folder, pattern), 2)
        first, second = one.read_bytes(), other.read_bytes()
        one.write_bytes(second)
        other.write_bytes(first)
        return one.name

    return broken


def of_kind(home: Home, folder: str, pattern: str) -> list[Path]:
    found = [
        path
        for path in sorted((home.folder / folder).rglob(pattern))
        if path.is_file() and path.stat().st_size
    ]
    if pattern == ROWS:
        found = [path for path in found if not path.name.endswith((".keys.parquet", ".blocks.parquet"))]
    return found


def stray(folder: str) -> Break:
    def broken(home: Home, dice: random.Random) -> str:
        path = home.folder / "lake" / folder / f"{dice.getrandbits(64):x}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"stray")
        (path.parent / (path.name + SUM)).write_text(f"{'0' * 64}  {path.name}\n")
        return path.name

    return broken


def sql(statement: str) -> Break:
    """Change a row of a film of the catalogue behind its back."""

    def broken(home: Home, dice: random.Random) -> str:
        with sqlite3.connect(home.folder / "catalogue.db") as connection:
            movies = [row[0] for row in connection.execute("SELECT movie FROM documents ORDER BY movie")]
            changed = connection.execute(statement, {"movie": dice.choice(movies)}).rowcount
            assert changed, statement
        connection.close()
        return statement

    return broken


def page(name: str, damage: Callable[[bytearray, random.Random], None]) -> Break:
    """Damage the root page of a table or index in the database's file."""

    def broken(home: Home, dice: random.Random) -> str:
        path = home.folder / "catalogue.db"
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()[0]
        connection.close()
        data = bytearray(path.read_bytes())
        content = data[(root - 1) * size : root * size]
        damage(content, dice)
        data[(root - 1) * size : root * size] = content
        path.write_bytes(data)
        return name

    return broken


def zeroed(content: bytearray, dice: random.Random) -> None:
    content[:] = bytes(len(content))


def last_byte(content: bytearray, dice: random.Random) -> None:
    """The first row that came into an index stands at the end of its page, its row number last."""
    content[-1] ^= 1 << dice.randrange(7)


def header(home: Home, dice: random.Random) -> str:
    path = home.folder / "catalogue.db"
    data = bytearray(path.read_bytes())
    data[dice.randrange(16)] ^= 1
    path.write_bytes(data)
    return "header"


def in_search(change: Callable[[Path, random.Random], None]) -> Break:
    def broken(home: Home, dice: random.Random) -> str:
        change(home.search, dice)
        return "search"

    return broken


def segments(search: Path) -> list[Path]:
    folder = search / (search / "current").read_text().strip()
    return [path for path in sorted(folder.iterdir()) if path.suffix != ".json" and path.stat().st_size > 100]


def a_segment(damage: Callable[[Path, random.Random], None]) -> Callable[[Path, random.Random], None]:
    return lambda search, dice: damage(dice.choice(segments(search)), dice)


def nowhere(search: Path, dice: random.Random) -> None:
    (search / "current").write_text("index-0")


def behind(search: Path, dice: random.Random) -> None:
    path = search / (search / "current").read_text().strip() / "position.json"
    held = msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode({**held, "change": held["change"] // 2}))


RECORDS, SHELF, MODELS, RAW, LEDGER = (
    f"lake/{name}" for name in ("records", "features", "models", "raw", "ledger")
)
ROWS, KEYS, BLOCKS, SUMS, ANY = "*.parquet", "*.keys.parquet", "*.blocks.parquet", f"*{SUM}", "*"
AGAIN, BACKUP = "deliver again", "backup"

SHORTLY = ("batch: flip", "blocks: flip", "payload: cut", "a table's page zeroed", "search segment: flip")

FAULTS = [
    *(Fault(f"batch: {do.__name__}", one_of(RECORDS, ROWS, do), stops=do is not lose) for do in (flip, cut, lose)),
    *(Fault(f"keys of a batch: {do.__name__}", one_of(RECORDS, KEYS, do)) for do in (flip, cut, lose)),
    Fault("two batches swapped", two_of(RECORDS, ROWS), stops=True),
    *(Fault(f"match features: {do.__name__}", one_of(SHELF, ROWS, do), stops=True) for do in (flip, cut)),
    *(Fault(f"blocks: {do.__name__}", one_of(SHELF, BLOCKS, do)) for do in (flip, cut)),
    Fault("two files of features swapped", two_of(SHELF, ROWS), stops=True),
    *(Fault(f"model: {do.__name__}", one_of(MODELS, "*.json", do), BACKUP, stops=do is not lose) for do in (flip, cut, lose)),
    *(Fault(f"payload: {do.__name__}", one_of(RAW, ANY, do), AGAIN) for do in (flip, cut, lose)),
    Fault("two payloads swapped", two_of(RAW, ANY), AGAIN),
    *(Fault(f"checksum of a batch: {do.__name__}", one_of(RECORDS, SUMS, do)) for do in (flip, cut, lose)),
    Fault("checksum of match features: flip", one_of(SHELF, SUMS, flip)),
    *(Fault(f"copy of the ledger: {do.__name__}", one_of(LEDGER, ROWS, do)) for do in (flip, cut, lose)),
    Fault("checksum of a copy of the ledger: flip", one_of(LEDGER, SUMS, flip)),
    *(Fault(f"name of the lake: {do.__name__}", one_of("lake", "identity", do)) for do in (flip, cut, lose)),
    Fault("stray file among the batches", stray("records/kaggle/1")),
    Fault("stray payload", stray("raw/00")),
    Fault("document changed", sql("UPDATE documents SET document = (SELECT document FROM documents WHERE movie <> :movie LIMIT 1) WHERE movie = :movie")),
    Fault("document cut", sql("UPDATE documents SET document = substr(document, 1, 40) WHERE movie = :movie")),
    Fault("document lost", sql("DELETE FROM documents WHERE movie = :movie")),
    Fault("title changed", sql("UPDATE movies SET title = 'Teeth' WHERE movie = :movie")),
    Fault("a year's sums changed", sql("UPDATE rollups SET revenue = revenue + 1 WHERE year = (SELECT min(year) FROM rollups)")),
    Fault("rankings lost", sql("DELETE FROM rankings WHERE year = (SELECT max(year) FROM rankings)")),
    Fault("a film's credits cut", sql("UPDATE film_credits SET credits = substr(credits, 1, 20) WHERE movie = :movie")),
    Fault("claims changed", sql("UPDATE documents SET claims = (SELECT claims FROM documents WHERE movie <> :movie LIMIT 1) WHERE movie = :movie")),
    Fault("a person's name changed", sql("UPDATE people SET name = name || 'x' WHERE id = (SELECT min(id) FROM people)"), deep=True),
    Fault("entry of the change log lost", sql("DELETE FROM changes WHERE number = 2"), BACKUP),
    Fault("aggregator's checkpoint ahead", sql("UPDATE checkpoints SET position = 99999 WHERE follower = 'catalogue'")),
    Fault("index's checkpoint ahead", sql("UPDATE checkpoints SET position = 99999 WHERE follower LIKE 'search%'")),
    Fault("a table's page zeroed", page("documents", zeroed), BACKUP),
    Fault("an index's page changed", page("ix_deliveries_source", last_byte)),
    Fault("the database's header changed", header, BACKUP),
    *(Fault(f"search segment: {do.__name__}", in_search(a_segment(do))) for do in (flip, cut, lose)),
    Fault("search index: meta.json changed", in_search(lambda search, dice: flip(next(search.glob("*/meta.json")), dice))),
    Fault("search index points nowhere", in_search(nowhere)),
    Fault("search index older than its checkpoint", in_search(behind)),
    Fault("search index: position lost", in_search(lambda search, dice: next(search.glob("*/position.json")).unlink())),
]  # fmt: skip

#: A fault of every kind of place, for the short form.
SHORT = [one for one in FAULTS if one.name in SHORTLY]


@pytest.fixture(scope="module")
def sound(drilled: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home with everything in it: the sample, fitted models, the search index."""
    home = open_home(tmp_path_factory.mktemp("sound") / "home", {})
    copy_tree(drilled.folder, home.folder)
    with open_run(home, alone=True) as context:
        pin(context, pinned_models(context))
        with indexer(home.search):
            catch_up(context.catalogue, home.search)
        connection = context.catalogue.raw_connection()
        connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
    return home


@pytest.fixture
def copied(sound: Home, tmp_path: Path) -> Iterator[Callable[[], Home]]:
    """Give a maker of copies of the sound home, each in place of the one before."""

    def copy() -> Home:
        shutil.rmtree(tmp_path / "home", ignore_errors=True)
        shutil.copytree(sound.folder, tmp_path / "home")
        return open_home(tmp_path / "home", {})

    yield copy


def shown(context: RunContext) -> list[list[tuple[object, ...]]]:
    with context.catalogue.connect() as connection:
        return [[tuple(row) for row in connection.execute(sa.text(query))] for query in SHOWN]


def look(home: Home, deep: bool = False) -> list[Finding]:
    """Do what `moviec doctor [--deep]` does; a database that cannot be opened is a finding, too."""
    try:
        with open_run(home) as context:
            found = examine(context)
        if not found and deep:
            with open_run(home, alone=True) as context:
                found = examine_rows(context)
    except MovieCError as error:
        assert isinstance(error, DamagedError) and "\n" not in str(error)
        return [Finding(str(error), "", "")]
    return found


def go_back(home: Home, sound: Home, way: str) -> None:
    """Do what a person does: deliver the payloads again, or restore the backup."""
    if way == BACKUP:
        for name in ("catalogue.db", "catalogue.db-wal", "catalogue.db-shm"):
            (home.folder / name).unlink(missing_ok=True)
        shutil.copy(sound.folder / "catalogue.db", home.folder)
        shutil.copytree(sound.folder / MODELS, home.folder / MODELS, dirs_exist_ok=True)
        return
    with open_run(home) as context:
        for path in of_kind(sound, RAW, ANY):
            keep_payload(context.store, path)


@pytest.mark.slow
def test_every_fault_is_found_and_mended_or_it_is_said_why_not(
    sound: Home, copied: Callable[[], Home], chance: random.Random
) -> None:
    with open_run(sound) as context:
        before = shown(context)
    turns = range(max(50, len(FAULTS)) if FULL else len(SHORT))
    faults = SHORT if len(turns) == len(SHORT) else FAULTS
    table = []
    for number in turns:
        fault = faults[number % len(faults)]
        home = copied()
        where = fault.damage(home, chance)
        found = look(home, fault.deep)
        assert found, f"not found: {fault.name} ({where})"
        if fault.stops:
            with open_run(home, alone=True) as context, pytest.raises(DamagedError, match="is damaged"):
                bring_up(context, Scope(everything=True))
        if fault.way_back:
            assert not any(one.mend for one in found), fault.name
            go_back(home, sound, fault.way_back)
        else:
            assert all(one.mend for one in found), (fault.name, found)
            with open_run(home, alone=True) as context:
                assert repair(context, found) == [], fault.name
        assert look(home, deep=faults is FAULTS) == [], fault.name
        with open_run(home) as context:
            assert shown(context) == before, fault.name
        table.append(f"| {fault.name} | {found[0].what} | {fault.way_back or 'mended'} |")
    print("\n".join(["", "| fault | found as | then |", "|---|---|---|", *table]))


def test_nothing_is_found_in_sound_homes(copied: Callable[[], Home]) -> None:
    for _ in rounds(1, 10):
        assert look(copied(), deep=True) == []


def test_a_flipped_bit_of_the_database_shows_nothing_else_unnoticed(
    sound: Home, copied: Callable[[], Home], chance: random.Random
) -> None:
    """Where readers would see other rows, or none, the doctor finds it; other bits lie where nothing is, or in records of runs."""
    with open_run(sound) as context:
        before = shown(context)
    said_otherwise = 0
    for _ in rounds(1, 16):
        home = copied()
        flip(home.folder / "catalogue.db", chance)
        try:
            with open_run(home) as context:
                same = shown(context) == before
        except MovieCError:
            same = False
        if not same:
            said_otherwise += 1
            assert look(home, deep=True), "not found"
    print(f"{said_otherwise} of {len(rounds(1, 16))} bits changed what readers see")
