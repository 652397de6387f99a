"""Commands killed with -9 at random moments and called again: the same exports as undisturbed, and nothing left behind."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from moviec.catalog.connect import connect, writing
from moviec.catalog.ingest_queue import set_aside
from moviec.catalog.queries import FOLLOWER
from moviec.catalog.schema.arrivals import batches
from moviec.cli.export import _licences
from moviec.config import Home, open_home
from moviec.export.export import Order, export
from moviec.loopback.server import serving
from moviec.loopback.tmdb import Tmdb
from moviec.sample.films import sample_films
from tests.drills.conftest import FULL, rounds, told
from tests.homes import copy_tree
from tests.web.server import running

#: What a later delivery of the sample's movies has in place of what: films rated 8 and more are rated a point lower.
LATER = (",False,8.", ",False,7.")


class Case(msgspec.Struct, frozen=True):
    """A command that writes: its words, in which {name} stands for a place; whether it begins without a home; its output.

    `before`: what its place is made ready with, so that there is something for it to do.
    """

    words: str
    fresh: bool = False
    out: str = ""
    statuses: tuple[int, ...] = (0,)
    before: str = ""


CASES = {
    "ingest": Case("ingest kaggle {later} --delivered-at 2026-11-22 --accept-shrink --home {home}"),
    "export": Case("export {out} --format jsonl --own-use --home {home}", out="out"),
    "demo": Case("demo --no-serve --home {home}", fresh=True),
    "run": Case("run --home {home}", before="dated"),
    "rebuild": Case("rebuild --home {home}", before="model"),
    "rebuild from raw": Case("rebuild --from-raw --home {home}"),
    "rebuild from lake": Case("rebuild --from-lake --home {home}", before="lost"),
    "fit": Case("fit --home {home}"),
    "review": Case("review different kaggle:862 imdb:tt0114709 --yes --by ann --home {home}"),
    "backfill": Case("backfill --from 2026-11 --to 2026-11 festival --home {home}", before="dated"),
    "quarantine replay": Case("quarantine replay --home {home}", before="rejected"),
    "failures replay": Case("failures replay --home {home}", before="aside"),
    "tidy": Case("tidy --home {home}", before="many"),
    "worker": Case("worker --once --home {home}", before="dated"),
    "doctor --repair": Case("doctor --repair --home {home}", before="damaged"),
    "backup": Case("backup {out} --home {home}", out="out"),
    "restore": Case("restore {vault} --home {home}", fresh=True, statuses=(0, 1), before="vault"),
    "keys create": Case("keys create drill --home {home}"),
    "accounts create": Case("accounts create drill --home {home}", statuses=(0, 1, 2)),
    "rollup": Case("rollup {sample}/kaggle/movies_metadata.csv --out {out}", out="out"),
    "link": Case("link {list} {list} --out {out}", out="out"),
    "rate": Case("rate {ratings} --out {out}", out="out"),
    "fuse": Case("fuse {claims} --out {out}", out="out"),
    "synth": Case("synth {out} --movies 200 --seed 1", out="out"),
    "ingest several": Case(
        "ingest kaggle={later} festival={festival} --delivered-at 2026-11-22 --accept-shrink --home {home}"
    ),
    "ingest online": Case("ingest tmdb --home {home}", before="served"),
    "posters": Case("posters --home {home}", before="fetched"),
    "demo online": Case("demo --online --no-serve --home {home}", fresh=True),
}
SHORT = ("ingest",)

#: The key that the served TMDB takes.
KEY = "0123456789abcdef0123456789abcdef"

#: What says when or where a run was, and differs between runs for that.
_OF_THE_RUN = {"last-run.json"}

#: A row of the festival's list that its facts refuse, and what they refuse it for.
REFUSED, FACTS = "9;1979;Ridley Scott;117;8.0\n", 'key_pattern = "[^0-9].*"\n'


class Place:
    """A copy of the sample's home and what the commands are given, with a temporary folder of its own."""

    def __init__(self, folder: Path, like: Home, case: Case, tmdb: str = "") -> None:
        self.folder, self.case, self.tmdb = folder, case, tmdb
        self.temporary = folder / "temporary"
        self.temporary.mkdir(parents=True)
        self.home, self.out, self.vault = folder / "home", folder / "out", folder / "vault"
        if not case.fresh:
            copy_tree(like.folder, self.home)
        later = folder / "2026-11-22"
        shutil.copytree(like.folder / "sample" / "kaggle", later)
        movies = later / "movies_metadata.csv"
        delivered = movies.read_text("utf-8")
        assert LATER[0] in delivered
        movies.write_text(delivered.replace(*LATER), "utf-8")
        (folder / "list.csv").write_text("id,title,year\n1,Alien,1979\n2,Heat,1995\n")
        (folder / "ratings.csv").write_text("movie,source,value,lowest,highest\n1,a,7,0,10\n1,b,70,0,100\n")
        (folder / "claims.csv").write_text(
            "movie,field,source,value\n1,year,a,1979\n1,year,b,1980\n1,year,c,1979\n"
        )
        names = {"home": self.home, "later": later, "out": self.out, "vault": self.vault}
        names |= {name: folder / f"{name}.csv" for name in ("list", "ratings", "claims")}
        self.words = case.words.format(
            **names, sample=like.folder / "sample", festival=like.folder / "sample" / "festival" / "films.csv"
        ).split()
        self.festival = (like.folder / "sample" / "festival" / "films.csv").read_text("utf-8")
        if case.before:
            getattr(self, f"_{case.before}")(like)

    def start(self, words: list[str] | None = None) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "TMPDIR": str(self.temporary), "MOVIEC_THREADS": "1"}
        with (self.folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "moviec", *(words or self.words)]
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def run(self) -> None:
        assert self.start().wait() in self.case.statuses, (self.folder / "log").read_text()

    def call(self, words: str) -> None:
        assert self.start(words.split()).wait() in (0, 3), (self.folder / "log").read_text()

    def comes_to(self) -> dict[str, str]:
        """Give the SHA-256 of what the command wrote, and of an export of the home where there is one; of a backup that
        of the home that comes back from it.
        """
        kept = {}
        if self.out.is_dir() and (self.out / "backups").is_dir():
            back = self.folder / "back"
            shutil.rmtree(back, ignore_errors=True)
            self.call(f"restore {self.out} --home {back}")
            kept["restored"] = self._exported(back)
            shutil.rmtree(back)
        elif self.out.exists():
            files = [self.out] if self.out.is_file() else sorted(self.out.rglob("*"))
            kept |= {
                str(path.relative_to(self.folder)): digest(path)
                for path in files
                if path.is_file() and path.name not in _OF_THE_RUN
            }
        if (self.home / "catalogue.db").exists():
            kept["catalogue"] = self._exported(self.home)
        return kept

    def _exported(self, folder: Path) -> str:
        whole = self.folder / "whole"
        home = open_home(folder, {})
        catalogue = connect(home.catalogue)
        with catalogue.connect() as connection:
            export(connection, Order(whole, "jsonl", own_use=True), _licences(home), lambda _: None)
        catalogue.dispose()
        return digest(whole / "movies.jsonl")

    def leftovers(self) -> list[str]:
        beside = {
            "home",
            "out",
            "whole",
            "temporary",
            "vault",
            "in",
            "2026-11-22",
            "list.csv",
            "ratings.csv",
            "claims.csv",
            "log",
        }
        strange = [path.name for path in self.folder.iterdir() if path.name not in beside]
        return strange + [path.name for path in self.temporary.iterdir()]

    def deliver(self, text: str, day: str) -> None:
        file = self.folder / "in" / day / "films.csv"
        file.parent.mkdir(parents=True)
        file.write_text(text, "utf-8")
        self.call(f"ingest festival {file} --delivered-at {day} --accept-shrink --home {self.home}")

    def _dated(self, _: Home) -> None:
        """A dated place with a later delivery of the festival's, which is due."""
        file = self.folder / "in" / "2026-11-23" / "films.csv"
        file.parent.mkdir(parents=True)
        file.write_text(self.festival.replace(";8.", ";7."), "utf-8")
        place = self.folder / "in" / "{date}" / "films.csv"
        (self.home / "moviec.toml").write_text(f'[sources.festival]\npath = "{place}"\ncron = "0 0 * * *"\n')

    def _model(self, _: Home) -> None:
        """A rule that is changed, so that a rebuild changes the catalogue."""
        (self.home / "moviec.toml").write_text('[fields.title]\nrule = "latest"\n')

    def _lost(self, _: Home) -> None:
        for path in self.home.glob("catalogue.db*"):
            path.unlink()

    def _rejected(self, _: Home) -> None:
        """A row that the facts refuse, and then do not."""
        facts = self.home / "sources" / "festival" / "source.toml"
        plain = facts.read_text("utf-8")
        facts.write_text(plain.replace('key = "Film"\n', 'key = "Film"\n' + FACTS), "utf-8")
        self.deliver(self.festival + REFUSED, "2026-11-23")
        facts.write_text(plain, "utf-8")

    def _aside(self, _: Home) -> None:
        """Two records that were set aside for something that holds no longer."""
        catalogue = connect(open_home(self.home, {}).catalogue)
        with writing(catalogue) as connection:
            query = sa.select(batches.c.delivery).where(batches.c.source == "kaggle")
            delivery = connection.scalar(query)
            subjects = [{"source": "kaggle", "key": key, "delivery": delivery} for key in ("862", "807")]
            set_aside(connection, FOLLOWER, subjects, "drill", 1)
        catalogue.dispose()
        self.call(f"rebuild --home {self.home}")

    def _many(self, _: Home) -> None:
        """Many batches and payloads, of which the settings keep few; one more in the short form."""
        for number in range(3 if FULL else 1):
            self.deliver(self.festival.replace(";8.", f";{number + 5}."), f"2026-11-2{number + 3}")
        (self.home / "moviec.toml").write_text('compact_after = 1\nkeep_raw = "last 1"\n')

    def _damaged(self, _: Home) -> None:
        """A batch that is damaged, and a document."""
        batch = max((self.home / "lake" / "records" / "kaggle").rglob("*-????????.parquet"))
        batch.write_bytes(batch.read_bytes()[:-1])
        with sqlite3.connect(self.home / "catalogue.db") as connection:
            connection.execute("UPDATE documents SET document = '{}' WHERE movie = 7")
        connection.close()

    def _served(self, _: Home) -> None:
        """TMDB's films, to be asked for one by one."""
        (self.home / "moviec.toml").write_text(
            f'fetch_private = true\n[sources.tmdb]\nbase = "{self.tmdb}"\nrate = 200\nkey = "{KEY}"\n'
        )

    def _fetched(self, like: Home) -> None:
        """Films whose posters are to be fetched."""
        self._served(like)
        self.call(f"ingest tmdb --home {self.home}")

    def _vault(self, like: Home) -> None:
        self.call(f"backup {self.vault} --home {like.folder}")


@pytest.fixture(scope="module")
def tmdb() -> Iterator[str]:
    """Serve the sample's films as TMDB does, and give the address."""
    with serving({"tmdb": Tmdb(sample_films(), KEY, 1e9)}) as served:
        yield f"{served.url}/tmdb"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize("name", list(CASES) if FULL else SHORT)
def test_a_killed_command_called_again_comes_to_the_same(
    name: str, drilled: Home, tmp_path: Path, chance: random.Random, tmdb: str
) -> None:
    case = CASES[name]
    undisturbed = Place(tmp_path / "undisturbed", drilled, case, tmdb)
    begun = time.monotonic()
    undisturbed.run()
    lasted, wanted = time.monotonic() - begun, undisturbed.comes_to()
    assert wanted and undisturbed.leftovers() == []
    for number in rounds(1, 10):
        place = Place(tmp_path / f"{number}", drilled, case, tmdb)
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
    told(f"killed: {name}", len(rounds(1, 10)))


def test_a_killed_server_frees_its_port(drilled: Home) -> None:
    with running(drilled.folder, "--workers", "2") as server:
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
