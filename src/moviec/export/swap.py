"""Putting a finished folder in the place of an older one: at every moment one of the two is there.

Linux exchanges two folders in one step (renameat2). Elsewhere the older one steps aside first, and a run that was killed
in between is taken up by the next, which puts it back.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from pathlib import Path

from moviec.work import left_behind

#: The older folder, while it stands aside within a work folder.
OLD = "old"

_AT_CWD, _EXCHANGE = -100, 2


def put_in_place(fresh: Path, folder: Path) -> None:
    """Put `fresh` in the place of `folder`; what was there, if anything, goes into the folder that `fresh` was in."""
    old = fresh.parent / OLD
    if not folder.exists():
        fresh.replace(folder)
    elif _exchange(fresh, folder):
        fresh.replace(old)
    else:
        folder.replace(old)
        fresh.replace(folder)


def take_up(folder: Path, prefix: str) -> None:
    """Put back what a killed run had moved aside from `folder`, and remove the rest that such runs left beside it."""
    for left in left_behind(folder.parent, prefix):
        if (left / OLD).exists() and not folder.exists():
            (left / OLD).replace(folder)
        shutil.rmtree(left, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; say whether the system can."""
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    return int(rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE)) == 0
