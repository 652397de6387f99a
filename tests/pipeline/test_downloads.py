"""`moviec ingest SOURCE` without a path: what the provider publishes, from a real server that breaks off, refuses and changes."""

from __future__ import annotations

import gzip
import hashlib
import io
import itertools
import json
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from moviec.cli import build
from moviec.pipeline import downloads
from moviec.sources.registry import find_source
from moviec.transient import Patience
from tests.servers import Answer, web
from tests.sources.test_remote import body

FACTS = """
name = "club"
title = "The film club's list"
home_page = "https://club.example/terms"
licence = "personal use"
attribution = "the club"
complete = true
cron = "0 6 * * *"

[files.films]
names = ["films"]
key = "no"
required = ["title"]

[files.films.columns]
no = ["key"]
title = ["title"]

[files.scores]
names = ["scores"]
key = "no"
of = "films"
optional = true

[files.scores.columns]
no = ["key"]
runtime = ["runtime"]
"""
FILMS = gzip.compress(b"no,title\n1,Alien\n2,Heat\n", mtime=0)
SCORES = b"no,runtime\n1,117\n"
ALL_OF_IT = (200, "")


class Published:
    """A file as a provider's server has it, with an ETag of its bytes; the first answer stops after `cut` bytes."""

    def __init__(self, data: bytes, cut: int | None = None) -> None:
        self.data, self.cut = data, cut
        self.asked: list[tuple[int, str]] = []

    def __call__(self, to: BaseHTTPRequestHandler) -> None:
        etag = f'"{hashlib.sha256(self.data).hexdigest()[:8]}"'
        given = to.headers.get("Range", "")
        goes_on = bool(given) and to.headers.get("If-Range") == etag
        start = int(given.removeprefix("bytes=").rstrip("-")) if goes_on else 0
        status = 304 if to.headers.get("If-None-Match") == etag else 206 if goes_on else 200
        self.asked.append((status, given))
        data = b"" if status == 304 else self.data[start:]
        sent, self.cut = data[: self.cut], None
        headers = {"Content_Range": f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"} if goes_on else {}
        body(sent, len(data), status, ETag=etag, **headers)(to)


class Desk:
    """A home whose source `club` is published at two addresses."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.answers: dict[str, list[Answer]] = {}
        self.server = ""
        self.days = itertools.count(1)
        place = self.home / "sources" / "club"
        place.mkdir(parents=True)
        (place / "source.toml").write_text(FACTS)

    def publish(self, name: str, *answers: Answer) -> None:
        self.answers[f"/{name}"] = list(answers)

    def settings(self, server: str, extra: str = "") -> None:
        urls = [f"{server.replace('//', '//me:s3cret@')}{path}" for path in self.answers]
        (self.home / "moviec.toml").write_text(
            f"fetch_private = true\n[sources.club.download]\nurls = {json.dumps(urls)}\n{extra}"
        )

    def moviec(self, *words: str) -> Result:
        done = CliRunner().invoke(build(words), [*words, "--home", str(self.home)])
        assert "s3cret" not in done.output
        return done

    def ingest(self, *words: str) -> Result:
        """Ingest, each time as of a day later."""
        return self.moviec("ingest", "club", *words, "--delivered-at", f"2026-01-{next(self.days):02}")

    def fails(self) -> str:
        """Ingest what cannot be had; give what the error says."""
        done = self.ingest()
        assert done.exception is not None
        assert "s3cret" not in str(done.exception)
        return str(done.exception)

    def records(self) -> int:
        rows = json.loads(self.moviec("sources", "--json").stdout)
        return next(int(row["records"]) for row in rows if row["source"] == "club")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(downloads, "PATIENCE", Patience(timeout=5, pauses=(0.01, 0.01)))
    found = Desk(tmp_path)
    with web(found.answers) as server:
        found.server = server
        yield found


def opened(desk: Desk, extra: str = "") -> Desk:
    desk.settings(desk.server, extra)
    return desk


def test_what_is_published_becomes_the_catalogue_and_is_not_downloaded_twice(desk: Desk) -> None:
    films, scores = Published(FILMS), Published(SCORES)
    desk.publish("films.csv.gz", films)
    desk.publish("scores.csv", scores)
    opened(desk)
    done = desk.ingest()
    assert done.exit_code == 0, done.output
    assert "The film club's list: personal use; see https://club.example/terms" in done.stderr
    assert "2 records: 2 new or changed" in done.stdout
    assert "nothing to do" in desk.ingest().stdout
    assert films.asked == scores.asked == [ALL_OF_IT, (304, "")]
    films.data = gzip.compress(b"no,title\n1,Alien\n2,Heat\n3,Ran\n", mtime=0)
    done = desk.ingest()
    assert "3 records: 1 new or changed, 0 gone" in done.stdout
    assert "scores" in done.stdout, "a file that did not change is read as it last came"
    assert (films.asked[2:], scores.asked[2:]) == ([ALL_OF_IT], [(304, "")])
    assert [path.name for path in (desk.home / "downloads").iterdir()] == ["club.json"]


def test_files_given_by_hand_in_between_are_not_taken_for_the_published_ones(
    desk: Desk, tmp_path: Path
) -> None:
    films = Published(FILMS)
    desk.publish("films.csv.gz", films)
    opened(desk).ingest()
    other = tmp_path / "films.csv"
    other.write_text("no,title\n1,Alien\n2,Heat\n3,Ran\n")
    assert desk.ingest(str(other)).exit_code == 0
    assert desk.records() == 3
    desk.ingest("--accept-shrink")
    assert (films.asked, desk.records()) == ([ALL_OF_IT, ALL_OF_IT], 2)


def test_a_broken_body_goes_on_where_it_stopped(desk: Desk) -> None:
    films = Published(FILMS, cut=20)
    desk.publish("films.csv.gz", films)
    opened(desk)
    assert "2 records" in desk.ingest().stdout
    assert films.asked == [ALL_OF_IT, (206, "bytes=20-")]


def test_a_file_that_changed_while_it_was_broken_off_begins_anew(desk: Desk) -> None:
    films = Published(gzip.compress(b"no,title\n1,Older\n", mtime=0), cut=20)

    def newer(to: BaseHTTPRequestHandler) -> None:
        films.data = FILMS
        films(to)

    desk.publish("films.csv.gz", films, newer)
    opened(desk)
    assert "2 records" in desk.ingest().stdout
    assert films.asked == [ALL_OF_IT, (200, "bytes=20-")]


def test_the_next_run_takes_up_what_one_that_failed_has_left(desk: Desk) -> None:
    films, scores = Published(FILMS), Published(SCORES, cut=5)
    desk.publish("films.csv.gz", films)
    desk.publish("scores.csv", scores, body(b"", status=503))
    opened(desk)
    failure = desk.fails()
    assert failure.endswith(
        "/scores.csv: cannot be fetched (503 Service Unavailable); run it again: it continues with what was fetched so far"
    )
    desk.publish("scores.csv", scores)
    assert "2 records" in desk.ingest().stdout
    assert films.asked == [ALL_OF_IT, (304, "")]
    assert scores.asked == [ALL_OF_IT, (206, "bytes=5-")]


def test_a_busy_server_is_asked_again(desk: Desk) -> None:
    desk.publish("films.csv.gz", body(b"", status=503, Retry_After="0"), Published(FILMS))
    assert "2 records" in opened(desk).ingest().stdout


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (body(b"", status=404), "no such file (404 Not Found); if it has moved, set urls under [sources.club.download]"),
        (body(b"", status=403), "access refused (403 Forbidden); see docs/settings.md"),
        (body(FILMS[:-5], len(FILMS)), f"the answer broke off after {len(FILMS) - 5} of {len(FILMS)} bytes; run it again"),
        (body(b"x" * 301), "more than 300 bytes; raise max_bytes in the settings"),
        (body(b"", status=429, Retry_After="Fri, 01 Jan 2100 00:00:00 GMT"), "cannot be fetched (429 "),
        (body(FILMS[:-5]), "films.csv.gz: the gzip is truncated or damaged; fetch it again"),
        (body(b"<html>Please log in</html>"), "title"),
    ],
)  # fmt: skip
def test_each_failure_is_one_line_and_leaves_nothing_in_the_catalogue(
    desk: Desk, answer: Answer, message: str
) -> None:
    desk.publish("films.csv.gz", answer)
    failure = opened(desk, "max_bytes = 300\n").fails()
    assert message in failure
    assert "films.csv" in failure
    assert "\n" not in failure
    assert desk.records() == 0
    desk.publish("films.csv.gz", Published(FILMS))
    assert "2 records" in desk.ingest().stdout


def test_a_zip_holds_the_files_of_a_delivery(desk: Desk) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in {
            "films.csv": gzip.decompress(FILMS),
            "scores.csv": SCORES,
            "README.txt": b"x",
        }.items():
            archive.writestr(f"small/{name}", data)
    desk.publish("small.zip", Published(packed.getvalue()))
    done = opened(desk).ingest()
    assert "2 records" in done.stdout
    assert "scores" in done.stdout


def test_a_zip_without_the_films_is_refused_by_name(desk: Desk) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("small/scores.csv", SCORES)
    desk.publish("small.zip", Published(packed.getvalue()))
    assert "films" in opened(desk).fails()


def test_a_source_with_a_download_in_the_settings_comes_round(desk: Desk) -> None:
    desk.publish("films.csv.gz", Published(FILMS))
    opened(desk)
    assert [one["state"] for one in json.loads(desk.moviec("run", "--json").stdout)] == ["done"]
    assert json.loads(desk.moviec("run", "--json").stdout) == []


@pytest.mark.parametrize(
    ("name", "host"), [("imdb", "datasets.imdbws.com"), ("movielens", "files.grouplens.org")]
)
def test_the_shipped_addresses_name_a_file_for_every_role_that_is_needed(name: str, host: str) -> None:
    spec = find_source(name).spec
    assert all(url.startswith(f"https://{host}/") for url in spec.download.urls)
    files = [url.rpartition("/")[2] for url in spec.download.urls]
    if name == "imdb":
        for file in spec.files.values():
            assert any(one.startswith(file.names) for one in files)
