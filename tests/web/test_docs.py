"""The handbook's examples run as they stand, and it leaves no setting, endpoint or library out."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.connect import connect
from moviec.catalog.webhooks import signature
from moviec.config import Home, Settings, open_home
from moviec.search.index import catch_up, indexer
from moviec.web.app import ROUTES
from moviec.web.routes.docs import describe
from tests.web.server import running

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", (DOCS / "api.md").read_text("utf-8"), re.DOTALL)


#: An answer that finds no film, person, company or collection.
NOTHING = re.compile(r'"candidates":\[\]|"items":\[\],|"id":"mc\d+","items":\[\]')


def demo_to_write(demo_home: Home, tmp_path: Path) -> Home:
    """Copy the demo as `moviec demo` leaves it, for a server that lets nobody in without a key."""
    shutil.copytree(demo_home.folder, tmp_path, dirs_exist_ok=True)
    home = open_home(tmp_path, {})
    catalogue = connect(home.catalogue)
    with indexer(home.search):
        catch_up(catalogue, home.search)
    catalogue.dispose()
    return home


def test_the_examples_run_on_the_demo_and_find_something(demo_home: Home, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None or shutil.which("bash") is None:
        pytest.skip("no curl and bash: install them to run the examples of docs/api.md")
    home = demo_to_write(demo_home, tmp_path)
    catalogue = connect(home.catalogue)
    key, _ = create_key(catalogue, NewKey("docs"))
    admin, _ = create_key(catalogue, NewKey("admin", scope="admin"))
    catalogue.dispose()
    with running(tmp_path) as server:
        environment = {**os.environ, "API": server.url, "KEY": key, "ADMIN": admin}
        for text in blocks("bash")[1:]:
            script = "set -e\n" + text.replace("curl -s", "curl -sS --fail-with-body")
            done = subprocess.run(
                ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (text, done.stdout, done.stderr)
            assert done.stdout.count('{"') >= text.count("curl ")
            assert '{"error"' not in done.stdout, done.stdout
            found = done.stdout.partition(": connected")[0]  # what follows the stream waits for a person
            assert not NOTHING.search(found), (text, done.stdout)
        for text in blocks("python"):
            done = subprocess.run(
                [sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (text, done.stderr)
        for text in blocks("javascript"):
            if node := shutil.which("node"):
                done = subprocess.run(
                    [node, "--input-type=module", "-e", text],
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                assert done.returncode == 0, (text, done.stderr)


def test_receivers_of_the_handbook_take_what_is_signed_and_nothing_else() -> None:
    now, body = int(time.time()), '{"webhook":3,"changes":["é"]}'.encode()
    genuine = signature("secret", now, body)
    cases = [
        (genuine, body, True),
        (genuine, body + b" ", False),
        (signature("other", now, body), body, False),
        (signature("secret", now - 400, body), body, False),
        (genuine.replace("v1=", "v1=é"), body, False),
        (f"t={now}", body, False),
        ("", body, False),
    ]
    (receiver,) = [text for text in blocks("python") if "def is_genuine" in text]
    python: dict[str, Any] = {}
    exec(receiver, python)  # noqa: S102 - the handbook's own code
    assert [python["is_genuine"]("secret", given, sent) for given, sent, _ in cases] == [
        right for *_, right in cases
    ]
    if node := shutil.which("node"):
        (receiver,) = [text for text in blocks("javascript") if "function isGenuine" in text]
        asked = "".join(
            f"console.log(isGenuine('secret', {json.dumps(given)}, Buffer.from('{sent.hex()}', 'hex')));"
            for given, sent, _ in cases
        )
        words = [node, "--input-type=module", "-e", receiver + asked]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(right).lower() for *_, right in cases]


def test_every_endpoint_is_shown_in_three_languages() -> None:
    paths = msgspec.json.decode(describe(ROUTES, ""))["paths"]
    shown = {kind: "".join(blocks(kind)) for kind in ("bash", "python", "javascript")}
    everything = (DOCS / "api.md").read_text("utf-8")
    for path, methods in paths.items():
        part = path.removeprefix("/v1/")
        if not path.startswith("/v1/"):
            continue
        pattern = (
            re.sub(r"{\w+}", r"[^/\\s?]+", re.escape(part).replace(r"\{", "{").replace(r"\}", "}"))
            + r"(?=[?\s\"\'`])"
        )
        if path.startswith("/v1/admin/"):
            name = path.removeprefix("/v1/admin/")
            assert (
                all(name in text for text in shown.values())
                if "get" in methods
                else re.search(pattern, everything)
            ), path
            continue
        for kind, text in shown.items():
            assert re.search(pattern, text), f"docs/api.md shows no {kind} example of {path}"


def test_every_endpoint_is_in_the_handbook() -> None:
    told = (DOCS / "api.md").read_text("utf-8")
    paths = msgspec.json.decode(describe(ROUTES, ""))["paths"]
    for path in paths:
        first = "/" + "/".join(part for part in path.split("/")[1:3] if "{" not in part)
        assert first in told, path


def test_every_setting_is_in_the_handbook() -> None:
    told = (DOCS / "settings.md").read_text("utf-8")
    for field in msgspec.structs.fields(Settings):
        if isinstance(getattr(Settings(), field.name), dict | msgspec.Struct):
            assert f"[{field.name}" in told
        else:
            named = (
                f"| `{field.name}` | `MOVIEC_{field.name.upper()}` |",
                f"| `{field.name}` | in the file only |",
            )
            assert any(each in told for each in named), field.name


def test_every_library_has_its_line_of_why() -> None:
    told = (DOCS / "dependencies.md").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for some in project["optional-dependencies"].values() for one in some),
    ]
    names = {re.split(r"[\[>=<; ]", one)[0] for one in wanted} - {"moviec"}
    assert {name for name in names if name not in told} == set()
