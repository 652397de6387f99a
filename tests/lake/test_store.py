"""What is kept stays what it was: other bytes are refused, damaged ones are noticed when read, sound ones mend them."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from moviec.errors import StoreError
from moviec.lake.lost_found import move_aside
from moviec.lake.store import SUM, Store, raw_name


@pytest.fixture(params=["local", "elsewhere"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store in a folder, and one that is reached through copies, as a bucket is."""
    root = str(tmp_path / "lake") if request.param == "local" else f"memory://lake-{tmp_path.name}"
    return Store(root, tmp_path / "cache", {})


def written(folder: Path, text: str) -> Path:
    path = folder / "ready"
    path.write_text(text)
    return path


def damage(store: Store, name: str, text: str = "flipped") -> None:
    """Change a file behind the store's back."""
    store._files.pipe_file(store._place(name), text.encode())


def anew(store: Store, tmp_path: Path) -> Store:
    """Another process's view of the same lake."""
    return Store(
        store._files.unstrip_protocol(store.root), tmp_path / f"cache-{threading.get_ident()}-{id(store)}", {}
    )


def test_the_same_bytes_are_kept_once_and_others_are_refused(store: Store, tmp_path: Path) -> None:
    assert store.put(written(tmp_path, "one"), "records/a") == "written"
    assert store.put(written(tmp_path, "one"), "records/a") == "there"
    with pytest.raises(StoreError, match="other bytes are kept as records/a"):
        store.put(written(tmp_path, "two"), "records/a")
    assert store.path("records/a").read_text() == "one"
    assert store.names("records") == ["records/a"]


def test_a_damaged_file_is_not_read_and_sound_bytes_mend_it(store: Store, tmp_path: Path) -> None:
    store.put(written(tmp_path, "one"), "records/a")
    damage(store, "records/a")
    other = anew(store, tmp_path)
    assert not other.is_sound("records/a")
    with pytest.raises(StoreError, match="records/a is damaged"):
        other.path("records/a")
    assert other.put(written(tmp_path, "one"), "records/a") == "healed"
    assert anew(other, tmp_path).path("records/a").read_text() == "one"


def test_a_damaged_payload_does_not_swallow_its_good_redelivery(store: Store, tmp_path: Path) -> None:
    kept, total, size = store.keep(written(tmp_path, "no,title\n1,Alien\n"))
    assert (kept, size) == ("written", 17)
    assert total == hashlib.sha256(b"no,title\n1,Alien\n").hexdigest()
    damage(store, raw_name(total), "no,title\n1,Aliens\n")
    assert anew(store, tmp_path).keep(written(tmp_path, "no,title\n1,Alien\n"))[0] == "healed"
    assert anew(store, tmp_path).path(raw_name(total)).read_text() == "no,title\n1,Alien\n"


def test_a_file_that_grows_while_it_is_kept_has_the_sum_of_what_was_written(
    store: Store, tmp_path: Path
) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"0" * (1 << 23))
    done = threading.Event()

    def grow() -> None:
        with path.open("ab") as file:
            while not done.is_set():
                file.write(b"1" * 1024)
                file.flush()

    thread = threading.Thread(target=grow)
    thread.start()
    try:
        _, total, size = store.keep(path)
    finally:
        done.set()
        thread.join()
    there = anew(store, tmp_path).path(raw_name(total)).read_bytes()
    assert (hashlib.sha256(there).hexdigest(), len(there)) == (total, size)


def test_a_file_of_an_older_home_gets_its_sum_when_it_is_read(store: Store, tmp_path: Path) -> None:
    store.put(written(tmp_path, "one"), "records/a")
    store._files.rm_file(store._place("records/a" + SUM))
    other = anew(store, tmp_path)
    assert other.is_sound("records/a") and other.sum_of("records/a") is None
    assert other.path("records/a").read_text() == "one"
    assert other.sum_of("records/a") == hashlib.sha256(b"one").hexdigest()


def test_files_are_moved_aside_with_a_list_of_what_they_were(store: Store, tmp_path: Path) -> None:
    for name in ("records/a", "records/b"):
        store.put(written(tmp_path, name), name)
    folder = move_aside(store, ["records/a"], "no batch names it", tmp_path)
    assert store.names("records") == ["records/b"]
    assert store.path(f"{folder}/records/a").read_text() == "records/a"
    assert '"why": "no batch names it"' in store.path(f"{folder}/moved.json").read_text()
