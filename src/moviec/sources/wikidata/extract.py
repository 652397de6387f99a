"""Wikidata's dump of all entities (a JSON array, one entity a line, plain or packed by gzip or bzip2) reduced to films.

The classes of films and the properties to extract are in the queries of `source.toml`, once for both ways: the result
is rows like the query service's answers, so that one reader handles both.
https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from moviec.errors import PayloadError
from moviec.sources.spec import SourceSpec

#: The name of the file made from a dump.
FACTS = "facts-dump.jsonl.gz"

_ENTITY = "http://www.wikidata.org/entity/"
_ID = re.compile(rb'"id"\s*:\s*"Q(\d+)"')

#: Entities between two progress lines.
PROGRESS = 5_000_000

#: The property with the codes of a film's countries (P297) and languages (P218).
_CODES = {"P495": "P297", "P364": "P218"}

#: Properties whose values are amounts with a unit.
_AMOUNTS = ("P2047", "P2130", "P2142")


def extract(spec: SourceSpec, path: Path, folder: Path, tell: Callable[[str], object]) -> Path | None:
    """Write a dump's rows about films into `folder`; None for a file that is not a dump.

    The dump is read twice and never unpacked to disk: films first, then the labels of the items that they name. Memory
    grows only with these items. Raises PayloadError for a dump that is cut off, damaged or without a film.
    """
    if not _is_dump(path):
        return None
    wanted = _Wanted(spec)
    films = folder / "films.jsonl"
    items: set[int] = set()
    count = 0
    with films.open("wb") as file:
        for entity in _chosen(path, wanted.may_be_film, tell):
            if wanted.is_film(entity):
                count += 1
                items |= wanted.items_of(entity)
                file.write(msgspec.json.encode(wanted.kept_of(entity)) + b"\n")
    if not count:
        raise PayloadError("no film is in this dump", path.name, "is it one of all entities?")
    tell(f"{count:,} films; reading the labels of {len(items):,} items")
    names = {
        entity["id"]: (_english(entity), {of: _texts(entity, of) for of in _CODES.values()})
        for entity in _chosen(path, lambda line: _number(line) in items, tell)
    }
    target = folder / FACTS
    with (
        films.open("rb") as lines,
        target.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, compresslevel=6, mtime=0) as packed,
    ):
        for line in lines:
            film = msgspec.json.decode(line)
            packed.writelines(_line(film["id"], row) for row in wanted.rows_of(film, names))
    films.unlink()
    return target


class _Wanted:
    """Which entities are films, and which properties to extract, from the source's queries."""

    def __init__(self, spec: SourceSpec) -> None:
        fetch = spec.fetch
        if fetch is None or fetch.listing is None or fetch.details is None:
            raise PayloadError("its facts name no query", spec.name, "restore [fetch] in its source.toml")
        self._classes = set(re.findall(r"wd:(Q\d+)", fetch.listing.query["query"]))
        listed = re.search(r"VALUES \?direct \{([^}]*)\}", fetch.details.query["query"])
        self._direct = re.findall(r"wdt:(P\d+)", listed[1] if listed else "")
        self._pattern = re.compile(b"|".join(f'"{each}"'.encode() for each in sorted(self._classes)))
        self._properties = {*self._direct, *_CODES, *_AMOUNTS, "P1476", "P577"}

    def may_be_film(self, line: bytes) -> bool:
        """Return whether a line names a class of films at all: most are skipped without being decoded."""
        return self._pattern.search(line) is not None

    def is_film(self, entity: dict[str, Any]) -> bool:
        """Return whether an entity is an item of one of the classes."""
        return entity.get("type") == "item" and not self._classes.isdisjoint(_items(entity, "P31"))

    def kept_of(self, entity: dict[str, Any]) -> dict[str, Any]:
        """Return a film with only the extracted properties."""
        claims = {name: some for name, some in _claims(entity).items() if name in self._properties}
        return {"id": entity["id"], "labels": entity.get("labels") or {}, "claims": claims}

    def items_of(self, entity: dict[str, Any]) -> set[int]:
        """Return the numbers of the items that a film names."""
        return {int(item[1:]) for name in (*self._direct, *_CODES) for item in _items(entity, name)}

    def rows_of(
        self, film: dict[str, Any], names: dict[str, tuple[str, dict[str, list[str]]]]
    ) -> Iterator[tuple[str, str, str, str]]:
        """Yield a film's values: property, value, the label of an item, and qualifiers of the value."""
        for name in self._direct:
            for value in _best(film, name):
                if isinstance(value, dict):
                    item = str(value.get("id", ""))
                    yield name, _ENTITY + item, names.get(item, ("", {}))[0], ""
                else:
                    yield name, str(value), "", ""
        labels = film["labels"] if isinstance(film["labels"], dict) else {}
        yield from (("label", label["value"], "", code) for code, label in labels.items())
        yield from (("P1476", title["text"], "", title["language"]) for title in _best(film, "P1476"))
        for name, of in _CODES.items():
            for item in _items(film, name):
                yield from ((name, code, "", "") for code in names.get(item, ("", {}))[1].get(of, ()))
        for time in _values(film, "P577"):
            yield "P577", _instant(time), "", str(time["precision"])
        for name in _AMOUNTS:
            yield from ((name, amount["amount"], "", amount["unit"]) for amount in _values(film, name))


