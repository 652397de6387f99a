"""The lake's files: written once, verified when read, mended by their own bytes alone; the same here and in S3."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from moviec.errors import DamagedError, StoreError
from moviec.lake.payloads import (
    RECORDED,
    adopt,
    keep_payload,
    move_aside,
    payload_name,
    payload_path,
    unsound,
)
from moviec.storage.files import SUM, Put, State, Store
from tests.servers import Bucket, s3

NAME = "records/club/1/a.parquet"


class Lake:
    """A lake at some address, opened anew by every process; its bytes can be damaged."""

    def __init__(self, url: str, folder: Path, options: dict[str, str]) -> None:
        self.url, self.folder, self.options = url, folder, options
        self._files, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)
        self._caches = itertools.count()

    def open(self, cache: str = "") -> Store:
        return Store(self.url, self.folder / (cache or f"cache-{next(self._caches)}"), self.options)

    def file(self, data: bytes) -> Path:
        path = self.folder / "ready"
        path.write_bytes(data)
        return path

    def write(self, name: str, data: bytes) -> None:
        self._files.makedirs(f"{self._root}/{name}".rpartition("/")[0], exist_ok=True)
        self._files.pipe_file(f"{self._root}/{name}", data)

    def read(self, name: str) -> bytes:
        return bytes(self._files.cat_file(f"{self._root}/{name}"))


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3() as found:
        yield found


@pytest.fixture(params=["here", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    if request.param == "here":
        return Lake(str(tmp_path / "lake"), tmp_path, {})
    found: Bucket = request.getfixturevalue("bucket")
    return Lake(f"{found.url}/{tmp_path.name}", tmp_path, found.options)


def test_a_name_has_one_content(lake: Lake) -> None:
    assert lake.open().put(lake.file(b"one"), NAME) is Put.STORED
    assert lake.open().put(lake.file(b"one"), NAME) is Put.KNOWN
    with pytest.raises(StoreError, match=r"a\.parquet exists already, with different bytes"):
        lake.open().put(lake.file(b"two"), NAME)
    assert lake.open().path(NAME).read_bytes() == b"one"
    assert lake.open().names("records") == [NAME], "checksums are not listed"


def test_a_damaged_file_is_not_read_and_is_mended_by_its_own_bytes_alone(lake: Lake) -> None:
    lake.open().put(lake.file(b"one"), NAME)
    lake.write(NAME, b"ome")
    assert lake.open().check(NAME) is State.DAMAGED
    with pytest.raises(DamagedError, match=r"a\.parquet is damaged.*doctor --repair"):
        lake.open().path(NAME)
    with pytest.raises(StoreError, match="with different bytes"):
        lake.open().put(lake.file(b"two"), NAME)
    assert lake.open().put(lake.file(b"one"), NAME) is Put.MENDED
    assert lake.open().path(NAME).read_bytes() == b"one"
    assert lake.open().check(NAME) is State.SOUND


@pytest.mark.parametrize("line", [b"", b"0" * 64 + b"  a.parquet\n", b"nonsense"])
def test_a_damaged_checksum_is_found_and_written_again(lake: Lake, line: bytes) -> None:
    lake.open().put(lake.file(b"one"), NAME)
    sound = lake.read(NAME + SUM)
    assert sound.decode() == f"{hashlib.sha256(b'one').hexdigest()}  a.parquet\n"
    lake.write(NAME + SUM, line)
    assert lake.open().check(NAME) is State.DAMAGED
    assert lake.open().put(lake.file(b"one"), NAME) is Put.KNOWN
    assert lake.read(NAME + SUM) == sound


def test_a_damaged_payload_is_mended_when_it_is_delivered_again(lake: Lake) -> None:
    kept = keep_payload(lake.open(), lake.file(b"as delivered"))
    name = payload_name(kept.sha256)
    lake.write(name, b"as DELIVERED")
    with pytest.raises(DamagedError, match=r"the payload 'ready' is damaged .*ingest the same file again"):
        payload_path(lake.open(), "ready", kept.sha256)
    again = keep_payload(lake.open(), lake.file(b"as delivered"))
    assert (again.sha256, again.put) == (kept.sha256, Put.MENDED)
    assert payload_path(lake.open(), "ready", kept.sha256).read_bytes() == b"as delivered"
    assert keep_payload(lake.open(), lake.file(b"as delivered")).put is Put.KNOWN


def test_what_is_damaged_while_a_process_stands_is_found_too(lake: Lake) -> None:
    store = lake.open()
    store.put(lake.file(b"one"), NAME)
    assert store.path(NAME).read_bytes() == b"one"
    store.path(NAME).write_bytes(b"ome")  # in S3: the copy in the cache, which is fetched again
    if lake.url.startswith("s3:"):
        assert store.path(NAME).read_bytes() == b"one"
    else:
        with pytest.raises(DamagedError):
            store.path(NAME)


def test_files_of_a_lake_without_checksums_are_taken_as_they_are_once(lake: Lake) -> None:
    lake.write(NAME, b"one")
    assert list(unsound(lake.open(), RECORDED)) == [(NAME, State.UNRECORDED)]
    with pytest.raises(StoreError, match="with different bytes"):
        lake.open().put(lake.file(b"two"), NAME)
    told: list[str] = []
    adopt(lake.open(), told.append)
    adopt(lake.open(), told.append)
    assert told == ["files of the lake without a checksum: 1; recorded as they are"]
    lake.write(NAME, b"ome")
    assert list(unsound(lake.open(), RECORDED)) == [(NAME, State.DAMAGED)]


def test_removed_means_its_checksum_too(lake: Lake) -> None:
    lake.open().put(lake.file(b"one"), NAME)
    lake.open().remove(NAME)
    assert lake.open().put(lake.file(b"two"), NAME) is Put.STORED
    assert lake.open().path(NAME).read_bytes() == b"two"


def test_a_payload_that_grows_while_it_is_kept_has_the_name_of_what_was_stored(lake: Lake) -> None:
    """A file that never ends where it ended when it was looked at: a pipe, written to while it is read."""
    pipe = lake.folder / "grows.csv"
    os.mkfifo(pipe)

    def write() -> None:
        with pipe.open("wb") as file:
            for number in range(50):
                file.write(b"%d," % number * 10_000)

    writer = threading.Thread(target=write)
    writer.start()
    kept = keep_payload(lake.open(), pipe)
    writer.join()
    stored = lake.open().path(payload_name(kept.sha256)).read_bytes()
    assert hashlib.sha256(stored).hexdigest() == kept.sha256
    assert len(stored) == kept.size == sum(len(b"%d," % number) * 10_000 for number in range(50))


def test_parts_of_the_living_stay_and_parts_of_the_dead_go(tmp_path: Path) -> None:
    """Two processes put one file at once, one of them never finishes, and is killed."""
    held = tmp_path / "held"
    os.mkfifo(held)
    code = (
        "import sys; from pathlib import Path; from moviec.storage.files import Store;"
        f"Store({str(tmp_path / 'lake')!r}, Path('cache')).put(Path({str(held)!r}), {NAME!r})"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    parts = tmp_path / "lake" / "parts"
    with held.open("wb") as file:
        file.write(b"one")
        file.flush()
        while not list(parts.glob("*")):
            assert process.poll() is None
            time.sleep(0.01)
        store = Store(str(tmp_path / "lake"), tmp_path / "cache")
        (tmp_path / "ready").write_bytes(b"one")
        store.put(tmp_path / "ready", NAME)
        store.clear_parts()
        assert len(list(parts.iterdir())) == 1
        process.send_signal(signal.SIGKILL)
        process.wait()
        store.clear_parts()
    assert list(parts.iterdir()) == []
    assert store.path(NAME).read_bytes() == b"one"


def test_files_are_moved_aside_with_their_checksums_and_a_list_of_what_they_were(
    lake: Lake, tmp_path: Path
) -> None:
    store = lake.open()
    for name in ("records/a", "records/b"):
        store.put(lake.file(name.encode()), name)
    folder = move_aside(store, ["records/a"], "no batch names it", tmp_path)
    assert lake.open().names("records") == ["records/b"]
    assert lake.open().path(f"{folder}/records/a").read_bytes() == b"records/a"
    assert lake.open().check(f"{folder}/records/a") is State.SOUND
    assert b'"why": "no batch names it"' in lake.open().path(f"{folder}/moved.json").read_bytes()
