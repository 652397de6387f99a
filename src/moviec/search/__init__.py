"""Search: an index per host that follows the change log, and its results."""

from moviec.search.request import Ask, Page
from moviec.search.results import Finder

__all__ = ["Ask", "Finder", "Page"]
