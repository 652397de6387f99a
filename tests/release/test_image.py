"""The image without a container engine: the commands of deploy/Dockerfile, read from it, run in fresh Debian roots.

A root of Debian stands in for `python:3.13-slim`: the release whose Python is 3.13, with nothing but Python and its `venv`. Each stage has
a root of its own; what is copied, set and run is what the file says, and what ends up in the last root is started as its user, as its
entry point has it, in a network of its own, until its health check passes. Not checked: the base image itself, layers, and labels.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from moviec import __version__

ROOT = Path(__file__).resolve().parents[2]
RELEASE = "trixie"

#: The instructions that are understood here; another one fails the test.
NAMES = {
    "FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "ENTRYPOINT", "CMD",
}  # fmt: skip


class Stage(msgspec.Struct):
    """A stage while it is built: its root, and what later commands are run with."""

    root: Path
    folder: str = "/"
    user: str = "0:0"
    environment: dict[str, str] = {}
    entry: list[str] = []
    command: list[str] = []
    check: list[str] = []

    def run(self, command: list[str], **more: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the root, as the user and with the environment that the file has set so far."""
        path = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
        where = {"PATH": path, "HOME": "/root", **self.environment, **more}
        where["PATH"] = where["PATH"].replace("$PATH", path)
        words = ["env", "-i", *(f"{name}={value}" for name, value in where.items()), "sh", "-c", 'cd "$0" && exec "$@"', self.folder, *command]  # fmt: skip
        return subprocess.run(["chroot", f"--userspec={self.user}", str(self.root), *words], capture_output=True, text=True, check=False)  # fmt: skip


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """Yield the instructions of a Dockerfile with their words, lines that go on joined."""
    plain = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    for line in filter(None, map(str.strip, plain.splitlines())):
        name, _, words = line.partition(" ")
        assert name in NAMES, line
        yield name, words.strip()


def build(text: str, bare: Path, desk: Path, given: dict[str, str]) -> Stage:
    """Carry a Dockerfile out, its RUN commands with some more environment; return its last stage."""
    stages: dict[str, Stage] = {}
    stage = Stage(bare)
    for name, words in instructions(text):
        if name == "FROM":
            image, _, called = words.partition(" AS ")
            assert image == "python:3.13-slim"
            root = desk / (called or "last")
            subprocess.run(["cp", "-a", "--reflink=auto", str(bare), str(root)], check=True)
            stage = stages[called or "last"] = Stage(root, environment={})
        elif name == "COPY":
            copy(words, stage, stages)
        elif name == "RUN":
            done = stage.run(["sh", "-c", words], **given)
            assert done.returncode == 0, (words, done.stdout[-2000:], done.stderr[-2000:])
        elif name == "WORKDIR":
            (stage.root / words.lstrip("/")).mkdir(parents=True, exist_ok=True)
            stage.folder = words
        elif name == "ENV":
            settings = [pair.partition("=") for pair in shlex.split(words)]
            stage.environment.update({name: value for name, _, value in settings})
        elif name == "USER":
            stage.user = words
        elif name == "HEALTHCHECK":
            stage.check = json.loads(words.partition("CMD ")[2])
        elif name in ("ENTRYPOINT", "CMD"):
            setattr(stage, "entry" if name == "ENTRYPOINT" else "command", json.loads(words))
    return stage


