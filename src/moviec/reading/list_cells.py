"""Reads cells that list several values: the separator is decided for a whole column, from all its cells.

JSON lists and Python literals need no decision; else semicolons and bars take precedence, then the column decides.
Listed countries and languages become their codes: "UK/USA" is GB and US, "Französisch" fr.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from moviec.engine import DuckEngine
from moviec.engine.duckdb import identifier, quoted
from moviec.reading.dates import LANGUAGES as SPOKEN
from moviec.text import fold_one

#: Names of countries and languages in film lists besides those of the Unicode CLDR, folded. A former country
#: whose films are listed under today's has that code.
_COUNTRIES = {
    "usa": "US", "u s a": "US", "us": "US", "u s": "US", "america": "US", "united states of america": "US", "uk": "GB", "u k": "GB",
    "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "west germany": "DE", "federal republic of germany": "DE",
    "brd": "DE", "frg": "DE", "east germany": "DD", "gdr": "DD", "ddr": "DD", "soviet union": "SU", "ussr": "SU", "udssr": "SU",
    "czechoslovakia": "CS", "yugoslavia": "YU", "korea": "KR", "south korea": "KR", "republic of korea": "KR", "north korea": "KP",
    "hong kong": "HK", "taiwan": "TW", "russia": "RU", "russian federation": "RU", "czech republic": "CZ", "holland": "NL",
    "the netherlands": "NL", "burma": "MM", "ivory coast": "CI", "uae": "AE", "macedonia": "MK", "turkey": "TR", "palestine": "PS", "vietnam": "VN",
    "iran": "IR", "syria": "SY", "bolivia": "BO", "venezuela": "VE", "tanzania": "TZ", "bosnia": "BA", "grossbritannien": "GB", "großbritannien": "GB", "grande bretagne": "GB", "etats unis": "US",
}  # fmt: skip
_LANGUAGES = {"mandarin": "zh", "cantonese": "cn", "chinese": "zh", "farsi": "fa", "serbo croatian": "sh", "silent": "xx", "no language": "xx", "none": "xx", "british english": "en", "american english": "en", "filipino": "tl", "tagalog": "tl", "norwegian": "no"}  # fmt: skip


def code_of(kind: str, name: str) -> str | None:
    """Return the code of a country (kind "countries") or language by its name or code; None for anything else."""
    bare = name.strip()
    codes = _codes(kind)
    as_code = bare.upper() if kind == "countries" else bare.lower()
    return codes.get(fold_one(bare)) or (as_code if len(bare) == 2 and as_code in codes.values() else None)


@lru_cache(maxsize=2)
def _codes(kind: str) -> dict[str, str]:
    from babel import (
        Locale,
    )  # imported here, since few lists name them and loading is slow

    found: dict[str, str] = {}
    for language in reversed(SPOKEN):  # English takes precedence
        locale = Locale(language)
        names = locale.territories if kind == "countries" else locale.languages
        for code, name in names.items():
            if len(code) == 2 and code.isalpha() and code not in ("EU", "UN", "EZ", "QO"):
                found[fold_one(name)] = code
    return found | (_COUNTRIES if kind == "countries" else _LANGUAGES)


#: The default separator of lists, as a regular expression.
USUAL = "[;|]"

#: Separators in the order in which they are tried, as regular expressions, with what a cell must hold for each.
_SEPARATORS = (
    (USUAL, "[;|]"),
    ("[、・]", "[、・]"),
    (" [•·] ", " [•·] "),
    (" / ", "\\S / \\S"),
    ("\\n", "\\n"),
    (",", ","),
)

#: Kinds whose items have codes; a slash separates them, too ("UK/USA").
PLACES = ("countries", "languages")
#: More than the number of names of all countries and languages.
MOST_PLACES = 2000

#: How the cells of each kind of list are read; {0} is the cell, {1} the separator.
_READ = {
    "labels": "any_listed({0}, {1})",
    "countries": "any_listed({0}, {1})",
    "languages": "any_listed({0}, {1})",
    "titles": "any_listed({0}, {1})",
    "names": "names_in(any_listed({0}, {1}))",
    "companies": "companies_listed({0}, {1})",
}

#: Texts that are never lists, found in torn rows.
_NO_LIST = r"(?i:true|false|[-+0-9.,]*|\S*/\S*\.\w+)"

#: Kinds of columns that a source's own query parses; lists of plain text are written as lists of objects. A plain text
#: among lists is not a list.
OBJECTS = ("objects", "company objects")

#: What the other cells of a column show about commas: `many` cells hold two or more, `alike` pieces occur in several
#: cells or alone, `other` cells have commas and are not like "Lynch, David". Pieces are counted in a sample of cells.
_COMMAS = """
WITH cells AS (SELECT DISTINCT {cell} AS cell FROM {rows} WHERE {cell} IS NOT NULL AND {cell}[1] NOT IN ('[', '{{') LIMIT 20000),
cut AS (SELECT cell, {legal} AS pieces FROM cells),
counted AS (SELECT piece, count(*) AS times FROM (SELECT unnest(pieces) AS piece FROM cut) GROUP BY piece HAVING count(*) > 1)
SELECT count(*) FILTER (len(pieces) > 2) AS many, (SELECT count(*) FROM counted) AS alike,
       count(*) FILTER (len(pieces) > 1 AND NOT regexp_full_match(cell, '[^ ,]+, *[^,]+')) AS other