def _line(key: str, row: tuple[str, str, str, str]) -> bytes:
    """Return a row in the form of the query service's answer in a pack."""
    values = dict(zip(("p", "value", "label", "more"), row, strict=True))
    body = {
        "film": {"value": _ENTITY + key},
        **{name: {"value": text} for name, text in values.items() if text},
    }
    return msgspec.json.encode({"id": key, "status": 200, "body": body}) + b"\n"


def _claims(entity: dict[str, Any]) -> dict[str, Any]:
    claims = entity.get("claims")
    return claims if isinstance(claims, dict) else {}  # without any it is an empty list


def _statements(entity: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    """Return the statements of a property that have a value and are not deprecated."""
    for each in _claims(entity).get(name, ()):
        if each.get("rank") != "deprecated" and each["mainsnak"].get("snaktype") == "value":
            yield each


def _values(entity: dict[str, Any], name: str) -> list[Any]:
    """Return the values of a property."""
    return [each["mainsnak"]["datavalue"]["value"] for each in _statements(entity, name)]


def _best(entity: dict[str, Any], name: str) -> list[Any]:
    """Return the values of best rank of a property: the preferred ones, else all; each once."""
    preferred = any(each.get("rank") == "preferred" for each in _claims(entity).get(name, ()))
    found: list[Any] = []
    for each in _statements(entity, name):
        value = each["mainsnak"]["datavalue"]["value"]
        if (not preferred or each.get("rank") == "preferred") and value not in found:
            found.append(value)
    return found


def _items(entity: dict[str, Any], name: str) -> list[str]:
    """Return the items that a property names, by best rank."""
    return [str(value["id"]) for value in _best(entity, name) if isinstance(value, dict) and "id" in value]


def _texts(entity: dict[str, Any], name: str) -> list[str]:
    return [value for value in _best(entity, name) if isinstance(value, str)]


def _english(entity: dict[str, Any]) -> str:
    labels = entity.get("labels")
    return str(labels["en"]["value"]) if isinstance(labels, dict) and "en" in labels else ""


def _instant(time: dict[str, Any]) -> str:
    """Return a time in the query service's form: Gregorian, the first day if only the month or year is known."""
    found = re.fullmatch(r"\+?(-?\d+)-(\d\d)-(\d\d)T.*", time["time"])
    if found is None:
        return str(time["time"])
    year, month, day = int(found[1]), max(int(found[2]), 1), max(int(found[3]), 1)
    if time.get("calendarmodel", "").endswith("/Q1985786") and time["precision"] == 11 and 0 < year < 9999:
        try:
            turned = dt.date(year, month, day) + dt.timedelta(days=year // 100 - year // 400 - 2)
        except ValueError:  # a 29th of February that exists only in the Julian calendar
            return str(time["time"])
        year, month, day = turned.year, turned.month, turned.day
    return f"{year:04}-{month:02}-{day:02}T00:00:00Z"


def _number(line: bytes) -> int | None:
    """Return the number of the item on a line, by its beginning."""
    found = _ID.search(line, 0, 200)
    return int(found[1]) if found else None


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        magic = file.read(3)
    if magic[:2] == b"\x1f\x8b":
        return cast(IO[bytes], gzip.open(path, "rb"))
    return bz2.open(path, "rb") if magic == b"BZh" else path.open("rb")


def _is_dump(path: Path) -> bool:
    """Return whether a file begins like a dump: the bracket of an array alone on its line, then an entity."""
    begins = False
    try:
        with _open(path) as file:
            begins = file.readline(3).strip() == b"["
            return begins and b'"claims"' in file.readline()
    except (OSError, EOFError, zlib.error):
        return begins  # a damaged dump: reading it raises the error


def _chosen(
    path: Path, wanted: Callable[[bytes], bool], tell: Callable[[str], object]
) -> Iterator[dict[str, Any]]:
    """Yield the entities of lines that are wanted. Raises PayloadError where the dump has no proper end."""
    last = b""
    try:
        with _open(path) as file:
            for number, line in enumerate(file):
                if number and number % PROGRESS == 0:
                    tell(f"{path.name}: {number:,} entities")
                last = line.strip() or last
                if last[:1] == b"{" and wanted(line):
                    yield msgspec.json.decode(last.rstrip(b","))
    except (OSError, EOFError, zlib.error, msgspec.DecodeError) as error:
        raise PayloadError(f"the dump cannot be read ({error})", path.name, "fetch it again") from error
    if last != b"]":
        raise PayloadError("the dump is cut off: its last line is not ]", path.name, "fetch it again")
