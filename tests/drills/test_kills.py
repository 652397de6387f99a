"""Commands killed with -9 at random moments and called again: the same exports as undisturbed, and nothing left behind."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from moviec.catalog.connect import connect
from moviec.cli.export import _licences
from moviec.config import Home, open_home
from moviec.export.export import Order, export
from tests.drills.conftest import FULL, rounds
from tests.web.server import running

#: What a later delivery of the sample's movies has in place of what: films rated 8 and more are rated a point lower.
LATER = (",False,8.", ",False,7.")


class Case(msgspec.Struct, frozen=True):
    """A command that writes: its words, in which {name} stands for a place; whether it begins without a home; its output."""

    words: str
    fresh: bool = False
    out: str = ""
    statuses: tuple[int, ...] = (0,)


CASES = {
    "ingest": Case("ingest kaggle {later} --delivered-at 2026-11-22 --accept-shrink --home {home}"),
    "export": Case("export {out} --format jsonl --own-use --home {home}", out="out"),
    "demo": Case("demo --no-serve --home {home}", fresh=True),
    "run": Case("run --home {home}", statuses=(0, 3)),
    "rebuild": Case("rebuild --home {home}"),
    "rebuild from raw": Case("rebuild --from-raw --home {home}"),
    "fit": Case("fit --home {home}"),
    "review": Case("review different kaggle:862 imdb:tt0114709 --yes --by ann --home {home}"),
    "backfill": Case("backfill --from 2026-11 --to 2026-11 kaggle --home {home}", statuses=(0, 3)),
    "quarantine replay": Case("quarantine replay --home {home}"),
    "failures replay": Case("failures replay --home {home}"),
    "tidy": Case("tidy --home {home}"),
    "worker": Case("worker --once --home {home}"),
    "keys create": Case("keys create drill --home {home}"),
    "accounts create": Case("accounts create drill --home {home}", statuses=(0, 1, 2)),
    "rollup": Case("rollup {sample}/kaggle/movies_metadata.csv --out {out}", out="out"),
    "link": Case("link {list} {list} --out {out}", out="out"),
    "rate": Case("rate {ratings} --out {out}", out="out"),
    "synth": Case("synth {out} --movies 200 --seed 1", out="out"),
}
SHORT = ("ingest", "export")

#: What says when or where a run was, and differs between runs for that.
_OF_THE_RUN = {"last-run.json"}


class Place:
    """A copy of the sample's home and what the commands are given, with a temporary folder of its own."""

    def __init__(self, folder: Path, like: Home, case: Case) -> None:
        self.folder, self.case = folder, case
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        self.home, self.out = folder / "home", folder / "out"
        if not case.fresh:
            shutil.copytree(like.folder, self.home)
        later = folder / "2026-11-22"
        shutil.copytree(like.folder / "sample" / "kaggle", later)
        movies = later / "movies_metadata.csv"
        delivered = movies.read_text("utf-8")
        assert LATER[0] in delivered
        movies.write_text(delivered.replace(*LATER), "utf-8")
        (folder / "list.csv").write_text("id,title,year\n1,Alien,1979\n2,Heat,1995\n")
        (folder / "ratings.csv").write_text("movie,source,value,lowest,highest\n1,a,7,0,10\n1,b,70,0,100\n")
        if not case.fresh and case.words.startswith(("run", "backfill")):
            (self.home / "moviec.toml").write_text(f'[sources.kaggle]\npath = "{folder}/{{date}}"\n')
        names = {"home": self.home, "later": later, "out": self.out, "sample": like.folder / "sample"}
        lists = {"list": folder / "list.csv", "ratings": folder / "ratings.csv"}
        self.words = case.words.format(**names, **lists).split()

    def start(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "TMPDIR": str(self.temporary), "MOVIEC_THREADS": "1"}
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "moviec", *self.words]
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def run(self) -> None:
        assert self.start().wait() in self.case.statuses, (self.folder / "log").read_text()

    def comes_to(self) -> dict[str, str]:
        """Give the SHA-256 of what the command wrote, and of an export of the home where there is one."""
        kept = {}
        if (self.home / "catalogue.db").exists():
            whole = self.folder / "whole"
            home = open_home(self.home, {})
            catalogue = connect(home.catalogue)
            with catalogue.connect() as connection:
                export(connection, Order(whole, "jsonl", own_use=True), _licences(home), lambda _: None)
            catalogue.dispose()
            kept["catalogue"] = _digest(whole / "movies.jsonl")
        files = [self.out] if self.out.is_file() else sorted(self.out.rglob("*"))
        return kept | {
            str(path.relative_to(self.folder)): _digest(path)
            for path in files
            if path.is_file() and path.name not in _OF_THE_RUN
        }

    def leftovers(self) -> list[str]:
        beside = {"home", "out", "whole", "temporary", "2026-11-22", "list.csv", "ratings.csv", "log"}
        strange = [path.name for path in self.folder.iterdir() if path.name not in beside]
        return strange + [path.name for path in self.temporary.iterdir()]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", list(CASES) if FULL else SHORT)
def test_a_killed_command_called_again_comes_to_the_same(
    name: str, demo_home: Home, tmp_path: Path, chance: random.Random
) -> None:
    case = CASES[name]
    undisturbed = Place(tmp_path / "undisturbed", demo_home, case)
    begun = time.monotonic()
    undisturbed.run()
    lasted, wanted = time.monotonic() - begun, undisturbed.comes_to()
    assert wanted and undisturbed.leftovers() == []
    for number in rounds(1, 10):
        place = Place(tmp_path / f"{number}", demo_home, case)
        if case.out == "out" and name == "export":
            place.run()  # so that there is an earlier one to lose
        process = place.start()
        time.sleep(chance.uniform(0.2, lasted))
        process.kill()
        process.wait()
        if name == "export":
            assert place.comes_to() == wanted, "the earlier export is whole at every moment"
        place.run()
        assert place.comes_to() == wanted
        assert place.leftovers() == []
        shutil.rmtree(place.folder)


def test_a_killed_server_frees_its_port(demo_home: Home) -> None:
    with running(demo_home.folder, "--workers", "2") as server:
        port = int(server.url.rpartition(":")[2])
        server.process.kill()
        server.process.wait()
        _until(lambda: _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as trial:
        trial.settimeout(1)
        return trial.connect_ex(("127.0.0.1", port)) != 0


def _until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "the workers keep the port"
        time.sleep(0.1)
