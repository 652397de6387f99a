"""`moviec export`: the whole catalogue in open files, as far as the sources' licences allow."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from moviec.catalog.connect import connect
from moviec.catalog.finding import instant_of
from moviec.cli.console import HomeOption, JsonOption, print_json, print_table, steps
from moviec.config import Home, open_home
from moviec.export.export import Exported, Licence, Order
from moviec.export.export import export as write_export
from moviec.sources.registry import find_sources
from moviec.units import plural


class Form(StrEnum):
    """How the files are written."""

    parquet = "parquet"
    jsonl = "jsonl"
    csv = "csv"


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder, or one of an earlier export.")],
    form: Annotated[
        Form, typer.Option("--format", help="Flat tables, or documents as JSON lines.")
    ] = Form.parquet,
    as_of: Annotated[str | None, typer.Option(help="As of the end of a day (UTC) or an instant.")] = None,
    own_use: Annotated[
        bool, typer.Option("--own-use", help="Include values that their licences do not let you pass on.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every film to open files: what may be passed on, or everything with --own-use.

    DIR/manifest.json has rows and SHA-256 of each file, DIR/LICENCES.md the terms of each source.
    """
    place = open_home(home)
    order = Order(folder, form.value, None if as_of is None else instant_of(as_of), own_use)
    catalogue = connect(place.catalogue)
    try:
        with catalogue.connect() as connection, steps(quiet=as_json) as tell:
            done = write_export(connection, order, _licences(place), tell)
    finally:
        catalogue.dispose()
    if as_json:
        print_json(done)
    else:
        _print(done, folder)


def _licences(home: Home) -> list[Licence]:
    return [
        Licence(
            name=spec.name,
            title=spec.title,
            licence=spec.licence,
            attribution=spec.attribution,
            home_page=spec.home_page,
            redistribute=spec.redistribute,
        )
        for spec in (source.spec for source in find_sources(home.folder).values())
        if not spec.private
    ]


def _print(done: Exported, folder: Path) -> None:
    rows = [(name, f"{file['rows']:,}") for name, file in done.files.items()]
    print_table(
        f"{plural(done.films, 'film', 'films')}, up to change {done.last_change}, in {folder}",
        ("file", "rows"),
        rows,
    )
    kept_back = [source.name for source in done.sources if not source.redistribute]
    if done.own_use or not kept_back:
        return
    print(
        f"left out: {plural(done.left_out, 'film', 'films')} and all values that only {', '.join(kept_back)} list"
        " (--own-use includes them)"
    )
    built_in = find_sources(None)
    if licensed := ", ".join(name for name in kept_back if name in built_in):
        print(f"the licences of {licensed} do not let you pass their values on")
    if own := ", ".join(name for name in kept_back if name not in built_in):
        print(f"{own}: set redistribute = true in MOVIEC_HOME/sources/NAME/source.toml to export them")
