"""Finds the files of a delivery: named ones, those in a folder that play a role, or copies from an address elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from moviec.config import Downloads, Home
from moviec.errors import UsageError
from moviec.sources.base import SourceSpec
from moviec.sources.remote import Patience, Remote, fetch, open_remote, patiently, shown

PATIENCE = Patience()


def downloads_of(home: Home, spec: SourceSpec) -> Downloads:
    """Return where a source's provider publishes: the addresses in the settings, else those in its facts."""
    settings = home.settings.sources.get(spec.name)
    return settings.download if settings and settings.download else spec.download


def places_of(home: Home, spec: SourceSpec, places: Sequence[str]) -> list[str]:
    """Give the places that were named, or else the one in the settings; raises UsageError where there is none."""
    settings = home.settings.sources.get(spec.name)
    chosen = list(places) or ([settings.path] if settings and settings.path else [])
    if not chosen:
        raise UsageError(
            "no file was given",
            spec.name,
            f"give a PATH, or set path under [sources.{spec.name}] in moviec.toml",
        )
    return chosen


def gather(home: Home, spec: SourceSpec, places: Sequence[str], work: Path) -> list[Path]:
    """Give a delivery's files as local paths; with no place given, the one in the settings of the source.

    Raises UsageError where there is nothing, SourceError where access is refused, TransportError where fetching
    failed several times and may be tried again.
    """
    return [path for place in places_of(home, spec, places) for path in _gather(home, spec, place, work)]


def names_in(home: Home, spec: SourceSpec, folder: str) -> list[str]:
    """List the names in a folder, here or elsewhere; hidden ones are left out."""
    if "://" in folder:
        remote = _remote(home, spec, folder)
        names = patiently(lambda: remote.names(folder), PATIENCE)
    else:
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise UsageError("no such folder", folder)
        names = [entry.name for entry in path.iterdir()]
    return sorted(name for name in names if not name.startswith("."))


def _gather(home: Home, spec: SourceSpec, place: str, work: Path) -> list[Path]:
    if "://" in place:
        remote = _remote(home, spec, place)
        if not patiently(lambda: remote.is_folder(place), PATIENCE):
            return [fetch(remote, place, work, PATIENCE)]
        folder = place.rstrip("/")
        names = _playing(names_in(home, spec, folder), spec, shown(place))
        return [fetch(remote, f"{folder}/{name}", work, PATIENCE) for name in names]
    path = Path(place).expanduser()
    if not path.exists():
        raise UsageError("no such file or folder", place)
    if not path.is_dir():
        return [path]
    files = [name for name in names_in(home, spec, place) if (path / name).is_file()]
    return [path / name for name in _playing(files, spec, place)]


def _remote(home: Home, spec: SourceSpec, url: str) -> Remote:
    return open_remote(url, home.settings.options(url, spec.name), PATIENCE)


def _playing(names: Sequence[str], spec: SourceSpec, where: str) -> list[str]:
    """Choose the files of a folder that play a role."""
    known = tuple(name for file in spec.files.values() for name in file.names)
    chosen = [name for name in names if name.lower().startswith(known)]
    if not chosen:
        wanted = ", ".join(file.names[0] for file in spec.files.values())
        raise UsageError(f"no file of {spec.name} in this folder", where, f"they are called {wanted}")
    return chosen
