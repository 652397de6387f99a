"""The handbook leaves nothing out: commands, options, settings, metrics, sources, error codes, tables, pages and links."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tools.commands import commands
from tools.drawings import pictures
from typer.main import get_command

from moviec.bounds import Bounds
from moviec.catalog.schema import metadata
from moviec.cli import build
from moviec.config import SourceSettings
from moviec.sources.registry import find_sources
from moviec.web import errors
from moviec.web.app import ROUTES
from moviec.web.routes.docs import describe
from moviec.web.telemetry import Metrics

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
        assert re.search(rf"^## {name}\b", page("sources.md"), re.MULTILINE), (
            f"docs/sources.md: no section ## {name}"
        )


def test_every_metric_and_check_is_told() -> None:
    told = page("operations.md")
    names = [family.name for family in Metrics().registry.collect()]
    health = (ROOT / "src/moviec/jobs/health.py").read_text("utf-8")
    checks = re.findall(r'Check\(\s*"(\w+)"', health)
    assert len(names) > 5
    assert len(checks) > 10
    assert [name for name in [*names, *checks] if f"`{name}`" not in told] == []


#: Statuses that the framework answers by itself: JSON that is none, unknown paths and methods, bodies that are too long.
FRAMEWORK = {400, 404, 405, 413}


def codes_of_the_web() -> set[tuple[str, int]]:
    """Return the codes with their statuses of every `Problem` that the web's modules build."""
    found = {(errors._code(status), status) for status in FRAMEWORK}
    for path in sorted((ROOT / "src/moviec/web").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
                continue
            if call.func.id == "_done":  # what admins order: refused with this status, else as a conflict
                given = [each.value for each in call.keywords if each.arg == "refused"] + call.args[2:3]
                statuses = [ast.literal_eval(given[0]) if given else 409]
            elif call.func.id == "Problem":
                named = [each.value for each in ast.walk(call.args[0]) if isinstance(each, ast.Constant)]
                statuses = [each for each in named if isinstance(each, int)]
            else:
                continue
            code = call.args[2] if call.func.id == "Problem" and len(call.args) > 2 else ast.Constant("")
            for status in statuses:
                found.add((ast.literal_eval(code) or errors._code(status), status))
    return found


def test_the_table_of_errors_has_every_code_with_its_status_and_no_other() -> None:
    table = page("api.md").partition("| code | status |")[2].partition("\n\n")[0]
    told = {
        (code, int(status))
        for codes, status in re.findall(r"^\| (`.*?`) \| (\d+) \|", table, re.MULTILINE)
        for code in re.findall(r"`(\w+)`", codes)
    }
    found = codes_of_the_web()
    assert {("unknown_cursor", 404), ("beyond_the_log", 410), ("withdrawn", 404), ("conflict", 409)} <= found
    assert told == found


def test_every_status_that_the_description_promises_is_in_the_table_of_errors() -> None:
    paths = msgspec.json.decode(describe(ROUTES, ""))["paths"]
    described = {
        int(status) for methods in paths.values() for each in methods.values() for status in each["responses"]
    }
    answered = {status for _, status in codes_of_the_web()}
    assert {status for status in described if HTTPStatus(status) >= 400} <= answered


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


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8").partition("nav:")[2]
    assert [each.name for each in PAGES if each.name not in navigation] == []


@pytest.mark.parametrize("each", [*PAGES, *sorted(ROOT.glob("*.md"))], ids=lambda each: each.name)
def test_every_link_leads_somewhere(each: Path) -> None:
    text = re.sub(r"```.*?```", "", each.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        where = each.parent / name if name else each
        assert where.exists(), target
        if anchor and where.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", where.read_text("utf-8"), re.MULTILINE)
            assert anchor in map(slug, headings), target


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "docs/architecture.md", "docs/testing.md"])
def test_every_file_that_contributors_are_sent_to_is_there(name: str) -> None:
    source = ROOT / "src/moviec"
    for word in re.findall(r"`([^`\s]+)`", (ROOT / name).read_text("utf-8")):
        file = word.partition(":")[0]
        is_file = re.search(r"\w/|\w\.(py|sql|toml|json|md|yml|yaml)$", file)
        if is_file and not re.search(r"[A-Z]{3,}/|NAME|[*{}<>$…=()]|^/|//", word):
            assert (ROOT / file).exists() or (source / file).exists() or any(source.rglob(file)), word


def test_every_page_is_reached_from_the_first_by_links() -> None:
    reached, waiting = {"index.md"}, ["index.md"]
    while waiting:
        for target in re.findall(r"\]\((\w[\w-]*\.md)", page(waiting.pop())):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    assert {each.name for each in PAGES} - reached == set()


def commands_shown() -> list[tuple[str, str, bool]]:
    """Return every command of MovieC that README and handbook show: page, words, and whether it stands in a block, to be typed."""
    found = []
    for each in (*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        text = each.read_text("utf-8")
        for block in re.findall(r"^```\w*(?: run)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            joined = block.replace("\\\n", " ")
            found += [(each.name, line, True) for line in re.findall(r"^(?:\$ )?(moviec .*)$", joined, re.MULTILINE)]  # fmt: skip
        prose = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
        found += [(each.name, " ".join(line.split()), False) for line in re.findall(r"`(moviec [^`]+)`", prose)]  # fmt: skip
    return found


@pytest.fixture(scope="module")
def group() -> Any:
    return get_command(build(()))


@pytest.mark.parametrize(("name", "line", "is_typed"), commands_shown())
def test_every_command_that_is_shown_is_one(name: str, line: str, is_typed: bool, group: Any) -> None:
    """Held against the command line itself: typed lines as a whole, those in a sentence by their names and options."""
    words = shlex.split(re.split(r"\s(?:#|&&|>|\|)\s?", line.replace("\\|", "|"))[0], comments=True)[1:]
    if not words or words[0].isupper() or words[0].startswith("--"):
        return
    command = group.commands[words[0]]
    rest = words[1:]
    if subcommands := getattr(command, "commands", None):
        named = rest[0].split("|")[0] if rest else ""
        if named in subcommands:
            command, rest = subcommands[named], rest[1:]
    options = {option for param in command.params for option in (*param.opts, *param.secondary_opts)} | {"--help"}  # fmt: skip
    for word in rest:
        given = word.strip("[]").partition("=")[0]
        if given.startswith("--"):
            assert set(given.split("|")) <= options, line
    if is_typed and not hasattr(command, "commands") and "…" not in line:
        with command.make_context(words[0], list(rest)):
            pass


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
        text = built.read_text("utf-8")
        assert re.findall(r"<(?:script|img|iframe|link)[^>]+(?:src|href)=\"?(https?:[^\" >]+)", text) == [], (
            built.name
        )
        for target in re.findall(r"(?:src|href)=\"?([^\" >]+)", text):
            file = re.split("[#?]", target)[0]
            if file and "://" not in target and not target.startswith(("data:", "mailto:", "/")):
                assert (built.parent / file).exists(), (built.name, target)
