"""Videos of one's own: files that a list names as trailers, checked by their bytes, kept by content, served in parts and for good."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from moviec.cli import build
from moviec.errors import PayloadError
from moviec.lake.media import kind_of
from moviec.pipeline import media
from moviec.web.routes.media import PART, part_of
from tests.examples import some
from tests.online.desk import served

LIST = """id,title,year,trailer
1,Alien,1979,alien.mp4
2,Heat,1995,sub/heat.webm
3,Fargo,1996,https://video.example/fargo
4,Brazil,1985,../secret.mp4
5,Dune,1984,page.html
6,Cube,1997,missing.mp4
"""


def box(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", 8 + len(data)) + kind + data


def mp4(size: int = 5000, brand: bytes = b"isom") -> bytes:
    return (
        box(b"ftyp", brand + b"\0\0\0\0mp42"[:4])
        + box(b"moov", b"m" * 100)
        + box(b"mdat", bytes(range(250)) * (size // 250))
    )


WEBM = (
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\x82\x84webm\x42\x87\x81\x04\x18\x53\x80\x67\x01"
    + b"w" * 500
)


class Shelf:
    """A home with a list of one's own and a folder of videos."""

    def __init__(self, folder: Path) -> None:
        self.home, self.clips = folder / "home", folder / "clips"
        (self.clips / "sub").mkdir(parents=True)
        self.home.mkdir()
        (self.home / "moviec.toml").write_text(
            f'anonymous = true\n[sources.table]\nvideos = "{self.clips}"\n'
        )
        (self.clips / "alien.mp4").write_bytes(mp4(PART + 10_000))
        (self.clips / "sub" / "heat.webm").write_bytes(WEBM)
        (self.clips / "page.html").write_bytes(b"<html><script>alert(1)</script>")
        (folder / "secret.mp4").write_bytes(mp4())
        (folder / "films.csv").write_text(LIST)
        done = self.moviec("ingest", "table", str(folder / "films.csv"))
        assert done.exit_code == 0, done.output

    def moviec(self, *words: str) -> Result:
        return CliRunner().invoke(build(words), [*words, "--home", str(self.home)])

    def videos(self, *more: str) -> dict[str, int]:
        done = self.moviec("videos", "--json", *more)
        assert done.exit_code in (0, 3), f"{done.exception!r}{done.output}"
        found: dict[str, int] = json.loads(done.stdout)["videos"]
        return found

    def trailer(self, key: str) -> str | None:
        found: str | None = json.loads(self.moviec("show", key, "--json").stdout)["document"].get("trailer")
        return found

    def get(self, *asked: tuple[str, dict[str, str]]) -> list[httpx.Response]:
        return served(self.home, *asked)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    return Shelf(tmp_path)  # type: ignore[return-value]


def test_a_file_is_kept_by_its_content_and_served_whole_and_in_parts(shelf: Shelf) -> None:
    assert [shelf.trailer(f"table:{key}") for key in (1, 3)] == [None, "https://video.example/fargo"]
    assert shelf.videos() == {"stored": 2, "refused": 3, "films": 5}
    data = mp4(PART + 10_000)
    path = shelf.trailer("table:1")
    assert path == f"/videos/{hashlib.sha256(data).hexdigest()}.mp4"
    assert (shelf.trailer("table:2") or "").endswith(".webm")
    assert [shelf.trailer(f"table:{key}") for key in (4, 5, 6)] == [None] * 3
    assert shelf.trailer("table:3") == "https://video.example/fargo", "a trailer elsewhere stays a link"
    assert shelf.videos() == {"stored": 0, "refused": 0, "films": 0}

    size = len(data)
    whole, part, rest, behind, same, other = shelf.get(
        (path, {}),
        (path, {"Range": "bytes=10-19"}),
        (path, {"Range": "bytes=-5"}),
        (path, {"Range": f"bytes={size}-"}),
        (path, {"If-None-Match": f'"{path[8:-4]}"'}),
        (path, {"Range": "bytes=0-9", "If-Range": '"older"'}),
    )
    assert (whole.status_code, whole.content == data, whole.headers["content-type"]) == (
        200,
        True,
        "video/mp4",
    )
    assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert whole.headers["accept-ranges"] == "bytes"
    assert "content-encoding" not in whole.headers
    assert (part.status_code, part.content) == (206, data[10:20])
    assert part.headers["content-range"] == f"bytes 10-19/{size}"
    assert rest.content == data[-5:]
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{size}")
    assert same.status_code == 304
    assert (other.status_code, len(other.content)) == (200, size)
    film = json.loads(shelf.moviec("show", "table:1", "--json").stdout)["document"]["id"]
    [page] = shelf.get((f"/movies/{film}", {}))
    assert f'src="{path}"' in page.text
    assert "media-src 'self'" in page.headers["content-security-policy"]
    assert [one.status_code for one in shelf.get(("/videos/x.mp4", {}), (f"/videos/{'0' * 64}.mp4", {}))] == [
        404,
        404,
    ]


