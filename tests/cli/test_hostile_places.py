"""Places that are not what they seem: outputs that are no files, homes that may only be read, requests for any file of the disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from moviec.catalog.connect import connect
from moviec.cli.pipeline_workbench import PipelineWorkbench, check_places
from moviec.config import Home, open_home
from moviec.errors import UsageError
from moviec.storage.remote import open_remote
from moviec.transient import Patience
from moviec.web.workbench import IngestOrder
from tests.commands import moviec


def test_only_regular_files_are_written(tmp_path: Path) -> None:
    films = tmp_path / "films.csv"
    films.write_text("title,year\nHeat,1995\n")
    pipe, link = tmp_path / "pipe.csv", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to("/dev/null")
    other = tmp_path / "other.csv"
    shutil.copy(films, other)
    for out in (pipe, link, tmp_path, Path(), Path("/dev/no-such")):
        done = moviec("link", films, other, "--out", out)
        assert done.returncode == 2 and "Traceback" not in done.stderr, (out, done.stderr)
    assert moviec("link", films, other, "--out", tmp_path / "a.csv", "--review", pipe).returncode == 2
    assert pipe.is_fifo() and link.is_symlink()


@pytest.fixture
def read_only(demo_home: Home) -> Iterator[Path]:
    """A copy of the sample's home that may be read and not written."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        shutil.copytree(demo_home.folder, home)
        for path in [home, *home.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        try:
            yield home
        finally:
            for path in [home, *(path for path in home.rglob("*") if path.is_dir())]:
                path.chmod(0o755)


def test_a_home_that_may_only_be_read_is_shown_searched_and_exported(read_only: Path) -> None:
    bound = ["setpriv", "--bounding-set=-dac_override"] if os.geteuid() == 0 else []  # root obeys no modes
    if bound and shutil.which(bound[0]) is None:
        pytest.skip("no setpriv: install it (Debian: util-linux), or run the tests as another user than root")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [*bound, sys.executable, "-m", "moviec", *words, "--home", str(read_only)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    first = run("show", "mc1")
    assert first.returncode == 0, first.stderr
    found = run("search", "matrix")
    assert "The Matrix" in found.stdout, found.stderr
    with tempfile.TemporaryDirectory() as out:
        exported = run("export", f"{out}/open", "--format", "csv")
        assert exported.returncode == 0, exported.stderr
        assert (Path(out) / "open/movies.csv").stat().st_size
    refused = run("review", "same", "imdb:tt0133093", "kaggle:603", "--yes")
    assert refused.returncode and "Traceback" not in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1, refused.stderr


def test_requests_take_in_only_what_lies_below_their_places(tmp_path: Path) -> None:
    inside, secret = tmp_path / "in", tmp_path / "secret.csv"
    inside.mkdir()
    secret.write_text("title\nHeat\n")
    (inside / "out").symlink_to(secret)
    home_folder = tmp_path / "home"
    home_folder.mkdir()
    (home_folder / "moviec.toml").write_text(
        f'ingest_from = "{inside} s3://drops/in https://films.example/lists/"\n'
        '[sources.imdb]\npath = "/srv/imdb"\ninbox = "sftp://films.example/in"\n'
    )
    home = open_home(home_folder, {})
    good = [
        f"{inside}/a.tsv",
        str(inside),
        "s3://drops/in/a.tsv",
        "https://films.example/lists/a?b=c",
        "/srv/imdb",
    ]
    check_places(home, "imdb", [*good, "sftp://films.example/in/2026-11-01.tsv"])
    bad = [
        str(secret), f"{inside}/../secret.csv", f"{inside}/out", f"{inside}x", "/etc/passwd", "/dev/zero", f"file://{secret}",
        f"local://{inside}/a", "s3://drops/inner/a", "s3://drops/in/../b", "https://films.example/lists/%2e%2e/b",
        "https://films.example.evil/lists/a", f"simplecache::file://{secret}", "http://169.254.169.254/latest",
    ]  # fmt: skip
    for place in bad:
        with pytest.raises(UsageError, match="requests may not ingest from here"):
            check_places(home, "imdb", [place])
    with pytest.raises(UsageError):
        check_places(home, "kaggle", ["/srv/imdb"])
    with pytest.raises(UsageError, match="requests may not ingest from here"):
        PipelineWorkbench(home).ingest(IngestOrder("imdb", (str(secret),)))
    assert not [path for path in (home_folder / "lake").rglob("*") if path.is_file()]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "FILE:///etc/passwd", "local:///dev/zero", "zip://a::file:///a.zip"])  # fmt: skip
def test_addresses_that_lead_to_files_here_are_not_opened(url: str) -> None:
    with pytest.raises(UsageError, match="this kind of address is not supported"):
        open_remote(url, {}, Patience())


def test_the_database_the_log_and_the_key_are_their_owners(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home", {})
    catalogue = connect(home.catalogue)
    with catalogue.connect() as connection:
        connection.exec_driver_sql("SELECT 1")
        modes = {path.name: path.stat().st_mode & 0o077 for path in home.folder.glob("catalogue.db*")}
        connection.rollback()
    catalogue.dispose()
    assert set(modes.values()) == {0} and len(modes) == 3, modes
    key = home.signing_key()
    assert len(key) == 32 and home.signing_key() == key
    assert (home.folder / "secret.key").stat().st_mode & 0o077 == 0
