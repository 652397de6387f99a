"""Fetching from real servers: what comes is whole, what may pass is tried again, what fails says so in one line."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from moviec.errors import MovieCError, SourceError, TransportError, UsageError
from moviec.storage.filesystems import name_of, shown
from moviec.storage.remote import fetch, open_remote
from moviec.transient import Patience
from tests.servers import Answer, Bucket, s3, sftp, web

DATA = b"no,title\n" + b"1,Alien\n" * 40_000
QUICK = Patience(timeout=0.5, pauses=(0.01, 0.02))


def body(data: bytes, length: int | None = None, status: int = 200, **headers: str) -> Answer:
    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        to.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(data)

    return answer


def fetched(url: str, folder: Path, **options: object) -> Path:
    own = {"private": True} if url.startswith("http") else {}
    return fetch(open_remote(url, {**own, **options}, QUICK), url, folder, QUICK)


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with s3() as found:
        found.put("week 1/films+1.csv", DATA)
        found.put("week 1/links.csv", b"x")
        yield found


def test_a_web_file_comes_past_a_redirect_under_its_own_name(tmp_path: Path) -> None:
    answers = {"/here/f%20g.csv?v=1": [body(b"", status=302, Location="/there")], "/there": [body(DATA)]}
    with web(answers) as server:
        path = fetched(f"{server}/here/f%20g.csv?v=1", tmp_path)
    assert (path.name, path.read_bytes()) == ("f g.csv", DATA)
    assert list(tmp_path.iterdir()) == [path], "nothing else is left"


def test_what_may_pass_is_tried_again(tmp_path: Path) -> None:
    answers = {"/a.csv": [body(b"", status=503), body(DATA[:1000], len(DATA)), body(DATA)]}
    with web(answers) as server:
        assert fetched(f"{server}/a.csv", tmp_path).read_bytes() == DATA


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (body(b"", status=404), UsageError, r"/a\.csv: no such file \(404 Not Found\)"),
        (body(b"", status=403), SourceError, r"/a\.csv: access refused \(403 Forbidden\); see docs"),
        (body(b"", status=500), TransportError, r"/a\.csv: cannot be fetched \(500 "),
        (body(b"", status=302, Location="/a.csv"), SourceError, r"/a\.csv: cannot be fetched \(302 "),
        (body(b"", status=429, Retry_After="3600"), TransportError, r"/a\.csv: cannot be fetched \(429 "),
        (body(DATA[:1000], len(DATA)), TransportError, r"/a\.csv: the answer broke off after 1,000 of 320,009 bytes"),
        (lambda to: to.wfile.write(b"nonsense\r\n"), TransportError, r"/a\.csv: the answer broke off"),
        (lambda to: to.connection.shutdown(socket.SHUT_RDWR), TransportError, r"/a\.csv: "),
    ],
)  # fmt: skip
def test_what_fails_says_so_in_one_line(
    tmp_path: Path, answer: Answer, kind: type[MovieCError], message: str
) -> None:
    with web({"/a.csv": [answer]}) as server, pytest.raises(kind, match=message) as failed:
        fetched(f"{server}/a.csv", tmp_path)
    assert failed.value.retryable is (kind is TransportError)
    assert "\n" not in str(failed.value)
    assert not (tmp_path / "a.csv").exists()


def test_no_answer_and_no_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(TransportError, match=r"no answer within 0\.5 s|timed out"):
            fetched(f"http://{address}/a.csv", tmp_path)
    with pytest.raises(TransportError, match=r"cannot be fetched \(Connection refused\)"):
        fetched(f"http://{address}/a.csv", tmp_path)


def test_names_passwords_and_headers_go_along_but_not_to_where_it_is_redirected(tmp_path: Path) -> None:
    seen: list[tuple[str | None, str | None]] = []

    def answer(to: BaseHTTPRequestHandler) -> None:
        seen.append((to.headers["Authorization"], to.headers["X-Key"]))
        body(b"", status=302, Location="/b.csv")(to) if to.path == "/a.csv" else body(DATA)(to)

    with web({"/a.csv": [answer], "/b.csv": [answer]}) as server:
        url = server.replace("//", "//me:p%40ss@") + "/a.csv"
        fetched(url, tmp_path, headers={"X-Key": "k"})
    assert seen == [("Basic bWU6cEBzcw==", "k"), (None, None)]
    assert shown(url) == f"{server}/a.csv"


def test_s3_lists_and_fetches(tmp_path: Path, bucket: Bucket) -> None:
    remote = open_remote(bucket.url, bucket.options, QUICK)
    assert remote.is_folder(f"{bucket.url}/week 1")
    assert not remote.is_folder(f"{bucket.url}/week 1/films+1.csv")
    assert remote.names(f"{bucket.url}/week 1/") == ["films+1.csv", "links.csv"]
    assert fetched(f"{bucket.url}/week 1/films+1.csv", tmp_path, **bucket.options).read_bytes() == DATA


def test_s3_says_what_is_wrong(tmp_path: Path, bucket: Bucket) -> None:
    with pytest.raises(UsageError, match=r"s3://drops/none\.csv: no such file"):
        fetched(f"{bucket.url}/none.csv", tmp_path, **bucket.options)
    with pytest.raises(UsageError, match="no such file"):
        fetched("s3://no-such-bucket/films.csv", tmp_path, **bucket.options)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    root = tmp_path / "root"
    (root / "week 1").mkdir(parents=True)
    (root / "week 1/films.csv").write_bytes(DATA)
    with sftp(root, tmp_path / "known_hosts", "p@ss") as port:
        yield f"127.0.0.1:{port}"


def test_sftp_lists_and_fetches(tmp_path: Path, served: str) -> None:
    known = str(tmp_path / "known_hosts")
    url = f"sftp://films:p%40ss@{served}/week 1"
    remote = open_remote(url, {"known_hosts": known}, QUICK)
    assert remote.is_folder(url)
    assert remote.names(url) == ["films.csv"]
    assert not remote.is_folder(f"{url}/films.csv")
    assert fetch(remote, f"{url}/films.csv", tmp_path, QUICK).read_bytes() == DATA
    with pytest.raises(UsageError, match="/week 1/none: no such file"):
        remote.is_folder(f"{url}/none")


def test_sftp_refuses_a_wrong_password_and_an_unknown_server(tmp_path: Path, served: str) -> None:
    known = str(tmp_path / "known_hosts")
    options = {"username": "films", "password": "wrong", "allow_agent": False, "look_for_keys": False}
    with pytest.raises(SourceError, match="access refused") as refused:
        fetched(f"sftp://{served}/week 1/films.csv", tmp_path, known_hosts=known, **options)
    assert not refused.value.retryable
    with pytest.raises(SourceError, match=r"the server's key .* is not known; ask whether it is right"):
        fetched(f"sftp://films:p%40ss@{served}/week 1/films.csv", tmp_path)


def test_an_address_of_an_unknown_kind_and_one_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nosuch://a/b: this kind of address cannot be opened"):
        fetched("nosuch://a/b", tmp_path)
    with pytest.raises(UsageError, match="https://host/: this address does not name a file"):
        fetched("https://host/", tmp_path)
    assert name_of("s3://drops/a%20b.csv") == "a%20b.csv"
