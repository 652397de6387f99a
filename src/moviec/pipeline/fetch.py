"""Finds the files of a delivery: named ones, those in a folder that play a role, or copies from any fsspec URL."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import fsspec

from moviec.config import Home
from moviec.errors import TransportError, UsageError
from moviec.sources.base import SourceSpec


def gather(home: Home, spec: SourceSpec, places: Sequence[str], work: Path) -> list[Path]:
    """Give a delivery's files as local paths; with no place given, the one in the settings of the source.

    Raises UsageError where there is nothing, TransportError where fetching failed and may be tried again.
    """
    settings = home.settings.sources.get(spec.name)
    chosen = list(places) or ([settings.path] if settings and settings.path else [])
    if not chosen:
        raise UsageError(
            "no file was given",
            spec.name,
            f"give a PATH, or set path under [sources.{spec.name}] in moviec.toml",
        )
    return [path for place in chosen for path in _gather(place, spec, work)]


def _gather(place: str, spec: SourceSpec, work: Path) -> list[Path]:
    if "://" in place:
        return [_fetched(place, work)]
    path = Path(place).expanduser()
    if not path.exists():
        raise UsageError("no such file or folder", place)
    if path.is_file():
        return [path]
    files = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    named = [one for one in files if _plays(one, spec)]
    if not named:
        wanted = ", ".join(file.names[0] for file in spec.files.values())
        raise UsageError(f"no file of {spec.name} in this folder", place, f"they are called {wanted}")
    return named


def _plays(path: Path, spec: SourceSpec) -> bool:
    return any(path.name.lower().startswith(name) for file in spec.files.values() for name in file.names)


def _fetched(url: str, work: Path) -> Path:
    """Copy a file from a URL; the protocols beyond files take extra packages."""
    target = work / url.rstrip("/").rpartition("/")[2].partition("?")[0]
    try:
        files, place = fsspec.core.url_to_fs(url)
        files.get_file(place, str(target))
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"this kind of address cannot be read ({error})", url, "pip install 'moviec[remote]'"
        ) from error
    except FileNotFoundError as error:
        raise UsageError("no such file", url) from error
    except OSError as error:
        raise TransportError(f"cannot be fetched ({error})", url, "try again") from error
    return target
