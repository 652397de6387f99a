"""Posters: fetched within licence, checked to be pictures, kept in three widths, named in documents and served for good."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from moviec.cli.pipeline_workbench import PipelineWorkbench
from moviec.config import open_home
from moviec.errors import PayloadError
from moviec.lake.media import smaller
from moviec.lake.payloads import WIDTHS
from moviec.loopback.server import Request, Response
from moviec.pipeline import media
from moviec.transient import Patience
from moviec.web.app import create_app
from tests.examples import some
from tests.online.desk import Desk, desk


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(media, "PATIENCE", Patience(timeout=5, pauses=()))
    with desk(tmp_path, count=4) as found:
        found.ingest("tmdb")
        yield found


def picture(width: int, height: int, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (width, height)).save(out, kind)
    return out.getvalue()


def test_a_film_has_its_poster_from_here_and_never_from_elsewhere(at: Desk) -> None:
    film = at.films[0]
    assert "poster" not in at.shown(f"tmdb:{film.ids.tmdb}"), "a picture that is not here is not named"
    done = at.moviec("posters", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["posters"] == {"stored": 4, "refused": 0, "films": 4}
    poster = at.shown(f"tmdb:{film.ids.tmdb}")["poster"]
    assert (poster["source"], poster["licence"][:4]) == ("tmdb", "TMDB")
    for width in WIDTHS:
        data = (
            at.home
            / "lake"
            / poster[f"w{width}"].lstrip("/").replace("posters/", f"posters/{poster['w185'][9:11]}/")
        ).read_bytes()
        with Image.open(io.BytesIO(data)) as opened:
            assert (opened.format, opened.width, opened.height) == ("WEBP", width, round(width * 1.5))
    asked = at.served.times("tmdb", "/t/p/")
    assert json.loads(at.moviec("posters", "--json").stdout)["posters"]["stored"] == 0
    assert at.served.times("tmdb", "/t/p/") == asked == 4
    backup = at.home.parent / "backup"
    assert at.moviec("backup", str(backup)).exit_code == 0
    assert len(list((backup / "posters").rglob("*.webp"))) == 12
    next((at.home / "lake" / "posters").rglob("*.webp")).unlink()
    assert json.loads(at.moviec("posters", "--json").stdout)["posters"]["stored"] == 1, (
        "a lost one is fetched again"
    )
    assert at.moviec("rebuild").exit_code == 0
    assert at.shown(f"tmdb:{film.ids.tmdb}")["poster"] == poster


def test_it_is_served_with_a_long_life(at: Desk) -> None:
    at.moviec("posters")
    path = at.shown(f"tmdb:{at.films[0].ids.tmdb}")["poster"]["w342"]
    home = open_home(at.home, {})
    app = create_app(home, PipelineWorkbench(home))

    async def asked() -> tuple[httpx.Response, httpx.Response, list[int]]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(cast(Any, app)), base_url="http://films.example"
        ) as client:
            first = await client.get(path)
            again = await client.get(path, headers={"If-None-Match": first.headers["etag"]})
            strange = [
                "/posters/abc/w342.webp",
                path.replace("w342", "w1"),
                path[:10] + "0" * 63 + "/w342.webp",
                "/posters/" + "0" * 64 + "/w342.webp",
            ]
            return first, again, [(await client.get(each)).status_code for each in strange]

    first, again, strange = asyncio.run(asked())
    assert (first.status_code, first.headers["content-type"]) == (200, "image/webp")
    assert first.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert again.status_code == 304
    assert strange == [404] * 4


def test_what_is_no_picture_is_refused_and_not_asked_for_again(at: Desk) -> None:
    original = at.tmdb.__call__

    def broken(request: Request) -> Response:
        return Response(b"<html>") if request.path.startswith("/t/p/") else original(request)

    at.providers["tmdb"] = at.tmdb
    at.served_by("tmdb", broken)
    assert json.loads(at.moviec("posters", "--json").stdout)["posters"] == {
        "stored": 0,
        "refused": 4,
        "films": 4,
    }
    assert json.loads(at.moviec("posters", "--json").stdout)["posters"] == {
        "stored": 0,
        "refused": 0,
        "films": 0,
    }
    assert "poster" not in at.shown(f"tmdb:{at.films[0].ids.tmdb}")


#: What is no path below the address that the facts give.
ELSEWHERE = (
    "http://127.0.0.1/a.jpg", "//127.0.0.1/a.jpg", "@127.0.0.1/a.jpg", ".127.0.0.1.nip.io/a.jpg", "/../../a.jpg", "/a//b.jpg",
    "\\\\127.0.0.1\\a.jpg", "file:///etc/passwd", "a.jpg", "", "/..%2f..//a.jpg",
)  # fmt: skip


def test_a_poster_is_a_path_below_the_facts_address_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever payloads give as posters, no other place is asked for one."""
    monkeypatch.setattr(media, "PATIENCE", Patience(timeout=5, pauses=()))
    with desk(tmp_path, count=len(ELSEWHERE) + 1) as at:
        good, *others = (film.ids.tmdb for film in at.films)
        addresses = dict(zip(others, ELSEWHERE, strict=True))
        detail = at.tmdb.detail

        def told(number: int) -> dict[str, Any] | None:
            film = detail(number)
            return film | {"poster_path": addresses[number]} if film and number in addresses else film

        at.tmdb.detail = told
        at.ingest("tmdb")
        at.served.asked.clear()
        done = json.loads(at.moviec("posters", "--json").stdout)["posters"]
        assert done["stored"] == 1 and done["refused"] <= len(addresses)
        assert len(at.served.asked_of("tmdb")) == 1, at.served.asked
        documents = [at.shown(f"tmdb:{number}") for number in addresses]
        assert not any("poster" in document for document in documents)
        assert "poster" in at.shown(f"tmdb:{good}")


