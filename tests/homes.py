"""Homes that tests share: built once in a run, by whichever of its processes comes first, and copied by who writes."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from moviec.config import Home
from moviec.pipeline.arrivals import gather
from moviec.pipeline.demo import DELIVERED
from moviec.pipeline.ingest import Order, ingest
from moviec.pipeline.opening import open_run
from moviec.pipeline.publication import Scope, bring_up
from moviec.sample import write_sample
from moviec.sources.registry import find_source

#: Stands in a shared folder once all of it is built.
_BUILT = ".built"


def built_once(factory: pytest.TempPathFactory, name: str, build: Callable[[Path], object]) -> Path:
    """Return a folder that `build` has filled, once for all processes of this run: for reading, or to be copied.

    A process of pytest-xdist has its own folder for temporary files, in one of the whole run.
    """
    own = factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / f"shared-{name}"
    folder.mkdir(exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / _BUILT).exists():
            build(folder)
            (folder / _BUILT).touch()
    return folder


def fill_small(home: Home) -> None:
    """Publish two of the sample's sources: what a test needs that asks what becomes of a home, not of films."""
    sample, mapping = home.folder / "sample", home.folder / "sources" / "festival"
    write_sample(sample)
    mapping.mkdir(parents=True)
    shutil.copy(sample / "festival" / "source.toml", mapping)
    with open_run(home, alone=True) as context:
        for name in ("kaggle", "festival"):
            source = find_source(name, home.folder)
            files = gather(home, source.spec, [str(sample / name)], context.work)
            ingest(context, Order(source, files, DELIVERED, accept_shrink=True))
        bring_up(context, Scope())


def copy_tree(original: Path, folder: Path) -> None:
    """Copy a home that other processes may be reading: SQLite's own files beside the catalogue come and go with them."""
    passing = shutil.ignore_patterns("catalogue.db-*", "*.lock")
    shutil.copytree(original, folder, ignore=passing, dirs_exist_ok=True)


def copied_home(original: Home, folder: Path, database: str) -> Home:
    """Copy a home whose catalogue is in its folder to another folder; where it is not, its catalogue is `database`."""
    copy_tree(original.folder, folder)
    settings = msgspec.structs.replace(original.settings, catalogue=database)
    (folder / "moviec.toml").write_text(f"catalogue = {json.dumps(database)}\n" if database else "")
    return Home(folder, settings)
