"""MovieC: film data from many providers, resolved, fused, rated, rolled up and served."""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """Return `Catalogue`, loaded on first use: most importers of this package do not need it."""
    if name == "Catalogue":
        return import_module("moviec.library.catalogue").Catalogue
    raise AttributeError(f"module 'moviec' has no attribute '{name}'")
