"""A home with a made-up catalogue of any size and its search index, kept for the next run."""

from __future__ import annotations

import csv
import shutil
import sqlite3
import zlib
from pathlib import Path

import sqlalchemy as sa

from measure import CACHE, REAL
from moviec.catalog import migrations
from moviec.catalog.arrow import read
from moviec.catalog.compression import compress
from moviec.catalog.connect import connect
from moviec.catalog.schema.movies import rankings, rollups
from moviec.catalog.staging import merge
from moviec.engine import DuckEngine
from moviec.rollup.ranked import leading
from moviec.search.index import build
from moviec.search.location import current, position

GENRES = [
    "Action",
    "Adventure",
    "Animation",
    "Biography",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Family",
    "Fantasy",
    "History",
    "Horror",
    "Music",
    "Musical",
    "Mystery",
    "Romance",
    "Sport",
    "Thriller",
    "War",
    "Western",
]


def home_of(films: int) -> Path:
    """Give a home whose catalogue has so many films. It is kept for as long as the schema and the films stay the same."""
    home = CACHE / f"api-{films}-{_version():08x}"
    if not (home / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        (home / "moviec.toml").write_text("anonymous = true\nanonymous_limit = 100000000\n")
        catalogue = connect(f"sqlite:///{home / 'catalogue.db'}")
        fill(home / "catalogue.db", films)
        rank(catalogue)
        catalogue.dispose()
        (home / "ready").touch()
    index(home)
    return home


def index(home: Path) -> None:
    """Index the films where there is no index of this layout."""
    used = current(home / "search")
    if used is None or position(used) is None:
        shutil.rmtree(home / "search", ignore_errors=True)
        catalogue = connect(f"sqlite:///{home / 'catalogue.db'}")
        build(catalogue, home / "search", print)
        catalogue.dispose()


def fill(path: Path, films: int) -> None:
    """Write the films by set-level SQL."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN")
    connection.execute("CREATE TEMP TABLE real (n INTEGER PRIMARY KEY, head TEXT, tail TEXT)")
    connection.executemany("INSERT INTO real VALUES (?, ?, ?)", halves())
    connection.execute("CREATE TEMP TABLE genre_names (n INTEGER PRIMARY KEY, name TEXT)")
    connection.executemany("INSERT INTO genre_names VALUES (?, ?)", enumerate(GENRES))
    for statement in Path(__file__).with_suffix(".sql").read_text("utf-8").split(";\n"):
        connection.execute(statement, {"films": films} if ":films" in statement else {})
    connection.create_function("packed", 1, lambda text: text and compress(text, "films"), deterministic=True)
    connection.execute("UPDATE documents SET document = packed(document), claims = packed(claims)")
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def rank(catalogue: sa.Engine) -> None:
    """Rank the years, as a publication does."""
    years = [column for column in rollups.c if column.name != "movie_ids"]
    with catalogue.begin() as connection, DuckEngine() as engine:
        rows = read(connection, sa.select(*years).where(rollups.c.month == 0))
        merge(connection, rankings, leading(engine, rows))


def _version() -> int:
    """Give a number that changes with the schema and with the films."""
    schema = sorted(Path(migrations.__path__[0]).glob("versions/*.py"))
    texts = [Path(__file__).with_suffix(".sql"), *schema]
    return zlib.crc32(b"".join(text.read_bytes() for text in texts))


def halves() -> list[tuple[int, str, str]]:
    """Give real titles of Kaggle's file in two halves, numbered; of a single word all is the head."""
    with (REAL / "kaggle/movies_metadata.csv").open(encoding="utf-8", newline="") as text:
        titles = sorted({row["title"] for row in csv.DictReader(text) if row["title"]})
    cut = [(title.split(), (len(title.split()) + 1) // 2) for title in titles]
    return [(n, " ".join(words[:at]), " ".join(words[at:])) for n, (words, at) in enumerate(cut)]
