"""MovieC: film data from many providers, resolved, fused, rated, rolled up and served."""

__version__ = "0.1.0"
