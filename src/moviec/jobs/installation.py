"""Report what is installed: MovieC, Python, each required library, each extra, and the home in use.

Read from the package's own metadata, so the list always matches the installation.
"""

from __future__ import annotations

import platform
import re
import sqlite3
from collections.abc import Iterator, Mapping
from importlib import import_module, metadata
from pathlib import Path
from typing import Literal

import msgspec

from moviec import __version__

State = Literal["there", "missing", "too old", "broken"]

#: Extras for whoever runs MovieC; the others are for working on it.
EXTRAS = ("excel", "frames", "mcp", "postgres", "remote", "spark")

_NEED = re.compile(r"([A-Za-z0-9._-]+)(\[[^]]*\])?\s*(?:>=\s*([0-9][0-9.]*))?")
_EXTRA = re.compile(r"""extra\s*==\s*['"]([\w-]+)['"]""")
_ELSEWHERE = re.compile(r"""sys_platform\s*!=\s*['"]win32['"]""")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A library: the version required and the one installed, the extra that needs it, its state, and an import
    error.
    """

    name: str
    least: str
    version: str
    extra: str
    state: State
    error: str = ""


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a bug report should include."""

    moviec: str
    place: str
    python: str
    system: str
    sqlite: str
    home: str
    parts: list[Part]

    @property
    def faults(self) -> list[Part]:
        """The required libraries that are not in order, and the extras that are installed but broken."""
        return [part for part in self.parts if part.state != "there" and not _is_absent_extra(part)]


def look_at_installation(home: Path) -> Installation:
    """Return what is installed; each library is imported once, as a wheel for another platform fails only then."""
    return Installation(
        moviec=__version__,
        place=str(Path(__file__).resolve().parents[1]),
        python=f"{platform.python_version()} ({platform.python_implementation()})",
        system=f"{platform.system()} {platform.machine()}",
        sqlite=sqlite3.sqlite_version,
        home=str(home) + ("" if home.is_dir() else " (not made yet)"),
        parts=list(_parts()),
    )


def _parts() -> Iterator[Part]:
    modules = _modules()
    for need in sorted(metadata.requires("moviec") or [], key=str.casefold):
        named = _NEED.match(need)
        of = _EXTRA.search(need)
        extra = of[1] if of else ""
        if named is None or (extra and extra not in EXTRAS):
            continue
        if _ELSEWHERE.search(need) and platform.system() == "Windows":
            continue
        yield _part(named[1], named[3] or "", extra, modules)


def _part(name: str, least: str, extra: str, modules: Mapping[str, str]) -> Part:
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Part(name=name, least=least, version="", extra=extra, state="missing")
    if _numbers(version) < _numbers(least):
        return Part(name=name, least=least, version=version, extra=extra, state="too old")
    try:
        if module := modules.get(_same(name)):
            import_module(module)
    except (ImportError, OSError) as error:
        message = str(error).splitlines()[0]
        return Part(name=name, least=least, version=version, extra=extra, state="broken", error=message)
    return Part(name=name, least=least, version=version, extra=extra, state="there")


def _modules() -> dict[str, str]:
    """Return, by distribution, the module that it is imported as."""
    found: dict[str, str] = {}
    for module, names in sorted(metadata.packages_distributions().items()):
        for name in map(_same, names):
            if not module.startswith("_") and (name not in found or _same(module) == name):
                found[name] = module
    return found


def _same(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version.partition("+")[0])[:3])


def _is_absent_extra(part: Part) -> bool:
    return bool(part.extra) and part.state == "missing"