def test_a_changed_file_takes_the_others_place_and_a_backup_has_both(shelf: Shelf, tmp_path: Path) -> None:
    shelf.videos()
    first = shelf.trailer("table:1")
    (shelf.clips / "alien.mp4").write_bytes(mp4(9000))
    assert shelf.videos("--again")["stored"] == 2
    assert shelf.trailer("table:1") not in (None, first)
    assert shelf.moviec("backup", str(tmp_path / "backup")).exit_code == 0
    kept = {
        path.name
        for path in (tmp_path / "backup" / "videos").rglob("*.*")
        if path.suffix in (".mp4", ".webm")
    }
    assert (shelf.trailer("table:1") or "").rpartition("/")[2] in kept
    assert shelf.moviec("rebuild").exit_code == 0
    assert (shelf.trailer("table:1") or "").startswith("/videos/")


def test_what_is_too_large_is_refused(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media, "MOST_VIDEO_BYTES", 4000)
    done = shelf.moviec("videos")
    assert done.exit_code == 3
    assert "more than 4,000" in done.stderr
    assert shelf.trailer("table:1") is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a video"),
        (b"<html>", "not a video"),
        (b"\x89PNG\r\n\x1a\n", "not a video"),
        (mp4(brand=b"qt  "), "not a video"),
        (mp4()[:-1], "damaged"),
        (box(b"ftyp", b"isom\0\0\0\0"), "damaged"),
        (box(b"ftyp", b"isom\0\0\0\0") + box(b"moov"), "damaged"),
        (box(b"ftyp", b"isom\0\0\0\0") + b"\0\0\0\x04moov" + box(b"mdat"), "damaged"),
        (b"\x1a\x45\xdf\xa3" + b"matroska" * 10, "not a video"),
        (WEBM[:26], "damaged"),
    ],
)
def test_what_is_no_video_is_refused(data: bytes, why: str, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(PayloadError, match=why):
        kind_of(tmp_path / "a")


@given(st.binary(max_size=200), st.integers(0, 200), st.integers(1, 255))
@settings(max_examples=some(200))
def test_no_damage_is_more_than_refused(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes, place: int, change: int
) -> None:
    whole = bytearray(mp4(250))
    whole[place % len(whole)] ^= change
    path = tmp_path_factory.getbasetemp() / "noise"
    for data in (noise, bytes(whole), b"\0\0\0\x10ftypisom" + noise):
        path.write_bytes(data)
        try:
            assert kind_of(path) in ("mp4", "webm")
        except PayloadError:
            continue


@given(st.integers(0, 10**8), st.integers(0, 10**8), st.integers(1, 10**8))
def test_a_part_lies_within_the_file_and_is_no_larger_than_asked(first: int, last: int, size: int) -> None:
    found = part_of(f"bytes={first}-{last}", size)
    if first >= size or last < first:
        assert found is None
    else:
        assert found
        assert found[0] == first <= found[1] <= min(last, size - 1)
        assert found[1] - found[0] < PART
    assert part_of("bytes=-", size) is None
    end = part_of(f"bytes=-{last}", size)
    assert end is None or max(size - last, 0) == end[0]


def test_a_list_of_ones_own_needs_nothing_but_the_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "clips").mkdir(parents=True)
    (home / "clips" / "alien.mp4").write_bytes(mp4())
    (home / "moviec.toml").write_text('[sources.shelf]\nvideos = "clips"\n')
    (tmp_path / "shelf.csv").write_text("Title,Year,Trailer\nAlien,1979,alien.mp4\nHeat,1995,\n")
    for words in (["ingest", str(tmp_path / "shelf.csv")], ["videos"]):
        done = CliRunner().invoke(build(words), [*words, "--home", str(home)])
        assert done.exit_code == 0, f"{done.exception!r}{done.output}"
    assert "1 video stored" in done.stdout
