"""Which file of a delivery plays which role, told by the files' names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from moviec.errors import UsageError
from moviec.sources.base import SourceSpec


def assign_roles(paths: Iterable[Path], spec: SourceSpec) -> tuple[dict[str, Path], list[Path]]:
    """Give each role its file, and the files that play none.

    A name that starts with one of a role's names plays it; a lone file with any other name plays the first role.
    Raises UsageError when two files claim one role.
    """
    roles: dict[str, Path] = {}
    others: list[Path] = []
    for path in paths:
        role = next((role for role, file in spec.files.items() if _named(path, file.names)), None)
        if role is None:
            others.append(path)
        elif role in roles:
            raise UsageError(f"two files for '{role}'", f"{roles[role].name}, {path.name}", "give one")
        else:
            roles[role] = path
    main = next(iter(spec.files))
    if main not in roles and len(others) == 1:
        roles[main] = others.pop()
    return roles, others


def _named(path: Path, names: tuple[str, ...]) -> bool:
    return any(path.name.lower().startswith(name) for name in names)
