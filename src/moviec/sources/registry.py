"""The available sources: MovieC's own folders, those of installed packages, and those in MOVIEC_HOME/sources.

A folder is a source when it holds `source.toml`. How it reads: `read.sql`, else `source.py` with a function
`read(spec, engine, files, wanted) -> Reading`, else the mapping of columns in `source.toml` itself. Files with far more
than films are narrowed first, by `extract.py` with a function `extract(spec, path, folder, tell) -> Path | None`.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import metadata, resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeAlias

from moviec.engine import DuckEngine
from moviec.errors import UsageError
from moviec.sources.spec import Reading, Source, SourceSpec, Wanted, load_spec
from moviec.sources.sql import load_sql_source
from moviec.sources.table.mapping import mapped_source

GROUP = "moviec.sources"

ReadFunction: TypeAlias = Callable[[SourceSpec, DuckEngine, Mapping[str, Path], Wanted], Reading]
ExtractFunction: TypeAlias = Callable[[SourceSpec, Path, Path, Callable[[str], object]], Path | None]


class CodeSource:
    """A source read by a function in its `source.py`."""

    def __init__(self, spec: SourceSpec, function: ReadFunction) -> None:
        """Set the facts and the function."""
        self.spec = spec
        self.function = function

    def read(self, engine: DuckEngine, files: Mapping[str, Path], wanted: Wanted) -> Reading:
        """Read plain files, by role, into the view `records`."""
        return self.function(self.spec, engine, files, wanted)


def find_sources(home: Path | None = None) -> dict[str, Source]:
    """Load every source, in order of name; a faulty one is left out, and `faulty_sources` returns why."""
    return _load(home)[0]


def faulty_sources(home: Path | None = None) -> dict[str, UsageError]:
    """Return what is wrong with each source that cannot be loaded, or has another's name, by the name of its folder."""
    return _load(home)[1]


def find_source(name: str, home: Path | None = None) -> Source:
    """Load one source; raises UsageError if there is none of that name, or it is faulty."""
    sources, faults = _load(home)
    if name in faults:
        raise faults[name]
    if name not in sources:
        raise UsageError(f"there is no source '{name}'", "", f"there are: {', '.join(sources)}")
    return sources[name]


def _load(home: Path | None) -> tuple[dict[str, Source], dict[str, UsageError]]:
    found: dict[str, Source] = {}
    faults: dict[str, UsageError] = {}
    for folder in _folders(home):
        try:
            source = load_source(folder)
        except UsageError as error:
            faults[folder.name] = error
            continue
        name = source.spec.name
        if name in found:
            faults[folder.name] = UsageError(
                f"there are two sources called '{name}'", str(folder), "rename one"
            )
        else:
            found[name] = source
    return dict(sorted(found.items())), faults


def load_source(folder: Traversable) -> Source:
    """Load the source in a folder. Raises UsageError for any failure, so that it stops no other source."""
    try:
        return _loaded(folder)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # its own code may raise anything
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise UsageError(f"it cannot be loaded: {said}", str(folder), "see docs/sources.md") from error


def _loaded(folder: Traversable) -> Source:
    if folder.joinpath("read.sql").is_file():
        source: Source = load_sql_source(folder)
    else:
        spec = load_spec(folder)
        is_code = folder.joinpath("source.py").is_file()
        source = CodeSource(spec, _function(folder, spec.name, "read")) if is_code else mapped_source(spec)
    return source


def extract_function(source: SourceSpec, home: Path | None = None) -> ExtractFunction | None:
    """Return the function that reduces a source's file to films; None if its files are used unchanged."""
    for folder in _folders(home):
        if folder.joinpath("extract.py").is_file() and load_spec(folder).name == source.name:
            return _function(folder, source.name, "extract")
    return None


def _folders(home: Path | None) -> Iterator[Traversable]:
    yield from _inside(resources.files("moviec.sources"))
    yield from map(resources.files, _installed(tuple(sys.path)))
    if home and (home / "sources").is_dir():
        yield from _inside(home / "sources")


@cache
def _installed(places: tuple[str, ...]) -> tuple[str, ...]:
    """Return the packages in `places` that bring a source; cached, since it inspects every package there."""
    return tuple(entry.value for entry in metadata.entry_points(group=GROUP))


def _inside(parent: Traversable) -> Iterator[Traversable]:
    for folder in sorted(parent.iterdir(), key=lambda item: item.name):
        if folder.is_dir() and folder.joinpath("source.toml").is_file():
            yield folder


#: By function name, its module and its signature.
_MODULES = {
    "read": ("source.py", "read(spec, engine, files, wanted)"),
    "extract": ("extract.py", "extract(spec, path, folder, tell)"),
}


def _function(folder: Traversable, name: str, wanted: str) -> Callable[..., Any]:
    file, form = _MODULES[wanted]
    with resources.as_file(folder.joinpath(file)) as path:
        spec = importlib.util.spec_from_file_location(f"moviec_{wanted}_{name}", path)
        if spec is None or spec.loader is None:
            raise UsageError("this is not a Python module", str(path))
        module = importlib.util.module_from_spec(spec)
        try:
            spec.loader.exec_module(module)
        except (ImportError, SyntaxError, NameError) as error:
            raise UsageError(f"it cannot be loaded: {error}", str(path)) from error
    function: Callable[..., Any] | None = getattr(module, wanted, None)
    if not callable(function):
        raise UsageError(f"it has no function {form}", str(path))
    return function
