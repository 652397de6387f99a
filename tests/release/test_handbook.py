"""The handbook leaves nothing out: commands, options, settings, metrics, sources, error codes, tables, pages and links."""

from __future__ import annotations

import re
import shutil
import subprocess
from http import HTTPStatus
from pathlib import Path

import msgspec
import pytest
from tools.commands import commands
from tools.drawings import pictures

from moviec.bounds import Bounds
from moviec.catalog.schema import metadata
from moviec.config import SourceSettings
from moviec.sources.registry import find_sources
from moviec.web import errors
from moviec.web.app import ROUTES
from moviec.web.metrics import Metrics
from moviec.web.routes.docs import describe

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def slug(heading: str) -> str:
    """Return the anchor of a heading, as the site makes it."""
    plain = (
        re.sub(r"[^\w\s-]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", ""))
        .strip()
        .lower()
    )
    return re.sub(r"[-\s]+", "-", plain)


def test_every_command_and_option_stands_on_its_page() -> None:
    assert page("commands.md") == commands(), "run `make docs`"
    assert commands().count("\n## moviec ") > 30


def test_every_source_has_a_section() -> None:
    for name in find_sources(ROOT / "nowhere"):
        assert re.search(rf"^## {name}\b", page("sources.md"), re.MULTILINE), name


def test_every_metric_and_check_is_told() -> None:
    told = page("operations.md")
    names = [family.name for family in Metrics().registry.collect()]
    health = (ROOT / "src/moviec/jobs/health.py").read_text("utf-8")
    checks = re.findall(r'Check\(\s*"(\w+)"', health)
    assert len(names) > 5
    assert len(checks) > 10
    assert [name for name in [*names, *checks] if f"`{name}`" not in told] == []


def test_every_code_of_an_error_is_told() -> None:
    paths = msgspec.json.decode(describe(ROUTES, ""))["paths"]
    statuses = {
        int(status) for methods in paths.values() for each in methods.values() for status in each["responses"]
    }
    named = {
        errors._code(status) for status in {*statuses, 405, 413, 415, 429, 500} if HTTPStatus(status) >= 400
    }
    said = "".join(path.read_text("utf-8") for path in (ROOT / "src/moviec/web").rglob("*.py"))
    own = (set(re.findall(r'Problem\([^)]*?, "([a-z_]+)"', said)) | {"withdrawn"}) - {"status_code"}
    assert {"not_found", "ambiguous", "not_ready", "unprocessable_entity"} <= named | own
    assert {code for code in named | own if f"`{code}`" not in page("api.md")} == set()


def test_every_setting_of_a_source_and_every_bound_is_told() -> None:
    told = page("settings.md") + page("sources.md")
    for kind in (SourceSettings, Bounds):
        names = [field.name for field in msgspec.structs.fields(kind)]
        assert [
            name for name in names if not re.search(rf"`{name}|^{name} =|\.{name}\]", told, re.MULTILINE)
        ] == []


def test_every_table_is_in_the_dictionary() -> None:
    told = page("data-dictionary.md")
    assert [name for name in metadata.tables if f"### `{name}`" not in told] == []


def test_pictures_are_those_of_their_texts() -> None:
    found = pictures(DOCS / "pictures")
    assert len(found) >= 5
    for file, picture in found.items():
        assert file.read_text("utf-8") == picture, "run `make docs`"
        assert any(f"pictures/{file.name}" in each.read_text("utf-8") for each in PAGES), file.name


def test_every_page_is_in_the_navigation_and_every_link_leads_somewhere() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2]
    for each in PAGES:
        assert each.name in navigation, each.name
        text = re.sub(r"```.*?```", "", each.read_text("utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if "://" in target:
                continue
            name, _, anchor = target.partition("#")
            where = DOCS / name if name else each
            assert where.exists(), (each.name, target)
            if anchor and where.suffix == ".md":
                headings = re.findall(r"^#+ (.*)$", where.read_text("utf-8"), re.MULTILINE)
                assert anchor in map(slug, headings), (each.name, target)


@pytest.mark.nightly
def test_the_site_is_built_and_asks_no_other_host() -> None:
    zensical = shutil.which("zensical", path=str(ROOT / ".venv-docs/bin")) or shutil.which("zensical")
    if zensical is None:
        pytest.skip("zensical is not here: `make docs` installs it")
    command = [zensical, "build", "--strict"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (ROOT / "site/search.json").stat().st_size > 100_000
    for built in (ROOT / "site").glob("*.html"):
        found = re.findall(
            r"<(?:script|img|iframe|link)[^>]+(?:src|href)=\"?(https?:[^\" >]+)", built.read_text("utf-8")
        )
        assert found == [], built.name
