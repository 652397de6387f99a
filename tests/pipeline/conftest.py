"""A home that version 0.1 made, as it is and brought up."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from moviec.config import Home, open_home
from tests.commands import moviec
from tests.homes import built_once
from tests.pipeline.old_home import unpack


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Give a home as version 0.1 left it; beside it stand its export of all films, and a key."""
    unpack(tmp_path / "old")
    return tmp_path / "old" / "home"


@pytest.fixture
def brought_up(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give the same home, brought up by this version."""

    def bring_up(folder: Path) -> None:
        unpack(folder)
        assert moviec("rebuild", "--home", folder / "home").returncode == 0

    shutil.copytree(built_once(tmp_path_factory, "brought-up", bring_up), tmp_path / "old")
    return open_home(tmp_path / "old" / "home", {})
