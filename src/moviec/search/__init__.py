"""Search: an index per host that follows the change log, and the answers from it."""

from moviec.search.results import Ask, Finder, Page

__all__ = ["Ask", "Finder", "Page"]