def copy(words: str, stage: Stage, stages: dict[str, Stage]) -> None:
    """Copy from the checkout, or from another stage's root."""
    source, *names = words.split() if words.startswith("--from=") else ("", *words.split())
    *files, target = names
    place = stage.root / (target.lstrip("/") if target.startswith("/") else f"{stage.folder}/{target}".lstrip("/"))  # fmt: skip
    if source:
        origin = stages[source.removeprefix("--from=")].root / files[0].lstrip("/")
        shutil.copytree(origin, place, symlinks=True, dirs_exist_ok=True)
        return
    kept = (ROOT / "deploy/Dockerfile.dockerignore").read_text().split()
    for pattern in files:
        assert f"!{pattern}" in kept, f"the context lacks {pattern}"
        (found,) = ROOT.glob(pattern)
        shutil.copy(found, place)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a fresh root of Debian with Python and `venv` alone."""
    debootstrap = shutil.which("debootstrap", path=f"/usr/sbin:{os.environ['PATH']}")
    if debootstrap is None or os.geteuid() != 0:
        pytest.skip("a fresh Debian root takes root and debootstrap: apt-get install debootstrap")
    told = subprocess.run(["apt-get", "indextargets", "--format", "$(SITE)"], capture_output=True, text=True, check=True)  # fmt: skip
    mirror = next(line for line in told.stdout.splitlines() if line.rstrip("/").endswith("debian"))
    root = tmp_path_factory.mktemp("debian") / "root"
    packages = "--include=python3,python3-venv,ca-certificates"
    done = subprocess.run([debootstrap, "--variant=minbase", packages, RELEASE, str(root), mirror], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    root.parent.chmod(0o755)
    for folder in root.parents:
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):  # noqa: S108 - who runs in the root walks there
            folder.chmod(folder.stat().st_mode | 0o011)
    return root


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with the files that the image's lock names, as they are for Python 3.13, checked by their hashes."""
    folder = tmp_path_factory.mktemp("wheels")
    machine = platform.machine()
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(5, 42)] + [f"manylinux2014_{machine}", f"manylinux1_{machine}"]  # fmt: skip
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:",
        "--python-version=3.13", "--implementation=cp", "--abi=cp313", "--abi=abi3", "--abi=none",
        *(f"--platform={tag}" for tag in tags), "-d", str(folder), "-r", str(ROOT / "deploy/requirements.lock"),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder


#: Starts the entry point in a network of its own, waits until the health check passes, then stops it as the engine would.
SERVED = """
python3 -c "
import fcntl, socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(s, 0x8914, struct.pack('16sH14s', b'lo', 0x1 | 0x40, b''))
"
$IN $ENTRY > $LOG 2>&1 & server=$!
for _ in $(seq 120); do
  sleep 0.5
  if $IN $CHECK > /dev/null 2>&1; then ok=1; break; fi
done
test -n "${ok:-}" && $IN $ASK
status=$?
kill -TERM $server; wait $server
echo "ended with $?"
exit $status
"""


@pytest.mark.nightly
@pytest.mark.slow
def test_the_commands_of_the_dockerfile_make_an_image_that_serves(
    bare: Path, wheels: Path, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "-d", str(ROOT / "dist")], cwd=ROOT, check=True, capture_output=True)  # fmt: skip
    shutil.copytree(wheels, bare / "wheels")
    given = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels"}
    desk = bare.parent
    stage = build((ROOT / "deploy/Dockerfile").read_text("utf-8"), bare, desk, given)
    assert stage.user == "10001:10001"
    told = stage.run(["moviec", "--version"])
    assert told.stdout == f"moviec {__version__}\n", told.stderr
    installed = json.loads(stage.run(["moviec", "doctor", "--install", "--json"]).stdout)
    there = {part["extra"] for part in installed["parts"] if part["state"] == "there"}
    assert there == {"", "excel", "postgres", "remote"}
    assert [part["name"] for part in installed["parts"] if part["state"] not in ("there", "missing")] == []
    done = stage.run(["moviec", "demo", "--no-serve", "--home", "/home/moviec"])
    assert done.returncode == 0, done.stderr
    assert "The Terminator" in stage.run(["moviec", "search", "terminator", "1984"]).stdout
    assert stage.run(["sh", "-c", "echo x > /opt/moviec/x"]).returncode != 0, "its user changes nothing of it"
    size = subprocess.run(["du", "-sm", str(stage.root / "opt/moviec")], capture_output=True, text=True, check=True)  # fmt: skip
    assert int(size.stdout.split()[0]) < 900, size.stdout

    def inside(*words: str) -> str:
        path = f"PATH={stage.environment['PATH'].replace('$PATH', '/usr/local/bin:/usr/bin:/bin')}"
        rest = [f"{name}={value}" for name, value in stage.environment.items() if name != "PATH"]
        return shlex.join(["chroot", f"--userspec={stage.user}", str(stage.root), "env", "-i", path, *rest, *words])  # fmt: skip

    ask = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/readyz').status)"
    script = SERVED
    for name, words in {"$IN $ENTRY": inside(*stage.entry, *stage.command), "$IN $CHECK": inside(*stage.check), "$IN $ASK": inside("python", "-c", ask), "$LOG": str(tmp_path / "log")}.items():  # fmt: skip
        script = script.replace(name, words)
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr + (tmp_path / "log").read_text()
    assert done.stdout.split() == ["200", "ended", "with", "0"]
