"""No log, error or answer holds a secret: keys, passwords in addresses, provider keys, webhook secrets."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import httpx

from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.connect import connect
from moviec.config import Home, open_home
from tests.commands import started
from tests.homes import copy_tree
from tests.web.server import running

#: Forms of secrets that nothing of ours should ever print: private keys, tokens of clouds and forges, our own keys.
FORMS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|xox[baprs]-[A-Za-z0-9-]{10,}"
)
ROOT = Path(__file__).resolve().parents[2]
SECRET = "s3cretS3CRETs3cret"  # noqa: S105 - nobody's


def test_the_log_of_a_server_holds_no_key(demo_home: Home, tmp_path: Path) -> None:
    copy_tree(demo_home.folder, tmp_path)
    (tmp_path / "moviec.toml").write_text("log = 'server.log'\n")
    catalogue = connect(open_home(tmp_path, {}).catalogue)
    key, _ = create_key(catalogue, NewKey("app", scope="admin"))
    catalogue.dispose()
    with running(tmp_path) as server, httpx.Client(base_url=server.url) as client:
        headers = {"X-API-Key": key}
        client.get("/v1/movies", headers=headers)
        client.get("/v1/movies", headers={"Authorization": f"Bearer {key}x"})
        client.get(f"/omdb/?apikey={key}&t=Heat")
        client.get(f"/3/movie/603?api_key={key}")
        client.get(f"/v1/movies?api_key={key}", headers=headers)
        client.post("/sign-in", data={"key": key}, headers={"Origin": server.url})
        client.post("/v1/webhooks", json={"url": f"https://user:{SECRET}@hook.example/"}, headers=headers)
        client.post("/v1/webhooks", content=b"{" + SECRET.encode(), headers=headers)
    log = (tmp_path / "server.log").read_text("utf-8")
    assert "/v1/movies" in log
    assert key not in log
    assert key.removeprefix("mc_")[:16] not in log
    assert SECRET not in log


def test_errors_of_commands_hold_no_password(tmp_path: Path) -> None:
    places = (
        ("MOVIEC_CATALOGUE", f"postgresql://me:{SECRET}@127.0.0.1:1/films"),
        ("MOVIEC_LAKE", f"sftp://me:{SECRET}@127.0.0.1:1/lake"),
        ("MOVIEC_SMTP", f"smtp://me:{SECRET}@127.0.0.1:1"),
    )
    for name, address in places:
        home = tmp_path / name
        home.mkdir()
        (home / "moviec.toml").write_text("[alerts]\nmail = 'ops@films.example'\n")
        words = ["alerts", "--test"] if name == "MOVIEC_SMTP" else ["status"]
        done = subprocess.run(
            [sys.executable, "-m", "moviec", *words, "--home", str(home)],
            env={name: address, "PATH": "/usr/bin:/bin"}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode != 0, name
        assert done.stderr
        assert SECRET not in done.stdout + done.stderr, name
    done = started(
        "ingest", "table", f"https://me:{SECRET}@127.0.0.1:1/x.csv?sig={SECRET}", "--home", tmp_path / "web"
    )
    assert done.returncode != 0
    assert SECRET not in done.stdout + done.stderr


def test_nothing_in_the_project_looks_like_a_secret() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    names = listed.stdout.split() or [str(path.relative_to(ROOT)) for path in (ROOT / "src").rglob("*.py")]
    for name in names:
        path = ROOT / name
        if (
            path.suffix in (".py", ".toml", ".md", ".yaml", ".yml", ".json", ".txt", ".sh", ".sql", ".conf")
            and path.exists()
        ):
            found = FORMS.search(path.read_text("utf-8", errors="replace"))
            assert found is None or path.name == "test_secrets.py", (name, found)
