"""The README's commands, run as they are written after a demo, and the demo's own server."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from moviec.config import Home
from tests.homes import copy_tree
from tests.web.server import PATIENCE, free_port

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")

#: What this test leaves out: it builds what is there, listens without end, downloads, or is slow and tested elsewhere.
LEFT_OUT = re.compile(r"make |moviec (serve|up|worker|ingest (imdb|movielens)$|demo|run|fit|rebuild)|unset ")


def written() -> list[str]:
    """The lines of the README's shell blocks, then the commands of its table that name nothing of the reader's."""
    lines = [
        line for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) for line in block.splitlines()
    ]
    cells = re.findall(r"^\| .* \| (.*) \|$", README, re.MULTILINE)
    commands = [found for cell in cells for found in re.findall(r"`(moviec [^`]*)`", cell)]
    plain = [one for one in commands if not re.search(r"\b[A-Z]{2,}\b|\.csv|backfill", one)]
    return [line for line in [*lines, *plain] if not LEFT_OUT.match(line.partition("#")[0].strip())]


@pytest.fixture
def checkout(demo_home: Home, tmp_path: Path) -> Path:
    """Give a folder as `make demo` leaves it: its environment, and the demo's home."""
    bin = tmp_path / ".venv" / "bin"
    bin.mkdir(parents=True)
    (bin / "activate").write_text(f'PATH="{bin}:$PATH"\n')
    (bin / "moviec").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m moviec "$@"\n')
    (bin / "moviec").chmod(0o755)
    copy_tree(demo_home.folder, tmp_path / "demo")
    return tmp_path


@pytest.mark.slow
def test_the_commands_of_the_readme_work_as_written(checkout: Path) -> None:
    lines = written()
    assert {"moviec search terminator 1984", "moviec status", "moviec quarantine list"} <= set(lines)
    assert lines[0].startswith(". .venv/bin/activate")
    script = "\n".join(f"{line} || exit" for line in lines)
    home = {"HOME": str(checkout / "nobody"), "PATH": "/usr/bin:/bin", "PYTHONPATH": os.environ["PYTHONPATH"]}
    done = subprocess.run(["bash", "-x", "-c", script], cwd=checkout, env=home, capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "The Terminator" in done.stdout
    assert not (checkout / "nobody").exists(), "every command used the demo's home"


def test_the_demo_says_how_to_go_on_and_its_server_logs_to_a_file(checkout: Path) -> None:
    port = free_port()
    home = {"PATH": "/usr/bin:/bin", "HOME": str(checkout / "nobody")}
    command = [sys.executable, "-m", "moviec", "demo", "--port", str(port)]
    with (checkout / "out").open("w") as out, (checkout / "err").open("w") as err:
        process = subprocess.Popen(command, cwd=checkout, env=home, stdout=out, stderr=err)
    try:
        page = _page(f"http://127.0.0.1:{port}/", process)
    finally:
        process.terminate()
        process.wait(PATIENCE)
    told, said = (checkout / "out").read_text(), (checkout / "err").read_text()
    assert "270 films" in page
    assert "ratings, votes and popularity are invented" in page
    assert f"export MOVIEC_HOME={checkout / 'demo'}\n" in told
    assert ". " + str(Path(sys.prefix) / "bin/activate") in told
    assert f"the log is {checkout / 'demo/server.log'}" in said
    assert '"event"' not in said
    assert '"path":"/"' in (checkout / "demo/server.log").read_text().replace(" ", "")


def _page(url: str, process: subprocess.Popen[bytes]) -> str:
    """Wait for the server and give its first page."""
    transport = httpx.HTTPTransport(retries=0)
    with httpx.Client(transport=transport, timeout=PATIENCE) as client:
        while process.poll() is None:
            try:
                return client.get(url, headers={"Accept": "text/html"}).raise_for_status().text
            except httpx.TransportError:
                continue
    raise AssertionError("the demo has ended")
