"""Make a small home by the code of an earlier commit, for the tests of upgrades.

    python -m tools.old_home COMMIT tests/fixtures/home-NAME.tar.xz

Takes the deliveries of the fixture that version 0.1 made (typed common facts of twelve films from three sources, a row that cannot be read
among them) in, one by one, by that code; adds a person's verdict, an API key and a webhook. The archive holds `home`, `movies.jsonl`, which
is what that code exported, and `key.txt`. Needs a checkout with its history.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FIRST = ROOT / "tests/fixtures/home-0.1.tar.xz"

#: Makes a webhook for the account `default`, by whatever parameters that version's code takes.
_WEBHOOK = """
import inspect, sys
from pathlib import Path
from moviec.catalog.connect import connect
from moviec.catalog.webhooks import create_webhook
from moviec.config import open_home
home = open_home(Path(sys.argv[1]), {})
given = {"account": "default", "url": "https://hook.example/changes"}
if "key" in inspect.signature(create_webhook).parameters:
    given["key"] = home.signing_key()
catalogue = connect(home.catalogue)
create_webhook(catalogue, **given)
catalogue.dispose()
"""


def deliveries(first: Path, folder: Path) -> list[tuple[str, str, Path]]:
    """Write the deliveries of a home into a folder each; return source, day and folder in the order of their arrival."""
    query = """
        SELECT d.number, d.source, d.delivered_at, p.name, p.sha256 FROM deliveries d
        JOIN delivery_payloads p ON p.delivery = d.id ORDER BY d.number, p.name
    """
    found: dict[int, tuple[str, str, Path]] = {}
    with closing(sqlite3.connect(first / "catalogue.db")) as connection:
        for number, source, day, name, sha256 in connection.execute(query):
            place = folder / f"{number}-{source}"
            place.mkdir(exist_ok=True)
            shutil.copy(first / "lake/raw" / sha256[:2] / sha256, place / name)
            found[number] = (source, day[:10], place)
    return [found[number] for number in sorted(found)]


def make(commit: str, archive: Path) -> None:
    """Make the home and its archive."""
    with tempfile.TemporaryDirectory() as desk:
        code, home = Path(desk) / "code", Path(desk) / "home"
        _git("worktree", "add", "--detach", str(code), commit)
        try:
            _fill(code, home, Path(desk))
        finally:
            _git("worktree", "remove", "--force", str(code))
        _lean(home)
        with tarfile.open(archive, "w:xz", preset=9) as packed:
            for path in (home, *sorted(home.rglob("*")), Path(desk) / "movies.jsonl", Path(desk) / "key.txt"):
                packed.add(path, path.relative_to(desk), recursive=False, filter=_anybody)
    print(f"{archive}: {archive.stat().st_size:,} bytes")


def _fill(code: Path, home: Path, desk: Path) -> None:
    """Take everything in by a commit's own code."""
    environment = {**os.environ, "PYTHONPATH": str(code / "src"), "MOVIEC_HOME": str(home)}

    def run(*words: str) -> str:
        done = subprocess.run([sys.executable, *words], env=environment, cwd=desk, capture_output=True, text=True, check=False)  # noqa: S603  # fmt: skip
        if done.returncode not in (0, 3):
            sys.exit(f"{' '.join(words)}: {done.stderr}")
        return done.stdout

    with tarfile.open(FIRST) as packed:
        packed.extractall(desk / "first", filter="data")
    shutil.copytree(desk / "first/home/sources", home / "sources")
    (desk / "delivered").mkdir()
    for source, day, place in deliveries(desk / "first/home", desk / "delivered"):
        run("-m", "moviec", "ingest", source, str(place), "--delivered-at", day, "--accept-shrink")
    run("-m", "moviec", "review", "different", "imdb:tt0012349", "kaggle:10098", "--by", "ann", "--yes")
    (desk / "key.txt").write_text(run("-m", "moviec", "keys", "create", "app").strip() + "\n")
    run("-c", _WEBHOOK, str(home))
    run("-m", "moviec", "export", str(desk / "out"), "--format", "jsonl", "--own-use")
    shutil.copy(desk / "out/movies.jsonl", desk / "movies.jsonl")


def _lean(home: Path) -> None:
    """Leave out what a home makes again by itself, and have SQLite give room back."""
    shutil.rmtree(home / "search", ignore_errors=True)
    with closing(sqlite3.connect(home / "catalogue.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("VACUUM")
    for path in (*home.glob("*.lock"), *home.glob("*.db-*"), *home.glob("*.log")):
        path.unlink()


def _anybody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """Let an entry say nothing of who made it and when."""
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mtime = 0
    return entry


def _git(*words: str) -> None:
    subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True)  # noqa: S603, S607


if __name__ == "__main__":
    make(sys.argv[1], Path(sys.argv[2]).resolve())
