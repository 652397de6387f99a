"""A browser over one small home that all tests of a process share: the sample, with a held delivery and a rejected row.

Without Chromium every test here is skipped, in one line that says what to install; with MOVIEC_REQUIRE_BROWSER=1 it fails.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from moviec.catalog.accounts import NewKey, create_key
from moviec.catalog.connect import connect
from moviec.config import Home, open_home
from tests.commands import moviec
from tests.homes import copied_home
from tests.web.server import Server, running

#: What a browser is called, by those who package it.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

#: Milliseconds until something is taken as not happening; a busy machine takes its time.
WAIT = 60_000


class Seat(msgspec.Struct, frozen=True):
    """A server over the shared home, and a key of an admin."""

    server: Server
    key: str
    home: Home

    def at(self, path: str) -> str:
        return self.server.url + path


class Watched(msgspec.Struct, frozen=True):
    """A page with what it asked of other hosts, and what its console complained of."""

    page: Any
    foreign: list[str]
    complaints: list[str]


def _missing() -> str:
    """Say what a test of the site lacks; nothing where all is there."""
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ImportError:
        return "tests of the site need playwright: pip install -e '.[dev]'"
    if not any(map(shutil.which, NAMES)):
        return "tests of the site need Chromium: apt-get install chromium"
    return ""


def expect(locator: Any) -> Any:
    """Await what an action brings about: the browser shows it when it gets to it, on a busy machine after a while."""
    from playwright.sync_api import expect as awaited

    awaited.set_options(timeout=WAIT)
    return awaited(locator)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Give a browser of the system's; nothing is downloaded. It ends with its module: its event loop would be in others' way."""
    if why := _missing():
        if os.environ.get("MOVIEC_REQUIRE_BROWSER") == "1":
            pytest.fail(why)
        pytest.skip(why)
    from playwright.sync_api import sync_playwright

    path = next(found for name in NAMES if (found := shutil.which(name)))
    with sync_playwright() as playwright:
        # Without a sandbox: tests may run as root in a container, and open nothing but their own server.
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def seat(browser: Any, demo_home: Home, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """Serve a copy of the sample, open to everyone, with a delivery that is held and a row that was rejected."""
    folder = tmp_path_factory.mktemp("site")
    copied_home(demo_home, folder, "")
    _deliver_less(demo_home.folder / "sample" / "movielens", folder)
    catalogue = connect(open_home(folder, {}).catalogue)
    key, _ = create_key(catalogue, NewKey("tester", scope="admin", per_minute=1_000_000))
    catalogue.dispose()
    settings = {"MOVIEC_ANONYMOUS": "true", "MOVIEC_ANONYMOUS_LIMIT": "1000000"}
    with running(folder, settings=settings) as server:
        server.until(lambda: "Heat" in server.get("/search?query=heat").text)
        yield Seat(server, key, open_home(folder, {}))


def _deliver_less(sample: Path, home: Path) -> None:
    """Deliver a third of the sample's MovieLens, with one row that cannot be read: it is held."""
    folder = home / "less"
    shutil.copytree(sample, folder)
    for file in folder.glob("movies.csv"):
        lines = file.read_text("utf-8").splitlines(keepends=True)
        file.write_text(
            "".join([*lines[: len(lines) // 3], "not a number,A Row Too Many,Drama,and more\n"]), "utf-8"
        )
    at = dt.date(2026, 11, 28).isoformat()
    done = moviec("ingest", "movielens", folder, "--delivered-at", at, "--home", home)
    assert done.returncode == 3, done.stdout + done.stderr


@pytest.fixture
def opened(browser: Any, seat: Seat) -> Iterator[Callable[..., Any]]:
    """Give a function that opens a page; afterwards none of them may have asked another host, or broken the site's policy."""
    watched: list[Watched] = []
    contexts: list[Any] = []

    def open_page(path: str = "/", signed_in: bool = False, **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **options})
        context.set_default_timeout(WAIT)
        contexts.append(context)
        page = context.new_page()
        seen = Watched(page, [], [])
        watched.append(seen)
        page.on("request", lambda request: _note_foreign(seen, request.url, seat.server.url))
        page.on("console", lambda message: _note_complaint(seen, message))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        if signed_in:
            page.goto(seat.at("/sign-in"))
            page.fill("#key", seat.key)
            page.click("main button:has-text('Sign in')")
            page.wait_for_url("**/operations")
        page.goto(seat.at(path))
        return page

    yield open_page
    for seen in watched:
        assert seen.foreign == []
        assert seen.complaints == []
    for context in contexts:
        context.close()


def _note_foreign(seen: Watched, url: str, own: str) -> None:
    if not url.startswith((own, "data:", "blob:", "about:")):
        seen.foreign.append(url)


def _note_complaint(seen: Watched, message: Any) -> None:
    """Note errors, such as what the policy refuses; that a page was not found is no fault of the page."""
    if message.type == "error" and "Failed to load resource" not in message.text:
        seen.complaints.append(message.text)
