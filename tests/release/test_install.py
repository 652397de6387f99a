"""What is handed out: a small wheel that is the same whenever it is built, a lean start, and lists of what comes with it."""

from __future__ import annotations

import email
import hashlib
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from tools.parts import IMAGE, bill, image_lock, libraries, with_licences

from moviec import __version__
from moviec.jobs.installation import EXTRAS, look_at_installation
from tests.cli.test_extras import HIDING
from tests.commands import moviec

ROOT = Path(__file__).resolve().parents[2]

#: What `moviec serve` loads nothing of: each takes a tenth of a second or more, or 30 MB.
HEAVY = {"vl_convert", "duckdb", "pyarrow", "pandas", "polars", "sudachipy", "opencc", "alembic", "s3fs", "paramiko", "PIL"}  # fmt: skip


def build(out: Path, *words: str, root: Path = ROOT) -> list[Path]:
    """Build as a packager would, at an instant of two years ago."""
    where = {**os.environ, "SOURCE_DATE_EPOCH": "1732838400"}
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(out), *words]
    subprocess.run(command, cwd=root, env=where, capture_output=True, check=True)
    return sorted(out.iterdir())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return build(tmp_path_factory.mktemp("dist"))


def test_the_wheel_is_small_and_holds_the_program_alone(built: list[Path]) -> None:
    wheel = next(path for path in built if path.suffix == ".whl")
    assert wheel.name == f"moviec-{__version__}-py3-none-any.whl"
    assert wheel.stat().st_size <= 2_000_000
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        about = email.message_from_bytes(archive.read(f"moviec-{__version__}.dist-info/METADATA"))
    assert {name.split("/")[0] for name in names} == {"moviec", f"moviec-{__version__}.dist-info"}
    assert {
        "moviec/sources/imdb/source.toml",
        "moviec/web/static/site.css",
        "moviec/sample/films.csv",
    } <= set(names)
    assert about["License-Expression"] == "Apache-2.0"
    assert set(EXTRAS) <= set(about.get_all("Provides-Extra") or [])


def test_the_source_archive_builds_the_same_wheel(built: list[Path], tmp_path: Path) -> None:
    archive = next(path for path in built if path.name.endswith(".tar.gz"))
    with tarfile.open(archive) as files:
        tops = {name.split("/")[1] for name in files.getnames() if "/" in name}
        files.extractall(tmp_path, filter="data")
    assert {"src", "tests", "docs", "LICENSE", "CHANGELOG.md", "pyproject.toml"} <= tops
    assert not tops & {".venv", "demo", "site", ".ci"}
    again = build(tmp_path / "again")
    assert sums(again) == sums(built)
    unpacked = tmp_path / archive.name.removesuffix(".tar.gz")
    (from_archive,) = build(tmp_path / "from", "-t", "wheel", root=unpacked)
    assert sums([from_archive]) == sums([path for path in built if path.suffix == ".whl"])
    tracked = {
        path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()
    }
    with zipfile.ZipFile(from_archive) as wheel:
        assert {name for name in tracked if "__pycache__" not in name} <= set(wheel.namelist())


def sums(paths: list[Path]) -> list[str]:
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]


def test_the_version_stands_in_one_place_and_the_changelog_has_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    for path in (*ROOT.glob("docs/*.md"), *(each for each in ROOT.glob("deploy/**/*") if each.is_file())):
        named = re.findall(r"moviec[-:](\d+\.\d+\.\d+)", path.read_text("utf-8"))
        assert set(named) <= {__version__}, path
    log = (ROOT / "CHANGELOG.md").read_text("utf-8")
    releases = re.findall(r"^## \[?([^\]\n]+?)\]?(?: - (\S+))?$", log, re.MULTILINE)
    assert releases[0] == ("Unreleased", "")
    assert releases[1][0] == __version__
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for _, day in releases[1:])
    kinds = set(re.findall(r"^### (.+)$", log, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_a_server_loads_no_library_for_charts_tables_or_lakes() -> None:
    code = "import sys, moviec.cli.serve, moviec.web.app; print(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {name.partition(".")[0] for name in done.stdout.split()} & HEAVY == set()


def test_the_doctor_says_what_is_installed_and_what_an_absent_extra_takes(tmp_path: Path) -> None:
    done = moviec("doctor", "--install", "--home", tmp_path / "home", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["moviec"] == __version__
    assert told["home"].endswith("(not made yet)")
    assert not (tmp_path / "home").exists(), "looking makes no home"
    assert {part["name"]: part["state"] for part in told["parts"]}["duckdb"] == "there"
    assert {part["extra"] for part in told["parts"]} == {"", *EXTRAS}


def test_the_doctor_names_a_library_that_does_not_load(tmp_path: Path) -> None:
    code = HIDING.format(hidden=("rapidfuzz",))
    command = [sys.executable, "-c", code, "doctor", "--install", "--home", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    told = "moviec: rapidfuzz: broken (No module named 'rapidfuzz'); install moviec again"
    assert told in done.stderr.splitlines()


def test_the_lists_of_libraries_are_those_of_what_is_installed() -> None:
    page = (ROOT / "docs/dependencies.md").read_text("utf-8")
    assert page == with_licences(page), "run `make docs`"
    assert [each.name for each in libraries().values() if each.licence == "unknown"] == []
    made = bill()
    names = {part["name"] for part in made["components"]}
    assert {"duckdb", "litestar", "psycopg", "psycopg-binary", "starlette"} <= names
    refs = {"moviec", *(part["bom-ref"] for part in made["components"])}
    assert all({each["ref"], *each["dependsOn"]} <= refs for each in made["dependencies"])
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    locked = dict(re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE))
    assert {name: locked.get(name) for name in names} == {
        part["name"]: part["version"] for part in made["components"]
    }
    assert lock.count("==") <= lock.count("--hash=sha256:"), "each is pinned by its bytes"
    part = (ROOT / "deploy/requirements.lock").read_text("utf-8")
    assert part == image_lock(lock), "run `make generated`"
    in_image = dict(re.findall(r"^([\w.-]+)==(\S+)", part, re.MULTILINE))
    assert in_image.items() <= locked.items()
    assert set(in_image) == set(libraries(IMAGE))
    assert not {"pyspark", "pandas", "polars"} & set(in_image)


def test_what_the_installation_report_calls_wanted_is_what_the_project_asks_for(tmp_path: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {re.split(r"[\[>=<; ]", need)[0].lower() for need in project["dependencies"]}
    assert {part.name.lower() for part in look_at_installation(tmp_path).parts if not part.extra} == asked
