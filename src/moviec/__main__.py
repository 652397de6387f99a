"""`python -m moviec` is the `moviec` command."""

from moviec.cli import main

main()