def test_the_prefix_of_posters_can_be_set(at: Desk) -> None:
    pictures: list[str] = []

    def mirror(request: Request) -> Response:
        pictures.append(request.path)
        return Response(picture(400, 600))

    at.served_by("mirror", mirror)
    at.settings(tmdb=f'poster_base = "{at.served.url}/mirror/w500/"')
    assert json.loads(at.moviec("posters", "--json").stdout)["posters"]["stored"] == 4
    assert sorted(pictures) == sorted(f"/w500/poster{film.ids.tmdb}.jpg" for film in at.films)
    assert at.served.times("tmdb", "/t/p/") == 0


def test_a_prefix_that_leads_inside_is_not_asked(at: Desk) -> None:
    at.settings(tmdb=f'poster_base = "{at.served.url}/tmdb/t/p/w780"')
    text = (at.home / "moviec.toml").read_text()
    (at.home / "moviec.toml").write_text(text.replace("fetch_private = true\n", ""))
    done = json.loads(at.moviec("posters", "--json").stdout)["posters"]
    assert (done["stored"], done["refused"]) == (0, 4)
    assert at.served.times("tmdb", "/t/p/") == 0
    assert "not a public address" in at.fails("ingest", "tmdb"), "nor is any other setting that leads there"


def bomb(width: int, height: int) -> bytes:
    """A PNG of few bytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bomb(60_000, 60_000), "not a picture that can be shown|pixels"),
        (bomb(8_000, 8_000), "more than a poster has"),
        (picture(10, 10), "less than a poster has"),
        (picture(400, 600)[:-500], "damaged"),
        (picture(400, 600, "GIF", "P"), "not a picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n", "not a picture"),
        (b"", "not a picture"),
        (bomb(500, 700), "damaged"),
    ],
)
def test_bombs_and_what_is_no_picture_are_refused(data: bytes, why: str) -> None:
    with pytest.raises(PayloadError, match=why):
        smaller(data, "/x.jpg")


@given(st.binary(max_size=2000), st.integers(0, 3000), st.integers(1, 255))
@settings(max_examples=some(60))
def test_no_damage_gets_past(noise: bytes, place: int, change: int) -> None:
    whole = bytearray(picture(300, 450, "PNG"))
    whole[place % len(whole)] ^= change
    for data in (noise, bytes(whole), bytes(whole[: place % len(whole)])):
        try:
            found = smaller(data, "/x.png")
        except PayloadError:
            continue
        assert set(found.by_width) == set(WIDTHS)


def test_the_same_picture_gives_the_same_bytes_and_none_is_made_larger() -> None:
    data = picture(300, 450, "PNG", "RGBA")
    first, second = smaller(data, "/x.png"), smaller(data, "/x.png")
    assert first == second
    sizes = [Image.open(io.BytesIO(webp)).size for webp in first.by_width.values()]
    assert sizes == [(185, 278), (300, 450), (300, 450)]
    assert hashlib.sha256(first.by_width[342]).digest() == hashlib.sha256(first.by_width[780]).digest()
