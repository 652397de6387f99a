"""Payloads unpacked: plain, gzip and zip alike, and one clear line for what is damaged."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest

from moviec.errors import PayloadError, UsageError
from moviec.storage.archives import unpack


def test_plain_gzip_and_zip_give_the_same_bytes(tmp_path: Path) -> None:
    data = b"id,title\n" + b"1,x\n" * 1000
    work = tmp_path / "work"
    work.mkdir()
    plain, packed, archive = tmp_path / "a.csv", tmp_path / "a.csv.gz", tmp_path / "a.zip"
    plain.write_bytes(data)
    packed.write_bytes(gzip.compress(data))
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("folder/a.csv", data)
        file.writestr("__MACOSX/._a.csv", b"junk")
        file.writestr("folder/b.csv", b"id\n")
    assert [path.read_bytes() for path in unpack(plain, work)] == [data]
    assert [(path.name, path.read_bytes()) for path in unpack(packed, work)] == [("a.csv", data)]
    assert [(path.name, path.read_bytes()) for path in unpack(archive, work)] == [
        ("a.csv", data),
        ("b.csv", b"id\n"),
    ]


def test_the_bytes_decide_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(b"id,title\n")
    assert unpack(path, tmp_path) == [path]


@pytest.mark.parametrize("cut", [3, 20, -9, -1])
def test_a_truncated_gzip_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"id,title\n" + b"1,x\n" * 1000)[:cut])
    with pytest.raises(PayloadError, match=r"a\.csv\.gz: the gzip is truncated or damaged; fetch it again"):
        unpack(path, tmp_path / "..")


def test_a_truncated_zip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("a.csv", b"id,title\n" * 100)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(PayloadError, match=r"a\.zip: the zip cannot be read"):
        unpack(path, tmp_path)


def test_no_such_file_and_a_folder_are_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        unpack(tmp_path / "none.csv", tmp_path)
    with pytest.raises(UsageError, match="folder"):
        unpack(tmp_path, tmp_path)


def test_a_zip_with_one_name_in_two_folders_is_refused_not_half_read(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("2025/a.csv", b"id,title\n1,x\n")
        file.writestr("2026/a.csv", b"id,title\n2,y\n")
    with pytest.raises(PayloadError, match=r"a\.zip: the zip has two files named 'a\.csv'; unpack it, and"):
        unpack(path, tmp_path)
