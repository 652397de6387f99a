"""The libraries that MovieC runs with: their licences for the handbook, a bill of materials (CycloneDX), and what the image takes of the lock.

    python -m tools.parts licences docs/dependencies.md        writes the table under "Licences"
    python -m tools.parts sbom FILE                            writes the bill of materials
    python -m tools.parts image deploy/requirements.lock       writes the image's part of requirements.lock

Everything is read from the metadata of what is installed here, in the versions that constraints.txt pins.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import msgspec
from packaging.requirements import Requirement

from moviec import __version__
from moviec.jobs.installation import EXTRAS

#: The extras that the image holds: PostgreSQL, S3 and SFTP, workbooks. Spark alone would take 500 MB more.
IMAGE = ("excel", "postgres", "remote")

#: The heading under which the table stands, to the end of the page.
HEADING = "## Licences"

_ABOUT = f"""{HEADING}

Of every library that an installation with all extras brings, made by `make docs` from what each says of itself. MovieC's own
code is Apache-2.0 and contains none of them. LGPL (paramiko, psycopg) and MPL (certifi) ask that who changes *them* passes
the change on, and that they can be exchanged: they are installed beside MovieC as they are, in extras that one may leave out.
"""

#: What pieces of metadata that are no SPDX expressions stand for.
_SPDX = {
    "Apache Software License": "Apache-2.0", "Apache License 2.0": "Apache-2.0", "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT", "BSD License": "BSD-3-Clause", "BSD": "BSD-3-Clause", "ISC License (ISCL)": "ISC",
    "ISC License": "ISC", "Python Software Foundation License": "PSF-2.0", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "LGPL-2.1": "LGPL-2.1-only",
}  # fmt: skip


class Library(msgspec.Struct, frozen=True):
    """One installed library: what it says of its licence, what it needs, and the extra that brings it ("" for all)."""

    name: str
    version: str
    licence: str
    needs: tuple[str, ...]
    extra: str


def same(name: str) -> str:
    """Return a name as package indexes compare it."""
    return re.sub("[-_.]+", "-", name).lower()


def libraries(extras: Sequence[str] = EXTRAS) -> dict[str, Library]:
    """Return every library that an installation with some extras brings, by name; what another extra brings, too, is of the first."""
    found: dict[str, Library] = {}
    for extra in ("", *extras):
        for need in _needs("moviec", extra):
            _follow(need, extra, found)
    return dict(sorted(found.items()))


def _follow(name: str, extra: str, found: dict[str, Library]) -> None:
    if same(name) in found:
        return
    try:
        about = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return  # of another platform, or of a Python that is older
    needs = tuple(sorted({same(need) for need in _needs(name, "")}))
    found[same(name)] = Library(same(name), about.version, licence_of(about), needs, extra)
    for need in needs:
        _follow(need, extra, found)


def _needs(name: str, extra: str) -> Iterator[str]:
    """Yield what a library needs here, or what an extra of it does; of `psycopg[binary]` both psycopg and what its extra brings."""
    for need in map(Requirement, metadata.requires(name) or []):
        is_plain = need.marker is None or need.marker.evaluate({"extra": ""})
        if is_plain if not extra else not is_plain and need.marker and need.marker.evaluate({"extra": extra}):
            yield need.name
            for wanted in sorted(need.extras):
                yield from _needs(need.name, wanted)


def licence_of(about: metadata.Distribution) -> str:
    """Return a library's licence as an SPDX expression, from its expression, its classifiers or its text."""
    said = about.metadata
    if expression := said.get_all("License-Expression"):
        return _SPDX.get(expression[0], str(expression[0]))
    classified = [each.split(" :: ")[-1] for each in said.get_all("Classifier") or [] if "License ::" in each]
    short = (said.get_all("License") or [""])[0].strip().splitlines()[:1]
    names = classified or [each for each in short if len(each) < 30]
    return " OR ".join(dict.fromkeys(_SPDX.get(name, name) for name in names)) or "unknown"


def licences() -> str:
    """Write the part of the page."""
    rows = [f"| {each.name} | {each.licence} | {each.extra} |" for each in libraries().values()]
    return "\n".join([_ABOUT, "| library | licence | extra |", "|---|---|---|", *rows, ""])


def with_licences(page: str) -> str:
    """Return the page with the table made anew."""
    return page.partition(HEADING)[0].rstrip() + "\n\n" + licences()


def bill() -> dict[str, Any]:
    """Write the bill of materials (CycloneDX 1.6); its instant is SOURCE_DATE_EPOCH where that is given, so that it can be made again."""
    version = __version__
    made = dt.datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH", "0")), dt.UTC)
    found = libraries()
    own = {
        "type": "application", "bom-ref": "moviec", "name": "moviec", "version": version,
        "purl": f"pkg:pypi/moviec@{version}", "licenses": [{"expression": "Apache-2.0"}],
    }  # fmt: skip
    needs = {same(need) for extra in ("", *EXTRAS) for need in _needs("moviec", extra)}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"timestamp": made.isoformat().replace("+00:00", "Z"), "component": own},
        "components": [
            {
                "type": "library",
                "bom-ref": each.name,
                "name": each.name,
                "version": each.version,
                "scope": "optional" if each.extra else "required",
                "purl": f"pkg:pypi/{each.name}@{each.version}",
                "licenses": [{"expression": each.licence}],
            }
            for each in found.values()
        ],
        "dependencies": [
            {"ref": "moviec", "dependsOn": sorted(needs & found.keys())},
            *(
                {"ref": each.name, "dependsOn": [need for need in each.needs if need in found]}
                for each in found.values()
            ),
        ],
    }


def image_lock(lock: str) -> str:
    """Return the lines of the lock that the image needs: those of its extras' libraries, on Linux."""
    wanted = libraries(IMAGE)
    parts = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)
    head = "# What the image takes of requirements.lock, without Spark, data frames and the rest. Made by: make generated\n"
    return head + "".join(part for part in parts[1:] if same(part.partition("==")[0]) in wanted)


def main(what: str, file: Path) -> None:
    """Write what is asked for."""
    if what == "image":
        file.write_text(image_lock(Path("requirements.lock").read_text("utf-8")), "utf-8")
    elif what == "licences":
        file.write_text(with_licences(file.read_text("utf-8")), "utf-8")
    else:
        file.write_bytes(msgspec.json.format(msgspec.json.encode(bill()), indent=2) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