FROM cut
"""


class Cut(NamedTuple):
    """How a column of lists is read: the separator, and the SQL of its cells as lists of text."""

    separator: str
    sql: str


def cut_of(engine: DuckEngine, rows: str, column: str, kind: str, given: str | None = None) -> Cut:
    """Return how the lists in a column are separated. `given`: a separator set for it."""
    cell = identifier(column)
    if kind in OBJECTS and _has_lists(engine, rows, cell):
        return Cut("", cell)
    separator = given or _decide(engine, rows, column, kind)
    if kind in PLACES:
        return Cut(separator, _by_code(engine, rows, _READ[kind].format(cell, quoted(separator)), kind))
    if kind in OBJECTS:
        listed = _READ["companies" if kind == "company objects" else "labels"].format(cell, quoted(separator))
        named = f"to_json(list_transform({listed}, lambda n: {{'name': n, 'iso_3166_1': n, 'iso_639_1': n}}))::VARCHAR"
        none = f"{cell} IS NULL OR {cell}[1] IN ('[', '{{') OR regexp_full_match({cell}, {quoted(_NO_LIST)})"
        return Cut(separator, f"CASE WHEN {none} THEN {cell} ELSE {named} END")
    return Cut(separator, _READ[kind].format(cell, quoted(separator)))


def _by_code(engine: DuckEngine, rows: str, cut: str, kind: str) -> str:
    """Write lists of countries or languages by their codes; names without one are unchanged."""
    names = engine.query(
        f"SELECT DISTINCT unnest({cut}) AS name FROM {rows} ORDER BY name LIMIT {MOST_PLACES}"
    )["name"].to_pylist()
    codes = {name: code for name in map(str, names) if (code := code_of(kind, name)) and code != name}
    if not codes:
        return cut
    named = ", ".join(f"{quoted(name)}: {quoted(code)}" for name, code in codes.items())
    return f"list_transform({cut}, lambda place: coalesce(MAP {{{named}}}[place], place))"


def _has_lists(engine: DuckEngine, rows: str, cell: str) -> bool:
    """Return whether a column has cells with lists in brackets."""
    found = engine.query(f"SELECT bool_or({cell}[1] = '[' AND {cell} <> '[]') AS lists FROM {rows}")
    return bool(found["lists"][0].as_py())


def _decide(engine: DuckEngine, rows: str, column: str, kind: str) -> str:
    cell = identifier(column)
    tests = ", ".join(
        f"bool_or(regexp_matches({cell}, {quoted(holds)})) AS s{at}"
        for at, (_, holds) in enumerate(_SEPARATORS)
    )
    tests += f", bool_or(contains({cell}, '/')) AS slashed"
    found = engine.query(f"SELECT {tests} FROM {rows} WHERE {cell}[1] NOT IN ('[', '{{')").to_pylist()[0]
    if kind in PLACES and found["slashed"]:
        return "[;|/,]"
    held = [separator for at, (separator, _) in enumerate(_SEPARATORS) if found[f"s{at}"]]
    if not held or (kind == "titles" and held[0] == ","):
        return USUAL
    if held[0] != ",":
        return held[0]
    if kind in ("labels", "objects", *PLACES):
        return ","
    legal = "companies_listed(cell, ',')" if kind.startswith("compan") else "any_listed(cell, ',')"
    said = engine.query(_COMMAS.format(cell=cell, rows=rows, legal=legal)).to_pylist()[0]
    if kind == "names":
        return "," if said["other"] else USUAL
    return "," if said["many"] or said["alike"] else USUAL
