"""The `moviec` command: thin commands over the pipeline."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
