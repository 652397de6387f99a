"""MovieC: film data from many providers, resolved, fused, rated, rolled up and served."""

from importlib import import_module
from typing import Any

__version__ = "0.2.0"


def __getattr__(name: str) -> Any:
    """Give `Catalogue`, loaded when it is first asked for: most of what imports this package wants none of it."""
    if name == "Catalogue":
        return import_module("moviec.library.catalogue").Catalogue
    raise AttributeError(f"module 'moviec' has no attribute '{name}'")
